"""Journeys: flows seen as a whole, from the moment they were due to their last answer.

A person does not wait for a request but for the new password: log-in, form, update. That is a journey.
"""

import numpy as np
import pandas as pd


def journey_frame(samples: pd.DataFrame) -> pd.DataFrame:
    """Return one row per flow, ordered by the time it was due.

    Columns: ``case``, ``stage``, ``start_s`` (due), ``end_s`` (last answer), ``journey_s`` (the difference),
    ``requests``, ``is_as_expected`` (every answer was), ``is_changed`` (some update_password was accepted),
    ``changed_s`` (from due to the first accepted update_password; NaN without one), ``is_due_measured``. Times in
    seconds.
    """
    flow = samples["flow"].to_numpy()
    worker = samples["worker"].cat.codes.to_numpy().astype(np.int64)
    key = worker * (int(flow.max(initial=0)) + 1) + flow
    work = samples[["case", "stage", "intended_s", "done_s", "is_as_expected", "is_due_measured"]].assign(
        key=key, change_s=samples["done_s"].where(samples["is_change"])
    )
    # Samples are ordered by intended time, so the first row of a flow is its first request.
    groups = work.groupby("key", sort=False)
    frame = groups.agg(
        case=("case", "first"),
        stage=("stage", "first"),
        start_s=("intended_s", "min"),
        end_s=("done_s", "max"),
        requests=("done_s", "size"),
        is_as_expected=("is_as_expected", "all"),
        change_s=("change_s", "min"),
        is_due_measured=("is_due_measured", "first"),
    ).reset_index(drop=True)
    return frame.assign(
        journey_s=frame["end_s"] - frame["start_s"],
        is_changed=frame["change_s"].notna(),
        changed_s=frame["change_s"] - frame["start_s"],
    ).drop(columns="change_s")


def case_table(journeys: pd.DataFrame) -> pd.DataFrame:
    """Return one row per case: ``case``, ``flows``, ``as_expected``, ``as_expected_share`` and ``changed`` flows."""
    groups = journeys.groupby("case", observed=True, sort=True)
    table = groups.agg(
        flows=("requests", "size"), as_expected=("is_as_expected", "sum"), changed=("is_changed", "sum")
    ).reset_index()
    table["as_expected_share"] = table["as_expected"] / table["flows"]
    return table[["case", "flows", "as_expected", "as_expected_share", "changed"]]
