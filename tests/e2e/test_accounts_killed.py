"""`kill -9` while passwords are being changed: afterwards the ledger says of every account what opens it.

A slow target, so that many changes are under way at any instant. The victim is a worker, the master with its workers
left behind, all of them at once, a process that plays alone, or a worker together with its disk. Both the stand-in and
the ledger live through all instants: each run goes on with what the one before has left.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pytest
from tests.e2e.runs import QUIET, free_port, two_processes, wait_for
from tests.e2e.staging import QUICK, Found, Staging, staging
from tests.processes import LOCUSTFILE, environment

from pwdload.accounts.entry import Event, Status
from pwdload.accounts.journal import SIZE
from pwdload.rundir import RunDirectory, SettledRecord

pytestmark = pytest.mark.e2e

Victim = Literal["worker", "master", "everything", "alone", "disk"]
SLOW = ("servers=400", "service_mean_s=0.25", "service_time=exponential")
INSTANTS = 100
SHARES = {"worker": 25, "master": 25, "everything": 25, "alone": 10, "disk": 15}
LATEST_S = 4.0
"""How long after the first change the last kill may come: the load is over by then, and its end is on."""
LOAD = ("-u", "40", "-r", "40", "-t", "3s", *QUIET)
SCENARIO = """
title = "Killed"
seed = 5
[target]
timeout = "3s"
[load]
think_time = "50ms"
[mix]
valid_change = 60
change_then_login = 10
wrong_old_password_then_right = 10
new_password_too_short = 10
token_of_another_account = 10
"""


@dataclass(frozen=True, slots=True)
class Instant:
    """When who is killed."""

    number: int
    victim: Victim
    after_s: float
    """After the first change was asked for."""
    at_once: bool
    """Whether settling begins while workers that have lost their master are still there."""

    @property
    def is_at_once(self) -> bool:
        """Whether the master is killed, and workers are left whose end is not waited for."""
        return self.at_once and self.victim in ("master", "disk")


def instants(count: int, seed: int = 4) -> Sequence[Instant]:
    """Draw so many instants."""
    chance = random.Random(seed)
    victims = chance.choices(get_args(Victim), [SHARES[victim] for victim in get_args(Victim)], k=count)
    return [
        Instant(n, victim, chance.uniform(0.0, LATEST_S), chance.random() < 0.5) for n, victim in enumerate(victims)
    ]


class Killing:
    """Runs that are killed, over one ledger and one stand-in."""

    def __init__(self, staged: Staging, accounts: int) -> None:
        self._staged = staged
        self._csv = staged.list_accounts(accounts)
        self._scenario = staged.folder / "killed.toml"
        self._scenario.write_text(SCENARIO)
        self._there = staged.folder.parent / "there"

    def survive(self, instant: Instant) -> str:
        """Run, kill, settle; insist that nothing is lost, and return what happened in one line."""
        before = self._staged.entries, self._staged.truth
        with self._run(instant.victim) as (master, workers):
            wait_for(self._first_change_is_asked_for, 60.0)
            time.sleep(instant.after_s)
            _kill(instant, master, workers)
            if instant.victim == "disk":
                shutil.rmtree(self._there)
            if instant.is_at_once:
                os.kill(workers[0], signal.SIGTERM)  # started by hand, it would wait for its master for a minute
            else:
                _let_end(master, workers)
                self._staged.come_to_rest()
            doubts = len(self._staged.in_doubt)
            found = self._staged.settle(is_alone=all(map(_is_gone, [master.pid, *workers])))
        at_end = self._settled_at_end(master)
        after = self._staged.entries, self._staged.truth
        touched = [
            name for name in after[0] if any(old[name] != new[name] for old, new in zip(before, after, strict=True))
        ]
        assert self._staged.lost(touched) == []
        how = " at once" if instant.is_at_once else ""
        return (
            f"{instant.number:3d} {instant.victim:<10} after {instant.after_s:4.2f} s{how}: touched {len(touched)}; "
            f"left in doubt {doubts}; settled: applied {found.applied}, not applied {found.not_applied}; "
            f"by the run itself: applied {at_end.applied}, not applied {at_end.not_applied}"
        )

    def assert_nothing_is_lost(self) -> None:
        """Try every account."""
        assert self._staged.lost(self._staged.entries) == []

    def arm_when_low(self, least: int) -> None:
        """Put used accounts back where few are ready."""
        ready = sum(entry.status is Status.READY for entry in self._staged.entries.values())
        if ready < least:
            done = self._staged.accounts("arm", *QUICK)
            assert done.exit_code == 0, done.out + done.err

    @contextmanager
    def _run(
        self, victim: Victim, load: Sequence[str] = LOAD
    ) -> Iterator[tuple["subprocess.Popen[str]", Sequence[int]]]:
        """Give a run that is on, and the pids of its workers, of which the last has a disk of its own for `disk`."""
        self._there.mkdir(exist_ok=True)
        port = ["--master-bind-host", "127.0.0.1", "--master-bind-port", free_port()]
        options = {"alone": [], "disk": ["--master", "--expect-workers", "2", *port]}.get(victim, two_processes())
        arguments = ["--scenario", str(self._scenario), "--host", self._staged.url, "--accounts", str(self._csv)]
        processes = [_start(["--headless", *arguments, *load, *options], self._staged.folder)]
        try:
            if victim == "disk":
                worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port[-1], *QUIET]
                copy = shutil.copy(self._csv, self._there / "copy.csv")
                own = ["--accounts", str(copy), "--reports", str(self._there / "reports")]
                hiding = _hiding(self._staged.folder)
                processes.append(_start(worker, self._staged.folder))
                processes.append(_start([*worker, *own], self._there, hiding))
            else:
                wait_for(lambda: victim == "alone" or len(_children(processes[0].pid)) == 2)
            yield processes[0], [one.pid for one in processes[1:]] or _children(processes[0].pid)
        finally:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def leave_behind_elsewhere(self) -> None:
        """Kill all but a worker on another machine, settle at once, and insist that nothing is lost once it is still.

        Nobody here sees that worker. With few users its leased accounts last until the leases run out.
        """
        with self._run("disk", ("-u", "6", "-r", "6", "-t", "60s", *QUIET)) as (master, workers):
            wait_for(self._first_change_is_asked_for, 60.0)
            time.sleep(1.5)
            master.kill()
            os.kill(workers[0], signal.SIGKILL)
            before = self._staged.acknowledged
            self._staged.settle(is_alone=False)
            assert not _is_gone(workers[-1])
            assert self._staged.acknowledged > before
            self._staged.come_to_rest()
        self.assert_nothing_is_lost()

    def _first_change_is_asked_for(self) -> bool:
        journals = self._staged.ledger.glob("journal/*.journal")
        return any(Event.INTENT in path.read_bytes()[SIZE::SIZE] for path in journals)

    def _settled_at_end(self, master: "subprocess.Popen[str]") -> Found:
        """Return what the run itself has found, where it came to its end."""
        if master.returncode is None or master.returncode < 0:
            return Found(0, 0, 0, 0)
        record = RunDirectory.open(self._staged.folder / "reports" / "latest").read_record()
        assert record.ledger is not None, record.notes
        settled = record.ledger.settled or SettledRecord()
        return Found(settled.applied, settled.not_applied, settled.neither, settled.still_unknown)


def _start(arguments: Sequence[str], folder: Path, wrapped: Sequence[str] = ()) -> "subprocess.Popen[str]":
    command = [*wrapped, sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=folder, env=environment(), stdin=null, stdout=null, stderr=pipe, text=True, start_new_session=True
    )


def _hiding(folder: Path) -> list[str]:
    """Return the beginning of a command that sees an empty file system in the place of a folder."""
    hiding = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs none "{folder}" && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*hiding, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mount namespace: a worker with a disk of its own cannot be had")
    return hiding


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill(instant: Instant, master: "subprocess.Popen[str]", workers: Sequence[int]) -> None:
    assert master.poll() is None, "the run has ended before its time"
    match instant.victim:
        case "worker":
            pids = [workers[0]]
        case "disk":
            pids = [workers[-1], *([master.pid] if instant.is_at_once else [])]
        case "everything":
            pids = [*workers, master.pid]
        case _:
            pids = [master.pid]
    for pid in pids:
        with suppress(ProcessLookupError):  # a worker that has done its part
            os.kill(pid, signal.SIGKILL)


def _let_end(master: "subprocess.Popen[str]", workers: Sequence[int]) -> None:
    """Wait until what is left of a run has ended by itself."""
    wait_for(lambda: master.poll() is not None and all(map(_is_gone, workers)), 60.0)


def _is_gone(pid: int) -> bool:
    """Whether a process has ended, also where nobody has asked what became of it."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


SOON_OVER = ("everything",)
"""Of the others leases must run out first, or workers end that are left: half a minute each."""


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param(victim, marks=() if victim in SOON_OVER else (pytest.mark.slow, pytest.mark.killing))
        for victim in get_args(Victim)
    ],
)
def test_an_instant_of_each_kind(tmp_path: Path, victim: Victim) -> None:
    """One kill in the midst of the load; every account opens with the password that the ledger says."""
    with staging(tmp_path, *SLOW, count=1_500) as staged:
        killing = Killing(staged, 1_500)
        killing.survive(Instant(0, victim, 0.7, at_once=victim != "disk"))


@pytest.mark.slow
@pytest.mark.killing
def test_a_worker_that_is_left_behind_elsewhere_is_given_the_time_of_its_leases(tmp_path: Path) -> None:
    """What it still changes after its master was killed is settled afterwards, not meanwhile."""
    with staging(tmp_path, *SLOW, count=500) as staged:
        Killing(staged, 500).leave_behind_elsewhere()


@pytest.fixture(name="life", scope="module")
def one_life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killing]:
    """One stand-in and one ledger for all instants, after which every account is tried."""
    with staging(tmp_path_factory.mktemp("killed"), *SLOW, count=3_000) as staged:
        killing = Killing(staged, 3_000)
        yield killing
        killing.assert_nothing_is_lost()


@pytest.mark.slow
@pytest.mark.killing
@pytest.mark.parametrize("instant", instants(INSTANTS), ids=lambda one: f"{one.number}-{one.victim}")
def test_a_hundred_instants(life: Killing, instant: Instant, capsys: pytest.CaptureFixture[str]) -> None:
    """None unknown, at most two tries each, none locked, and all as the target has it, whoever is killed when."""
    life.arm_when_low(1_000)
    said = life.survive(instant)
    with capsys.disabled():
        sys.stdout.write(f"\n{said}")
