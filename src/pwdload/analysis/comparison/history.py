"""A scenario's past: its numbers run by run, and where they changed for good."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pwdload.outcome import Verdict
from pwdload.statistics.changepoints import LEAST_SEGMENT, SIGNIFICANCE, change_points

LEAST_RUNS = 2 * LEAST_SEGMENT
"""Fewest runs among which a change can be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What of one run the history is made of; null where the run has too few values for it."""

    goodput_per_s: float | None = None
    p50_s: float | None = None
    """Of update_password, response time, as the next two."""
    p95_s: float | None = None
    p99_s: float | None = None
    journey_p95_s: float | None = None
    failed_share: float | None = None
    """Of all requests of the run."""
    capacity_per_s: float | None = None
    """Highest sustainable rate of accepted changes, of a run that looked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run of a scenario's past."""

    shown: str
    started_utc: str
    verdict: Verdict
    version: str
    """Of pwdload."""
    numbers: Numbers
    left_out: str = ""
    """Why its numbers are in no series; empty where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A number that was another one from some run on."""

    number: str
    """Which of `TRACKED`."""
    run: int
    """Place of the first run after the change, among all rows."""
    before: float
    """The middle one (median) of the runs since the change before."""
    after: float
    """The same of the runs up to the next change."""
    p_value: float

    @property
    def relative(self) -> float | None:
        """By how much it changed, as a share of what it was; null where that was 0."""
        return self.after / self.before - 1 if self.before else None

    @property
    def is_worse(self) -> bool:
        """Whether the change is for the worse: a longer time, a lower rate."""
        return (self.after < self.before) is TRACKED[self.number].is_rate


@dataclass(frozen=True, slots=True)
class Tracked:
    """A number that is watched for changes."""

    label: str
    is_rate: bool
    """Whether more of it is better; else it is a time, in seconds, or a share."""


TRACKED = {
    "p95_s": Tracked("p95 of update_password", is_rate=False),
    "p50_s": Tracked("p50 of update_password", is_rate=False),
    "journey_p95_s": Tracked("p95 of the journey", is_rate=False),
    "goodput_per_s": Tracked("goodput", is_rate=True),
    "capacity_per_s": Tracked("capacity", is_rate=True),
}
"""The numbers that are watched. The p99 is told and not watched, as in a comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A scenario's past."""

    scenario: str
    runs: tuple[PastRun, ...]
    """In their order in time; last those of which nobody knows when they were."""
    changes: tuple[Change, ...]
    """In their order in time."""

    @property
    def counted(self) -> int:
        """How many runs have their numbers in the series."""
        return sum(not run.left_out for run in self.runs)


def history(scenario: str, runs: Sequence[PastRun], *, seed: int = 0) -> History:
    """Return the past of a scenario, with the places where it changed.

    The chance that a past in which nothing changed gets any change is at most 5 %: what is left of it is shared out
    evenly among the numbers that are watched (Bonferroni).
    """
    ordered = sorted(runs, key=lambda run: (not run.started_utc, run.started_utc, run.shown))
    series = {name: _series(ordered, name) for name in TRACKED}
    watched = {name: points for name, points in series.items() if len(points) >= LEAST_RUNS}
    changes = [
        change
        for name, points in watched.items()
        for change in _changes(name, points, seed, SIGNIFICANCE / len(watched))
    ]
    return History(
        scenario=scenario, runs=tuple(ordered), changes=tuple(sorted(changes, key=lambda one: (one.run, one.number)))
    )


def _series(runs: Sequence[PastRun], name: str) -> list[tuple[int, float]]:
    """Return the places and values of the runs that have a number and count."""
    values = ((place, getattr(run.numbers, name)) for place, run in enumerate(runs) if not run.left_out)
    return [(place, float(value)) for place, value in values if value is not None]


def _changes(name: str, points: Sequence[tuple[int, float]], seed: int, significance: float) -> list[Change]:
    """Return the changes of one series; looked for in logarithms, so that a tenth is a tenth at any height."""
    places, values = [place for place, _ in points], [value for _, value in points]
    logs = [math.log(value) for value in values] if min(values) > 0 else values
    found = change_points(logs, seed=seed, significance=significance)
    edges = [0, *(point.index for point in found), len(values)]
    return [
        Change(
            number=name,
            run=places[point.index],
            before=float(np.median(values[edges[number] : point.index])),
            after=float(np.median(values[point.index : edges[number + 2]])),
            p_value=point.p_value,
        )
        for number, point in enumerate(found)
    ]
