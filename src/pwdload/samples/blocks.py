"""Blocks: samples as they travel and lie in a file, each complete in itself and sealed.

A block is encoded once, by the process that made its samples; the same bytes go into that process's own file, over
the network, and into the file of whoever keeps them for good. A file of blocks is one after the other:

    magic  number  rows  length  crc(body)  crc(head)  |  body: an Arrow IPC stream with its schema and dictionaries
      4      4       4      4        4          4      |  `length` bytes

A block that ends before its length says is torn: its process was killed while it wrote, and nobody was told that it is
safe. A seal that does not fit is damage, and damage is counted.
"""

import mmap
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self
from zlib import crc32

import pyarrow as pa

from pwdload.samples.page import no_one_waits
from pwdload.samples.sample import SCHEMA, Sample, to_batch

_MAGIC = b"PwdB"
_HEAD = struct.Struct("<4sIIII")
_SEAL = struct.Struct("<I")
_BODY_AT = _HEAD.size + _SEAL.size
_BARE_STREAM = b"\xff\xff\xff\xff"
"""How a bare Arrow stream begins: what runs of an earlier version left."""


class DamagedBlockError(ValueError):
    """Bytes that are no whole block of ours."""


class _Head(NamedTuple):
    number: int
    rows: int
    length: int
    body_crc: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some samples of one process, encoded and sealed."""

    number: int
    """Its place among the blocks of its process, from 0 without gaps."""
    rows: int
    frame: bytes
    """Head and body, as they are sent and stored."""

    @classmethod
    def encode(cls, number: int, samples: Sequence[Sample], *, compressed: bool = False) -> Self:
        """Encode and seal samples that are there whole; see `of`.

        Raises:
            ValueError: a sample breaks the law of times.
        """
        return cls.of(number, to_batch(samples), compressed=compressed)

    @classmethod
    def of(
        cls,
        number: int,
        batch: pa.RecordBatch,
        *,
        compressed: bool = False,
        give_way: Callable[[], None] = no_one_waits,
    ) -> Self:
        """Seal a batch of `SCHEMA`; compressed for a network (a third of the bytes, 0.4 us more for each of many).

        `give_way` is called in between, for other threads to go on meanwhile.
        """
        options = pa.ipc.IpcWriteOptions(compression="zstd" if compressed else None, use_threads=False)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SCHEMA, options=options) as stream:
            stream.write_batch(batch)
        give_way()
        body = sink.getvalue()
        head = _HEAD.pack(_MAGIC, number, batch.num_rows, body.size, crc32(body))
        give_way()
        return cls(number, batch.num_rows, b"".join((head, _SEAL.pack(crc32(head)), body)))

    @classmethod
    def parse(cls, frame: bytes) -> Self:
        """Take a frame that came from elsewhere.

        Raises:
            DamagedBlockError: it is not one whole block with both seals intact.
        """
        head = _read_head(frame)
        if head is None or len(frame) != _BODY_AT + head.length or crc32(frame[_BODY_AT:]) != head.body_crc:
            raise DamagedBlockError("not a whole block of samples")
        return cls(head.number, head.rows, frame)

    def batches(self, columns: Sequence[str] | None = None) -> list[pa.RecordBatch]:
        """Decode it; of a block of ours only some columns, in the order of `SCHEMA`, where they are named.

        Raises:
            pyarrow.ArrowException, OSError, EOFError: the body is no Arrow stream.
        """
        chosen = None if columns is None else [place for place, name in enumerate(SCHEMA.names) if name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=chosen, use_threads=False)
        return list(pa.ipc.open_stream(pa.py_buffer(self.frame)[_BODY_AT:], options=options))


class Damage(NamedTuple):
    """A place in a file where a block was and is no more."""

    rows: int
    """How many samples it held; 1 where even that cannot be read: at least so many."""


def blocks_in(path: Path) -> Iterator[Block | Damage]:
    """Yield what is in a file of blocks, in its order; a torn last block is left out quietly.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with data:
        place = 0
        while len(data) - place >= _BODY_AT:
            head = _read_head(data[place : place + _BODY_AT])
            if head is None:
                yield Damage(1)
                place = _next_head(data, place + 1)
                continue
            end = place + _BODY_AT + head.length
            if end > len(data):
                return
            frame = data[place:end]
            sound = crc32(frame[_BODY_AT:]) == head.body_crc
            yield Block(head.number, head.rows, frame) if sound else Damage(head.rows)
            place = end


def _read_head(data: bytes) -> _Head | None:
    """Return what a block's head says; null when its seal does not fit."""
    if len(data) < _BODY_AT:
        return None
    magic, *rest = _HEAD.unpack_from(data)
    (seal,) = _SEAL.unpack_from(data, _HEAD.size)
    return _Head(*rest) if magic == _MAGIC and seal == crc32(data[: _HEAD.size]) else None


def _next_head(data: mmap.mmap, place: int) -> int:
    """Return where the next sound head begins; the end of the data when there is none."""
    while (place := data.find(_MAGIC, place)) >= 0:
        if _read_head(data[place : place + _BODY_AT]) is not None:
            return place
        place += 1
    return len(data)


def batches_in(path: Path) -> Iterator[pa.RecordBatch | Damage]:
    """Yield the samples of a file of blocks, or of the bare Arrow stream that an earlier version left.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        is_bare = file.read(len(_BARE_STREAM)) == _BARE_STREAM
    if is_bare:
        yield from _bare_batches(path)
        return
    for found in blocks_in(path):
        if isinstance(found, Damage):
            yield found
            continue
        try:
            yield from found.batches()
        except (pa.ArrowException, OSError, EOFError):  # sealed, and yet no samples: not written by us
            yield Damage(found.rows)


def _bare_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as source:
        try:
            yield from pa.ipc.open_stream(source)
        except (pa.ArrowInvalid, OSError, EOFError):
            return  # cut short: what came before is complete
