"""What a perfect instrument would measure: a truth played in virtual time, with the arrivals of the run's own schedule.

A queue at 90 % of its capacity is far from its mean for minutes on end, whoever measures it. What a run says is
therefore held against two things: the formula, and this. What lies between the two is the luck of the draw; what lies
between this and the run is the instrument.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from itertools import islice
from math import inf, log
from random import Random

from pwdload.pacing import RatePlan, Schedule
from pwdload.rundir import ArrivalPlan

Responds = Callable[[float], float]
"""Gives the response time of what arrives at a time; called once for each arrival, in their order."""


def schedule_of(plan: ArrivalPlan) -> Schedule:
    """Return the schedule that a run had."""
    return Schedule(plan=RatePlan.of(plan.pieces), arrivals=plan.kind, seed=plan.seed)


def service_times_s(mean_s: float, seed: int) -> Iterator[float]:
    """Yield the service times of the reference target's queue, as its documentation says they are drawn."""
    stream = Random(f"service:{seed}")  # noqa: S311 - no secret
    while True:
        yield -mean_s * log(1.0 - stream.random())


def queue_responds(servers: int, services_s: Iterable[float]) -> Responds:
    """Return how a queue with so many servers responds; service times are used up in the order of arrival."""
    free_s, services = [0.0] * servers, iter(services_s)

    def responds(arrived_s: float) -> float:
        begins_s = max(arrived_s, free_s[0])
        departs_s = begins_s + next(services)
        heapreplace(free_s, departs_s)
        return departs_s - arrived_s

    return responds


@dataclass(frozen=True, slots=True, kw_only=True)
class Realization:
    """What a generator without any cost would have recorded."""

    responses_s: tuple[float | None, ...]
    """Response time of each arrival, the wait for a slot included; null where it was dropped."""

    @property
    def dropped(self) -> int:
        """How many arrivals found the queue full."""
        return sum(response is None for response in self.responses_s)

    @property
    def kept_s(self) -> tuple[float, ...]:
        """The response times of those that were not."""
        return tuple(response for response in self.responses_s if response is not None)


def realize(
    due_s: Sequence[float], responds: Responds, *, slots: int | None = None, queue_limit: int | None = None
) -> Realization:
    """Play arrivals, in their order, against a system; with `slots`, only so many at once, the others wait in line.

    What is due while `queue_limit` others wait is dropped. Null means that there is no limit.
    """
    free_s = [-inf] * (slots or 1)
    waiting: deque[float] = deque()
    """When each of those in line begins."""
    responses: list[float | None] = []
    for due in due_s:
        while waiting and waiting[0] <= due:
            waiting.popleft()
        begins_s = due if slots is None else max(due, free_s[0])
        if begins_s > due:
            if queue_limit is not None and len(waiting) >= queue_limit:
                responses.append(None)
                continue
            waiting.append(begins_s)
        done_s = begins_s + responds(begins_s)
        if slots is not None:
            heapreplace(free_s, done_s)
        responses.append(done_s - due)
    return Realization(responses_s=tuple(responses))


def mmc_realization(plan: ArrivalPlan, *, servers: int, service_s_mean: float, seed: int) -> Realization:
    """Return the response times of a run's arrivals at the reference target's queue, warm-up included."""
    due_s = [arrival.due_s for arrival in schedule_of(plan)]
    services_s = islice(service_times_s(service_s_mean, seed), len(due_s))
    return realize(due_s, queue_responds(servers, services_s))
