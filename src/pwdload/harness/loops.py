"""What a user does between two flows: it thinks (closed model), or waits for an arrival (open model)."""

import random
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Protocol

from gevent.event import Event
from locust import TaskSet

from pwdload.cases.catalogue import CASES
from pwdload.harness.arrivals import Dispatcher, Seat
from pwdload.pacing import Arrival
from pwdload.scenario import ThinkTime

Task = Callable[..., Any] | TaskSet
"""What Locust calls a task: a function of the user, or a set of tasks."""


class Loop(Protocol):
    """When a user plays which task."""

    @property
    def arrival(self) -> Arrival | None:
        """The arrival that the flow of now answers; null in the closed model."""

    def begin(self) -> None:
        """Wait until the user may take part."""

    def next_task(self) -> Task:
        """Return the next task, when its time has come. May raise `StopUser`."""

    def rest(self) -> None:
        """Do what is done after a flow."""

    def stop(self) -> None:
        """End the loop: now where it waits, else after the flow that is on."""


class ClosedLoop:
    """Flow, think, flow, think: the next task is drawn from a stream of this user's own."""

    arrival = None

    def __init__(
        self, tasks: "Choices", think: ThinkTime, stream: random.Random, *, begun: Event, told_to_stop: Event
    ) -> None:
        self._tasks = tasks
        self._least_s, self._span_s = think.min_s, think.max_s - think.min_s
        self._random = stream
        self._begun = begun
        self._told_to_stop = told_to_stop

    def begin(self) -> None:
        """Wait for the run's clock, and spread the users' beginnings over one think time."""
        self._begun.wait()
        self._told_to_stop.wait(self._random.uniform(0.0, self.think_s()))

    def next_task(self) -> Task:
        """Draw the next task by the mix."""
        return self._tasks.draw(self._random)

    def rest(self) -> None:
        """Think, unless told to stop."""
        think_s = self.think_s()
        if think_s > 0.0:  # even a wait of no time costs 10 us, and others get their turn while an answer is awaited
            self._told_to_stop.wait(think_s)

    def think_s(self) -> float:
        """Return a think time, in seconds."""
        return self._least_s + self._span_s * self._random.random()  # what `uniform` does

    def stop(self) -> None:
        """Wake the user if it thinks."""
        self._told_to_stop.set()


class OpenLoop:
    """Arrival, flow, arrival, flow: the user is a slot."""

    def __init__(self, tasks: "Choices", dispatcher: Dispatcher, kind: str) -> None:
        self.arrival: Arrival | None = None
        self._by_name = tasks.by_name
        self._seat = Seat(dispatcher, kind)

    def begin(self) -> None:
        """Take part at once: arrivals do not come before the run's clock goes."""

    def next_task(self) -> Task:
        """Wait for an arrival; return what it plays.

        Raises:
            StopUser: none is to come.
        """
        call = self._seat.next()
        self.arrival = call.arrival
        return self._by_name[call.case]

    def rest(self) -> None:
        """Do nothing: an arrival may be waiting."""

    def stop(self) -> None:
        """Take no more arrivals than those that are due and wait, and none of them if the schedule is not over."""
        self._seat.stop()


class Choices:
    """The tasks of one user class, with their weights in the mix."""

    def __init__(self, tasks: Sequence[Task], weights: Mapping[str, float]) -> None:
        distinct = list(dict.fromkeys(tasks))
        self.by_name: dict[str, Task] = {task_name(made): made for made in distinct}
        self.weights = {task_name(made): task_weight(made, weights) for made in distinct}
        self._tasks = distinct
        self._cumulated = list(accumulate(self.weights[task_name(made)] for made in distinct))
        self._total = self._cumulated[-1]
        self._last = len(distinct) - 1

    def draw(self, stream: random.Random) -> Task:
        """Draw a task by its weight."""
        # What `stream.choices` does for one, at a quarter of the cost; so the same seed gives the same tasks.
        return self._tasks[bisect(self._cumulated, stream.random() * self._total, 0, self._last)]


def task_name(made: Task) -> str:
    """Return the name of a task: that of its case, if it plays one."""
    return str(getattr(made, "__name__", made))


def task_weight(made: Task, weights: Mapping[str, float]) -> float:
    """Weight of a task in the mix; a hand-written task that names no case keeps Locust's weight of 1."""
    name = task_name(made)
    return weights.get(name, 0.0 if name in CASES else 1.0)
