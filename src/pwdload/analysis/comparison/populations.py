"""What of a side each number is made of: values with the times when they were due, and counts by piece of time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.checks.target import FAILURES
from pwdload.analysis.comparison.values import Side, SideRun
from pwdload.analysis.journeys import journey_frame
from pwdload.analysis.run import Run
from pwdload.statistics.percentiles import Percentile
from pwdload.statistics.slowdown import factor_of

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PIECES = 30
"""Into how many pieces the measured time of a run is cut, to see how counts scatter in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The values of one population, run by run, and when each was due. Seconds."""

    by_run: tuple[Floats, ...]
    due_by_run: tuple[Floats, ...]

    @property
    def together(self) -> Floats:
        """The values of all runs."""
        return np.concatenate(self.by_run) if self.by_run else np.zeros(0)

    @property
    def due(self) -> Floats:
        """When they were due, on one clock."""
        return _after_one_another(self.due_by_run)

    def percentile(self, percentile: Percentile) -> float | None:
        """Return a percentile of all values; null where there are too few."""
        return percentile_of(self.together, percentile)

    def percentile_by_run(self, percentile: Percentile) -> tuple[float, ...]:
        """Return the percentile of each run that has enough values for it."""
        found = (percentile_of(values, percentile) for values in self.by_run)
        return tuple(value for value in found if value is not None)

    def factor_by_run(self, base: Floats) -> tuple[float, ...]:
        """Return by what factor each run is slower than these values, of those that have any within reach."""
        found = (factor_of(base, values) for values in self.by_run)
        return tuple(factor for factor in found if not math.isnan(factor))


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """Requests that something is so of or not, run by run, and when each was due."""

    by_run: tuple[Bools, ...]
    due_by_run: tuple[Floats, ...]

    @property
    def hits(self) -> Bools:
        """Of the requests of all runs."""
        return np.concatenate(self.by_run) if self.by_run else np.zeros(0, dtype=bool)

    @property
    def due(self) -> Floats:
        """When they were due, on one clock."""
        return _after_one_another(self.due_by_run)

    @property
    def share(self) -> float | None:
        """Of all requests; null without any."""
        return float(self.hits.mean()) if len(self.hits) else None

    @property
    def share_by_run(self) -> tuple[float, ...]:
        """Of each run that has requests."""
        return tuple(float(hits.mean()) for hits in self.by_run if len(hits))


def _after_one_another(due_by_run: Sequence[Floats]) -> Floats:
    """Return times on a clock on which the runs come after one another, so that no two runs share a moment."""
    ends = np.cumsum([0.0, *(float(due.max(initial=0.0)) + 1.0 for due in due_by_run)])
    return np.concatenate([due + end for due, end in zip(due_by_run, ends, strict=False)] or [np.zeros(0)])


def percentile_of(values: Floats, percentile: Percentile) -> float | None:
    """Return the value of a percentile's rank (`pwdload.statistics.percentiles`); null where there are too few."""
    if len(values) < percentile.least_samples:
        return None
    rank = int(percentile.ranks(np.array([len(values)], dtype=np.int64))[0])
    return float(np.partition(values, rank - 1)[rank - 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Hits and what they are held against (requests, or seconds), run by run and piece by piece of measured time."""

    hits_by_run: tuple[Floats, ...]
    weights_by_run: tuple[Floats, ...]

    @property
    def hits(self) -> Floats:
        """By piece, all runs together."""
        return np.sum(self.hits_by_run, axis=0) if self.hits_by_run else np.zeros(PIECES)

    @property
    def weights(self) -> Floats:
        """By piece, all runs together."""
        return np.sum(self.weights_by_run, axis=0) if self.weights_by_run else np.zeros(PIECES)

    @property
    def ratio(self) -> float | None:
        """Hits by weight; null without any weight."""
        weight = float(self.weights.sum())
        return float(self.hits.sum()) / weight if weight > 0 else None

    @property
    def ratio_by_run(self) -> tuple[float, ...]:
        """The same of each run that has a weight."""
        pairs = zip(self.hits_by_run, self.weights_by_run, strict=True)
        return tuple(float(hits.sum() / weights.sum()) for hits, weights in pairs if weights.sum() > 0)


def responses(side: Side, step: str) -> Values:
    """Return the response times of a step's requests, due within the measured time."""
    return _values(side, lambda one: _of(one.run.due[one.run.due["step"] == step], "response_s"))


def lags(side: Side) -> Values:
    """Return by how much requests on open connections left late: all of it is the generator's own."""
    return _values(side, lambda one: _of(one.run.due[one.run.due["is_reused"]], "lag_s"))


def journeys(side: Side) -> Values:
    """Return how long flows took to their accepted change, from when they were due."""
    return _values(side, lambda one: _changes(one.run))


def goodput(side: Side) -> Counts:
    """Return accepted changes, completed within the measured time, and that time in seconds."""
    return _counts(
        side, lambda run: run.samples.loc[run.samples["is_change"] & run.samples["is_done_measured"], "done_s"]
    )


def failed(side: Side) -> Marked:
    """Return which requests failed, of all that were due within the measured time."""
    kinds = [kind.value for kind in FAILURES]
    rows = [one.run.due for one in side.runs]
    return Marked(
        by_run=tuple(frame["outcome"].isin(kinds).to_numpy(dtype=bool) for frame in rows),
        due_by_run=tuple(frame["intended_s"].to_numpy(dtype=float) for frame in rows),
    )


def steps(sides: Sequence[Side]) -> tuple[str, ...]:
    """Return the steps that every side has measured, in the order of the protocol."""
    seen = [{str(step) for one in side.runs for step in one.run.due["step"].unique()} for side in sides]
    order = [str(step) for one in sides[0].runs for step in one.run.samples["step"].cat.categories]
    return tuple(step for step in dict.fromkeys(order) if all(step in names for names in seen))


def _values(side: Side, take: Callable[[SideRun], tuple[Floats, Floats]]) -> Values:
    taken = [take(one) for one in side.runs]
    return Values(by_run=tuple(values for values, _ in taken), due_by_run=tuple(due for _, due in taken))


def _of(rows: pd.DataFrame, column: str) -> tuple[Floats, Floats]:
    rows = rows[rows[column].notna()]
    return rows[column].to_numpy(dtype=float), rows["intended_s"].to_numpy(dtype=float)


def _changes(run: Run) -> tuple[Floats, Floats]:
    frame = journey_frame(run.samples)
    kept = frame[frame["is_due_measured"] & frame["is_changed"]]
    return kept["changed_s"].to_numpy(dtype=float), kept["start_s"].to_numpy(dtype=float)


def _counts(side: Side, moments: Callable[[Run], pd.Series]) -> Counts:
    return Counts(
        hits_by_run=tuple(_pieces(one.run, moments(one.run)) for one in side.runs),
        weights_by_run=tuple(np.full(PIECES, one.run.measured_s / PIECES) for one in side.runs),
    )


def _pieces(run: Run, moments: pd.Series) -> Floats:
    """Return how many moments lie in each piece of the measured time, which is cut evenly, gaps left out."""
    at_s = np.zeros(0)
    before_s = 0.0
    times = moments.to_numpy(dtype=float)
    for window in run.measured:
        at_s = np.concatenate([at_s, times[window.contains(times)] - window.start_s + before_s])
        before_s += window.length_s
    place = np.minimum((at_s / before_s * PIECES).astype(int), PIECES - 1) if before_s > 0 else np.zeros(0, dtype=int)
    return np.bincount(place, minlength=PIECES).astype(float)
