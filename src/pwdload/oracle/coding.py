"""Rows as plain numbers, to be written down, and as a table again: a text is its place among a run's words."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from pwdload.oracle.operation import Floats, Ints
from pwdload.oracle.spill import Column, Columns
from pwdload.samples.columns import plain
from pwdload.statistics.ordering import taken

TEXTS: Final = (
    "worker",
    "step",
    "case",
    "password",
    "new_password",
    "status",
    "error_code",
    "outcome",
    "remark",
    "expected",
)
NUMBERS: Final = ("seq", "flow", "account", "token", "session")
"""Null, of the last two, is 0: no digest is."""
TIMES: Final = ("intended_s", "sent_s", "done_s")
"""Null is NaN."""
COLUMNS: Final = (*NUMBERS, *TIMES, "http_status", *TEXTS)
"""What the oracle looks at of a sample, but for whether it opened a connection."""
ROW_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(NUMBERS, "i8"),
    **dict.fromkeys(TIMES, "f8"),
    "http_status": "i2",
    **dict.fromkeys(TEXTS, "i4"),
}
NARROW_KINDS: Final[Mapping[str, str]] = {
    **ROW_KINDS,
    **dict.fromkeys(("seq", "flow", "account"), "i4"),
    **dict.fromkeys(TEXTS, "i2"),
}
"""Enough for all but runs of billions of samples, or of a target with ten thousands of different answers."""
_FEW_WORDS = 1 << 15
_NO_STATUS = -1


class Words:
    """The different texts of each column of a run, numbered as they are met; the processes in their order."""

    def __init__(self, processes: Iterable[str] = ()) -> None:
        self._numbers = {"worker": {name: number for number, name in enumerate(processes)}}

    def of(self, name: str) -> list[str]:
        """Return the texts of a column by their numbers."""
        return list(self._numbers.get(name, ()))

    def coded(self, name: str, column: pa.ChunkedArray) -> Ints:
        """Return a column of texts as their numbers."""
        known = self._numbers.setdefault(name, {})
        found = np.empty(len(column), np.int32)
        at = 0
        for chunk in column.chunks:
            own = [known.setdefault(word, len(known)) for word in chunk.dictionary.to_pylist()]
            if own:
                np.take(np.array(own, np.int32), chunk.indices.to_numpy(), out=found[at : at + len(chunk)], mode="clip")
            at += len(chunk)
        return found if len(known) > _FEW_WORDS else found.astype(np.int16)

    def texts(self, name: str, numbers: Ints) -> pa.DictionaryArray:
        """Return such numbers as texts again, as narrow as they can be."""
        words = self.of(name)
        narrow = next(one for one in (np.int8, np.int16, np.int32) if len(words) <= np.iinfo(one).max)
        return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(narrow)), pa.array(words, pa.string()))


def as_numbers(rows: pa.Table, words: Words, names: Iterable[str] = COLUMNS) -> Columns:
    """Return some columns of samples as numbers."""
    return {name: _numbers(rows, name, words) for name in names}


def as_table(columns: Mapping[str, Column], words: Words, order: Ints) -> pa.Table:
    """Return the rows in another order, as the oracle reads them."""
    return pa.table({name: _array(name, taken(column, order), words) for name, column in columns.items()})


def row_order(columns: Mapping[str, Column]) -> Ints:
    """Return what puts rows, which are process by process, in the order of a run: by intended time, then by number."""
    intended_s, seq = columns["intended_s"], columns["seq"]
    order: Ints = np.argsort(intended_s, kind="stable")
    ordered_s = intended_s[order]
    ties = np.flatnonzero(ordered_s[1:] == ordered_s[:-1])
    if len(ties) and (seq[order[ties + 1]] < seq[order[ties]]).any():
        order = np.lexsort((seq, intended_s))
    return order


def _numbers(rows: pa.Table, name: str, words: Words) -> Column:
    if name in TEXTS:
        return words.coded(name, rows[name])
    values, is_null = plain(rows[name])
    if is_null is None:
        return values
    missing = np.nan if values.dtype.kind == "f" else _NO_STATUS if name == "http_status" else 0
    found: Column = np.where(is_null, values.dtype.type(missing), values)
    return found


def _array(name: str, values: Column, words: Words) -> pa.Array:
    if name in TEXTS:
        return words.texts(name, values)
    if name == "http_status":
        return pa.array(values, mask=values == _NO_STATUS)
    if values.dtype.kind == "f":
        return _times(values)
    return pa.array(_narrow(values))


def _times(values: Floats) -> pa.Array:
    is_null = np.isnan(values)
    return pa.array(values, mask=is_null) if is_null.any() else pa.array(values)


def _narrow(values: Ints) -> Ints:
    most = np.iinfo(np.int32)
    is_narrow = len(values) and values.min() >= most.min and values.max() <= most.max
    return values.astype(np.int32) if is_narrow else values
