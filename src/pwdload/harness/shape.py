"""How many users Locust holds when: the stages of the closed model, the slots of the open one."""

from collections.abc import Callable, Sequence

import gevent
from locust import LoadTestShape
from locust.env import Environment

from pwdload.harness.options import options_of, planned_arrivals, users_are_set_by_hand
from pwdload.harness.progress import expect_quick_spawning
from pwdload.rundir import ArrivalPlan
from pwdload.scenario import Scenario, Stage

_ASKED_EVERY_S = 1.1


class StagesShape(LoadTestShape):
    """Holds each stage's number of users for its time.

    Locust blocks in `tick` while it ramps, and would skip a stage whose turn passes meanwhile; the scenario's loader
    therefore refuses stages that are shorter than their own ramp.
    """

    abstract = True  # made by hand for a scenario, never found by Locust in a file

    def __init__(self, stages: Sequence[Stage], elapsed_s: Callable[[], float]) -> None:
        """Take the stages, and the clock by which samples are assigned to them; Locust's own begins too early."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._stages = stages
        self._elapsed_s = elapsed_s

    def tick(self) -> tuple[int, float] | None:
        """Return the users and the spawn rate of the stage that is on, null after the last.

        Locust asks about once a second; a stage that ends before it would ask again is waited for here.
        """
        stage = self._stage_now()
        if stage is not None and _wait_for_end(stage.end_s, self._elapsed_s()):
            stage = self._stage_now()
        return None if stage is None else (stage.users, stage.spawn_rate_per_s)

    def _stage_now(self) -> Stage | None:
        elapsed_s = self._elapsed_s()
        return next((stage for stage in self._stages if elapsed_s < stage.end_s), None)


class SlotsShape(LoadTestShape):
    """Holds the slots of open arrivals, all from the start, until the schedule is over.

    Locust's ramp decides nothing: the run's clock does not go until every slot is there.
    """

    abstract = True

    def __init__(self, slots: int, end_s: Callable[[], float], elapsed_s: Callable[[], float]) -> None:
        """Take how many, and the run's clock, which stands at 0 before it; `end_s` says when the schedule ends.

        It is asked again and again: of a load that grows nobody knows it for a while, and it is infinite until then.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._slots = slots
        self._end_s = end_s
        self._elapsed_s = elapsed_s

    def tick(self) -> tuple[int, float] | None:
        """Return the slots, null when the schedule is over."""
        _wait_for_end(self._end_s(), self._elapsed_s())
        return (self._slots, float(self._slots)) if self._elapsed_s() < self._end_s() else None


def choose_shape(
    environment: Environment, scenario: Scenario, load_end_s: Callable[[], float], elapsed_s: Callable[[], float]
) -> ArrivalPlan | None:
    """Have Locust hold the users that a scenario needs, unless the options say how many; return its open arrivals.

    `load_end_s` says when the load ends and `elapsed_s` is the run's clock, both in seconds.
    """
    options = options_of(environment)
    arrivals = planned_arrivals(scenario, options)
    if arrivals is not None:
        environment.shape_class = SlotsShape(arrivals.slots, load_end_s, elapsed_s)
        expect_quick_spawning()
        options.enable_rebalancing = True  # a worker that joins gets slots, those of one that is gone come back
    elif scenario.stages and not users_are_set_by_hand(options):
        environment.shape_class = StagesShape(scenario.stages, elapsed_s)
    return arrivals


def _wait_for_end(end_s: float, elapsed_s: float) -> bool:
    """Wait for an end that comes before Locust would ask again; return whether there was one to wait for."""
    near = elapsed_s > 0.0 and end_s - elapsed_s < _ASKED_EVERY_S
    if near:
        gevent.sleep(max(end_s - elapsed_s, 0.0))
    return near
