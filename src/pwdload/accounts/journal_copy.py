"""Copies of the journals of processes whose disk is not that of the ledger.

When a copy was touched last tells since when its process has had no new word that it may go on with its accounts.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pwdload.accounts.append_only import AppendOnly
from pwdload.accounts.entry import Event
from pwdload.accounts.journal import SIZE, SUFFIX, run_and_process
from pwdload.errors import AccountsError

NAME: Final = "copy"
"""Stands in the file name of every copy, and of no other journal."""


class JournalCopy:
    """A copy of the journal of a process on another machine, as far as it has been shipped."""

    def __init__(self, directory: Path, file_name: str) -> None:
        if run_and_process(file_name) is None:
            raise AccountsError(f"{file_name!r} is not the name of a journal")
        self.size = 0
        """How many bytes it has: what may be acknowledged, and where the next shipment must begin."""
        self._path = directory / file_name
        self._file: AppendOnly | None = None

    def extend(self, begin: int, data: bytes) -> int:
        """Add a shipment that begins at a byte, and return the new size.

        What it has already is left out; a shipment that leaves a gap is not taken.

        Raises:
            AccountsError: it cannot be written; the copy is as it was before.
        """
        fresh = data[self.size - begin :] if begin <= self.size else b""
        if not fresh:
            return self.size
        if self._file is None:
            self._file = AppendOnly(self._path, fresh)
        else:
            self._file.append(fresh, self.size)
        self.size += len(fresh)
        return self.size

    def touch(self) -> None:
        """Note that its process is about to hear that it may go on with its accounts."""
        with suppress(OSError):
            os.utime(self._path)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def is_in_use(path: Path, lease_s: float) -> bool:
    """Whether a journal is a copy whose process may be at work: not ended, and told to go on so short a time ago."""
    try:
        if not path.name.endswith(f"-{NAME}{SUFFIX}") or abs(time.time() - path.stat().st_mtime) > lease_s:
            return False
        return path.read_bytes()[-SIZE : -SIZE + 1] != bytes([Event.END])
    except OSError:
        return False  # gone, or not to be read, which whoever reads it says better
