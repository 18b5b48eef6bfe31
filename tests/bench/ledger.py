"""What it costs that no account is lost: the journal, per change, and a ledger of 1,000,000 accounts.

    python -m tests.bench.ledger

Leaves with 1 if a bound that was promised is not kept.
"""

import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Entry, Event
from pwdload.accounts.journal import Journal, JournalHead
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.sync import PlainThreads
from pwdload.api.digest import token_digest

_CHANGES = 10_000
_SYNCED = 200
_ACCOUNTS = 1_000_000
_MERGED = 50_000
_TOKENS = [token_digest(f"{n:08d}" + "eyJhbGciOiJIUzI1NiJ9." * 8 + "abcd") for n in range(100)]
"""180 characters each, as the stand-in's."""


class Row(NamedTuple):
    """One figure, and the most that it may be where that was promised."""

    name: str
    value: float
    unit: str
    most: float | None = None

    @property
    def text(self) -> str:
        """The line of the table."""
        most = "" if self.most is None else f"   (at most {self.most:g})"
        return f"{self.name:<66}{self.value:10.2f} {self.unit}{most}"

    @property
    def is_kept(self) -> bool:
        """Whether it is what was promised."""
        return self.most is None or self.value <= self.most


class Alone(PlainThreads):
    """As in a load generator: all who call are greenlets of one thread, which needs no lock."""

    def lock(self) -> None:  # type: ignore[override]
        """Return none."""


def _journal(folder: Path, process: int, threads: PlainThreads, fsync: Literal["none", "group"] = "none") -> Journal:
    head = JournalHead(ledger=b"ledger#1", run=1, process=process)
    return Journal.create(folder, head, fsync=fsync, threads=threads)


def change_us(journal: Journal) -> float:
    """Return the CPU microseconds of intent and outcome of a change: best of five rounds."""
    accounts = [Account(index=n, user_name="x", lease=1 << 20) for n in range(len(_TOKENS))]
    new = PasswordRef(1)
    work = [(account, token) for account, token in zip(accounts, _TOKENS, strict=True)] * (_CHANGES // len(accounts))

    def round_s() -> float:
        begun_s = time.process_time()
        for account, token in work:
            journal.intend(account, new, token)
            journal.conclude(account, new, Event.APPLIED)
        return time.process_time() - begun_s

    taken_s = min(round_s() for _ in range(5))
    journal.end()
    return taken_s / _CHANGES * 1e6


def two_writes_us(path: Path) -> float:
    """Return the CPU microseconds of what cannot be spared: two writes of a record's size."""
    descriptor, record = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), bytes(48)

    def round_s() -> float:
        begun_s = time.process_time()
        for _ in range(_CHANGES):
            os.write(descriptor, record)
            os.write(descriptor, record)
        return time.process_time() - begun_s

    taken_s = min(round_s() for _ in range(5))
    os.close(descriptor)
    return taken_s / _CHANGES * 1e6


def synced(folder: Path, process: int, users: int) -> tuple[float, float]:
    """Return CPU microseconds per change and milliseconds that an intent takes, for users that change at one time."""
    journal = _journal(folder, process, PlainThreads(), "group")

    def work(index: int) -> None:
        account, new = Account(index=index, user_name="x"), PasswordRef(1)
        for n in range(_SYNCED):
            journal.intend(account, new, _TOKENS[n % len(_TOKENS)])
            journal.conclude(account, new, Event.APPLIED)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(users)]
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken_s, used_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    journal.end()
    return used_s / (_SYNCED * users) * 1e6, taken_s / _SYNCED * 1e3


def journal_rows(folder: Path) -> Iterator[Row]:
    """Measure the journal."""
    yield Row("two writes of 48 bytes, CPU", two_writes_us(folder / "writes"), "us")
    yield Row(
        "intent + outcome of a change, CPU, in a load generator", change_us(_journal(folder, 0, Alone())), "us", 5
    )
    yield Row("intent + outcome of a change, CPU, with threads", change_us(_journal(folder, 1, PlainThreads())), "us")
    for process, users in enumerate((1, 10, 50), start=2):
        cpu_us, intent_ms = synced(folder, process, users)
        yield Row(f'fsync = "group", {users} at a time: intent + outcome, CPU', cpu_us, "us")
        yield Row(f'fsync = "group", {users} at a time: an intent waits', intent_ms, "ms")


def _timed_s(job: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    job()
    return time.perf_counter() - begun_s


def ledger_rows(path: Path) -> Iterator[Row]:
    """Measure a ledger of many accounts."""
    ledger = Ledger.open(path, create=True)
    made = (Entry(index=n, user_name=f"load{n:07d}@example.com") for n in range(_ACCOUNTS))
    yield Row("1,000,000 accounts added", _timed_s(lambda: ledger.add(made)), "s", 15)
    yield Row("1,000,000 accounts: which are ready", _timed_s(lambda: ledger.ready("expired")), "s")
    ledger.begin_run()
    journal = ledger.journal(0)
    for account in ledger.accounts(range(_MERGED)):
        journal.intend(account, account.next, _TOKENS[0])
        journal.conclude(account, account.next, Event.APPLIED)
    journal.end()
    yield Row(f"{_MERGED:,} changes seen by who only reads", _timed_s(lambda: Ledger.read(path).status()), "s")
    yield Row(f"{_MERGED:,} changes taken in from a journal", _timed_s(ledger.merge), "s")
    ledger.close()
    command = [sys.executable, "-m", "pwdload", "accounts", "status", str(path)]
    yield Row("1,000,000 accounts: `pwdload accounts status`", _timed_s(lambda: _run(command)), "s", 3)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Measure, print a table, return the exit code."""
    sys.stdout.write(f"{platform.platform(terse=True)}, Python {platform.python_version()}\n")
    failed = False
    with tempfile.TemporaryDirectory() as name:
        for rows in (journal_rows(Path(name)), ledger_rows(Path(name) / "ledger")):
            for row in rows:
                sys.stdout.write(row.text + "\n")
                sys.stdout.flush()
                failed |= not row.is_kept
    if failed:
        sys.stdout.write("FAILED: more than was promised\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
