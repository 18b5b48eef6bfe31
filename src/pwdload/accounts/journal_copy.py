"""Copies of the journals of processes whose disk is not that of the ledger."""

from pathlib import Path

from pwdload.accounts.append_only import AppendOnly
from pwdload.accounts.journal import run_and_process
from pwdload.errors import AccountsError


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

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
