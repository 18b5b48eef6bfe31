"""Reading the samples of a run piece by piece, whatever its length: the rows of `read_samples`, in no order at all."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pwdload.samples.blocks import Block, Damage, batches_in, blocks_in
from pwdload.samples.reader import SampleFile, _one_per_worker, _read, _sound, row_groups
from pwdload.samples.sample import SCHEMA, completed

_PIECE_ROWS = 500_000
_LOOKED_AT = frozenset({"seq", "worker", "outcome", "intended_s", "sent_s", "first_byte_s", "done_s"})
"""Columns that say whether a row is sound."""


class UnreadableSamplesError(Exception):
    """A file cannot be read piece by piece: what came of it does not count, and all has to be read again."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        super().__init__(f"the samples of {worker} cannot be read piece by piece")


@dataclass(frozen=True, slots=True)
class _Process:
    """Where the samples of one process are."""

    worker: str
    delivered: Path | None
    spooled: Path | None
    pieces_of: Path | None
    """The file that can be read piece by piece; null: they have to be read in one."""


class SampleStream:
    """The samples of a run, to be read piece by piece, more than once.

    A process whose samples are in two places, or not in the order of their numbers, comes in one piece: what is twice
    is to be seen in all of them together only.
    """

    def __init__(self, directory: Path, spool: Path | None = None) -> None:
        self._directory = directory
        spooled = {path.stem: path for path in spool.glob("*.arrows")} if spool is not None else {}
        delivered = _one_per_worker(directory)
        self._processes = [
            _Process(name, delivered.get(name), spooled.get(name), None if name in spooled else delivered.get(name))
            for name in sorted(delivered | spooled)
        ]
        self.files: tuple[SampleFile, ...] = ()
        """An account of each process, as of `read_samples`; there when `pieces` has come to its end."""

    @property
    def workers(self) -> tuple[str, ...]:
        """The processes, in the order in which their samples come."""
        return tuple(one.worker for one in self._processes)

    def look_ahead(self, column: str) -> Iterator[pa.ChunkedArray]:
        """Yield one column of what was delivered; rows that are not sound, or there twice, are among them."""
        for one in self._processes:
            if one.delivered is not None:
                with suppress(pa.ArrowException, OSError, ValueError, KeyError):  # that is told when all is read
                    yield from _column(one.delivered, column)

    def in_one_piece(self, worker: str) -> None:
        """Read a process as a whole from now on."""
        self._processes = [replace(one, pieces_of=None) if one.worker == worker else one for one in self._processes]

    def pieces(self, columns: Collection[str]) -> Iterator[pa.Table]:
        """Yield the sound rows with some columns, process by process.

        Raises:
            UnreadableSamplesError: see there.
        """
        files = []
        for one in self._processes:
            if one.pieces_of is not None:
                told = _Told()
                yield from _in_pieces(one.pieces_of, one.worker, columns, told)
                files.append(told.file(one.pieces_of, one.worker))
                continue
            rows, file = _read(one.delivered, one.spooled, one.worker)
            yield rows.select([name for name in SCHEMA.names if name in columns])
            del rows
            files.append(file)
        self.files = tuple(files)


class _Told:
    """What is known of a process when its pieces have gone by."""

    def __init__(self) -> None:
        self.rows = self.damaged = 0
        self.last = -1

    def count(self, seq: npt.NDArray[np.int64], worker: str) -> None:
        """Count sound rows.

        Raises:
            UnreadableSamplesError: their numbers do not rise, so that one may be there twice.
        """
        if seq[0] <= self.last or (seq[1:] <= seq[:-1]).any():
            raise UnreadableSamplesError(worker)
        self.rows, self.last = self.rows + len(seq), int(seq[-1])

    def file(self, path: Path, worker: str) -> SampleFile:
        """Return the account of the process."""
        return SampleFile(
            worker=worker,
            name=path.name,
            rows=self.rows,
            finished=path.suffix == ".parquet",
            missing=self.last + 1 - self.rows,
            damaged=self.damaged,
        )


def _in_pieces(path: Path, worker: str, columns: Collection[str], told: _Told) -> Iterator[pa.Table]:
    names = [name for name in SCHEMA.names if name in columns]
    pieces = _raw(path, _LOOKED_AT | frozenset(columns), told)
    while True:
        try:
            rows = next(pieces, None)
            if rows is None:
                return
            sound, damaged = _sound(rows, worker)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UnreadableSamplesError(worker) from error
        told.damaged += damaged
        if len(sound):
            told.count(sound["seq"].to_numpy(), worker)
            yield sound.select(names)


def _raw(path: Path, columns: Collection[str], told: _Told | None = None) -> Iterator[pa.Table]:
    """Yield rows as they stand in the file of a process."""
    return _of_parquet(path, columns) if path.suffix == ".parquet" else _of_blocks(path, told or _Told())


def _of_parquet(path: Path, columns: Collection[str]) -> Iterator[pa.Table]:
    without = frozenset(SCHEMA.names) - frozenset(columns)
    with pq.ParquetFile(path) as file:
        completed(file.schema_arrow.empty_table())  # are they ours at all?
        names = [name for name in file.schema_arrow.names if name in columns]
        yield from row_groups(file, names, without, _PIECE_ROWS)


def _column(path: Path, column: str) -> Iterator[pa.ChunkedArray]:
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number, columns=[column])[column]
        return
    for found in blocks_in(path):
        if isinstance(found, Block):
            yield from (pa.chunked_array([batch[column]]) for batch in found.batches([column]))


def _of_blocks(path: Path, told: _Told) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for found in batches_in(path):
        if isinstance(found, Damage):
            told.damaged += found.rows
            continue
        waiting.append(found)
        rows += found.num_rows
        if rows >= _PIECE_ROWS:
            yield completed(pa.Table.from_batches(waiting))
            waiting, rows = [], 0
    if waiting:
        yield completed(pa.Table.from_batches(waiting))
