"""Faults of processes, done to a real stand-in and seen by a client of it."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.faults.client import Client
from tests.faults.clock import SleepingClock
from tests.faults.dying import died_of_kill_9, waited_until
from tests.standin.client import NEW
from tests.standin.process import accounts_csv

from pwdload.errors import FaultError, TargetError
from pwdload.faults.acts import Patience
from pwdload.faults.processes.control import StandinControl, clock_jump, slow_disk
from pwdload.faults.processes.database import DatabaseLock
from pwdload.faults.processes.kill import Kill
from pwdload.faults.processes.pause import Pause
from pwdload.faults.processes.standin import StandinProcess
from pwdload.faults.processes.states import looked_at

SOON_S = 0.15
"""Longer than a healthy stand-in takes."""
EXPIRED = "PASSWORD_EXPIRED"


@dataclass(frozen=True, slots=True)
class Pid:
    """A process that is named by its number."""

    pid: int


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """Give a process that does nothing, with a child in its process group."""
    process = subprocess.Popen(["sh", "-c", "sleep 60 & echo ready; wait"], start_new_session=True, stdout=-1)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_a_paused_stand_in_is_silent_and_then_goes_on(standin: StandinProcess, client: Client) -> None:
    """Connections are taken and nobody answers; continued, it answers what was asked meanwhile as well."""
    act = Pause(standin)
    act.check()
    act.inject()
    act.inject()
    assert client.login(39, within_s=SOON_S) == "TimeoutError"
    with socket.create_connection(("127.0.0.1", int(standin.url.rpartition(":")[2])), timeout=10) as waiting:
        waiting.sendall(b"GET /standin/health HTTP/1.1\r\nHost: standin\r\n\r\n")
        act.heal()
        act.heal()
        assert waiting.recv(100).startswith(b"HTTP/1.1 200")
    assert client.login(39) == EXPIRED


def test_a_process_group_is_paused_as_a_whole(sleeper: "subprocess.Popen[bytes]") -> None:
    """All its members stand still, not only the one that was named."""
    act = Pause(Pid(sleeper.pid), group=True)
    act.inject()
    look = looked_at(-sleeper.pid)
    assert look.states == ("T", "T")
    act.heal()
    assert not looked_at(-sleeper.pid).has_stopped


def test_a_pause_is_healed_when_we_are_killed(sleeper: "subprocess.Popen[bytes]") -> None:
    """A controller that dies of kill -9 leaves nothing that stands still, in a group neither."""
    died_of_kill_9(
        f"""
        from types import SimpleNamespace
        from pwdload.faults.processes.pause import Pause
        from pwdload.faults.processes.states import looked_at
        Pause(SimpleNamespace(pid={sleeper.pid}), group=True).inject()
        assert looked_at(-{sleeper.pid}).is_stopped
        """
    )
    waited_until(lambda: not looked_at(-sleeper.pid).has_stopped)


def test_what_died_while_it_was_paused_is_healed(sleeper: "subprocess.Popen[bytes]") -> None:
    """There is nothing to go on; and nobody else who has its number is sent a signal."""
    act = Pause(Pid(sleeper.pid))
    act.inject()
    sleeper.kill()
    sleeper.wait()
    act.heal()


def test_who_is_not_there_cannot_be_paused(sleeper: "subprocess.Popen[bytes]") -> None:
    """Neither a process that is gone nor this one itself."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    with pytest.raises(FaultError, match=f"process {gone.pid}: there is none"):
        Pause(Pid(gone.pid)).check()
    with pytest.raises(FaultError, match="it cannot stop itself"):
        Pause(Pid(os.getpid())).check()
    with pytest.raises(FaultError, match="it cannot stop itself"):
        Pause(Pid(os.getpid()), group=True).inject()


def test_a_pause_that_fails_half_way_is_healed(sleeper: "subprocess.Popen[bytes]") -> None:
    """A process that is not seen to stand still in time is told to go on all the same."""

    class Blind(Patience):
        def until(self, holds: Callable[[], bool], what: str) -> None:
            if "SIGSTOP" in what:
                raise FaultError(what)
            super().until(holds, what)

    act = Pause(Pid(sleeper.pid), patience=Blind())
    with pytest.raises(FaultError, match="to be stopped by SIGSTOP"):
        act.inject()
    waited_until(lambda: looked_at(sleeper.pid).is_stopped)
    act.heal()
    assert not looked_at(sleeper.pid).has_stopped


def test_a_killed_stand_in_comes_back_as_it_was(standin: StandinProcess, client: Client) -> None:
    """Killed, it refuses connections; healed, it has the same port and settings, and knows what it acknowledged.

    A token that has served stays used up over the restart, one that has not still serves.
    """
    act = Kill(standin)
    act.check()
    (number, used), (other, unused) = client.token(), client.token()
    assert client.update(used) == "SUCCESS"
    before = standin.pid
    act.inject()
    act.inject()
    assert client.login(number) == "ConnectionRefusedError"
    with pytest.raises(FaultError, match="not healthy"):
        act.check()
    act.heal()
    after = standin.pid
    act.heal()
    assert standin.pid == after != before
    assert client.login(number, NEW) == "SUCCESS"
    assert client.update(used, NEW, "Different-pw-3") == "PARAM.0014"
    assert client.update(unused) == "SUCCESS"
    assert client.login(other, NEW) == "SUCCESS"


def test_the_port_of_a_killed_stand_in_stays_its_own(standin: StandinProcess) -> None:
    """While nobody listens there, nobody else can, and no client gets it as the source of a connection."""
    port = int(standin.url.rpartition(":")[2])
    act = Kill(standin)
    act.inject()
    try:
        with socket.socket() as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("127.0.0.1", port))
    finally:
        act.heal()


def test_a_restart_that_never_gets_healthy_ends_at_the_limit() -> None:
    """Nothing hangs on a process that starts and does not answer."""

    class Sick:
        pid = 1
        starts = 0

        def kill(self) -> None: ...

        def start_again(self) -> None:
            self.starts += 1

        def is_healthy(self) -> bool:
            return False

    sick, clock = Sick(), SleepingClock()
    with pytest.raises(FaultError, match="to be healthy: not within 10 s"):
        Kill(sick, patience=clock.patience()).heal()
    assert sick.starts == 1
    assert clock.now_s == 10


def test_settings_that_are_wrong_are_no_stand_in(capfd: pytest.CaptureFixture[str]) -> None:
    """A stand-in that does not start says why, and leaves neither folder nor process."""
    with pytest.raises(TargetError, match="did not start"):
        StandinProcess.start([], {"no_such_setting": 1})
    assert "no_such_setting: no such setting" in capfd.readouterr().err


def test_a_locked_database_lets_nobody_write(standin: StandinProcess, client: Client) -> None:
    """Changes fail while the lock is held, and succeed with the same token after it."""
    _, token = client.token()
    act = DatabaseLock(standin.database)
    act.check()
    act.inject()
    act.inject()
    act.check()
    assert client.update(token) == "COM.0002"
    act.heal()
    act.heal()
    assert client.update(token) == "SUCCESS"


def test_a_lock_is_gone_with_its_holder(standin: StandinProcess, client: Client) -> None:
    """A controller that dies of kill -9 leaves no lock."""
    _, token = client.token()
    died_of_kill_9(
        f"""
        from pathlib import Path
        from pwdload.faults.processes.database import DatabaseLock
        DatabaseLock(Path({str(standin.database)!r})).inject()
        """
    )
    assert client.update(token) == "SUCCESS"


def test_a_lock_is_taken_between_two_writes(tmp_path: Path) -> None:
    """Whoever writes at the moment is waited for, as long as patience lasts."""
    path, clock = tmp_path / "some.db", SleepingClock()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("CREATE TABLE some (thing)")
    writer.execute("BEGIN IMMEDIATE")
    act = DatabaseLock(path, patience=clock.patience(limit_s=2.0))
    with pytest.raises(FaultError, match=r"some\.db: the write lock: not within 2 s"):
        act.inject()
    act.heal()

    def writer_ends(seconds: float) -> None:
        writer.execute("COMMIT") if writer.in_transaction else None

    act = DatabaseLock(path, patience=Patience(clock=clock, sleep=writer_ends))
    act.inject()
    with closing(sqlite3.connect(path, timeout=0)) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("INSERT INTO some VALUES (1)")
    act.heal()
    writer.execute("INSERT INTO some VALUES (1)")
    writer.close()


def test_what_is_no_database_cannot_be_locked(tmp_path: Path) -> None:
    """A missing file is not made, and another file is left alone."""
    with pytest.raises(FaultError, match=r"none\.db: unable to open database file; name the SQLite file"):
        DatabaseLock(tmp_path / "none.db").check()
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text").write_text("no database at all, but a text that is long enough to be read as one" * 20)
    with pytest.raises(FaultError, match="file is not a database"):
        DatabaseLock(tmp_path / "text").check()


def test_a_slow_disk_delays_changes_until_it_is_healed(standin: StandinProcess, client: Client) -> None:
    """A change is not acknowledged while the disk takes minutes, and at once when it is well again."""
    _, token = client.token()
    act = slow_disk(standin.control, commit_delay_s=60.0)
    act.check()
    act.inject()
    act.inject()
    answers: list[str] = []
    change = threading.Thread(target=lambda: answers.append(client.update(token)))
    change.start()
    assert client.login(38, within_s=5) == EXPIRED  # reading needs no commit
    time.sleep(SOON_S)
    assert answers == []
    act.heal()
    change.join(10)
    assert answers == ["SUCCESS"]
    act.heal()


def test_a_clock_jump_expires_tokens(standin: StandinProcess, client: Client) -> None:
    """A token of before the jump is refused; a new login gives one that serves; healed, it is as before."""
    (_, before), (_, another) = client.token(), client.token()
    act = clock_jump(standin.control, ahead_s=600.0)
    act.inject()
    assert client.update(before) == "PARAM.0014"
    _, after = client.token()
    assert client.update(after) == "SUCCESS"
    act.heal()
    assert client.update(another) == "SUCCESS"


def test_a_fault_of_the_stand_in_is_ended_when_we_are_killed(standin: StandinProcess, client: Client) -> None:
    """A controller that dies of kill -9 leaves the clock as it was."""
    _, token = client.token()
    died_of_kill_9(
        f"""
        from pwdload.faults.processes.control import StandinControl, clock_jump
        clock_jump(StandinControl({standin.url!r}), ahead_s=600.0).inject()
        """
    )
    waited_until(lambda: b'"clock_jump_s":0.0' in standin.control.exchange("GET", "/standin/faults").body)
    assert client.update(token) == "SUCCESS"


def test_a_fault_ends_with_the_process_that_had_it(standin: StandinProcess) -> None:
    """Healing what was killed meanwhile is no error, and what comes back is without the fault."""
    act = clock_jump(standin.control, ahead_s=600.0)
    act.inject()
    killed = Kill(standin)
    killed.inject()
    act.heal()
    killed.heal()
    assert b'"clock_jump_s":0.0' in standin.control.exchange("GET", "/standin/faults").body


def test_a_value_out_of_range_is_told_in_the_stand_ins_words(standin: StandinProcess) -> None:
    """What is refused is refused at once, and healing it is no error."""
    act = slow_disk(standin.control, commit_delay_s=1000.0)
    with pytest.raises(FaultError, match=r"commit_delay_s = 1000 is refused \(HTTP 400, .*from 0 to 60"):
        act.inject()
    act.heal()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://127.0.0.1:1", "not a stand-in of this machine"),
        ("http://example.com", "not a stand-in of this machine"),
        ("http://127.0.0.1:1", r"not a stand-in that can have faults \(refused\)"),
    ],
)
def test_only_a_stand_in_of_this_machine_can_have_them(url: str, words: str) -> None:
    """Another machine, and whoever does not answer, are refused before the run."""
    with pytest.raises(FaultError, match=words):
        clock_jump(StandinControl(url), ahead_s=600.0).check()


def test_nobody_who_answers_is_told_at_the_limit() -> None:
    """Told to have a fault, a target that is not there is an error in time."""
    act = clock_jump(StandinControl("http://127.0.0.1:1"), ahead_s=600.0, patience=SleepingClock().patience(limit_s=1))
    with pytest.raises(FaultError, match=r"to answer when told clock_jump_s = 600: not within 1 s"):
        act.inject()
    act.heal()


def test_a_stand_in_goes_with_us_and_leaves_nothing(tmp_path: Path) -> None:
    """A controller that dies of kill -9, with its stand-in paused, leaves neither the process nor its accounts."""
    told = tmp_path / "told"
    died_of_kill_9(
        f"""
        from pathlib import Path
        from pwdload.faults.processes.pause import Pause
        from pwdload.faults.processes.standin import StandinProcess
        standin = StandinProcess.start(["user_name,password\\n", "zhangsan,Current-pw-1\\n"], {{}})
        act = Pause(standin)
        act.inject()
        Path({str(told)!r}).write_text(f"{{standin.pid}} {{standin.database}}")
        """
    )
    pid, database = told.read_text().split()
    waited_until(lambda: not looked_at(int(pid)).states)
    waited_until(lambda: not Path(database).parent.exists())


def test_a_stand_in_that_is_paused_can_be_stopped() -> None:
    """At the end of a run it is told to go on, to hear that it is to leave; nothing of it stays."""
    standin = StandinProcess.start(accounts_csv().splitlines(keepends=True), {})
    act = Pause(standin)
    act.inject()
    folder = standin.database.parent
    standin.stop()
    assert not folder.exists()
    assert not looked_at(standin.pid).states
    act.heal()
