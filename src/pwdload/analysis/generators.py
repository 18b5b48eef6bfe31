"""How the processes that made the load were while they made it: an instrument that is overloaded measures itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.arrivals import ArrivalAccount
from pwdload.analysis.kinds import chosen
from pwdload.analysis.run import Run
from pwdload.health import HealthRow
from pwdload.statistics.percentiles import MAXIMUM, P99, order_statistics

SECOND_S = 1.0
"""What one row of health is about: the second before its time stamp."""
SECONDS_SPARED = 2.0
"""A process may lack so many seconds of health: one before its first row, and the one within which it is stopped;"""
SHARE_SPARED = 0.02
"""or this part of them, since a row takes a moment longer than its second."""
LEAST_BEYOND = 1
"""How many seconds lie beyond a percentile of seconds: they are all that there were, and estimate nothing."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """The process that was worst off in some way during the measured time."""

    worker: str
    seconds: int
    """In how many of the seconds on record."""
    of_seconds: int

    @property
    def share(self) -> float:
        """In which part of them; 0 where there are none."""
        return self.seconds / self.of_seconds if self.of_seconds else 0.0


def health_frame(run: Run) -> pd.DataFrame:
    """Return the rows of `HealthRow` as a frame, with ``is_measured``: the middle of the second lay in that time."""
    frame = pd.DataFrame(run.health, columns=list(HealthRow._fields))
    middle_s = frame["at_s"].to_numpy(dtype=float) - SECOND_S / 2
    inside = np.zeros(len(frame), dtype=bool)
    for window in run.measured:
        inside |= window.contains(middle_s)
    return frame.assign(is_measured=inside)


def most_strained(run: Run, column: str, least: float) -> Strain | None:
    """Return the process that spent the largest share of its measured seconds at a value or above; None without any."""
    frame = health_frame(run)
    frame = frame[frame["is_measured"]]
    groups = frame.assign(is_high=frame[column] >= least).groupby("worker", sort=True)["is_high"]
    strains = [Strain(worker=str(worker), seconds=int(high.sum()), of_seconds=len(high)) for worker, high in groups]
    return max(strains, key=lambda strain: strain.share, default=None)


def processes_without_health(run: Run) -> tuple[str, ...]:
    """Return the processes that made load and left no row of health."""
    made = {file.worker for file in run.files} | {worker.name for worker in run.record.workers}
    return tuple(sorted(made - {row.worker for row in run.health}))


def thin_health(run: Run) -> tuple[Strain, ...]:
    """Return the processes that have some rows of health and lack more than a few of the measured seconds.

    `Strain.seconds` are those on record. Of a lost worker, whose rows end with it, that is told elsewhere.
    """
    frame, lost = health_frame(run), {worker.name for worker in run.record.lost_workers}
    there = frame.groupby("worker", sort=True)["is_measured"].sum()
    few = run.measured_s - max(SECONDS_SPARED, SHARE_SPARED * run.measured_s)
    return tuple(
        Strain(worker=str(worker), seconds=int(seconds), of_seconds=round(run.measured_s))
        for worker, seconds in there.items()
        if seconds < few and worker not in lost
    )


def process_table(run: Run) -> pd.DataFrame:
    """Return one row per process, by name.

    Columns: ``worker``, ``seconds`` (on record), ``cpu_share_max``, ``loop_lag_p99_s`` (of its seconds' worst, from
    100 seconds on), ``loop_lag_max_s``, ``in_flight_max``, ``queued_max``, ``unacknowledged_max`` (over the whole run,
    null without health), ``offset_s``, ``error_s`` and ``drift_s`` (its clock against the master's; null where it is
    the one). Seconds; shares are of one core.
    """
    frame = health_frame(run)
    workers = {worker.name: worker for worker in run.record.workers}
    names = sorted({*workers, *frame["worker"].astype(str), *(file.worker for file in run.files)})
    code = pd.Categorical(frame["worker"], categories=names).codes
    lag = order_statistics(
        frame["loop_lag_s_max"].to_numpy(dtype=float), code, len(names), (P99,), least_beyond=LEAST_BEYOND
    )
    most = frame.groupby("worker")[["cpu_share", "in_flight", "queued", "unacknowledged"]].max().reindex(names)
    clocks = [worker.clock if (worker := workers.get(name)) is not None else None for name in names]
    return pd.DataFrame(
        {
            "worker": names,
            "seconds": lag.counts,
            "cpu_share_max": most["cpu_share"].to_numpy(dtype=float),
            "loop_lag_p99_s": lag.values[P99.column],
            "loop_lag_max_s": lag.values[MAXIMUM.column],
            **{f"{name}_max": _whole(most[name]) for name in ("in_flight", "queued", "unacknowledged")},
            **{
                name: [getattr(clock, name) if clock is not None else np.nan for clock in clocks]
                for name in ("offset_s", "error_s", "drift_s")
            },
        }
    )


def _whole(column: pd.Series) -> pd.Series:
    return pd.Series(column.to_numpy(dtype=float)).astype("Int64")


def worst_in_time(run: Run, column: str, bins: int, width_s: float) -> Mapping[str, Floats]:
    """Return for each process the largest value of a column in each bin; NaN in a bin that has no row of it."""
    frame = health_frame(run)
    places = np.floor((frame["at_s"].to_numpy(dtype=float) - SECOND_S / 2) / width_s).astype(int)
    frame = frame.assign(bin=places)[(places >= 0) & (places < bins)]
    table = frame.pivot_table(index="bin", columns="worker", values=column, aggfunc="max").reindex(range(bins))
    return {str(name): table[name].to_numpy(dtype=float) for name in sorted(table.columns)}


def lost_table(run: Run) -> pd.DataFrame:
    """Return the workers that were lost: ``worker``, ``noticed_s``, ``last_heard_s``, ``samples`` and what is missing.

    ``samples`` are those in the run's directory now, ``received`` those that the master had; ``last_due_s`` is when the
    last of them was due, ``not_begun`` how many arrivals are in no sample (`missing_of_s`; null in the closed model).
    """
    rows = {file.worker: file.rows for file in run.files}
    records = []
    for lost in run.record.lost_workers:
        last_s = last_due_s(run, lost.name)
        not_begun = None if run.arrivals is None else len(missing_of_s(run, run.arrivals, lost.name))
        records.append(
            (
                lost.name,
                lost.noticed_s,
                lost.last_heard_s,
                lost.samples_received,
                rows.get(lost.name, 0),
                last_s,
                not_begun,
            )
        )
    columns = ["worker", "noticed_s", "last_heard_s", "received", "samples", "last_due_s", "not_begun"]
    return pd.DataFrame(records, columns=columns)


def missing_of_s(run: Run, account: ArrivalAccount, worker: str) -> Floats:
    """Return when those arrivals were due that are in no sample since the last one of a lost worker.

    Where none is missing since then, but some were before, its file has lost its beginning: then all that are missing.
    """
    since = account.not_begun_s(last_due_s(run, worker) or 0.0)
    return since if len(since) or not account.unbegun.lost else account.not_begun_s()


def last_due_s(run: Run, worker: str) -> float | None:
    """Return when the last flow was due of which a process left a sample; null when it left none."""
    mine = chosen(run.samples, (run.samples["worker"] == worker).to_numpy(), ["intended_s"])
    return float(mine["intended_s"].max()) if len(mine) else None
