"""Journeys: flows seen as a whole, from the moment they were due to their last answer.

A person does not wait for a request but for the new password: log-in, form, update. That is a journey.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.kinds import rows_at
from pwdload.arrays import filled, parts, places_of
from pwdload.statistics.ordering import stable_order, taken

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.integer]


def journey_frame(samples: pd.DataFrame) -> pd.DataFrame:
    """Return one row per flow, ordered by the time it was due.

    Columns: ``case``, ``stage``, ``start_s`` (due), ``end_s`` (last answer), ``journey_s`` (the difference),
    ``requests``, ``is_as_expected`` (every answer was), ``is_unfinished`` (see below), ``is_changed`` (some
    update_password was accepted), ``changed_s`` (from due to the first accepted update_password; NaN without one),
    ``is_due_measured``. Times in seconds.

    A flow is unfinished when each answer so far was as expected, but it came less far than the longest flow of its case
    that came out as expected: the end of the run cut it off. Requests that were due at one moment are one step of it: a
    race of two is as complete as one of ten. A flow that something went wrong in is no such
    flow, however short: it ended there, and it counts as a failure.
    """
    order, starts = by_flow(samples)
    wanted = samples[["case", "stage", "is_due_measured"]]
    if not len(order):
        return _frame(wanted, *_nothing())
    first = taken(order, starts)
    by_due = stable_order(first)  # samples are ordered by intended time
    columns = (taken(column, by_due) for column in _of_flows(samples, order, starts))
    return _frame(rows_at(wanted, taken(first, by_due)), *columns)


def _of_flows(samples: pd.DataFrame, order: Places, starts: Places) -> Iterator[npt.NDArray[Any]]:
    """Yield start, end, requests, steps, whether all was as expected, and the first change of each flow.

    One after the other, since of a long run each of the columns that they come from takes much room.
    """
    intended_s = taken(samples["intended_s"].to_numpy(dtype=float), order)
    is_step = np.append(True, intended_s[1:] != intended_s[:-1])
    for part in parts(len(starts)):
        is_step[starts[part]] = True
    yield taken(intended_s, starts)
    del intended_s
    done_s = taken(samples["done_s"].to_numpy(dtype=float), order)
    yield reduced(np.maximum, done_s, starts)
    yield filled(len(starts), np.int32, lambda part: np.diff(with_end(starts, part, len(order))))
    yield reduced(np.add, is_step, starts, np.int32)
    yield reduced(np.logical_and, taken(samples["is_as_expected"].to_numpy(), order), starts)
    is_change = taken(samples["is_change"].to_numpy(), order)
    change_s = filled(len(order), np.float64, lambda part: np.where(is_change[part], done_s[part], np.inf))
    yield reduced(np.minimum, change_s, starts)


def reduced(
    how: np.ufunc, values: npt.NDArray[Any], starts: Places, kind: npt.DTypeLike | None = None
) -> npt.NDArray[Any]:
    """Return what a function makes of the values of each flow."""

    def work(part: slice) -> npt.NDArray[Any]:
        edges = with_end(starts, part, len(values))
        found: npt.NDArray[Any] = how.reduceat(values[edges[0] : edges[-1]], edges[:-1] - edges[0], dtype=kind)
        return found

    return filled(len(starts), kind or values.dtype, work)


def with_end(starts: Places, part: slice, end: int) -> Places:
    """Return where some flows start, and where the last of them ends."""
    return np.append(starts[part], starts[part.stop] if part.stop < len(starts) else end)


def _nothing() -> Iterator[npt.NDArray[Any]]:
    yield from (np.zeros(0) for _ in range(6))


def by_flow(samples: pd.DataFrame) -> tuple[Places, Places]:
    """Return the rows flow after flow, each in the order in which they were due, and where each flow starts."""
    flow, worker = samples["flow"].to_numpy(), samples["worker"].cat.codes.to_numpy()
    flows = int(flow.max(initial=0)) + 1
    key = filled(len(flow), np.int64, lambda part: worker[part].astype(np.int64) * flows + flow[part])
    order = stable_order(key)
    ordered = taken(key, order)
    del key
    return order, places_of(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])


def _frame(
    first: pd.DataFrame,
    start_s: Floats,
    end_s: Floats,
    requests: Places,
    steps: Places,
    is_as_expected: Flags,
    change_s: Floats,
) -> pd.DataFrame:
    """Return the frame of flows whose first samples are given."""
    cases, count = first["case"].cat.codes.to_numpy(), len(first)
    is_as_expected, steps = is_as_expected.astype(bool, copy=False), steps.astype(np.int32, copy=False)
    whole = np.zeros(len(first["case"].cat.categories), dtype=np.int32)
    for part in parts(count):
        np.maximum.at(whole, cases[part][is_as_expected[part]], steps[part][is_as_expected[part]])
    is_changed = filled(count, np.bool_, lambda part: np.isfinite(change_s[part]))
    return pd.DataFrame(
        {
            "case": first["case"].array,
            "stage": first["stage"].array,
            "start_s": start_s,
            "end_s": end_s,
            "requests": requests.astype(np.int32, copy=False),
            "is_as_expected": is_as_expected,
            "is_due_measured": first["is_due_measured"].to_numpy(),
            "is_unfinished": filled(
                count, np.bool_, lambda part: is_as_expected[part] & (steps[part] < whole[cases[part]])
            ),
            "journey_s": filled(count, np.float64, lambda part: end_s[part] - start_s[part]),
            "is_changed": is_changed,
            "changed_s": filled(
                count, np.float64, lambda part: np.where(is_changed[part], change_s[part], np.nan) - start_s[part]
            ),
        },
        copy=False,
    )


def case_table(journeys: pd.DataFrame) -> pd.DataFrame:
    """Return one row per case.

    Columns: ``case``, ``flows``, ``unfinished``, ``as_expected``, ``as_expected_share``, ``changed``.
    The share is of the flows that are not unfinished; null when all of them are.
    """
    wholly = journeys["is_as_expected"] & ~journeys["is_unfinished"]
    groups = journeys.assign(is_wholly=wholly).groupby("case", observed=True, sort=True)
    table = groups.agg(
        flows=("requests", "size"),
        unfinished=("is_unfinished", "sum"),
        as_expected=("is_wholly", "sum"),
        changed=("is_changed", "sum"),
    ).reset_index()
    ended = table["flows"] - table["unfinished"]
    table["as_expected_share"] = table["as_expected"] / ended.where(ended > 0)
    return table[["case", "flows", "unfinished", "as_expected", "as_expected_share", "changed"]]
