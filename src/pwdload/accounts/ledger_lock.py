"""One run or command at a time: the lock of a ledger."""

import os
import sys
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from pwdload.errors import AccountsError


def locked(path: Path, ledger: Path) -> int:
    """Take the lock of a ledger; it is let go when the process ends, however it ends.

    Raises:
        AccountsError: another process has it; the message names that one.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise AccountsError(f"{ledger}: cannot be written ({error.strerror}); run as its owner") from None
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "a process that is about to begin"
        os.close(descriptor)
        raise AccountsError(
            f"{ledger}: in use by {holder}; wait until that has ended, or end it, then try again"
        ) from None
    with suppress(OSError):  # a full disk: what is written in it is for people only
        os.ftruncate(descriptor, 0)
        program = Path(sys.argv[0]).name.replace("__main__.py", "pwdload")
        os.pwrite(descriptor, f"process {os.getpid()} ({program})\n".encode(), 0)
    return descriptor
