"""The samples of a run as a frame: no number is copied, and what is asked for again and again is worked out once."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pwdload.analysis.kinds import KIND_KEYS, number_kinds
from pwdload.analysis.windows import Window
from pwdload.arrays import filled, parts
from pwdload.cases.remarks import NOT_FORWARDED
from pwdload.outcome import Outcome
from pwdload.samples.columns import plain
from pwdload.statistics.bins import tally
from pwdload.statistics.ordering import taken

STEPS = ("login", "update_password", "skip_update", "verify", "sso_ticket", "sso_user", "rearm")
"""The steps in the order of the protocol, which is the order of their rows in every table."""
ACCEPTED = (Outcome.RIGHT_ACCEPT.value, Outcome.WRONG_ACCEPT.value)
AS_EXPECTED = tuple(outcome.value for outcome in Outcome if outcome.is_as_expected)
TIMES_BETWEEN = {"service_s": ("sent_s", "done_s"), "lag_s": ("intended_s", "sent_s")}
"""Times that few tables ask for, by where they begin and end."""
TRANSPORT = "transport:"
"""How an error code begins that is ours, not the API's: no complete answer came."""

Flags = npt.NDArray[np.bool_]
Column = Any
"""A `pandas.Categorical`, a nullable array of whole numbers, or a numpy array."""


def frame_of(table: pa.Table, stages: Sequence[str], *, is_lean: bool = False) -> pd.DataFrame:
    """Return samples with the columns that are told of in `pwdload.analysis.run.Run`, but for what is measured.

    ``stages`` are in the order of their rows in every table. A lean frame has no `TIMES_BETWEEN`.
    """
    first: Mapping[str, Sequence[str]] = {
        "step": STEPS,
        "outcome": tuple(outcome.value for outcome in Outcome),
        "stage": tuple(dict.fromkeys(stages)),
    }
    columns: dict[str, Column] = {}
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_dictionary(field.type):
            columns[field.name] = _ordered(column, None if field.name == "case" else first.get(field.name, ()))
        else:
            columns[field.name] = _numbers(column, field.nullable)
    columns["kind"] = number_kinds({name: columns[name] for name in KIND_KEYS})
    columns |= _derived(columns, is_lean=is_lean)
    return pd.DataFrame(columns, copy=False)


def time_of(samples: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Return a column of times; of a lean frame those of `TIMES_BETWEEN` are worked out."""
    if name in samples or name not in TIMES_BETWEEN:
        return samples[name].to_numpy(dtype=float)
    start_s, end_s = (samples[one].to_numpy(dtype=float) for one in TIMES_BETWEEN[name])
    return filled(len(samples), np.float64, lambda part: end_s[part] - start_s[part])


def within(times_s: npt.NDArray[np.float64], windows: Sequence[Window]) -> Flags:
    """Say of each time whether it lies in one of the windows."""

    def is_inside(part: slice) -> Flags:
        inside = (window.contains(times_s[part]) for window in windows)
        return reduce(np.logical_or, inside, np.zeros(len(times_s[part]), dtype=bool))

    return filled(len(times_s), np.bool_, is_inside)


def _numbers(column: pa.ChunkedArray, is_nullable: bool) -> Column:
    if pa.types.is_floating(column.type) and column.null_count == len(column):
        return np.broadcast_to(np.nan, len(column))  # one number, however long the run
    values, is_null = plain(column)
    if values.dtype.kind != "f":
        nothing = np.zeros(len(values), dtype=bool)
        return pd.arrays.IntegerArray(values, nothing if is_null is None else is_null) if is_nullable else values
    if is_null is None or all(np.isnan(values[part][is_null[part]]).all() for part in parts(len(values))):
        return values
    return np.where(is_null, np.nan, values)  # not of `gathered`, which leaves NaN there


def _derived(columns: Mapping[str, Column], *, is_lean: bool) -> dict[str, Column]:
    """Return the columns that follow from the others."""
    times = ("intended_s", "sent_s", "done_s", "connect_s")
    intended_s, sent_s, done_s, connect_s = (np.asarray(columns[name]) for name in times)
    outcome, code = columns["outcome"], columns["error_code"]
    is_accepted = _is(outcome, ACCEPTED.__contains__)
    is_update = _is(columns["step"], "update_password".__eq__)
    is_ours = _is(code, lambda text: text.startswith(TRANSPORT))
    is_cut_short = _is(columns["remark"], lambda words: NOT_FORWARDED in words.split())
    has_no_status = pd.isna(columns["http_status"])
    count = len(done_s)
    is_answered = filled(count, np.bool_, lambda part: ~has_no_status[part] & ~is_ours[part])
    return {
        "response_s": filled(count, np.float64, lambda part: done_s[part] - intended_s[part]),
        **({} if is_lean else {name: columns[end] - columns[start] for name, (start, end) in TIMES_BETWEEN.items()}),
        "is_reused": filled(count, np.bool_, lambda part: ~np.isnan(sent_s[part]) & np.isnan(connect_s[part])),
        "is_as_expected": _is(outcome, AS_EXPECTED.__contains__),
        "is_change": filled(count, np.bool_, lambda part: is_accepted[part] & is_update[part]),
        "is_answered": is_answered,
        "is_by_target": filled(count, np.bool_, lambda part: is_answered[part] & ~is_cut_short[part]),
    }


def _is(column: Column, test: Callable[[str], bool]) -> Flags:
    """Say of each row whether its text is of a kind: asked of each different text once."""
    named = np.array([test(str(text)) for text in column.categories] + [False], dtype=bool)
    return taken(named, column.codes)  # -1, which is no text, is the last


def _ordered(column: pa.ChunkedArray, first: Sequence[str] | None) -> pd.Categorical:
    """Return a column of texts: the given ones first, the others by name; null: the most frequent first.

    The order in which texts were first seen depends on the timing of the run's processes; no table may depend on it.
    """
    places, words = _places(column)
    if first is None:
        counts = tally(places, len(words)).tolist()
        first = sorted(words, key=lambda word: (-counts[words.index(word)], word))
    known = [name for name in first if name in set(words)]
    ordered = [*known, *sorted(set(words).difference(known))]
    place = {word: at for at, word in enumerate(ordered)}
    narrow = np.int8 if len(ordered) <= np.iinfo(np.int8).max else np.int32
    codes: npt.NDArray[Any] = np.zeros(0, narrow)
    if len(places):
        codes = taken(np.array([place[word] for word in words], narrow), places)
    return pd.Categorical.from_codes(codes, categories=pd.Index(ordered, dtype="str"), ordered=True)


def _places(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], list[str]]:
    chunks = column.unify_dictionaries().chunks
    words: list[str] = chunks[0].dictionary.to_pylist() if chunks else []
    places = [chunk.indices.to_numpy(zero_copy_only=False) for chunk in chunks]
    return (places[0] if len(places) == 1 else np.concatenate([*places, np.zeros(0, np.int32)])), words
