"""Kills whoever takes journals into a ledger, at many instants, and looks whether the next one finds the same.

Run by a test as ``python -m tests.accounts.killed``, since a process is copied (forked) for each instant: an instant is
a line of the code of the accounts, and the copy kills itself there.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from tests.accounts.journals import NoThreads, entries

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Event, Record
from pwdload.accounts.journal import SIZE, first_lease
from pwdload.accounts.ledger import Ledger

_CODE = str(Path(sys.modules[Ledger.__module__].__file__ or "").parent)


class Killer:
    """Counts lines of the code of the accounts, and kills this process at one of them."""

    def __init__(self, line: int) -> None:
        self.left = line
        self.counted = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> "Killer | None":
        if not frame.f_code.co_filename.startswith(_CODE):
            return None
        if event == "line":
            self.counted += 1
            if self.counted == self.left:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def make(path: Path) -> None:
    """Make a ledger whose last run left journals of all kinds."""
    ledger = Ledger.open(path, create=True)
    ledger.add(entries(6))
    ledger.begin_run()
    lease = first_lease(1)
    for process in range(3):
        journal = ledger.journal(process, threads=NoThreads())
        for index in (process, process + 3):
            journal.append([Record(Event.LEASED, account=index, lease=lease, note=process)])
            journal.append([Record(Event.INTENT, account=index, lease=lease, ref=PasswordRef(1), at=1.0)])
        journal.append([Record(Event.APPLIED, account=process, lease=lease, ref=PasswordRef(1), at=2.0)])
        if process:
            journal.end()
        else:
            journal.close()
    damaged = bytearray(journal.path.read_bytes())
    damaged[SIZE * 2 + 3] ^= 1
    journal.path.write_bytes(damaged)
    ledger.close()


def found(path: Path) -> list[Entry]:
    """Open a ledger as the next one would, and return what is in it; nothing may be left to be taken in."""
    ledger = Ledger.open(path)
    left = [file.name for file in ledger.journal_directory.iterdir() if file.is_file()]
    assert not left, left
    result = list(ledger.entries())
    ledger.close()
    return result


def kill(path: Path, line: int) -> bool:
    """Open a ledger in a copy of this process that kills itself at a line; return whether it came to that."""
    copy = os.fork()
    if not copy:
        sys.settrace(Killer(line))
        Ledger.open(path).close()
        os._exit(0)
    _, status = os.waitpid(copy, 0)
    return os.WIFSIGNALED(status)


def lines(path: Path) -> int:
    """Return how many lines opening the ledger takes."""
    killer = Killer(-1)
    sys.settrace(killer)
    Ledger.open(path).close()
    sys.settrace(None)
    return killer.counted


def main() -> None:
    """Kill, look, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instants", type=int, help="how many, drawn by chance with a fixed seed; all by default")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "ledger")
        for copy in ("first", "counted", "expected"):
            shutil.copytree(folder / "ledger", folder / copy)
        found(folder / "first")  # what a process does but once is done, and in no count
        instants = range(1, lines(folder / "counted") + 1)
        expected = found(folder / "expected")
        chosen = sorted(random.Random(options.seed).sample(instants, options.instants or len(instants)))
        for instant in chosen:
            path = Path(shutil.copytree(folder / "ledger", folder / "killed"))
            assert kill(path, instant), f"line {instant} was never come to"
            assert found(path) == expected, f"killed at line {instant} of {len(instants)}"
            shutil.rmtree(path)
    sys.stdout.write(f"killed at {len(chosen)} of {len(instants)} lines: all the same\n")


if __name__ == "__main__":
    main()
