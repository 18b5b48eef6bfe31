"""Kinds of exchanges: millions of rows are a few hundred different ones, which can be told apart by one small number.

A table of counts or of percentiles groups by some of `KIND_KEYS`. Grouping all rows by texts costs seconds each time;
the kind of each row is found once, and a grouping of the kinds is then a grouping of the rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.arrays import are_in_files, filled, parts, picked, places_of
from pwdload.statistics.ordering import taken

KIND_KEYS = ("step", "case", "stage", "http_status", "status", "error_code", "outcome", "expected")
"""Exchanges that have these in common are of one kind."""
_TABLE_MAX = 1 << 20
"""Numbers below this are looked up in a table; larger ones are made smaller first."""

Numbers = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Rows grouped by some of their columns."""

    keys: pd.DataFrame
    """One row per group that occurs, in the order of the columns: what its rows have in common."""
    codes: Numbers
    """The number of each row's group."""


def number_kinds(columns: Mapping[str, pd.Categorical | pd.arrays.IntegerArray | npt.NDArray[np.generic]]) -> Numbers:
    """Return a number for each row, from 0 without gaps; rows have the same one when they agree in all columns."""
    if not columns:
        return np.zeros(0, np.int16)
    number: Numbers = filled(len(next(iter(columns.values()))), np.int32, lambda _: 0)
    size = 1
    for column in columns.values():
        own, least, own_size = _numbers(column)
        if size * own_size > _TABLE_MAX:
            size = _close_gaps(number, size)
        if size * own_size > np.iinfo(number.dtype).max:
            number = _as(np.int64, number)
        for part in parts(len(number)):
            number[part] *= own_size
            number[part] += own[part]
            number[part] -= least
        size *= own_size
    size = _close_gaps(number, size)
    return _as(np.int16 if size <= np.iinfo(np.int16).max else np.int32, number)


def _as(kind: npt.DTypeLike, numbers: Numbers) -> Numbers:
    return filled(len(numbers), kind, lambda part: numbers[part])


def groups_of(samples: pd.DataFrame, keys: Sequence[str]) -> Groups:
    """Group samples by one column of texts, or by some of `KIND_KEYS` where there is a column ``kind``.

    By anything else it takes a hundred times as long.
    """
    number = _numbers_of(samples, keys) if len(samples) else None
    if number is None:
        groups = samples.groupby(list(keys), observed=True, sort=True, dropna=False)
        return Groups(keys=groups.size().reset_index()[list(keys)], codes=groups.ngroup().to_numpy())
    place = np.full(int(number.max()) + 1, -1, dtype=np.int64)
    for part in parts(len(number)):
        place[number[part]] = np.arange(part.start, part.stop)
    present = np.flatnonzero(place >= 0)
    groups = samples[list(keys)].iloc[place[present]].groupby(list(keys), observed=True, sort=True, dropna=False)
    again = np.full(len(place), -1, dtype=_narrow(len(present)))
    again[present] = groups.ngroup().to_numpy()
    return Groups(keys=groups.size().reset_index()[list(keys)], codes=taken(again, number))


def _numbers_of(samples: pd.DataFrame, keys: Sequence[str]) -> Numbers | None:
    """Return numbers from 0 that rows have in common which agree in all the keys; null where none are at hand."""
    if len(keys) == 1 and isinstance(samples[keys[0]].dtype, pd.CategoricalDtype):
        codes: Numbers = samples[keys[0]].cat.codes.to_numpy()
        return codes if codes.min() >= 0 else None
    return samples["kind"].to_numpy() if "kind" in samples and set(keys) <= set(KIND_KEYS) else None


def _narrow(count: int) -> type[np.signedinteger]:
    """Return the narrowest numbers of which there are so many."""
    return np.int8 if count < 2**7 else np.int16 if count < 2**15 else np.int32


def chosen(frame: pd.DataFrame, flags: Flags, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the rows of a frame that are flagged, of some of its columns; without a copy where they lie together."""
    kept: pd.DataFrame = frame if columns is None else frame[list(columns)]
    count = int(np.count_nonzero(flags))
    first = int(flags.argmax()) if count else 0
    if count == np.count_nonzero(flags[first : first + count]):
        return kept.iloc[first : first + count]
    if not are_in_files():
        return kept[flags]
    index = _index_at(kept.index, places_of(flags))
    columns_of = {str(name): _of_array(kept[name].array, lambda one: picked(one, flags)) for name in kept.columns}
    return pd.DataFrame(columns_of, index=index, copy=False)


def rows_at(frame: pd.DataFrame, places: Numbers) -> pd.DataFrame:
    """Return the rows of a frame at some places."""
    if not are_in_files():
        return frame.iloc[places]
    columns_of = {str(name): _of_array(frame[name].array, lambda one: taken(one, places)) for name in frame.columns}
    return pd.DataFrame(columns_of, index=_index_at(frame.index, places), copy=False)


def with_columns(frame: pd.DataFrame, more: Mapping[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """Return a frame with some columns more, none of which is copied, as pandas does with one that is assigned."""
    there = {str(name): _of_array(frame[name].array, lambda one: one) for name in frame.columns}
    return pd.DataFrame({**there, **more}, index=frame.index, copy=False)


def _index_at(index: pd.Index, places: Numbers) -> pd.Index:
    if isinstance(index, pd.RangeIndex):  # which would keep its numbers from then on, were it asked for them
        start, step = index.start, index.step
        numbers = filled(len(places), np.int64, lambda part: places[part] * step + start)
    else:
        numbers = taken(np.asarray(index), places)
    found: pd.Index = pd.Index(numbers, copy=False)
    return found


def _of_array(column: Any, work: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Any:
    """Return what is made of the numbers that a column is made of, whatever kind of array it is."""
    if isinstance(column, pd.Categorical):
        return pd.Categorical.from_codes(work(column.codes), dtype=column.dtype)
    if isinstance(column, pd.arrays.IntegerArray):
        # What is public makes a copy of all of it.
        return pd.arrays.IntegerArray(work(column._data), work(column._mask))  # type: ignore[attr-defined]
    return work(column.to_numpy())


def _numbers(column: pd.Categorical | pd.arrays.IntegerArray | npt.NDArray[np.generic]) -> tuple[Numbers, int, int]:
    """Return a column as numbers, the least that they can be, and how many different ones there can be from there."""
    if isinstance(column, pd.Categorical):
        return column.codes, -1, len(column.categories) + 1
    kind: npt.DTypeLike = column.dtype.numpy_dtype if isinstance(column, pd.arrays.IntegerArray) else np.int64  # type: ignore[attr-defined]
    known = np.where(pd.isna(column), -1, column.to_numpy(dtype=kind, na_value=-1))  # type: ignore[union-attr]
    least = int(known.min(initial=0))
    return known, least, int(known.max(initial=0)) - least + 1


def _close_gaps(number: Numbers, size: int) -> int:
    """Make numbers below a size such that there are no gaps, in their place; return how many different ones there are.

    At least one, be it that there is no number.
    """
    if size > 64 * _TABLE_MAX:
        different, again = np.unique(number, return_inverse=True)
        number[:] = again
        return max(len(different), 1)
    is_there = np.zeros(size, dtype=bool)
    for part in parts(len(number)):
        is_there[number[part]] = True
    table = (np.cumsum(is_there) - 1).astype(number.dtype)
    for part in parts(len(number)):
        number[part] = table[number[part]]
    return max(int(is_there.sum()), 1)
