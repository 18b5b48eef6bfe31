"""The Sample: one row per HTTP exchange, and the files that keep it.

While a process runs, its samples go to `NAME.arrows`, an Arrow stream that is readable up to its last complete
block whatever happens to the process. When the process ends in order, the stream becomes `NAME.parquet` and is
removed. So one process has one file, and a `.arrows` that is still there says that its process did not finish.

Times are seconds on the run's clock (zero is the start of the run), as float64.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pwdload.errors import RunDirectoryError
from pwdload.outcome import Outcome

_TEXT = pa.dictionary(pa.int32(), pa.string())  # few distinct values, many rows


_ROWS_PER_GROUP = 65_536
_TIME_MAX_S = 366 * 86_400.0
"""No run lasts a year; a larger time is damage."""


class Sample(NamedTuple):
    """One HTTP exchange. A NamedTuple, not a dataclass: it is built on the hot path, at a third of the cost.

    Law, where the times are not null: ``intended_s <= sent_s <= first_byte_s <= done_s``.
    Response time is ``done_s - intended_s``, service time ``done_s - sent_s``, generator lag ``sent_s - intended_s``.
    """

    seq: int
    """Number of this sample in its process, from 0 without gaps: proves that nothing is missing."""
    worker: str
    """The process that made it: ``local``, or ``worker-N``."""
    flow: int
    """Number of the flow in its process; (worker, flow) names a journey."""
    step: str
    """login, update_password, skip_update, verify, rearm."""
    case: str
    """The case of the catalogue that this flow plays."""
    stage: str
    """The load stage in which the flow was due."""
    account: int
    """Index of the account, -1 where the exchange has none."""
    generation: int
    """Generation of the password that the account had when the exchange began."""
    device: str
    """Device family: android, ios, harmonyos, desktop."""
    intended_s: float
    """When the schedule wanted it: a flow's first request by the schedule, a later one by its predecessor's end."""
    sent_s: float | None
    """Just before the first byte was handed to the socket; null when none was."""
    first_byte_s: float | None
    """First byte of the answer; null when none came."""
    done_s: float
    """Answer complete and parsed, or given up."""
    connect_s: float | None
    """How long the TCP connection took to open; null on a reused one."""
    tls_s: float | None
    """How long the TLS handshake took; null on a reused or a plain one."""
    http_status: int | None
    """HTTP status code; null when no head was read."""
    status: str
    """The body's ``status`` field; empty when it has none."""
    error_code: str
    """The API's own ``error_code``, or ``transport:...``; empty when accepted."""
    outcome: str
    """An `Outcome` value."""
    expected: str
    """What the case expected: ``accept:STATUS|...`` or ``refuse:CODE|...``."""
    bytes_sent: int
    bytes_received: int


SCHEMA = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("worker", _TEXT, nullable=False),
        pa.field("flow", pa.int64(), nullable=False),
        pa.field("step", _TEXT, nullable=False),
        pa.field("case", _TEXT, nullable=False),
        pa.field("stage", _TEXT, nullable=False),
        pa.field("account", pa.int64(), nullable=False),
        pa.field("generation", pa.int32(), nullable=False),
        pa.field("device", _TEXT, nullable=False),
        pa.field("intended_s", pa.float64(), nullable=False),
        pa.field("sent_s", pa.float64()),
        pa.field("first_byte_s", pa.float64()),
        pa.field("done_s", pa.float64(), nullable=False),
        pa.field("connect_s", pa.float64()),
        pa.field("tls_s", pa.float64()),
        pa.field("http_status", pa.int16()),
        pa.field("status", _TEXT, nullable=False),
        pa.field("error_code", _TEXT, nullable=False),
        pa.field("outcome", _TEXT, nullable=False),
        pa.field("expected", _TEXT, nullable=False),
        pa.field("bytes_sent", pa.int32(), nullable=False),
        pa.field("bytes_received", pa.int32(), nullable=False),
    ]
)
assert tuple(SCHEMA.names) == Sample._fields  # noqa: S101 - two spellings of one record must not drift apart


def to_batch(rows: Sequence[Sample]) -> pa.RecordBatch:
    """Turn samples into one Arrow record batch of `SCHEMA`.

    Raises:
        ValueError: a time is NaN or infinite, or the times of a row break the law of `Sample`.
    """
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    arrays = [_as_array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
    _check_times(batch)
    return batch


def _as_array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


def _keeps_law(rows: pa.RecordBatch | pa.Table) -> pa.Array:
    """Say of each row whether its times keep the law: a clock that steps back is an error, not a number."""
    intended, done = rows["intended_s"], rows["done_s"]
    sent = pc.coalesce(rows["sent_s"], intended)
    first = pc.coalesce(rows["first_byte_s"], sent)
    # NaN compares false; of the infinities, only the ends need a look.
    lawful = [pc.less_equal(a, b) for a, b in pairwise((intended, sent, first, done))]
    lawful += [pc.is_finite(intended), pc.is_finite(done), pc.less(done, _TIME_MAX_S)]
    return reduce(pc.and_, lawful)


def _check_times(batch: pa.RecordBatch) -> None:
    place = pc.index(_keeps_law(batch), value=False).as_py()
    if place >= 0:
        row = batch.slice(place, 1).to_pylist()[0]
        times = [row[name] for name in ("intended_s", "sent_s", "first_byte_s", "done_s")]
        raise ValueError(
            f"sample {row['seq']} of {row['worker']}: times must be finite and in order, "
            f"intended <= sent <= first byte <= done, got {times}"
        )


def _run_now(job: Callable[[], None]) -> None:
    job()


class SampleWriter:
    """Keeps the samples of one process, in blocks.

    `append` is the hot path: it adds to a list. Every `block_rows` samples the block is handed to `run`, which may
    carry it to another thread; blocks are handed over one at a time and in order.
    """

    def __init__(
        self,
        directory: Path,
        worker: str,
        *,
        block_rows: int = 4096,
        run: Callable[[Callable[[], None]], None] = _run_now,
    ) -> None:
        self.rows = 0
        """How many samples were appended."""
        self.lost = 0
        """How many of them could not be written."""
        self._path = directory / f"{worker}.arrows"
        self._block: list[Sample] = []
        self._block_rows = block_rows
        self._run = run
        directory.mkdir(parents=True, exist_ok=True)
        self._sink = self._path.open("wb")
        self._stream = pa.ipc.new_stream(self._sink, SCHEMA)

    def append(self, sample: Sample) -> None:
        """Keep one sample; at the end of a block hand the block on."""
        self.rows += 1
        self._block.append(sample)
        if len(self._block) >= self._block_rows:
            self.flush()

    def flush(self) -> None:
        """Hand on what is kept so far, so that a later crash cannot lose it. Cheap when there is nothing."""
        block, self._block = self._block, []
        if block:
            self._run(lambda: self._write(block))

    def _write(self, block: list[Sample]) -> None:
        try:
            self._stream.write_batch(to_batch(block))
            self._sink.flush()
        except Exception:
            self.lost += len(block)
            raise

    def close(self) -> Path:
        """Write what is left, turn the stream into the final Parquet file, and return its path.

        The stream has a small block for every flush; Parquet gets them in large groups. The stream is removed only when
        every row of it is in the Parquet file.

        Raises:
            OSError, ValueError: the disk or a sample does not allow it; the stream stays.
        """
        self.flush()
        self._stream.close()
        self._sink.close()
        final = self._path.with_suffix(".parquet")
        partial = final.with_suffix(".parquet.part")
        with pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
            for group in _grouped(_stream_batches(self._path), _ROWS_PER_GROUP):
                writer.write_table(group)
        written = pq.read_metadata(partial).num_rows
        if written != self.rows - self.lost:
            raise ValueError(f"{partial}: {written} rows, {self.rows - self.lost} were written to {self._path.name}")
        partial.rename(final)
        self._path.unlink()
        return final


def _grouped(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Put small batches together into tables of at least so many rows, the last one excepted."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= rows:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


def _together(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches, SCHEMA).unify_dictionaries().combine_chunks()


def _stream_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the complete batches of an Arrow stream, and stop quietly where it was cut."""
    with pa.OSFile(str(path)) as source:
        try:
            reader = pa.ipc.open_stream(source)
            yield from reader
        except (pa.ArrowInvalid, OSError, EOFError):
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """What is known of one process's samples: which file, how many rows, and whether they are all there."""

    worker: str
    name: str
    rows: int
    finished: bool
    """Whether the process ended in order (it left a Parquet file, not a bare stream)."""
    missing: int
    """Sequence numbers absent below the highest one seen."""
    damaged: int = 0
    """Rows that no process of ours can have written: times out of order, outcomes without a name, numbers used twice.

    They are left out."""


def read_samples(directory: Path) -> tuple[pa.Table, tuple[SampleFile, ...]]:
    """Read every process's samples, sorted by intended time, with an account of each file.

    A file that cannot be read at all counts as unfinished with no rows; a cut stream gives its complete blocks.

    Raises:
        RunDirectoryError: there is no such directory.
    """
    if not directory.is_dir():
        raise RunDirectoryError(f"{directory}: no samples here; a run directory has samples/*.parquet")
    parts = [_read_file(path) for path in sorted(_one_per_worker(directory))]
    table = pa.concat_tables([table for table, _ in parts] or [SCHEMA.empty_table()]).unify_dictionaries()
    # The sort is stable, so equal keys stay in the order of the workers' names: the same files give the same table.
    order = [("intended_s", "ascending"), ("seq", "ascending")]
    return table.sort_by(order), tuple(file for _, file in parts)


def _one_per_worker(directory: Path) -> Iterable[Path]:
    """One path per process: the finished file where there is one, else the stream."""
    paths = {path.stem: path for path in directory.glob("*.arrows")}
    paths |= {path.stem: path for path in directory.glob("*.parquet")}
    return paths.values()


def _read_file(path: Path) -> tuple[pa.Table, SampleFile]:
    try:
        table, finished = _load(path)
    except (pa.ArrowException, OSError, ValueError):  # ValueError: readable, but not our columns
        table, finished = SCHEMA.empty_table(), False
    sound = _sound(table, path.stem)
    last = pc.max(sound["seq"]).as_py() if sound.num_rows else -1
    return sound, SampleFile(
        worker=path.stem,
        name=path.name,
        rows=sound.num_rows,
        finished=finished,
        missing=last + 1 - sound.num_rows,
        damaged=table.num_rows - sound.num_rows,
    )


def _sound(table: pa.Table, worker: str) -> pa.Table:
    """Return the rows that a process of ours can have written."""
    known = pa.array([outcome.value for outcome in Outcome])
    named = pc.is_in(table["outcome"].cast(pa.string()), value_set=known)
    ours = pc.equal(table["worker"].cast(pa.string()), worker)
    numbered = pc.greater_equal(table["seq"], 0)
    table = table.filter(reduce(pc.and_, [_keeps_law(table), named, ours, numbered]))
    numbers = table["seq"].to_numpy()
    if len(np.unique(numbers)) == len(numbers):
        return table
    _, first = np.unique(numbers, return_index=True)
    return table.take(pa.array(np.sort(first)))


def _load(path: Path) -> tuple[pa.Table, bool]:
    if path.suffix == ".parquet":
        return pq.read_table(path).cast(SCHEMA), True
    return pa.Table.from_batches(list(_stream_batches(path)), SCHEMA), False
