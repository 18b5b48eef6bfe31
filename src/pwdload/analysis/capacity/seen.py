"""What came of each level of a run: counts, times, and how sure they are."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.checks.target import FAILURES
from pwdload.analysis.frame import time_of
from pwdload.analysis.journeys import by_flow, journey_frame
from pwdload.analysis.kinds import chosen
from pwdload.analysis.run import Run
from pwdload.analysis.windows import Window
from pwdload.arrays import parts, picked
from pwdload.criteria import Criterion
from pwdload.statistics.ordering import ascending, stable_order, taken

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

STEP = "update_password"
"""The step that a level's response times are of, where the load has it."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Something that happened at times, some of it a hit; sorted by time."""

    at_s: Floats
    value: npt.NDArray[Any]
    """Numbers, or flags."""

    def within(self, window: Window) -> "Timed":
        """Return what lies within a window."""
        first, last = np.searchsorted(self.at_s, [window.start_s, window.end_s])
        return Timed(self.at_s[first:last], self.value[first:last])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.at_s)


class _About(NamedTuple):
    """What a criterion is about, without its limit: p95 and p99 of the same times are there once."""

    of: str
    step: str
    case: str
    is_timed: bool


class Seen:
    """The samples of a run as sorted arrays, so that a level is a slice of each. Each is made when it is asked for.

    Of a long run they take much room, so that what is a hit or none is a flag, and times in one order are there once.
    """

    def __init__(self, run: Run) -> None:
        """Take a run; its samples are ordered by the time at which they were due."""
        self._run = run
        self._samples = run.samples
        self._populations: dict[_About, Timed] = {}
        self.due_s: Floats = self._samples["intended_s"].to_numpy(dtype=float)

    @cached_property
    def step(self) -> str:
        """The step that response times are of; empty, all of them, where no password is changed."""
        return STEP if STEP in self._samples["step"].cat.categories else ""

    @property
    def is_open(self) -> bool:
        """Whether flows came by a schedule."""
        return self._run.is_open

    @property
    def response(self) -> Timed:
        """Response times of `step`, by the time at which they were due; in seconds."""
        return self._those(_About("response", self.step, "", is_timed=True))

    @cached_property
    def sent_s(self) -> Floats:
        """When each request was sent that was, sorted."""
        sent_s = self._samples["sent_s"].to_numpy(dtype=float, na_value=np.nan)
        is_sent = ~np.isnan(sent_s)
        return ascending(sent_s if is_sent.all() else picked(sent_s, is_sent))

    @cached_property
    def left_s(self) -> Floats:
        """When each request that was sent was over, sorted."""
        sent = self._samples["sent_s"].notna().to_numpy()
        over_s, is_all = self.good.at_s, bool(sent.all())
        return over_s if is_all else ascending(picked(self._samples["done_s"].to_numpy(dtype=float), sent))

    @cached_property
    def failed(self) -> Timed:
        """Each request by the time it was due, and whether it failed; arrivals that were never begun did."""
        unbegun = self._run.arrivals.not_begun_s() if self._run.arrivals is not None else np.empty(0)
        if not len(unbegun):
            return Timed(self.due_s, self._failed)
        return _sorted(np.append(self.due_s, unbegun), np.append(self._failed, np.ones(len(unbegun), dtype=bool)))

    @cached_property
    def shed(self) -> Timed:
        """Each request by the time it was due, and whether the target turned it away."""
        return Timed(self.due_s, (self._samples["outcome"] == "shed").to_numpy())

    @cached_property
    def good(self) -> Timed:
        """Each request by the time it was over, and whether it was what the load is about.

        An accepted change; where no password is changed at all, whatever came out as expected.
        """
        name = "is_change" if self.has_changes else "is_as_expected"
        return _sorted(self._samples["done_s"].to_numpy(dtype=float), self._samples[name].to_numpy(dtype=bool))

    @cached_property
    def has_changes(self) -> bool:
        """Whether any password was changed."""
        return bool(self._samples["is_change"].any())

    @cached_property
    def flows_due_s(self) -> Floats:
        """When each flow was due, sorted: of open arrivals also those that were never begun."""
        if self._run.arrivals is not None:
            due_s: Floats = self._run.arrivals.frame["due_s"].to_numpy(dtype=float)
            return due_s
        return picked(self.due_s, self._ends_of_flows[0])

    @cached_property
    def flows_over_s(self) -> Floats:
        """When each flow was over, sorted."""
        if self._run.arrivals is not None:
            over = self._run.arrivals.frame["end_s"].to_numpy(dtype=float)
            return ascending(picked(over, ~np.isnan(over)))
        return ascending(picked(self._samples["done_s"].to_numpy(dtype=float), self._ends_of_flows[1]))

    def population(self, criterion: Criterion) -> Timed:
        """Return by the time they were due what a criterion is about: times in seconds, or a flag for what failed."""
        return self._those(_About(criterion.of, criterion.step, criterion.case, is_timed=bool(criterion.permille)))

    def _those(self, about: _About) -> Timed:
        if about not in self._populations:
            self._populations[about] = self._population(about)
        return self._populations[about]

    def _population(self, about: _About) -> Timed:
        if not about.is_timed:
            return self._of(about, self._failed) if about.step or about.case else self.failed
        if about.of == "journey":
            journeys = self._journeys
            of_case = (journeys["case"] == about.case) if about.case else journeys["is_changed"]
            mine = chosen(journeys, of_case.to_numpy())
            return _sorted(*(mine[name].to_numpy(dtype=float) for name in ("start_s", "changed_s")))
        return self._of(about, time_of(self._samples, f"{about.of}_s"))

    def _of(self, about: _About, values: npt.NDArray[Any]) -> Timed:
        """Return the values, one a sample, of its step and case; those that are not known are left out."""
        is_mine = ~np.isnan(values)
        for column in ("step", "case"):
            if wanted := getattr(about, column):
                is_mine &= (self._samples[column] == wanted).to_numpy()
        if is_mine.all():
            return Timed(self.due_s, values)
        return Timed(picked(self.due_s, is_mine), picked(values, is_mine))

    @cached_property
    def _ends_of_flows(self) -> tuple[Flags, Flags]:
        """Say of each request whether it was the first of its flow that was due, and whether it was the last."""
        order, starts = by_flow(self._samples)
        is_first, is_last = np.zeros((2, len(order)), dtype=bool)
        for part in parts(len(starts)):
            is_first[order[starts[part]]] = True
            is_last[order[starts[part] - 1]] = True  # of the flow before: before the first one is the very last
        return is_first, is_last

    @cached_property
    def _failed(self) -> Flags:
        return self._samples["outcome"].isin([kind.value for kind in FAILURES]).to_numpy()

    @cached_property
    def _journeys(self) -> pd.DataFrame:
        journeys = journey_frame(self._samples)
        return chosen(journeys, journeys["is_changed"].to_numpy())


def _sorted(at_s: Floats, value: npt.NDArray[Any]) -> Timed:
    if (at_s[1:] >= at_s[:-1]).all():
        return Timed(at_s, value)
    order = stable_order(at_s)
    return Timed(taken(at_s, order), taken(value, order))
