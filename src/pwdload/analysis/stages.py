"""The stages of the load: what each was meant to be, and what came of it."""

import numpy as np
import pandas as pd

from pwdload.analysis.headline import latency
from pwdload.analysis.kinds import chosen
from pwdload.analysis.latency import INTERVAL_COLUMNS
from pwdload.analysis.run import Run
from pwdload.analysis.windows import Window, stage_window

STAGE_COLUMNS = (
    "stage",
    "start_s",
    "end_s",
    "users",
    "planned_per_s",
    "is_measured",
    "requests",
    "requests_per_s",
    "changes",
    "changes_per_s",
    "p50_s",
    "p95_s",
    "p99_s",
    *INTERVAL_COLUMNS,
)


def planned_per_s(run: Run, window: Window) -> float:
    """Return the rate of arrivals that was planned for a time, on average; NaN in the closed model."""
    if run.arrivals is None or not window.length_s:
        return float("nan")
    rates = run.arrivals.rates
    return round((rates.expected(window.end_s) - rates.expected(window.start_s)) / window.length_s, 6)


def stage_table(run: Run) -> pd.DataFrame:
    """Return one row per planned stage with `STAGE_COLUMNS`, in their order in time.

    Counts are of what was sent and completed within the stage, percentiles of the response time of the update_password
    due in it; rates and percentiles are null for a stage that the run never reached.
    """
    rows = []
    done_s, is_change = run.samples["done_s"].to_numpy(dtype=float), run.samples["is_change"].to_numpy()
    is_update = (run.samples["step"] == "update_password").to_numpy()
    is_unsent = run.samples["sent_s"].isna().to_numpy()
    updates = chosen(run.samples, is_update, ["intended_s", "response_s"])
    for stage in run.record.stages:
        window = stage_window(stage, run.end_s) or Window(stage.start_s, stage.start_s)
        is_inside = window.contains(done_s)
        update = latency(chosen(updates, window.contains(updates["intended_s"].to_numpy(dtype=float))))
        requests = int(np.count_nonzero(is_inside))
        changes = int(np.count_nonzero(is_inside & is_change))
        requests -= int(np.count_nonzero(is_inside & is_unsent))
        length_s = window.length_s or float("nan")
        rows.append(
            (
                stage.name,
                window.start_s,
                window.end_s,
                stage.users,
                planned_per_s(run, window),
                stage.measured,
                requests,
                requests / length_s,
                changes,
                changes / length_s,
                update.p50_s,
                update.p95_s,
                update.p99_s,
                *(getattr(update, name) for name in INTERVAL_COLUMNS),
            )
        )
    return pd.DataFrame(rows, columns=list(STAGE_COLUMNS))
