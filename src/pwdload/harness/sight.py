"""What can be seen of the run that is on from the process in charge, and the `Snapshot` that it makes at one moment."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from pwdload.accounts.leases import Stocked
from pwdload.clock import RunClock
from pwdload.criteria import stated
from pwdload.criteria.observing import spans_of
from pwdload.criteria.previewing import Preview
from pwdload.criteria.sparing import without
from pwdload.criteria.words import headline
from pwdload.harness.faulting import Faulting
from pwdload.harness.judging import spared
from pwdload.harness.plan import Plan, schedule_of
from pwdload.harness.searching import Searching
from pwdload.health import HealthRow
from pwdload.pacing import Schedule
from pwdload.watched import AccountsNow, CriterionNow, GeneratorNow, Phase, Snapshot, StageBegun
from pwdload.watched.load import LoadNow

_SILENT_S: Final = 5.0
"""Processes speak every second: what one said so long ago is no longer so."""
_ROWS_KEPT: Final = 6
_STAGES_KEPT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Where to look, in one run."""

    plan: Callable[[], Plan]
    """A search makes it longer while it goes on."""
    clock: RunClock
    shown: str
    """The run's directory, as people know it."""
    users: Callable[[], int]
    stocked: Callable[[], Stocked | None]
    accounts: int
    """How many were ready when the run began."""
    lost: Callable[[], Iterable[str]]
    """Names of the workers that are gone."""
    notes: Callable[[], Iterable[str]]
    end_reason: Callable[[], str]
    faulting: Faulting | None
    searching: Searching | None


class Generators:
    """What the processes that make load have said of themselves."""

    def __init__(self) -> None:
        self._rows: dict[str, deque[HealthRow]] = {}

    def take(self, row: HealthRow) -> None:
        """Take a row of one process; they come about once a second."""
        self._rows.setdefault(row.worker, deque(maxlen=_ROWS_KEPT)).append(row)

    def now(self, lost: Iterable[str]) -> tuple[GeneratorNow, ...]:
        """Return how each was when it last said so, in the order of their names."""
        gone = frozenset(lost)
        latest = (rows[-1] for _, rows in sorted(self._rows.items(), key=lambda item: (len(item[0]), item[0])))
        return tuple(
            GeneratorNow(
                worker=row.worker,
                at_s=row.at_s,
                cpu_share=row.cpu_share,
                loop_lag_ms=row.loop_lag_s_max * 1000.0,
                in_flight=row.in_flight,
                queued=row.queued,
                begun=row.begun,
                dropped=row.dropped,
                unacknowledged=row.unacknowledged,
                is_lost=row.worker in gone,
            )
            for row in latest
        )

    def begun_per_s(self, now_s: float) -> float | None:
        """Return how many flows are begun per second, by those that speak; null before any has said it twice."""
        speaking = [rows for rows in self._rows.values() if len(rows) > 1 and rows[-1].at_s > now_s - _SILENT_S]
        if not speaking:
            return None
        return sum((rows[-1].begun - rows[0].begun) / (rows[-1].at_s - rows[0].at_s) for rows in speaking)


class Timetable:
    """Where a run is in its plan."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._schedule: Schedule | None = None
        self._stages: Sequence[StageBegun] = ()

    def look(self, plan: Plan) -> None:
        """Take the plan as it is by now."""
        if plan is not self._plan:
            self._plan = plan
            self._stages = [StageBegun(name=stage.name, start_s=stage.start_s) for stage in plan.stages]
            self._schedule = schedule_of(plan.arrivals) if plan.arrivals is not None else None

    def planned_per_s(self, at_s: float) -> float | None:
        """Return how many arrivals per second are planned at a time; null in the closed model."""
        return self._schedule.plan.rate_at(at_s) if self._schedule is not None else None

    def stage_number(self, at_s: float) -> int:
        """Return the place of the stage at a time, from 1; 0 before the first, and where there is none."""
        return bisect_right(self._stages, at_s, key=lambda stage: stage.start_s)

    def begun(self, number: int) -> tuple[StageBegun, ...]:
        """Return the stages up to that of a number, of very many the latest."""
        return tuple(self._stages[max(number - _STAGES_KEPT, 0) : number])


def snapshot(
    sight: Sight,
    timetable: Timetable,
    generators: Generators,
    load: LoadNow,
    phase: Phase,
) -> Snapshot:
    """Return how the run stands now."""
    plan, at_s = sight.plan(), sight.clock.now()
    timetable.look(plan)
    number = timetable.stage_number(at_s) if phase is not Phase.STARTING else 0
    told = generators.now(sight.lost())
    speaking = [one for one in told if one.at_s > at_s - _SILENT_S and not one.is_lost]
    searching = sight.searching
    end_s = searching.end_s if searching is not None else plan.stages[-1].end_s if plan.stages else None
    is_on = phase is Phase.RUNNING
    return Snapshot(
        scenario=plan.scenario.name,
        title=plan.scenario.title,
        run_id=plan.run_id,
        directory=sight.shown,
        target=plan.target,
        model="open" if plan.arrivals is not None else "closed",
        phase=phase,
        at_s=at_s,
        end_s=end_s if end_s is not None and isfinite(end_s) else None,
        stage=plan.stages[number - 1].name if number else "",
        stage_number=number,
        stages=len(plan.stages),
        planned_per_s=timetable.planned_per_s(at_s) if is_on else None,
        offered_per_s=generators.begun_per_s(at_s),
        users=sight.users(),
        in_flight=sum(one.in_flight for one in speaking),
        queued=sum(one.queued for one in speaking),
        dropped=sum(one.dropped for one in told),
        window=load.window,
        requests=load.requests,
        changes=load.changes,
        outcomes=load.outcomes,
        codes=load.codes,
        latency=load.latency,
        generators=told,
        accounts=accounts(sight, load),
        faults=sight.faulting.now() if sight.faulting is not None else (),
        search=searching.now() if searching is not None else None,
        end_reason=sight.end_reason(),
        notes=tuple(sight.notes()),
        stages_begun=timetable.begun(number),
    )


def previews_of(plan: Plan) -> tuple[Preview, ...]:
    """Return the criteria of a run, to be counted while it goes on; none in a search, whose levels are judged apart."""
    if plan.scenario.search is not None:
        return ()
    spans = without(spans_of(plan.stages), spared(plan.scenario))
    return tuple(Preview(one, spans) for one in stated(plan.scenario.slo))


def criteria_now(previews: Iterable[Preview], until_s: float) -> tuple[CriterionNow, ...]:
    """Return how the criteria stand by all that was due before a time."""
    return tuple(
        CriterionNow(name=one.criterion.name, title=headline(one.criterion), standing=seen.standing, seen=seen.seen)
        for one in previews
        for seen in (one.look(until_s),)
    )


def accounts(sight: Sight, load: LoadNow) -> AccountsNow | None:
    """Return how the accounts stand; null where nobody knows: between two runs."""
    stocked = sight.stocked()
    if stocked is None:
        return None
    are_used_up = sight.plan().scenario.accounts.reuse == "once"
    per_s = load.window.goodput_per_s if load.window is not None and are_used_up else 0.0
    return AccountsNow(
        total=sight.accounts,
        ready=stocked.ready,
        leased=stocked.leased,
        changed=load.changes,
        in_doubt=load.doubtful,
        # Workers hold some that are still to be used, and those they have used: what was not changed is both.
        lasts_s=max(sight.accounts - load.changes - load.doubtful, 0) / per_s if per_s > 0 else None,
    )
