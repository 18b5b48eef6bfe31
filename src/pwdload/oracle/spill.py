"""Numbers of a long run on disk, written once in the order in which they come, read again part by part.

    one write:   | first column, part by part | second column, part by part | ...
    to read part p: of every write and column the piece of p, into one array a column

The file has no name, so that it is gone with the process, whatever that ends of.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pwdload.errors import RunDirectoryError
from pwdload.oracle.operation import Ints
from pwdload.statistics.ordering import stable_order, taken

Column = npt.NDArray[Any]
Columns = dict[str, Column]

_SPARE_BYTES = 200_000_000
"""So much stays free for others."""


def scratch_folder(beside: Path) -> Path:
    """Return where temporary files go: where the environment says, else beside the run.

    A folder for temporary files is in memory on many machines; it is asked where there is no other.
    """
    if named := os.environ.get("TMPDIR"):
        return Path(named)
    return beside if os.access(beside, os.W_OK) else Path(tempfile.gettempdir())


def require_disk(needed: int, folder: Path) -> None:
    """Refuse to begin what would fill the disk.

    Raises:
        RunDirectoryError: how much is needed for temporary files, where, how much is free, and what to do.
    """
    free = shutil.disk_usage(folder).free
    if needed + _SPARE_BYTES > free:
        raise RunDirectoryError(
            f"{folder}: {needed / 1e9:,.1f} GB of temporary files are needed to judge this run, and "
            f"{free / 1e9:,.1f} GB are free; make room there, or set TMPDIR to a folder on a larger disk."
        )


class Spill:
    """Rows of columns of numbers, each in one of several parts; within a part they stay in the order of writing."""

    def __init__(self, kinds: Mapping[str, npt.DTypeLike], parts: int, folder: Path) -> None:
        """`kinds` are the columns with the type of their numbers; `folder` is where the file is."""
        self.parts = parts
        self._kinds = {name: np.dtype(kind) for name, kind in kinds.items()}
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed by `close`
        self._end = 0
        self._writes: list[tuple[dict[str, int], Ints]] = []
        """Of each write: where each column begins, and the number of the first row of each part, and of none."""

    def add(self, part: Ints, columns: Mapping[str, Column]) -> None:
        """Write some rows, each with the number of its part.

        Raises:
            OSError: the disk does not allow it.
            OverflowError: a number is too large for its column.
        """
        if not len(part):
            return
        order = stable_order(part)
        begins = {}
        for name, kind in self._kinds.items():
            begins[name] = self._end
            self._write(taken(_as_narrow(columns[name], kind), order))
        counts = np.bincount(part, minlength=self.parts)
        self._writes.append((begins, np.append(0, np.cumsum(counts))))

    def rows(self, part: int) -> int:
        """Return how many rows a part has."""
        return sum(int(bounds[part + 1] - bounds[part]) for _, bounds in self._writes)

    def read(self, part: int, names: Iterable[str] | None = None) -> Columns:
        """Return the rows of a part by column, of all columns or of some.

        Raises:
            OSError: they cannot be read.
        """
        count = self.rows(part)
        return {name: self._column(part, name, count) for name in (self._kinds if names is None else names)}

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def _write(self, column: Column) -> None:
        left = memoryview(column.view(np.uint8).data)
        self._end += len(left)
        while left:
            left = left[self._file.write(left) :]

    def _column(self, part: int, name: str, count: int) -> Column:
        kind = self._kinds[name]
        found = np.empty(count, kind)
        into = memoryview(found.view(np.uint8).data)
        at = 0
        for begins, bounds in self._writes:
            size = int(bounds[part + 1] - bounds[part]) * kind.itemsize
            begin = begins[name] + int(bounds[part]) * kind.itemsize
            while size:
                read = os.preadv(self._file.fileno(), [into[at : at + size]], begin)
                if not read:
                    raise OSError("a temporary file ended early")
                at, begin, size = at + read, begin + read, size - read
        return found


def _as_narrow(column: Column, kind: np.dtype[Any]) -> Column:
    if column.dtype == kind:
        return column
    if kind.itemsize < column.dtype.itemsize and kind.kind == "i":
        most = np.iinfo(kind)
        if column.max() > most.max or column.min() < most.min:
            raise OverflowError(f"a number beyond {most.max}")
    return column.astype(kind)
