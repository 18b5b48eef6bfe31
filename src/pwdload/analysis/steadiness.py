"""Whether the numbers of each stage had settled, stage by stage: response time and goodput, in bins of time.

What is looked at is, for each bin, the share of requests slower than the stage's own median, and the requests that came
out as expected per second. Both ask for no percentile of a bin with few requests, and cost one count of the samples.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pwdload.analysis.run import Run
from pwdload.analysis.stages import planned_per_s
from pwdload.analysis.windows import Window, stage_window
from pwdload.arrays import copied, picked
from pwdload.rundir import StageRecord
from pwdload.statistics.bins import part_by_part, tallied, tally, whole_widths
from pwdload.statistics.ordering import ascending
from pwdload.statistics.percentiles import Codes, Floats
from pwdload.statistics.selection import Selection
from pwdload.statistics.settling import LEAST_BINS, Settling, settling

BINS_MAX = 300
REQUESTS_PER_BIN = 10
"""On average at least so many, else bins are made wider."""
LEAST_CHANGE = 0.05
"""A p50 that differs by less is the same to whoever decides by it, however sure the difference is."""
_SAME_LOAD = 0.02
"""A stage whose planned rate differs by more between its halves is meant to change, and is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettling:
    """What was found of one stage."""

    stage: str
    is_measured: bool
    bin_s: float
    """Width of a bin, in seconds; 0 where the stage was too short, had too few requests, or a load that changes."""
    why_not: str = ""
    """Why it was not looked at; empty where it was."""
    response: Settling | None = None
    """Of the response times."""
    goodput: Settling | None = None
    """Of what came out as expected, per second."""
    p50_early_s: float = math.nan
    """p50 of the requests due in the warm-up, or in the first third where only a trend was found. Seconds."""
    p50_late_s: float = math.nan
    """p50 of those due after the warm-up, or in the last third."""

    @property
    def warm_up_s(self) -> float:
        """How long the beginning was unlike the rest, by response times; 0: it was not."""
        return self.response.warm_up * self.bin_s if self.response is not None else 0.0

    @property
    def change(self) -> float:
        """By what share p50 went up or down from early to late; 0 where that was not looked at."""
        known = self.p50_early_s > 0 and not math.isnan(self.p50_late_s)
        return self.p50_late_s / self.p50_early_s - 1.0 if known else 0.0

    @property
    def has_warm_up(self) -> bool:
        """Whether the beginning was unlike the rest by an amount that matters."""
        return self.warm_up_s > 0 and abs(self.change) >= LEAST_CHANGE

    @property
    def has_trend(self) -> bool:
        """Whether response times still rose or fell, by an amount that matters."""
        unsettled = self.response is not None and (self.response.has_trend or not self.response.is_settled)
        return unsettled and not self.has_warm_up and abs(self.change) >= LEAST_CHANGE

    @property
    def found(self) -> str:
        """What was found, in a few words."""
        if self.why_not:
            return f"not looked at: {self.why_not}"
        if self.has_warm_up:
            return f"the first {self.warm_up_s:.0f} s have a p50 {_times(-self.change / (1.0 + self.change))} the rest"
        if self.has_trend:
            return f"p50 {'rose' if self.change > 0 else 'fell'} by {abs(self.change):.0%}: it had not settled"
        return "no warm-up and no trend"


def steadiness(run: Run) -> tuple[StageSettling, ...]:
    """Return what was found of each stage that the run reached; of a run without stages, of the whole."""
    stages = run.record.stages or (StageRecord(name="whole run", start_s=0.0, end_s=None, users=None),)
    windows = ((stage, stage_window(stage, run.end_s)) for stage in stages)
    times = _Times.of(run.samples)
    return tuple(_of_stage(run, times, stage, window) for stage, window in windows if window is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """The times of all requests, in the order in which they were due."""

    due: Floats
    response: Floats
    good: Floats
    """When those that came out as expected were done, ascending."""

    @classmethod
    def of(cls, samples: pd.DataFrame) -> "_Times":
        done = samples["done_s"].to_numpy(dtype=float)
        return cls(
            due=samples["intended_s"].to_numpy(dtype=float),
            response=samples["response_s"].to_numpy(dtype=float),
            good=ascending(picked(done, samples["is_as_expected"].to_numpy(dtype=bool))),
        )


def _of_stage(run: Run, times: _Times, stage: StageRecord, window: Window) -> StageSettling:
    inside = _part(times.due, window)
    due, response = times.due[inside], times.response[inside]
    width_s = _bin_s(window, len(due))
    if reason := _why_not(run, window, width_s):
        return StageSettling(stage=stage.name, is_measured=stage.measured, bin_s=0.0, why_not=reason)
    bins = int(window.length_s // width_s)
    at = _bins(due, window, width_s)
    middle, size = _median(response), max(bins, int(at.max()) + 1)
    slow = tallied(len(at), size, lambda part: at[part][response[part] > middle])[:bins]
    counts = tally(at, size)[:bins]
    shares = np.where(counts > 0, slow / np.maximum(counts, 1), np.nan)
    found, goodput = settling(shares), settling(_goodput(times.good, window, width_s, bins))
    early, late = _p50s(found, at, bins, response)
    return StageSettling(
        stage=stage.name,
        is_measured=stage.measured,
        bin_s=width_s,
        response=found,
        goodput=goodput,
        p50_early_s=early,
        p50_late_s=late,
    )


def _bin_s(window: Window, requests: int) -> float:
    """Return the width of a bin in whole seconds."""
    widest = max(window.length_s / BINS_MAX, REQUESTS_PER_BIN * window.length_s / max(requests, 1), 1.0)
    return float(math.ceil(widest))


def _why_not(run: Run, window: Window, width_s: float) -> str:
    middle = (window.start_s + window.end_s) / 2.0
    first, second = planned_per_s(run, Window(window.start_s, middle)), planned_per_s(run, Window(middle, window.end_s))
    if abs(second - first) > _SAME_LOAD * max(first, second):
        return "its load changes"
    if window.length_s // width_s < LEAST_BINS:
        return "too short, or too few requests"
    return ""


def _part(ascending: Floats, window: Window) -> slice:
    """Return where the times of a window stand."""
    first, last = np.searchsorted(ascending, [window.start_s, window.end_s])
    return slice(int(first), int(last))


def _bins(times: Floats, window: Window, width_s: float) -> Codes:
    """Return in which bin of a window each time lies."""
    return part_by_part(lambda part: whole_widths(part - window.start_s, width_s).astype(np.int32), times)


def _median(values: Floats) -> float:
    """Return what ``np.median`` does, of one value at least."""
    ordered, half = Selection(copied(values)), len(values) // 2
    return ordered.at(half + 1) if len(values) % 2 else (ordered.at(half) + ordered.at(half + 1)) / 2.0


def _goodput(done: Floats, window: Window, width_s: float, bins: int) -> Floats:
    at = _bins(done[_part(done, window)], window, width_s)
    per_s: Floats = tally(at, max(bins, int(at.max(initial=0)) + 1))[:bins] / width_s
    return per_s


def _p50s(found: Settling | None, at: Codes, bins: int, response: Floats) -> tuple[float, float]:
    """Return p50 early and late: before and after the warm-up, else of the first and the last third."""
    if found is None:
        return math.nan, math.nan
    early, late = (found.warm_up, found.warm_up) if found.warm_up else (bins // 3, bins - bins // 3)
    return _p50(picked(response, at < early)), _p50(picked(response, at >= late))


def _times(more: float) -> str:
    """Return by what share an early p50 is off from the late one, as words."""
    return f"{abs(more):.0%} {'above' if more > 0 else 'below'}"


def _p50(values: Floats) -> float:
    """Return the value of the middle rank, by `pwdload.statistics.percentiles`; NaN of none; they are reordered."""
    return Selection(values).at((len(values) + 1) // 2) if len(values) else math.nan
