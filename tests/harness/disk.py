"""What must hold of a journal among greenlets. Run by a test as ``python -m tests.harness.disk``.

Importing the harness makes the whole process cooperative: only in a process of its own.
"""

import sys
import tempfile
import time
from pathlib import Path

import gevent
from gevent.monkey import get_original, patch_all

patch_all()

import pytest  # noqa: E402 - all that follows after the patch, as under Locust

from pwdload.accounts.account import Account, PasswordRef  # noqa: E402
from pwdload.accounts.journal import Journal, JournalHead  # noqa: E402
from pwdload.accounts.journal_reader import JournalReading, read_journal  # noqa: E402
from pwdload.accounts.sync import GroupSync, PlainThreads, Threads  # noqa: E402
from pwdload.harness.syncing import DiskThread  # noqa: E402

_SYNC_S = 0.2
_sleep = get_original("time", "sleep")
synced: list[int] = []


def slow_sync(descriptor: int) -> None:
    """Stand still for a while, as a thread does in ``fdatasync``."""
    _sleep(_SYNC_S)
    synced.append(descriptor)


def fail(error: Exception) -> None:
    """Nothing may go wrong in the thread."""
    raise AssertionError from error


def change_many(folder: Path, threads: Threads, users: int) -> float:
    """Let users change passwords with fsync = "group"; return the longest that the loop stood still, in seconds."""
    journal = Journal.create(folder, JournalHead(ledger=b"ledger#1", run=1, process=0), fsync="group", threads=threads)
    accounts = [Account(index=index, user_name="x") for index in range(users)]
    waiting = [gevent.spawn(journal.intend, account, PasswordRef(1), b"token") for account in accounts]
    stood_s, looked_s = 0.0, time.perf_counter()
    while not all(user.ready() for user in waiting):
        gevent.sleep(0.005)
        now_s = time.perf_counter()
        stood_s, looked_s = max(stood_s, now_s - looked_s), now_s
    for user in waiting:
        user.get()
    journal.end()
    reading = read_journal(journal.path, b"ledger#1")
    assert isinstance(reading, JournalReading)
    assert (len(reading.records), reading.damages) == (users + 1, ())
    return stood_s


def main() -> None:
    """Hold all that must hold."""
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as name:
        patched.setattr("pwdload.accounts.journal.GroupSync", lambda fd, threads: GroupSync(fd, threads, slow_sync))
        stood_s = change_many(Path(name) / "a", DiskThread(fail), users=50)
        assert stood_s < _SYNC_S / 2, f"the loop stood still for {stood_s} s while the disk was slow"
        assert 1 <= len(synced) <= 3, f"{len(synced)} syncs for 50 users that came at once"
        synced.clear()
        # Python's own "threads" are greenlets here: the loop stands still, and yet nothing is lost and nobody hangs.
        change_many(Path(name) / "b", PlainThreads(), users=5)
        assert synced
    sys.stdout.write("all hold\n")


if __name__ == "__main__":
    main()
