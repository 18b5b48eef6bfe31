"""Plays a search for capacity, in the process in charge: announces the load piece by piece, and looks at what comes.

    level          the rate of a level: first a stage in which queues settle, then one that counts
    settling       a low rate while what is still in flight is finished and the level is judged

The load is announced a few seconds ahead, in pieces that are never taken back: so every process has each arrival in
time, a level can be broken off within seconds, and what was announced is what is on record in the end.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import gevent

from pwdload.clock import RunClock
from pwdload.criteria import Criterion, Span, Standing
from pwdload.criteria.live import LiveLoad
from pwdload.faults.plan import plan_faults
from pwdload.harness.course import AHEAD_S, PIECE_S, SETTLING, Course, settling_rate
from pwdload.harness.live import Tap, tap_of
from pwdload.harness.plan import Plan
from pwdload.harness.progress import say
from pwdload.health import HealthRow
from pwdload.rundir import RateRecord, StageRecord
from pwdload.searching import (
    Done,
    LevelRecord,
    Result,
    SearchRecord,
    Settings,
    Step,
    broken,
    counts_of,
    disturbed_by,
    estimate,
    next_step,
    overload,
    searchable,
    settings_of,
    standing,
    wants_more_time,
    write_search,
)
from pwdload.units import format_duration, format_rate, format_share
from pwdload.watched import Search

_LOOK_S: Final = 0.25
_QUIET_PER_S: Final = 4.0
"""So many flows for each one per second of the settling rate may be in flight when a target counts as drained."""
_DRAINED_WITHIN_S: Final = 120.0
_FULL: Final = 0.8
"""A level is broken off when this share of the slots and of the queue for them is taken: else arrivals were dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a search needs of the process in charge."""

    clock: RunClock
    file: Path
    """Where the search writes down what it does."""
    announce: Callable[[Course], None]
    """Tells all processes how the load goes on."""
    end_run: Callable[[str], None]
    """Ends the run early, for a reason."""


class Searching:
    """One search in one run."""

    @classmethod
    def begin(
        cls,
        plan: Plan,
        clock: RunClock,
        file: Path | None,
        announce: Callable[[Course], None],
        end_run: Callable[[str], None],
    ) -> Self | None:
        """Get ready to search in a run; null where its load is known from the start, or nothing of it is kept."""
        if plan.scenario.search is None or plan.arrivals is None or file is None:
            return None
        return cls(
            plan, Course(plan.arrivals, plan.stages), Means(clock=clock, file=file, announce=announce, end_run=end_run)
        )

    def __init__(self, plan: Plan, course: Course, means: Means) -> None:
        """Take the load that comes before it, which ends with a first piece at the settling rate."""
        scenario = plan.scenario
        assert scenario.search is not None  # noqa: S101 - made for a scenario that has one
        self.is_over = False
        self._clock, self._means = means.clock, means
        self._live = _live_load(means.clock, plan.processes, scenario.target.timeout_s)
        self.tap: Tap = tap_of(self._live, self._broke)
        """Is to be shown the samples of all processes."""
        self._greenlet: gevent.Greenlet | None = None
        self._course, self._slots = course, course.arrivals.slots
        self._rule = scenario.search.abort_when
        self._criteria: Sequence[Criterion] = searchable(scenario.slo)
        self._slowest_s = max(scenario.target.timeout_s, 1.0)
        self._low_per_s = settling_rate(scenario)
        self._faults = [
            (one.fault.name, one.start_s, one.end_s) for one in plan_faults(scenario.faults, scenario.stages)
        ]
        settings = settings_of(scenario.search, start_s=self._end_s, budget_s=plan.budget_s)
        self._record = SearchRecord(
            settings=settings,
            criteria=tuple(one.name for one in self._criteria),
            at_least_per_s=scenario.search.at_least_per_s,
        )
        self._step: Step | None = None
        """The level that is on; null before the first."""
        self._names: Counter[str] = Counter(stage.name for stage in course.stages)
        self._rows: dict[str, HealthRow] = {}

    @property
    def _settings(self) -> Settings:
        return self._record.settings

    @property
    def _end_s(self) -> float:
        return self._course.arrivals.pieces[-1].end_s

    @property
    def end_s(self) -> float:
        """When the load ends, on the run's clock; for ever while the search goes on."""
        return self._end_s if self.is_over else float("inf")

    def take(self, row: HealthRow) -> None:
        """Take how a process was in the last second."""
        self._rows[row.worker] = row

    def start(self) -> None:
        """Begin, once: the run's clock is set."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)

    def now(self) -> Search:
        """Return how the search stands."""
        step, found = self._step, estimate(self._record.results) if self.is_over else None
        lower = step.lower_per_s if step is not None else None
        upper = step.upper_per_s if step is not None else None
        if found is not None:
            lower, upper = found.lower_per_s, found.upper_per_s
        return Search(
            role="over" if self.is_over else step.role if step is not None else "not begun",
            rate_per_s=step.rate_per_s if step is not None else self._low_per_s,
            highest_held_per_s=lower,
            lowest_broken_per_s=upper,
            levels=len(self._record.levels),
            time_left_s=max(self._settings.start_s + self._settings.budget_s - self._clock.now(), 0.0),
        )

    def stop(self) -> None:
        """Look no more, and announce nothing more: the load was told to end."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def _broke(self, why: str) -> None:
        self._means.end_run(f"error: the search broke: {why}")

    def _run(self) -> None:
        try:
            self._search()
        except Exception as error:  # noqa: BLE001 - whatever it is: without the search the load would never end
            self._broke(f"{type(error).__name__}: {error}")

    def _search(self) -> None:
        """Search, from zero of the run's clock to the end of the load, which is set when the search is over."""
        write_search(self._means.file, self._record)
        while self._clock.now() < self._settings.start_s - AHEAD_S:
            gevent.sleep(_LOOK_S)
        while isinstance(step := next_step(self._record.results, self._settings), Step):
            self._play(step)
        self._finish(step)

    def _play(self, step: Step) -> None:
        """Play one level, judge it, and write it down."""
        self._step, stage = step, self._name(step.rate_per_s)
        say(f"  Search: {_bracket(step)} {step.role} level at {format_rate(step.rate_per_s)}; {self._time_left()}")
        start_s, why = self._hold(f"{stage}, settling", step.rate_per_s, self._settings.settle_s, measured=False)
        result = Result(
            role=step.role, rate_per_s=step.rate_per_s, offered_per_s=0.0, start_s=start_s, end_s=start_s, counts=()
        )
        held = 0
        while not why and (not held or wants_more_time(self._seen(result), held, self._settings)):
            _, why = self._hold(stage, step.rate_per_s, self._settings.hold_s, measured=True)
            held += 1
            result = replace(result, end_s=self._end_s)
        result = replace(
            result,
            end_s=self._end_s,
            start_s=min(result.start_s, self._end_s - PIECE_S),
            overload=why,
            disturbed=disturbed_by(self._faults, start_s - self._settings.settle_s, self._end_s),
        )
        self._wait_until_drained()
        self._keep(step, stage, self._seen(result, whole=True), held)

    def _hold(self, stage: str, rate_per_s: float, length_s: float, *, measured: bool) -> tuple[float, str]:
        """Go on at a rate for a time; return when it ends, and why it was broken off, if it was."""
        begins_s = self._end_s
        until_s = begins_s + length_s
        looked_s = self._clock.now()
        while self._end_s < until_s - 1e-9:
            self._extend(stage, rate_per_s, min(self._end_s + PIECE_S, until_s), measured=measured)
            while self._clock.now() < self._end_s - AHEAD_S:
                gevent.sleep(_LOOK_S)
            if self._clock.now() >= looked_s + 1.0:
                looked_s = self._clock.now()
                if why := self._overloaded(begins_s):
                    return self._end_s, why
        return self._end_s, ""

    def _extend(self, stage: str, rate_per_s: float, end_s: float, *, measured: bool) -> None:
        piece = RateRecord(stage, self._end_s, end_s, rate_per_s, rate_per_s)
        stages = self._course.stages
        if stages and stages[-1].name == stage:
            stages = (*stages[:-1], replace(stages[-1], end_s=end_s))
        else:
            new = StageRecord(name=stage, start_s=self._end_s, end_s=end_s, users=self._slots, measured=measured)
            stages = (*stages, new)
        arrivals = replace(self._course.arrivals, pieces=(*self._course.arrivals.pieces, piece))
        self._course = Course(arrivals, stages)
        self._means.announce(self._course)

    def _settle(self, stage: str) -> None:
        """Go on at the settling rate, as long as the present needs it."""
        if self._clock.now() >= self._end_s - AHEAD_S:
            self._extend(stage, self._low_per_s, self._end_s + PIECE_S, measured=False)

    def _wait_until_drained(self) -> None:
        """Go on at the settling rate until what the level left in flight is done, and has arrived here."""
        stage = self._unique(SETTLING)
        level_end_s = self._end_s
        quiet_s: float | None = None
        while self._clock.now() < level_end_s + _DRAINED_WITHIN_S:
            self._settle(stage)
            gevent.sleep(_LOOK_S)
            if quiet_s is None and self._is_quiet_since(level_end_s):
                quiet_s = self._clock.now()
            if quiet_s is not None and self._live.complete_until_s() >= quiet_s:
                return

    def _is_quiet_since(self, level_end_s: float) -> bool:
        """Whether every process has said, after a level, that hardly anything is in flight."""
        rows = list(self._rows.values())
        if not rows or min(row.at_s for row in rows) < level_end_s + 0.5:
            return False
        return sum(row.in_flight + row.queued for row in rows) <= 2 + _QUIET_PER_S * self._low_per_s

    def _overloaded(self, begins_s: float) -> str:
        """Return why the level that is on is to be broken off; empty when it is not."""
        taken = sum(row.in_flight + row.queued for row in self._rows.values())
        room = self._slots + self._course.arrivals.queue_limit
        if taken > _FULL * room:
            return f"{taken:,} flows were in flight or waiting, of {room:,} that may be: raise max_in_flight."
        until_s = self._live.complete_until_s()
        return overload(self._rule, self._live.observed(begins_s - 4 * self._slowest_s, until_s), until_s)

    def _seen(self, result: Result, *, whole: bool = False) -> Result:
        """Return a level with what was seen of it; as long as it is on, of what has arrived so far."""
        end_s = result.end_s if whole else min(result.end_s, self._live.complete_until_s())
        length_s = end_s - result.start_s
        if length_s <= 0:
            return result
        observed = self._live.observed(result.start_s, end_s)
        flows = int((observed.due_s == observed.flow_due_s).sum())
        return replace(
            result,
            offered_per_s=flows / length_s,
            counts=counts_of(self._criteria, observed, result.start_s, end_s),
        )

    def _keep(self, step: Step, stage: str, result: Result, held: int) -> None:
        level = LevelRecord(
            stage=stage,
            reason=step.reason,
            result=result,
            standing=standing(result),
            broken=broken(result),
            held=max(held, 1),
            lower_per_s=step.lower_per_s,
            upper_per_s=step.upper_per_s,
        )
        self._record = replace(self._record, levels=(*self._record.levels, level))
        write_search(self._means.file, self._record)
        say(f"  Search: {format_rate(result.offered_per_s)} offered: {_words(level)}")

    def _finish(self, done: Done) -> None:
        self._record = replace(self._record, outcome=done.reason, found=done.found)
        write_search(self._means.file, self._record)
        self._course = Course(self._course.arrivals, self._marked())
        self._means.announce(self._course)
        self.is_over = True
        say(f"  Search: {_found(self._record)} {done.reason}")

    def _marked(self) -> tuple[StageRecord, ...]:
        """Return the stages, measured where they are levels at or below the capacity: those are what must be kept."""
        found = estimate(self._record.results)
        limit_per_s = found.lower_per_s if found is not None else None
        kept = {level.stage for level in self._record.levels if _counts_as_kept(level, limit_per_s)}
        levels = {level.stage for level in self._record.levels}
        return tuple(
            replace(stage, measured=stage.measured and (stage.name not in levels or stage.name in kept))
            for stage in self._course.stages
        )

    def _name(self, rate_per_s: float) -> str:
        return self._unique(f"search {format_rate(rate_per_s)}")

    def _unique(self, name: str) -> str:
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name} ({self._names[name]})"

    def _time_left(self) -> str:
        left_s = self._settings.start_s + self._settings.budget_s - self._end_s
        return f"at most {format_duration(max(left_s, 0.0))} left"


def _counts_as_kept(level: LevelRecord, limit_per_s: float | None) -> bool:
    """Whether a level is surely at or below the capacity, and on the way to it."""
    if level.result.role in ("beyond", "return") or level.standing is Standing.BROKEN:
        return False
    return limit_per_s is None or level.result.offered_per_s <= limit_per_s


def _live_load(clock: RunClock, processes: int, timeout_s: float) -> LiveLoad:
    """Return what collects the samples that a search looks at."""
    return LiveLoad(
        [Span(0.0)],
        processes=processes,
        now=lambda: clock.now() if clock.runs else 0.0,
        horizon_s=600.0 + 4 * timeout_s,
    )


def _words(level: LevelRecord) -> str:
    if level.result.disturbed:
        return f"does not count: {level.result.disturbed} lay in it"
    if level.result.overload:
        return f"broken off: {level.result.overload}"
    shares = ", ".join(
        f"{format_share(counts.share)} past {counts.criterion}" for counts in level.result.counts if sum(counts.due)
    )
    return f"{_STANDINGS[level.standing]} ({shares})" if shares else _STANDINGS[level.standing]


_STANDINGS: Final = {
    Standing.KEPT: "kept",
    Standing.BROKEN: "broken",
    Standing.CANNOT_TELL: "cannot tell",
}


def _bracket(step: Step) -> str:
    if step.lower_per_s is None:
        return "no limit seen yet;"
    upper = format_rate(step.upper_per_s) if step.upper_per_s is not None else "?"
    return f"the limit is between {format_rate(step.lower_per_s)} and {upper};"


def _found(record: SearchRecord) -> str:
    found = estimate(record.results)
    if found is None:
        return "over."
    return (
        f"capacity {format_rate(found.per_s)} ({format_rate(found.lower_per_s)} to {format_rate(found.upper_per_s)})."
    )
