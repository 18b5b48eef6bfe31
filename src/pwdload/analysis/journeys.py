"""Journeys: flows seen as a whole, from the moment they were due to their last answer.

A person does not wait for a request but for the new password: log-in, form, update. That is a journey.
"""

import numpy as np
import pandas as pd


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
    flow = samples["flow"].to_numpy()
    worker = samples["worker"].cat.codes.to_numpy().astype(np.int64)
    key = worker * (int(flow.max(initial=0)) + 1) + flow
    work = samples[["case", "stage", "intended_s", "done_s", "is_as_expected", "is_due_measured"]].assign(
        key=key, change_s=samples["done_s"].where(samples["is_change"])
    )
    work["is_step"] = ~work.duplicated(["key", "intended_s"])
    # Samples are ordered by intended time, so the first row of a flow is its first request.
    groups = work.groupby("key", sort=False)
    frame = groups.agg(
        case=("case", "first"),
        stage=("stage", "first"),
        start_s=("intended_s", "min"),
        end_s=("done_s", "max"),
        requests=("done_s", "size"),
        steps=("is_step", "sum"),
        is_as_expected=("is_as_expected", "all"),
        change_s=("change_s", "min"),
        is_due_measured=("is_due_measured", "first"),
    ).reset_index(drop=True)
    whole = frame["steps"].where(frame["is_as_expected"]).groupby(frame["case"], observed=True).transform("max")
    return frame.assign(
        is_unfinished=frame["is_as_expected"] & (frame["steps"] < whole),
        journey_s=frame["end_s"] - frame["start_s"],
        is_changed=frame["change_s"].notna(),
        changed_s=frame["change_s"] - frame["start_s"],
    ).drop(columns=["change_s", "steps"])


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
