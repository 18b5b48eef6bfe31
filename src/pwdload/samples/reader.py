"""Reading the samples of a run: what was delivered, and what a worker's own disk still held."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pwdload import arrays
from pwdload.errors import RunDirectoryError
from pwdload.outcome import Outcome
from pwdload.samples.blocks import Damage, batches_in
from pwdload.samples.columns import gathered, in_turns, joined, narrowed
from pwdload.samples.room import is_long, require_room
from pwdload.samples.sample import SCHEMA, completed, keeps_law

_READ_ROWS = 1_000_000
"""Rows of a Parquet file that are read and looked at at once: enough to keep all cores busy, and a small part of a long
run."""
_COMPARED = ("flow", "intended_s", "done_s")
"""By which a sample that is in two files is known to be the same one."""
_LOOKED_AT = frozenset({"seq", "worker", "sent_s", "first_byte_s", "outcome", *_COMPARED})
"""Columns that say whether a row is sound: read, whoever does not ask for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """What is known of one process's samples: which file, how many rows, and whether they are all there."""

    worker: str
    name: str
    rows: int
    finished: bool
    """Whether the process ended in order and all of its samples had arrived: they are in a Parquet file."""
    missing: int
    """Sequence numbers absent below the highest one seen."""
    damaged: int = 0
    """Rows in blocks whose seal is broken, and rows that no process of ours can have written: times out of order,
    outcomes without a name, numbers used twice, a spool that belongs to another run.

    They are left out."""
    from_spool: int = 0
    """How many of the rows were never delivered: only the worker's own disk had them."""

    @property
    def is_unreadable(self) -> bool:
        """Whether the file is there, in its final form, and cannot be read: damaged, or not of our making."""
        return self.name.endswith(".parquet") and not self.finished


class _Part(NamedTuple):
    """What one file gave: its sound rows, and how many were not sound."""

    rows: pa.Table
    damaged: int


def _nothing() -> _Part:
    # Made when it is needed: pyarrow imports pandas for its first array, which most commands can do without.
    return _Part(SCHEMA.empty_table(), 0)


Samples = tuple[pa.Table, tuple[SampleFile, ...]]
"""Every process's samples in one table, and an account of each process."""


def read_samples(directory: Path, spool: Path | None = None, without: Collection[str] = ()) -> Samples:
    """Read every process's samples, sorted by intended time, with an account of each process.

    What a worker's spool holds beyond what was delivered is merged in, each sample once. A file that cannot be read at
    all counts as unfinished with no rows; a torn last block is left out quietly. The table is as `gathered` makes it,
    `without` some columns where those are not asked for.

    Raises:
        RunDirectoryError: there is no such directory, or not memory enough for what is in it.
    """
    if not directory.is_dir():
        raise RunDirectoryError(f"{directory}: no samples here; a run directory has samples/*.parquet")
    require_room(directory, spool)
    delivered = _one_per_worker(directory)
    spooled = {path.stem: path for path in spool.glob("*.arrows")} if spool is not None else {}
    unread = frozenset(without) - _LOOKED_AT
    parts = in_turns(
        lambda name: _read(delivered.get(name), spooled.get(name), name, unread),
        sorted(delivered | spooled),
        is_long=is_long(directory, spool),
    )
    files = tuple(file for _, file in parts)
    tables = [table for table, _ in parts]
    parts.clear()
    return gathered(_handed_over(tables), without), files


def _handed_over(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables in their order and keep none: who takes them decides how long they live."""
    tables.reverse()
    while tables:
        yield tables.pop()


def _one_per_worker(directory: Path) -> dict[str, Path]:
    """Return one path per process: the finished file where there is one, else the blocks."""
    paths = {path.stem: path for path in directory.glob("*.arrows")}
    return paths | {path.stem: path for path in directory.glob("*.parquet")}


def _read(
    delivered: Path | None, spooled: Path | None, worker: str, without: Collection[str] = ()
) -> tuple[pa.Table, SampleFile]:
    """Read the samples of one process from where they were delivered to, and from its own disk."""
    finished = False
    main = extra = _nothing()
    if delivered is not None:
        try:
            finished, main = delivered.suffix == ".parquet", _load(delivered, worker, without)
        except (pa.ArrowException, OSError, ValueError):  # ValueError: readable, but not our columns
            finished = False
    if spooled is not None:
        try:
            extra = _beyond(main.rows, _load(spooled, worker, without))
        except (pa.ArrowException, OSError, ValueError):
            extra = _nothing()
    rows = joined([main.rows, extra.rows]) if extra.rows.num_rows else main.rows
    last = pc.max(rows["seq"]).as_py() if rows.num_rows else -1
    path = delivered or spooled
    return rows, SampleFile(
        worker=worker,
        name=path.name if path is not None else "",
        rows=rows.num_rows,
        finished=finished,
        missing=last + 1 - rows.num_rows,
        damaged=main.damaged + extra.damaged,
        from_spool=extra.rows.num_rows,
    )


def _load(path: Path, worker: str, without: Collection[str] = ()) -> _Part:
    if path.suffix == ".parquet":
        return _once(_set_aside(_sound(rows, worker)) for rows in _row_groups(path, without))
    found = list(batches_in(path))
    batches = [one for one in found if not isinstance(one, Damage)]
    rows = pa.Table.from_batches(batches) if batches else SCHEMA.empty_table()
    sound = _once([_sound(completed(rows, without), worker)])
    return sound._replace(damaged=sound.damaged + sum(one.rows for one in found if isinstance(one, Damage)))


def _row_groups(path: Path, without: Collection[str]) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if name not in without]
        yield from map(narrowed, row_groups(file, names, without, _READ_ROWS))


def row_groups(
    file: pq.ParquetFile, names: Sequence[str], without: Collection[str], least_rows: int
) -> Iterator[pa.Table]:
    """Yield the rows of a file with some columns, completed, as many row groups at a time as make so many rows."""
    waiting: list[int] = []
    rows = 0
    for number in range(file.num_row_groups):
        waiting.append(number)
        rows += file.metadata.row_group(number).num_rows
        if rows >= least_rows or number == file.num_row_groups - 1:
            yield completed(file.read_row_groups(waiting, columns=names), without)
            waiting, rows = [], 0


def _sound(table: pa.Table, worker: str) -> _Part:
    """Return the rows that a process of ours can have written."""
    named = _has_text(table["outcome"], frozenset(outcome.value for outcome in Outcome).__contains__)
    ours = _has_text(table["worker"], worker.__eq__)
    numbered = pc.greater_equal(table["seq"], 0).to_numpy()
    sound = keeps_law(table).to_numpy() & named & ours & numbered
    if sound.all():
        return _Part(table, 0)
    return _Part(table.filter(pa.array(sound)), int(len(sound) - sound.sum()))


def _has_text(column: pa.ChunkedArray, test: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    """Say of each row whether its text is of a kind: asked of each different text once."""
    parts = [
        np.array([test(text) for text in chunk.dictionary.to_pylist()], np.bool_)[chunk.indices.to_numpy()]
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.bool_)


def _once(parts: Iterable[_Part]) -> _Part:
    """Put the parts of one process together, each number once: where it comes again, the first is kept."""
    found = list(parts) or [_nothing()]
    rows, damaged = joined([one.rows for one in found]), sum(one.damaged for one in found)
    if _ascends(rows["seq"]):  # as every recorder writes them
        return _Part(rows, damaged)
    numbers = rows["seq"].to_numpy()
    _, first = np.unique(numbers, return_index=True)
    kept = rows if len(first) == len(numbers) else rows.take(pa.array(np.sort(first)))
    return _Part(kept, damaged + len(numbers) - len(first))


def _set_aside(part: _Part) -> _Part:
    """Return a part of a file; where columns are to be in files, in one."""

    def write(file: IO[bytes]) -> None:
        with pa.ipc.new_stream(file, part.rows.schema) as stream:
            stream.write_table(part.rows)

    kept = arrays.written(write)
    if kept is None:
        return part
    pa.default_memory_pool().release_unused()  # what was read on the way, and would be kept for later
    return part._replace(rows=pa.ipc.open_stream(pa.py_buffer(kept)).read_all())


def _ascends(numbers: pa.ChunkedArray) -> bool:
    """Whether each number is larger than the one before it."""
    last = -1
    for chunk in numbers.chunks:
        mine = chunk.to_numpy()
        if len(mine) and not (mine[0] > last and (mine[1:] > mine[:-1]).all()):
            return False
        last = mine[-1] if len(mine) else last
    return True


def _beyond(delivered: pa.Table, spool: _Part) -> _Part:
    """Return what a spool has beyond what was delivered.

    A spool that tells another story about a sample that was delivered is another run's, copied to the wrong place:
    all of it is left out.
    """
    if _tells_another_story(delivered, spool.rows):
        return _Part(SCHEMA.empty_table(), spool.damaged + spool.rows.num_rows)
    news = pc.invert(pc.is_in(spool.rows["seq"], value_set=_joined(delivered["seq"])))
    return _Part(spool.rows.filter(news), spool.damaged)


def _tells_another_story(delivered: pa.Table, spool: pa.Table) -> bool:
    ours, theirs = (_by_number(table) for table in (delivered, spool))
    _, here, there = np.intersect1d(ours[0], theirs[0], assume_unique=True, return_indices=True)
    pairs: Iterable[tuple[np.ndarray, np.ndarray]] = zip(ours[1:], theirs[1:], strict=True)
    return any(not np.array_equal(mine[here], other[there]) for mine, other in pairs)


def _by_number(table: pa.Table) -> list[np.ndarray]:
    return [table[name].to_numpy() for name in ("seq", *_COMPARED)]


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return pa.array(column.to_numpy(), column.type)
