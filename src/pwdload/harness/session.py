"""One run in one process: its cases, accounts, devices and recorder, and how a user plays a flow."""

import gc
import inspect
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Final

import gevent
from gevent.event import Event
from locust import User
from locust.env import Environment
from locust.exception import StopUser

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Status
from pwdload.api.connections import Client, Connections
from pwdload.api.contract import HANDS_OUT_STATE_TOKEN, Answer
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests
from pwdload.cases.catalogue import adapted_cases
from pwdload.cases.play import Flow, Party, Settings
from pwdload.cases.retrying import retries_of
from pwdload.cases.steps import Case
from pwdload.clock import RunClock
from pwdload.devices import Family, device_population
from pwdload.harness.access import Access
from pwdload.harness.arrivals import Dispatcher
from pwdload.harness.bookkeeping import Bookkeeper
from pwdload.harness.loops import Choices, ClosedLoop, Loop, OpenLoop
from pwdload.harness.plan import Plan, check_here
from pwdload.harness.readiness import Inflow
from pwdload.harness.rearming import Rearmer
from pwdload.harness.recorder import Recorder
from pwdload.harness.shipping import Shipment
from pwdload.harness.together import Together
from pwdload.outcome import Outcome
from pwdload.pacing import Arrival, Sharing, Tally
from pwdload.passwords import PasswordBook, announced_differences, password_policy, run_secret
from pwdload.rundir import ArrivalCounts, RateRecord, WorkerRecord

_READY: Final = Status.READY
_RIGHT_ACCEPT: Final = Outcome.RIGHT_ACCEPT
_new: Final = tuple.__new__
"""Makes a NamedTuple out of all of its values in their order, at half of the cost: for what each flow makes."""
_DRAIN_LOOK_S = 0.02
_FULL_COLLECTION_AFTER = 1000
"""So many collections of what is young, minutes of them at 10,000 flows a second, before all is looked through."""
_STRANGERS_FROM = 1_000_000_000
"""Devices from this index on belong to no account: they are the other devices that use a stolen token."""


class Session:
    """A process's part in one run."""

    def __init__(
        self,
        environment: Environment,
        plan: Plan,
        *,
        clock: RunClock,
        worker: str,
        books: Bookkeeper,
        end_run: Callable[[str], None],
        shipment: Shipment | None = None,
    ) -> None:
        scenario = plan.scenario
        self._environment = environment
        self.clock = clock
        self.begun = Event()
        """Set when the run's clock goes in this process."""
        self.dispatcher = Dispatcher(plan.rota(), clock, worker) if plan.arrivals is not None else None
        """Null in the closed model."""
        self.in_flight = 0
        """Flows that are under way."""
        self.flows = 0
        """Flows that were begun."""
        self.scenario = scenario
        self.weights = plan.weights
        self.recorder = Recorder(environment, plan, worker, shipment)
        self.end_run = end_run
        """Ends the whole run early, in all processes, for a reason that is kept in its record."""
        self._plan = plan
        self._gc_thresholds = gc.get_threshold()
        self._users: Counter[str] = Counter()
        self._choices: dict[str, Choices] = {}
        self._cases = adapted_cases(scenario, is_standin=plan.is_standin)
        self._books = books
        self._population = device_population(scenario)
        self._devices: dict[int, tuple[Family, DeviceRequests]] = {}
        self._rearmer: Rearmer | None = None
        self._knows_policy = False
        self._connections = Connections(
            scenario.target,
            plan.target,
            clock=clock.now,
            environment=os.environ,
            chance=random.Random(f"{scenario.seed}:{worker}:clients"),  # noqa: S311
            ready=Inflow(clock.now).watch,
            via=plan.via,
        )
        check_here(plan, self._connections)
        self._together = Together(self._connections, clock.now)
        self._access = Access(plan, self._connections, self.recorder, os.environ)
        self._settings = Settings(
            book=PasswordBook(run_secret(), password_policy(scenario)),
            changes=self._books,
            state_token_life_s=plan.state_token_life_s,
            seed=scenario.seed,
            tenant=self._access,
            retries=retries_of(scenario.retries),
        )
        self._tries_again = self._settings.retries is not None

    def begin(self, zero_s: float, sharing: Sharing | None, pieces: Sequence[RateRecord] = ()) -> None:
        """Let the run begin in this process: its clock goes, and arrivals are shared out.

        Said again when workers have come or gone, and when the load goes on: `pieces` are all of it then, empty where
        it was known from the start. The clock is set only once.
        """
        if not self.clock.runs:
            self.clock.start(zero_s)
        if not self.begun.is_set():
            # Thousands of users are thousands of objects that stay: looking through them for garbage takes so long
            # that every answer that comes meanwhile is read late.
            gc.collect()
            gc.freeze()
            # What stays from flow to flow, such as a device for each account, is looked through as well, again and
            # again as it grows: 20 to 200 ms each time. Flows leave no cycles, so that seldom is often enough.
            gc.set_threshold(*self._gc_thresholds[:2], _FULL_COLLECTION_AFTER)
            # Locust looks for the source of whoever stops a run; the first look through all modules takes 50 ms, which
            # the last answers would have to wait.
            inspect.stack()
            if self.scenario.accounts.reuse == "rearm":
                self._rearmer = Rearmer(self._plan, self._books, self.recorder, self.clock)
            self.begun.set()
        if self.dispatcher is not None and sharing is not None:
            self.dispatcher.share(sharing, pieces)
            self.recorder.know_stages(pieces)

    def load_ends(self) -> None:
        """Let nothing new begin, but for arrivals that are due; return when those are done, or their time is over.

        Idle users are dismissed only then: the end of thousands of them stops the loop for a second, and what is in
        flight must not be measured through that.
        """
        if self.dispatcher is None:
            return
        self.dispatcher.stop()
        deadline_s = time.monotonic() + self._environment.stop_timeout
        while (self.in_flight or self.dispatcher.slots.queued) and time.monotonic() < deadline_s:
            gevent.sleep(_DRAIN_LOOK_S)
        self.dispatcher.dismiss()

    def close(self) -> WorkerRecord:
        """Write what is left, and return what this process did."""
        gc.set_threshold(*self._gc_thresholds)
        gc.unfreeze()
        if self._rearmer is not None:
            self._rearmer.end(self._environment.stop_timeout)
        self._together.close()
        self._access.close()
        record = self.recorder.close()
        return record if self.dispatcher is None else replace(record, arrivals=_counts(self.dispatcher.tally))

    def open_wire(self, told_to_stop: Event) -> "SessionWire":
        """Return a connection for one user, and the event that cuts its waiting short."""
        return SessionWire(self._connections.client(), self._together, self.clock.now, told_to_stop)

    def open_loop(self, user_class: type[User], told_to_stop: Event) -> Loop:
        """Return what decides when the next user of a class plays which of its tasks."""
        kind = user_class.__name__
        choices = self._choices.get(kind)
        if choices is None:
            choices = self._choices[kind] = Choices(user_class.tasks, self.weights)
        if self.dispatcher is not None:
            return OpenLoop(choices, self.dispatcher, kind)
        return ClosedLoop(
            choices,
            self.scenario.load.think_time,
            self._random_of_next_user(kind),
            begun=self.begun,
            told_to_stop=told_to_stop,
        )

    def _random_of_next_user(self, kind: str) -> random.Random:
        """Return the stream of random numbers of the next user of a class.

        It depends on the seed, the worker's name, the class and how many of it came before, and on nothing else.
        """
        self._users[kind] += 1
        return random.Random(f"{self.scenario.seed}:{self.recorder.worker}:{kind}:{self._users[kind]}")  # noqa: S311

    def play(self, case_name: str, wire: "SessionWire", arrival: Arrival | None = None) -> None:
        """Play one flow from lease to return; `arrival` is the one that it answers in the open model.

        Raises:
            AccountsError: no account is left that the case could use.
        """
        case = self._cases[case_name]
        arrival = arrival or self._arrival_now()
        books, account, other = self._books, None, None
        self.in_flight += 1
        try:
            account = books.lease(case.needs)
            if case.needs_other_account:
                other = books.lease(case.states[1])
            self._play(case, arrival, account, other, wire)
        finally:
            self.in_flight -= 1
            wire.end_flow()
            if account is not None and books.give_back(case.needs, account) is not _READY:
                self._devices.pop(account.index, None)
            if other is not None and books.give_back(case.states[1], other) is not _READY:
                self._devices.pop(other.index, None)

    def _arrival_now(self) -> Arrival:
        """Return what a flow of the closed model answers: it is due when its user is ready for it."""
        now_s, number = self.clock.now(), self.flows
        self.flows += 1
        return _new(Arrival, (number, now_s, self.recorder.stage_at(now_s)))

    def _play(self, case: Case, arrival: Arrival, account: Account, other: Account | None, wire: "SessionWire") -> None:
        """Play one flow and record it."""
        number, due_s, stage = arrival
        family, requests = self._devices.get(account.index) or self._device(account.index)
        me = _new(Party, (account, requests))
        is_alone = other is None and not case.needs_other_device
        second = me if is_alone else self._second_party(me, other)
        # By place: to name the arguments takes half as long again as all of a flow's beginning.
        flow = Flow(case, me, second, wire, self._settings, due_s, number)
        recorder = self.recorder
        interruption: BaseException | None = None
        try:
            for played in flow:
                if played.outcome is not _RIGHT_ACCEPT:
                    self._books.learn(played)
                if not self._knows_policy and played.answer is not None:
                    self._compare_policy(played.account, played.answer)
                recorder.record(played, number, case.name, family, stage)
                # A step may have been several exchanges: all of them are told before the flow is left.
                if played.exchange.interrupted is not None:
                    interruption = played.exchange.interrupted
                    flow.end()
                elif (len(case.steps) > 1 or self._tries_again) and not self._books.may_use(account):
                    flow.end()  # its lease has run out: another may be given it
        except StopUser:  # Locust sees by itself that the user is to stop; `suppress` costs 1 us
            pass
        if interruption is not None:
            raise interruption

    def _compare_policy(self, account: Account, answer: Answer) -> None:
        """Hold the policy that the first login announces against the one that the scenario states.

        Looked at once: a target that announces none would else be asked with every exchange.
        """
        if answer.status not in HANDS_OUT_STATE_TOKEN:
            return
        self._knows_policy = True
        book = self._settings.book
        example = book.password(account.user_name, account.next.generation)
        for difference in announced_differences(answer.text("data"), book.policy, example):
            self.recorder.note(f"The target announces another password policy than the scenario states: {difference}.")

    def _second_party(self, me: Party, other: Account | None) -> Party:
        """Return another account with its device or, where there is none, a stranger's device with the same account."""
        if other is not None:
            return Party(account=other, requests=self._device(other.index)[1])
        return Party(account=me.account, requests=self._build(_STRANGERS_FROM + me.account.index)[1])

    def _device(self, index: int) -> tuple[Family, DeviceRequests]:
        """Return an account's device, built the first time and kept until the account is used up."""
        if index not in self._devices:
            self._devices[index] = self._build(index)
        return self._devices[index]

    def _build(self, index: int) -> tuple[Family, DeviceRequests]:
        device = self._population.device(index)
        return device.family, DeviceRequests(
            self._connections.address.authority, device, self.scenario.target.tenant_id
        )


def _counts(tally: Tally) -> ArrivalCounts:
    return ArrivalCounts(**asdict(tally))


class SessionWire:
    """A user's connection and clock, as a flow sees them."""

    def __init__(self, client: Client, together: Together, now: Callable[[], float], told_to_stop: Event) -> None:
        self._client = client
        self.send: Callable[[bytes], Exchange] = client.exchange
        """Sends a request and returns its exchange."""
        self.end_flow = client.end_flow
        """Is done with a flow: where each is a client of its own, the connection is closed."""
        self.send_together = together.send
        """Sends requests at one moment, over connections that are not this user's alone: see `Together.send`."""
        self.now = now
        """Returns the time on the run's clock, in seconds."""
        self._told_to_stop = told_to_stop

    def sleep(self, seconds: float) -> None:
        """Let time pass, for this user only.

        Raises:
            StopUser: the user was told to stop meanwhile; a flow that has nothing open need not keep the run waiting.
        """
        if self._told_to_stop.wait(seconds):
            raise StopUser

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
