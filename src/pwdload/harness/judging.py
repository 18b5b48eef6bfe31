"""Criteria that end a run, in the process in charge: looked at each second, while the load goes on."""

from collections.abc import Callable
from typing import Self

import gevent

from pwdload.clock import RunClock
from pwdload.criteria import Criterion, Metric, Span, stated
from pwdload.criteria.breadths import told
from pwdload.criteria.live import LiveLoad
from pwdload.criteria.observing import spans_of
from pwdload.criteria.seconds import Streak
from pwdload.criteria.sparing import without
from pwdload.criteria.watching import Watching
from pwdload.criteria.words import title
from pwdload.faults.plan import plan_faults
from pwdload.harness.live import Tap, tap_of
from pwdload.harness.plan import Plan
from pwdload.harness.progress import say
from pwdload.scenario import Scenario

_LOOK_EVERY_S = 1.0
_LATE_S = 30.0
"""How late the samples of a process may be and still be looked at."""
_HEALED_WITHIN_S = 5.0
"""How much later than planned a fault may be healed before what follows is judged as if it had been."""


class Judging:
    """Ends the run that is on as soon as a criterion was broken for as long as its window, for a reason.

    Without anything to look at it does nothing, and costs nothing.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        """What went wrong with looking; the criteria are judged from the run's files then."""
        self.tap: Tap | None = None
        """Is to be shown the samples of all processes; null where nobody looks at them."""
        self._greenlet: gevent.Greenlet | None = None

    @classmethod
    def begin(cls, plan: Plan, clock: RunClock, end_run: Callable[[str], None]) -> Self:
        """Begin to look at a run, where its scenario states a criterion that may end it, and the run is kept."""
        judging = cls()
        criteria = [one for one in stated(plan.scenario.slo) if one.breadth.stop]
        # A search goes past the limit on purpose, and has its own rule to spare the target.
        if not criteria or not plan.run_directory or plan.scenario.search is not None:
            return judging
        spans, timeout_s = spans_of(plan.stages), plan.scenario.target.timeout_s
        live = LiveLoad(
            spans,
            processes=plan.processes,
            now=lambda: clock.now() if clock.runs else 0.0,
            horizon_s=2 * timeout_s + _LATE_S + max(_limit_s(one) for one in criteria),
        )
        watching = Watching(criteria, without(spans, spared(plan.scenario)), timeout_s=timeout_s)
        judging.tap = tap_of(live, judging._failed)
        judging._greenlet = gevent.spawn(judging._look, live, watching, end_run)
        return judging

    def stop(self) -> None:
        """Look no more: the load has ended."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def _look(self, live: LiveLoad, watching: Watching, end_run: Callable[[str], None]) -> None:
        while True:
            gevent.sleep(_LOOK_EVERY_S)
            try:
                found = watching.look(live)
            except Exception as error:  # noqa: BLE001 - whatever it is: noted, and judged from the files instead
                self._failed(f"{type(error).__name__}: {error}")
                return
            if found is not None:
                end_run(reason(*found))
                return

    def _failed(self, why: str) -> None:
        note = f"Criteria could not be looked at while the run went on ({why}); they were judged from its files."
        say(f"pwdload: {note}")
        self.notes.append(note)


def reason(criterion: Criterion, streak: Streak) -> str:
    """Return why a run ends, as its record keeps it: the criterion's name, and what was seen."""
    return f"criterion {criterion.name}: {title(criterion)}: {told(streak).lower()}"


def _limit_s(criterion: Criterion) -> float:
    return criterion.limit if criterion.metric is Metric.PERCENTILE else 0.0


def spared(scenario: Scenario) -> list[Span]:
    """Return when faults are planned whose failures the scenario leaves to the criteria of resilience.

    What was on its way when a fault came is spared too, and what was due while the target may take to recover.
    """
    slo = scenario.slo
    if slo.recover_within_s is None and slo.max_failed_share_during is None:
        return []
    grace_s = (slo.recover_within_s or 0.0) + _HEALED_WITHIN_S
    timeout_s = scenario.target.timeout_s
    planned = plan_faults(scenario.faults, scenario.stages)
    return [Span(one.start_s - timeout_s, one.end_s + grace_s) for one in planned]
