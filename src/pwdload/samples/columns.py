"""Many samples in little memory: every text as a small number, every column in one piece, made two at a time.

A run of ten million samples is 1.5 GB the way they are stored, and a sort makes it twice that. Here it takes three
quarters, and no more than two columns of it exist twice at any time. What is null in a column of times is NaN below the
null, so that whoever wants plain numbers need not copy them, unless all of it is null.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pwdload import arrays
from pwdload.samples.sample import SCHEMA
from pwdload.statistics.ordering import stable_order, taken

Numbers = npt.NDArray[Any]
"""Of whatever kind a column is."""
Places = npt.NDArray[np.integer]

Given = TypeVar("Given")
Made = TypeVar("Made")

_LONG = 500_000
"""Fewer samples take no time worth a thread."""
_NARROW = pa.dictionary(pa.int16(), pa.string())


def gathered(tables: Iterable[pa.Table], without: Collection[str] = ()) -> pa.Table:
    """Return the samples of several tables as one, ordered by intended time, then by number, then as they were given.

    Columns that nobody will ask for can be left out. Texts are dictionaries with indices as narrow as they can be,
    whole numbers of 64 bits have 32 where that is enough; everything else is as in `SCHEMA`. The tables are used up:
    nothing of them is kept, so that a caller who keeps nothing either has the samples only once.
    """
    batches = [batch for table in tables for batch in table.to_batches() if batch.num_rows]
    fields = [field for field in SCHEMA if field.name not in without]
    order = _order([batch["intended_s"] for batch in batches], [batch["seq"] for batch in batches])
    chunks = {field.name: [batch[field.name] for batch in batches] for field in fields}
    del batches

    def made(field: pa.Field) -> pa.Array:
        array = _column(chunks.pop(field.name), field.type, order)
        pa.default_memory_pool().release_unused()  # else it keeps for itself what the next column could have
        return array

    arrays = in_turns(made, fields, is_long=len(order) >= _LONG)
    fields = [field.with_type(array.type) for field, array in zip(fields, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def in_turns(make: Callable[[Given], Made], given: Iterable[Given], *, is_long: bool) -> list[Made]:
    """Make one thing of each that is given, in order: two at a time where that takes long."""
    if not is_long:
        return [make(one) for one in given]
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(make, given))


def narrowed(table: pa.Table) -> pa.Table:
    """Return samples with half of what their texts take: a part of a run never has many different ones."""
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            chunks = [_narrow(chunk) for chunk in table[at].chunks]
            if chunks and all(chunk is not None for chunk in chunks):
                table = table.set_column(at, field.with_type(_NARROW), pa.chunked_array(chunks))
    return table


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return tables of samples as one, without a copy where all are as narrow as one another.

    Tables of the same columns, but for those that have no rows.
    """
    tables = [table for table in tables if table.num_rows] or tables[:1]
    is_alike = all(table.schema == tables[0].schema for table in tables)
    if is_alike:
        return pa.concat_tables(tables)
    return pa.concat_tables(
        [table.cast(pa.schema([SCHEMA.field(name) for name in table.schema.names])) for table in tables]
    )


def _narrow(chunk: pa.DictionaryArray) -> pa.DictionaryArray | None:
    if len(chunk.dictionary) > np.iinfo(np.int16).max:
        return None
    places = chunk.indices.to_numpy(zero_copy_only=False).astype(np.int16)
    return pa.DictionaryArray.from_arrays(pa.array(places), chunk.dictionary)


def plain(column: pa.ChunkedArray) -> tuple[Numbers, npt.NDArray[np.bool_] | None]:
    """Return the values of a column of numbers, and which of them are null (None: none is).

    Nothing is copied where the column is in one piece. Below a null stands anything; NaN, if it is of a table that
    `gathered` has made.
    """
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) and array.num_chunks else array
    kind = array.type.to_pandas_dtype()
    if not len(array):
        return np.zeros(0, kind), None
    values = np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]
    return values, _nulls(array) if array.null_count else None


def _nulls(array: pa.Array) -> npt.NDArray[np.bool_]:
    def is_null(part: slice) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = array[part].is_null().to_numpy(zero_copy_only=False)
        return found

    return arrays.filled(len(array), np.bool_, is_null)


def _order(chunks: Sequence[pa.Array], seq: Sequence[pa.Array]) -> Places:
    intended_s = _numbers(chunks, pa.float64())
    order = stable_order(intended_s)
    in_time = taken(intended_s, order)
    ties = np.flatnonzero(in_time[1:] == in_time[:-1])
    del in_time
    # Few samples are due at the same instant, and they mostly stand in the order of their numbers.
    if len(ties):
        numbers = _numbers(seq, pa.int64())
        if (numbers[order[ties + 1]] < numbers[order[ties]]).any():
            order = np.lexsort((numbers, intended_s)).astype(order.dtype)
    return order


def _column(chunks: Sequence[pa.Array], kind: pa.DataType, order: Places) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return _texts(chunks, order)
    nulls = sum(chunk.null_count for chunk in chunks)
    if nulls == len(order) and nulls:
        # Nobody looks below the nulls of a column that has nothing else, so that these zeros take no memory.
        values, bits = np.zeros(nulls, kind.to_pandas_dtype()), np.zeros(-(-nulls // 8), np.uint8)
        return pa.Array.from_buffers(kind, nulls, [pa.py_buffer(bits), pa.py_buffer(values)], nulls)
    values = taken(_numbers(chunks, kind), order)
    if not nulls:
        if kind == pa.int64() and len(values) and max(values.max(), -values.min()) <= np.iinfo(np.int32).max:
            narrow = values
            values, kind = arrays.filled(len(narrow), np.int32, lambda part: narrow[part]), pa.int32()
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)], 0)
    is_null = taken(np.concatenate([chunk.is_null().to_numpy(zero_copy_only=False) for chunk in chunks]), order)
    bits = np.packbits(~is_null, bitorder="little")
    return pa.Array.from_buffers(kind, len(values), [pa.py_buffer(bits), pa.py_buffer(values)], nulls)


def _numbers(chunks: Sequence[pa.Array], kind: pa.DataType) -> Numbers:
    """Return a column as it came, NaN or 0 where it is null."""
    values = arrays.empty(sum(map(len, chunks)), kind.to_pandas_dtype())
    at = 0
    for chunk in chunks:
        known = chunk.fill_null(0) if chunk.null_count and pa.types.is_integer(kind) else chunk
        values[at : at + len(chunk)] = known.to_numpy(zero_copy_only=False)
        at += len(chunk)
    return values


def _texts(chunks: Sequence[pa.DictionaryArray], order: Places) -> pa.DictionaryArray:
    """Return a column of texts, its words in the order in which they are first met."""
    words = tuple(dict.fromkeys(word for chunk in chunks for word in chunk.dictionary.to_pylist()))
    place = {word: at for at, word in enumerate(words)}
    narrow = next(one for one in (np.int8, np.int16, np.int32) if len(words) <= np.iinfo(one).max)
    values = arrays.empty(len(order), narrow)
    at = 0
    for places in _translated(chunks, place, narrow):
        values[at : at + len(places)] = places
        at += len(places)
    values = taken(values, order)
    places = pa.Array.from_buffers(pa.from_numpy_dtype(narrow), len(values), [None, pa.py_buffer(values)], 0)
    return pa.DictionaryArray.from_arrays(places, pa.array(words, pa.string()))


def _translated(chunks: Sequence[pa.DictionaryArray], place: dict[str, int], narrow: type) -> Iterator[Numbers]:
    for chunk in chunks:
        own: Numbers = np.array([place[word] for word in chunk.dictionary.to_pylist()], narrow)
        yield own[chunk.indices.to_numpy(zero_copy_only=False)]
