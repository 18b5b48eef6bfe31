"""Writing samples: into blocks, into a file of blocks, and at last into Parquet."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pwdload.samples.blocks import Block, Damage, batches_in
from pwdload.samples.page import ROWS_MAX, Page, no_one_waits
from pwdload.samples.sample import SCHEMA, Sample

_ROWS_PER_GROUP = 65_536


class BlockFile:
    """A growing file of blocks, whole block by whole block. Not buffered: what is appended survives this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        """How many samples are in it."""
        self._end = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w+b", buffering=0)

    def append(self, block: Block) -> int:
        """Write one block and return where it begins.

        Raises:
            OSError: the disk does not allow it; the file is as it was before.
        """
        begin = self._end
        try:
            left = memoryview(block.frame)
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(begin)
            self._file.seek(begin)
            raise
        self._end += len(block.frame)
        self.rows += block.rows
        return begin

    def read(self, begin: int, length: int) -> bytes:
        """Return bytes that were appended; from any thread."""
        return os.pread(self._file.fileno(), length, begin)

    def close(self) -> None:
        """Close the file and leave it."""
        self._file.close()

    def finish(self) -> Path:
        """Turn the file into its final Parquet form and return that path.

        A run has a small block for every flush; Parquet gets them in large groups. The blocks are removed only when
        every row of them is in the Parquet file.

        Raises:
            OSError, ValueError: the disk does not allow it, or rows are damaged; the blocks stay.
        """
        self.close()
        final = self.path.with_suffix(".parquet")
        partial = final.with_suffix(".parquet.part")
        try:
            with pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
                for group in _grouped(batches_in(self.path), _ROWS_PER_GROUP):
                    writer.write_table(group)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)  # it would keep a full disk full
            raise
        written = pq.read_metadata(partial).num_rows
        if written != self.rows:
            raise ValueError(f"{partial}: {written} rows, {self.rows} were written to {self.path.name}")
        partial.rename(final)
        self.path.unlink()
        return final


def _grouped(batches: Iterable[pa.RecordBatch | Damage], rows: int) -> Iterator[pa.Table]:
    """Put small batches together into tables of at least so many rows, the last one excepted."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        if isinstance(batch, Damage):
            continue  # the rows will not add up, and that is said
        waiting.append(batch)
        held += batch.num_rows
        if held >= rows:
            yield _together(waiting)
            waiting, held = [], 0
    if waiting:
        yield _together(waiting)


def _together(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches, SCHEMA).unify_dictionaries().combine_chunks()


def _run_now(job: Callable[[], None]) -> None:
    job()


class SampleWriter:
    """Keeps the samples of one process, in blocks.

    A recorder fills `page`, and calls `flush` when that has `block_rows` samples; it is then handed to `run`, which may
    carry it to another thread: one at a time and in order. `append` does the same with a sample that is there whole.

    With `ship`, someone else keeps the samples for good: the file in `directory` is then a spool only, and each block
    is handed to `ship` with its place in the spool, null where the spool's disk did not take it. Where `run` carries a
    block to another thread, `give_way` is how that thread lets the others go on while it encodes.
    """

    def __init__(
        self,
        directory: Path,
        worker: str,
        *,
        block_rows: int = ROWS_MAX,
        run: Callable[[Callable[[], None]], None] = _run_now,
        ship: Callable[[Block, int | None], None] | None = None,
        give_way: Callable[[], None] = no_one_waits,
    ) -> None:
        self.page = Page()
        """What is to be written next."""
        self.block_rows = block_rows
        self.lost = 0
        """How many of them could not be written."""
        self.file = BlockFile(directory / f"{worker}.arrows")
        self._handed_on = 0
        self._blocks = 0
        self._run = run
        self._ship = ship
        self._give_way = give_way
        self.tap: Callable[[Block], None] | None = None
        """Is shown each block that was written."""

    @property
    def rows(self) -> int:
        """How many samples were appended."""
        return self._handed_on + len(self.page)

    def append(self, sample: Sample) -> None:
        """Keep one sample; at the end of a block hand the block on.

        Raises:
            TypeError, ValueError, OverflowError, struct.error: a value is not what its column holds.
        """
        self.page.append(sample)
        if len(self.page) >= self.block_rows:
            self.flush()

    def flush(self) -> None:
        """Hand on what is kept so far, so that a later crash cannot lose it. Cheap when there is nothing."""
        if page := self.page:
            self.page = Page()
            self._handed_on += len(page)
            self._run(partial(self._write, page))

    def _write(self, page: Page) -> None:
        try:
            batch = page.to_batch(self._give_way)
            compressed = self._ship is not None
            block = Block.of(self._blocks, batch, compressed=compressed, give_way=self._give_way)
            self._keep(block)
        except Exception:
            self.lost += len(page)
            raise
        self._blocks += 1
        if self.tap is not None:
            self._give_way()
            self.tap(block)

    def _keep(self, block: Block) -> None:
        if self._ship is None:
            self.file.append(block)
            return
        place = None
        with suppress(OSError):  # the block stays in memory until it is delivered: a full disk here loses nothing
            place = self.file.append(block)
        self._ship(block, place)

    def close(self) -> Path:
        """Write what is left and return the path of the file: in Parquet form, unless it is a spool.

        Raises:
            OSError, ValueError: the disk or a sample does not allow it; the blocks stay.
        """
        self.flush()
        return self.file.finish() if self._ship is None else self.file.path
