"""Where very long arrays live: in memory, or in files without a name, whose memory the system may take back.

A hundred million samples have columns that no machine at hand has memory for. While `in_files` is on, whoever makes a
long array with `empty`, `filled`, `picked` or `copied` has it in a file of a folder instead: to numpy it is an array as
any other, to the system it is a file that was read and can be read again. A file is without a name from the beginning,
so that nothing is left of it, however a process ends; it is gone with its array.

What is worked out of such arrays must not be as long as they are: it is made part by part (`parts`), which is why the
functions here do so even where everything is in memory.
"""

import errno
import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pwdload.errors import RunDirectoryError

Array = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

ROWS = 1 << 20
"""So many elements are worked on at once: what is made of them on the way stays small."""
LEAST_BYTES = 8 * 2**20
"""Shorter arrays stay in memory, be it that all others do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    folder: Path
    least_bytes: int


class _Where:
    """Where long arrays are made: one answer for the whole process, as it has one memory."""

    def __init__(self) -> None:
        self.place: _Place | None = None
        self.lock = Lock()


_where = _Where()


@contextmanager
def in_files(folder: Path, least_bytes: int | None = None) -> Iterator[None]:
    """Have arrays of at least so many bytes made in files of a folder for a while; those that were stay where they are.

    `least_bytes` are `LEAST_BYTES` where they are not said.
    Processes that are forked meanwhile do the same.
    """
    with _where.lock:
        before, _where.place = (
            _where.place,
            _Place(folder=folder, least_bytes=LEAST_BYTES if least_bytes is None else least_bytes),
        )
    try:
        yield
    finally:
        with _where.lock:
            _where.place = before


def are_in_files() -> bool:
    """Whether long arrays are made in files now."""
    return _where.place is not None


def folder() -> Path | None:
    """Return where these files are; null while arrays are in memory."""
    return _where.place.folder if _where.place is not None else None


def empty(count: int, kind: npt.DTypeLike) -> Array:
    """Return an array of so many elements that are to be filled in.

    Raises:
        RunDirectoryError: the disk is too full for it.
    """
    place, size = _where.place, count * np.dtype(kind).itemsize
    if place is None or not size or size < place.least_bytes:
        return np.empty(count, kind)
    with _file(place.folder) as file, _told_of(place.folder):
        # Room is taken now: a page that the disk has none for would end the process when it is written to.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
        return np.frombuffer(mmap.mmap(file.fileno(), size), kind)


def written(write: Callable[[IO[bytes]], None]) -> memoryview | None:
    """Return what something writes as bytes of a file; null, and nothing is written, while arrays are in memory.

    Raises:
        RunDirectoryError: the disk is too full for it.
    """
    place = _where.place
    if place is None:
        return None
    with _file(place.folder) as file, _told_of(place.folder):
        write(file)
        file.flush()
        return memoryview(mmap.mmap(file.fileno(), 0))


def parts(count: int, rows: int | None = None) -> Iterator[slice]:
    """Yield slices that cover so many elements, `ROWS` each or so many rows."""
    rows = rows or ROWS
    return (slice(start, min(start + rows, count)) for start in range(0, count, rows))


def filled(count: int, kind: npt.DTypeLike, work: Callable[[slice], Any], rows: int | None = None) -> Array:
    """Return an array whose every part is what `work` makes of it."""
    found = empty(count, kind)
    for part in parts(count, rows):
        found[part] = work(part)
    return found


def copied(values: Array) -> Array:
    """Return a copy of an array."""
    return filled(len(values), values.dtype, lambda part: values[part])


def picked(values: Array, flags: Flags) -> Array:
    """Return ``values[flags]``."""
    found, at = empty(int(np.count_nonzero(flags)), values.dtype), 0
    for part in parts(len(values)):
        mine = values[part][flags[part]]
        found[at : at + len(mine)] = mine
        at += len(mine)
    return found


def places_of(flags: Flags) -> npt.NDArray[np.int64]:
    """Return where flags are set: ``np.flatnonzero(flags)``."""
    found, at = empty(int(np.count_nonzero(flags)), np.int64), 0
    for part in parts(len(flags)):
        mine = np.flatnonzero(flags[part]) + part.start
        found[at : at + len(mine)] = mine
        at += len(mine)
    return found


def _file(folder: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=folder)


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    """Turn a disk that is full into a line for people."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise RunDirectoryError(
            f"{folder}: the disk is too full for the columns of the run; make room there, or set TMPDIR to a folder "
            "with more."
        ) from error
