"""Journeys: flows seen as a whole, from the moment they were due to their last answer.

A person does not wait for a request but for the new password: log-in, form, update. That is a journey.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

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
    first = order[starts]
    by_due = stable_order(first)  # samples are ordered by intended time
    columns = (column[by_due] for column in _of_flows(samples, order, starts))
    return _frame(wanted.iloc[first[by_due]], *columns)


def _of_flows(samples: pd.DataFrame, order: Places, starts: Places) -> Iterator[npt.NDArray[Any]]:
    """Yield start, end, requests, steps, whether all was as expected, and the first change of each flow.

    One after the other, since of a long run each of the columns that they come from takes much room.
    """
    intended_s = taken(samples["intended_s"].to_numpy(dtype=float), order)
    is_step = np.append(True, intended_s[1:] != intended_s[:-1])
    is_step[starts] = True
    yield intended_s[starts]
    del intended_s
    done_s = taken(samples["done_s"].to_numpy(dtype=float), order)
    yield np.maximum.reduceat(done_s, starts)
    yield np.diff(np.append(starts, len(order)))
    yield np.add.reduceat(is_step, starts, dtype=np.int64)
    yield np.logical_and.reduceat(taken(samples["is_as_expected"].to_numpy(), order), starts)
    yield np.minimum.reduceat(np.where(taken(samples["is_change"].to_numpy(), order), done_s, np.inf), starts)


def _nothing() -> Iterator[npt.NDArray[Any]]:
    yield from (np.zeros(0) for _ in range(6))


def by_flow(samples: pd.DataFrame) -> tuple[Places, Places]:
    """Return the rows flow after flow, each in the order in which they were due, and where each flow starts."""
    flow = samples["flow"].to_numpy()
    worker = samples["worker"].cat.codes.to_numpy().astype(np.int64)
    key = worker * (int(flow.max(initial=0)) + 1) + flow
    order = stable_order(key)
    ordered = taken(key, order)
    return order, np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])


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
    cases = first["case"].cat.codes.to_numpy()
    is_as_expected = is_as_expected.astype(bool)
    whole = np.zeros(len(first["case"].cat.categories), dtype=np.int64)
    np.maximum.at(whole, cases[is_as_expected], steps[is_as_expected].astype(np.int64))
    is_changed = np.isfinite(change_s)
    return pd.DataFrame(
        {
            "case": first["case"].array,
            "stage": first["stage"].array,
            "start_s": start_s,
            "end_s": end_s,
            "requests": requests.astype(np.int32),
            "is_as_expected": is_as_expected,
            "is_due_measured": first["is_due_measured"].to_numpy(),
            "is_unfinished": is_as_expected & (steps < whole[cases]),
            "journey_s": end_s - start_s,
            "is_changed": is_changed,
            "changed_s": np.where(is_changed, change_s, np.nan) - start_s,
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
