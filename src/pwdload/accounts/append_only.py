"""A file that only grows, one write at a time: each write is in it whole, or not at all."""

import os
from collections.abc import Callable
from errno import EIO, ENOSPC
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from pwdload.errors import AccountsError


class AppendOnly:
    """A file that grows by one write at a time, and is locked for as long as its writer lives."""

    def __init__(self, path: Path, first: bytes, write: Callable[[int, bytes], int] = os.write) -> None:
        """Make the file: it has its name once it is locked and `first` is in it, and not before.

        Raises:
            AccountsError: it cannot be made.
        """
        self.path = path
        self.write = write
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        except OSError as error:
            raise _cannot_be_made(path, error) from None
        try:
            flock(self.descriptor, LOCK_EX | LOCK_NB)
            _write_whole(write, self.descriptor, first)
            os.link(unfinished, path)
            _sync_directory(path.parent)
        except OSError as error:
            os.close(self.descriptor)
            raise _cannot_be_made(path, error) from None
        finally:
            unfinished.unlink(missing_ok=True)

    def append(self, data: bytes, size: int) -> None:
        """Add to the file, which has `size` bytes, in one write.

        Raises:
            AccountsError: that is not possible; the file is as it was before.
        """
        try:
            written = self.write(self.descriptor, data)
        except OSError as error:
            raise self.refused(size, error) from None
        if written != len(data):
            raise self.refused(size)

    def refused(self, size: int, error: OSError | None = None) -> AccountsError:
        """Take back what was written past a size, so that the next stands where it belongs; return what to raise."""
        try:
            os.ftruncate(self.descriptor, size)
        except OSError:
            self.write = _write_nothing
        why = error.strerror if error is not None else "only a part of it was written: the disk is full"
        return AccountsError(
            f"{self.path}: cannot be written ({why}); what it was about was not sent, and all before is kept: "
            "make room there, then run again"
        )

    def close(self) -> None:
        """Close the file; its lock goes with it."""
        os.close(self.descriptor)


def _cannot_be_made(path: Path, error: OSError) -> AccountsError:
    return AccountsError(f"{path}: cannot be made ({error.strerror}); nothing was sent: make that possible, run again")


def _write_whole(write: Callable[[int, bytes], int], descriptor: int, data: bytes) -> None:
    if write(descriptor, data) != len(data):
        raise OSError(ENOSPC, "only a part of it was written")


def _write_nothing(descriptor: int, data: bytes) -> int:  # noqa: ARG001 - stands in for os.write
    raise OSError(EIO, "a part of a record could not be taken back")


def _sync_directory(directory: Path) -> None:
    """Let the name of a new file outlive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
