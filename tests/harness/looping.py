"""What surrounds a flow, in a process of its own: ``python -m tests.harness.looping``.

Importing the harness makes the whole process cooperative: only in a process of its own.
"""

import logging
import random
import time
from itertools import islice

import gevent
from gevent import GreenletExit
from locust import TaskSet
from locust.env import Environment
from locust.exception import RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser
from locust.user.task import LOCUST_STATE_STOPPING, DefaultTaskSet
from tests.harness.checks import hold

from pwdload.clock import RunClock
from pwdload.harness.arrivals import Dispatcher, Rota, Seat
from pwdload.harness.loops import Task
from pwdload.harness.users import PasswordUpdateUser, _Tasks
from pwdload.pacing import Call, Mix, RatePlan, Schedule, Segment, Sharing, SlotQueue

KIND, CASE = "Person", "login_only"
ROTA_SLOTS = {CASE: (KIND,)}


class Locusts(_Tasks):
    """The same with the loop that Locust has."""

    execute_next_task = DefaultTaskSet.execute_next_task


class Story:
    """A user's life as a seeded stream tells it: which task comes next, what it does, and what came of it."""

    arrival = None

    def __init__(self, seed: int) -> None:
        self.told: list[object] = []
        self.left = 60
        self._random = random.Random(seed)
        self.user = User(Environment(catch_exceptions=seed % 3 > 0))
        self.user.environment.events.user_error.add_listener(lambda **error: self.told.append(str(error["exception"])))

    def next_task(self) -> Task:
        """Choose a task; a few dozen are enough."""
        self.left -= 1
        if self.left < 0:
            self._happen([StopUser()], "next")
        self._happen([None] * 12 + [ValueError("next")], "next")
        return self._random.choice([self._plain, self._plain, self._plain_of_others(), self._nested()])

    def rest(self) -> None:
        """Do what comes between two tasks."""
        self._happen([None] * 20 + [ValueError("rest"), StopUser()], "rest")

    def begin(self) -> None:
        """Take part."""

    def stop(self) -> None:
        """End."""

    def _happen(self, what: "list[BaseException | None]", where: str) -> None:
        chosen = self._random.choice(what)
        self.told.append((where, type(chosen).__name__, self.user._state))
        if chosen is not None:
            raise chosen

    def _plain(self, user: object) -> None:
        assert user is self.user
        ends = [StopUser(), StopTest(), GreenletExit()] if self._random.random() < 0.05 else []
        tasks, chance = self.user._taskset_instance, self._random.random()
        assert tasks is not None
        if chance < 0.1:
            tasks.schedule_task(self._plain_of_others(), first=chance < 0.05)
        elif chance < 0.12:
            self.user._state = LOCUST_STATE_STOPPING
        self._happen([None] * 6 + [RescheduleTask(), RescheduleTaskImmediately(), ValueError("task"), *ends], "task")

    def _plain_of_others(self) -> Task:
        def task(user: object) -> None:
            self._plain(user)

        return task

    def _nested(self) -> Task:
        story = self

        class Nested(TaskSet):
            def on_start(self) -> None:
                story.told.append("nested")
                self.interrupt(reschedule=story._random.random() < 0.5)  # type: ignore[no-untyped-call]

            def on_stop(self) -> None:
                story.told.append("nested is over")

        return Nested


class User(PasswordUpdateUser):
    """One that needs no run."""

    def __init__(self, environment: Environment) -> None:
        super(PasswordUpdateUser, self).__init__(environment)
        self.kind: type[_Tasks] = _Tasks

    def live(self, story: Story) -> None:
        """Do what Locust's `run` does from `on_start` on."""
        self._state = "running"
        self._taskset_instance = self.kind(self, story)
        self._taskset_instance.run()  # type: ignore[no-untyped-call]


def the_loop_around_tasks_is_locusts_own() -> None:
    """What is executed, in which order, and what whoever raises comes to: as if Locust had gone from task to task."""
    logging.disable()  # what goes wrong here is meant to
    for seed in range(150):
        stories = Story(seed), Story(seed)
        stories[1].user.kind = Locusts
        for story in stories:
            try:
                story.user.live(story)
            except BaseException as end:  # noqa: BLE001 - whatever ends it, it is the same
                story.told.append(type(end).__name__)
        assert stories[0].told == stories[1].told, seed
        assert len(stories[0].told) > 1


def dispatcher(rate_per_s: float, for_s: float, queue_limit: int, clock: RunClock) -> Dispatcher:
    """Return one with random arrivals at a rate."""
    plan = RatePlan((Segment(stage="a", start_s=0.0, end_s=for_s, from_per_s=rate_per_s, to_per_s=rate_per_s),))
    schedule = Schedule(plan=plan, arrivals="poisson", seed=5)
    rota = Rota(schedule=schedule, mix=Mix({CASE: 1.0}, 1), players=ROTA_SLOTS, queue_limit=queue_limit)
    return Dispatcher(rota, clock, "local")


def arrivals_that_nobody_looked_at_stand_in_the_queue_as_if_somebody_had() -> None:
    """While all slots are busy arrivals are handed over late: who begins what, and what is dropped, is the same."""
    for seed in range(20):
        stream, clock = random.Random(seed), RunClock()
        clock.start(time.perf_counter())
        late, on_time = dispatcher(100.0, 10.0, 5, clock), SlotQueue[str](players=ROTA_SLOTS, queue_limit=5)
        late.share(Sharing.among(["local"]))  # its greenlet has no turn: nobody here waits for anything
        arrivals, now_s = list(late._schedule), 0.0
        for _ in range(stream.randrange(50, 400)):
            before_s, now_s = now_s, now_s + stream.expovariate(60.0)
            for arrival in arrivals:
                if before_s < arrival.due_s <= now_s:
                    assert on_time.due(Call(arrival, CASE)) is None
            late.hand_over_due(now_s)
            assert late.slots.free("a", KIND, now_s) == on_time.free("a", KIND, now_s)  # type: ignore[arg-type]
            late.slots.leave("a", KIND)  # type: ignore[arg-type]
            on_time.leave("a", KIND)
            assert late.tally == on_time.tally
        late._halt()


def every_arrival_is_begun_in_its_turn_and_not_before_its_time() -> None:
    """Two slots that are busy, idle and busy again, in real time."""
    clock = RunClock()
    clock.start(time.perf_counter())
    made = dispatcher(400.0, 0.4, 1000, clock)
    begun: list[tuple[int, float]] = []

    def play(pauses: list[float]) -> None:
        seat = Seat(made, KIND)
        try:
            while True:
                arrival = seat.next().arrival
                begun.append((arrival.number, clock.now() - arrival.due_s))
                gevent.sleep(pauses[arrival.number % len(pauses)])
        except StopUser:
            pass

    users = [gevent.spawn(play, [0.0, 0.001, 0.0, 0.02]) for _ in range(2)]
    made.share(Sharing.among(["local"]))
    gevent.sleep(0.5)
    made.stop()
    made.dismiss()
    gevent.joinall(users, timeout=10.0, raise_error=True)
    expected = [arrival.number for arrival in islice(made._schedule, 1000)]
    assert [number for number, _ in begun] == expected
    assert min(lag_s for _, lag_s in begun) > -0.001
    assert (made.tally.due, made.tally.begun, made.tally.dropped) == (len(expected), len(expected), 0)
    assert 0 < made.tally.waited < len(expected)


if __name__ == "__main__":
    hold(
        the_loop_around_tasks_is_locusts_own,
        arrivals_that_nobody_looked_at_stand_in_the_queue_as_if_somebody_had,
        every_arrival_is_begun_in_its_turn_and_not_before_its_time,
    )
