"""One pool of accounts for many runs: used up, put back, used up again, by one run or command at a time."""

import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.runs import QUIET, two_processes, wait_for
from tests.e2e.staging import QUICK, Staging, staging
from tests.processes import Done, locust, start_locust

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Status
from pwdload.rundir import RunDirectory

pytestmark = pytest.mark.e2e

SCENARIO = """
title = "Used up"
seed = 3
[target]
timeout = "5s"
[load]
think_time = "50ms"
[mix]
valid_change = 1
"""


class Pool:
    """Accounts that were made for it, and runs that use them up."""

    def __init__(self, staged: Staging, count: int) -> None:
        self._staged = staged
        self._count = count
        self._scenario = staged.folder / "used_up.toml"
        self._scenario.write_text(SCENARIO)
        made = staged.accounts("create", "--host", staged.url, "--count", str(count), *QUICK)
        assert made.out == f"made {count:,}\n", made.err

    def options(self, *more: str) -> list[str]:
        """Return the options of a run over the pool."""
        where = ("--scenario", str(self._scenario), "--host", self._staged.url, "--accounts", str(self._staged.ledger))
        return ["--headless", *where, *QUIET, *more]

    def changed_by(self, *more: str) -> int:
        """Let a run have the pool, and return how many changes were acknowledged to it."""
        done = locust(*self.options(*more), cwd=self._staged.folder, timeout_s=150.0)
        return self.changed_last(done.out + done.err)

    def changed_last(self, said: str) -> int:
        """Return how many changes were acknowledged to the run that ended last; no doubt was left of it."""
        record = RunDirectory.open(self._staged.folder / "reports" / "latest").read_record().ledger
        assert record is not None, said
        assert record.unknown_left == 0, said
        return record.changed

    def use_some(self, users: int, length_s: int) -> int:
        """Have a run with workers use a part of the pool."""
        changed = self.changed_by("-u", str(users), "-r", str(users), "-t", f"{length_s}s", *two_processes())
        assert 0 < changed < self._count
        return changed

    def use_up(self, *, used: int = 0) -> int:
        """Have a run use up what is left, until it is dry; `used`: how many were before it."""
        changed = used + self.changed_by("-u", "30", "-r", "30", "-t", "100s")
        assert changed == self._count
        self.assert_all(Status.CHANGED)
        return changed

    def put_back(self) -> None:
        """Have every account armed."""
        assert self._staged.accounts("arm", *QUICK).out == f"put back {self._count:,}\n"
        self.assert_all(Status.READY)

    def assert_all(self, status: Status, generation: int | None = None) -> None:
        """Insist that all accounts are in one status, and have the password of one generation."""
        entries = self._staged.entries.values()
        assert [entry for entry in entries if entry.status is not status] == []
        if generation is not None:
            assert {entry.in_force for entry in entries} == {PasswordRef(generation)}

    def assert_nothing_is_lost(self) -> None:
        """Try every account."""
        entries = self._staged.entries
        assert len(entries) == self._count
        assert self._staged.lost(entries) == []


def test_accounts_are_used_up_and_put_back(tmp_path: Path) -> None:
    """A hundred of them, by a run each time, put back in between: all open with the password that the ledger says."""
    with staging(tmp_path) as staged:
        pool = Pool(staged, 100)
        pool.use_up()
        pool.put_back()
        pool.use_up()
        pool.assert_all(Status.CHANGED, generation=3)
        pool.assert_nothing_is_lost()
        assert staged.acknowledged == 200


@pytest.mark.slow
@pytest.mark.killing
def test_twenty_thousand_changes_of_five_thousand_accounts(tmp_path: Path) -> None:
    """Two runs each time, three times put back, and as many changes as the stand-in has counted itself."""
    with staging(tmp_path) as staged:
        pool, changed = Pool(staged, 5_000), 0
        for again in range(4):
            changed += pool.use_up(used=pool.use_some(30, 6))
            pool.assert_all(Status.CHANGED, generation=2 * again + 1)
            pool.assert_nothing_is_lost()
            if again < 3:
                pool.put_back()
        assert changed == staged.acknowledged == 20_000


def assert_refused(done: Done, holder: int) -> None:
    """Insist on exit code 2 and one line that names who has the ledger."""
    assert done.exit_code == 2, done.out + done.err
    assert f"in use by process {holder} (" in done.err
    assert done.err.count("pwdload: ") == 1


@pytest.mark.slow
@pytest.mark.killing
def test_a_ledger_is_in_one_hand_at_a_time(tmp_path: Path) -> None:
    """While a run is on, another run and every command that writes is refused; `status` and `export` are not."""
    with staging(tmp_path, "servers=100", "service_mean_s=0.3") as staged:
        pool = Pool(staged, 100)
        run = start_locust(*pool.options("-u", "1", "-r", "1", "-t", "60s"), cwd=staged.folder)
        try:
            wait_for(lambda: staged.acknowledged > 0)
            assert_refused(locust(*pool.options("-u", "2", "-t", "2s"), cwd=staged.folder), run.pid)
            for command in (["settle"], ["arm"], ["create", "--count", "200"], ["delete", "--yes"]):
                assert_refused(staged.accounts(*command, "--host", staged.url), run.pid)
            told = staged.accounts("status")
            assert (told.exit_code, told.err) == (0, "")
            assert "100 accounts" in told.out
            assert staged.accounts("export").out.count("\n") == 101
        finally:
            run.terminate()
            said = "".join(run.communicate(timeout=60))
        assert pool.changed_last(said) == staged.acknowledged
        pool.assert_nothing_is_lost()


@contextmanager
def two_commands(staged: Staging, chance: random.Random) -> Iterator[Sequence["subprocess.Popen[str]"]]:
    """Start two commands on one ledger at the same time, and leave neither behind."""
    slow = ("--rate", "60/s", "--concurrency", "6")
    commands = [chance.choice(["arm", "arm", "settle", "status"]) for _ in range(2)]
    processes = [staged.start(command, *(slow if command != "status" else ())) for command in commands]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def killed_pair(staged: Staging, chance: random.Random) -> None:
    """Kill two commands at two instants; each had the ledger for itself, or was refused, or only looked at it."""
    with two_commands(staged, chance) as processes:
        for process in processes:
            time.sleep(chance.uniform(0.3, 1.2))
            process.kill()
        for process in processes:
            _, err = process.communicate()
            assert process.returncode in (0, 2, -9), err
            assert process.returncode != 2 or "in use by" in err
            assert "Traceback" not in err


def commands_killed(staged: Staging, count: int, kills: int) -> None:
    """Use up a pool, then kill what puts it back again and again: at the end all of it is back."""
    chance, pool = random.Random(11), Pool(staged, count)
    assert pool.changed_by("-u", "30", "-r", "30", "-t", "100s") == count
    for _ in range(kills):
        killed_pair(staged, chance)
        sure = [name for name, entry in staged.entries.items() if entry.status is not Status.UNKNOWN]
        assert staged.lost(sure) == []
    staged.settle(is_alone=True)
    done = staged.accounts("arm", *QUICK)
    assert done.exit_code == 0, done.out + done.err
    pool.assert_all(Status.READY)
    pool.assert_nothing_is_lost()


@pytest.mark.slow
@pytest.mark.killing
def test_commands_that_are_killed_two_at_a_time_lose_nothing(tmp_path: Path) -> None:
    """Four pairs of `arm`, `settle` and `status`, kill -9 at seeded moments, typed again at the end."""
    with staging(tmp_path) as staged:
        commands_killed(staged, 150, 4)


@pytest.mark.slow
@pytest.mark.killing
def test_commands_that_are_killed_forty_times_lose_nothing(tmp_path: Path) -> None:
    """The same with forty pairs, of which most are killed in the midst of a change."""
    with staging(tmp_path, "servers=100", "service_mean_s=0.05", "service_time=exponential") as staged:
        commands_killed(staged, 1_500, 40)
