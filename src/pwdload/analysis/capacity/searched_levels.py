"""What came of one level of a search, by the samples."""

import numpy as np

from pwdload.analysis.capacity.values import Level
from pwdload.analysis.checks.target import FAILURES
from pwdload.analysis.run import Run
from pwdload.searching import LevelRecord, Result, broken, standing
from pwdload.statistics.percentiles import P95, order_statistics

_STEP = "update_password"


def level_of(run: Run, record: LevelRecord, result: Result) -> Level:
    """Return a level as a row of the report: what was offered, what was done, how fast."""
    samples, length_s = run.samples, max(result.end_s - result.start_s, 1e-9)
    due_s, done_s = (samples[name].to_numpy(dtype=float) for name in ("intended_s", "done_s"))
    due = (due_s >= result.start_s) & (due_s < result.end_s)
    done = (done_s >= result.start_s) & (done_s < result.end_s)
    failed = samples["outcome"].isin([one.value for one in FAILURES]).to_numpy()
    changes = samples["is_change"].to_numpy(dtype=bool)
    return Level(
        stage=record.stage,
        start_s=result.start_s,
        end_s=result.end_s,
        offered_flows_per_s=result.offered_per_s,
        offered_requests_per_s=float(due.sum()) / length_s,
        changes_per_s=float((done & changes).sum()) / length_s,
        served_per_s=float((done & ~failed).sum()) / length_s,
        p95_s=_p95_s(run, due),
        failed_share=float((due & failed).sum()) / max(int(due.sum()), 1),
        in_flight=_in_flight(run, result.start_s, result.end_s),
        samples=int(due.sum()),
        standing=standing(result),
        broken=broken(result),
        role=result.role,
    )


def _p95_s(run: Run, due: "np.typing.NDArray[np.bool_]") -> float | None:
    """Return the p95 of update_password's response time; of all steps where the mix has none."""
    samples = run.samples
    chosen = due & (samples["step"] == _STEP).to_numpy()
    chosen = chosen if (samples["step"] == _STEP).any() else due
    values = samples["response_s"].to_numpy(dtype=float)[chosen]
    told = order_statistics(values, np.zeros(len(values), dtype=np.int64), 1, (P95,)).values[P95.column]
    return None if np.isnan(told[0]) else float(told[0])


def _in_flight(run: Run, start_s: float, end_s: float) -> float:
    """Return how many requests were under way, on average: the time that they spent within the level, by its length."""
    sent_s, done_s = (run.samples[name].to_numpy(dtype=float) for name in ("sent_s", "done_s"))
    inside = np.clip(np.minimum(done_s, end_s) - np.maximum(np.nan_to_num(sent_s, nan=np.inf), start_s), 0.0, None)
    return float(inside.sum()) / max(end_s - start_s, 1e-9)
