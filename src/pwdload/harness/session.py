"""One run in one process: its cases, accounts, devices and recorder, and how a user plays a flow."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from gevent.event import Event
from locust.env import Environment
from locust.exception import StopUser

from pwdload.accounts.account import Account
from pwdload.accounts.pool import Pool
from pwdload.api.connections import Client, Connections
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests
from pwdload.cases.catalogue import CASES, adapted, expected_by_scenario
from pwdload.cases.play import Flow, Party, Played, Settings
from pwdload.cases.steps import Case
from pwdload.devices import DevicePopulation, Family
from pwdload.harness.plan import Plan
from pwdload.harness.recorder import Recorder
from pwdload.passwords import PasswordBook, PasswordPolicy, run_secret
from pwdload.scenario import Scenario

_STRANGERS_FROM = 1_000_000_000
"""Devices from this index on belong to no account: they are the other devices that use a stolen token."""


class Session:
    """A process's part in one run."""

    def __init__(
        self, environment: Environment, plan: Plan, *, worker: str, pool: Pool, end_run: Callable[[str], None]
    ) -> None:
        scenario = plan.scenario
        self.scenario = scenario
        self.weights = plan.weights
        self.recorder = Recorder(environment, plan, worker)
        self.end_run = end_run
        """Ends the whole run early, in all processes, for a reason that is kept in its record."""
        self._plan = plan
        self._users: Counter[str] = Counter()
        self._cases = adapted_cases(scenario, is_standin=plan.made_up_sizes is not None)
        self._pool = pool
        self._population = device_population(scenario)
        self._devices: dict[int, tuple[Family, DeviceRequests]] = {}
        self._settings = Settings(
            book=PasswordBook(run_secret(), password_policy(scenario)),
            policy=password_policy(scenario),
            state_token_life_s=plan.state_token_life_s,
        )
        self._connections = Connections(
            scenario.target,
            plan.target,
            clock=self.now,
            environment=os.environ,
            chance=random.Random(f"{scenario.seed}:{worker}:clients"),  # noqa: S311
        )

    def now(self) -> float:
        """Return the time on the run's clock, in seconds."""
        return time.perf_counter() - self._plan.zero_s

    def open_wire(self, told_to_stop: Event) -> "SessionWire":
        """Return a connection for one user, and the event that cuts its waiting short."""
        return SessionWire(self._connections.client(), self.now, told_to_stop)

    def random_of_next_user(self, kind: str) -> random.Random:
        """Return the stream of random numbers of the next user of a class.

        It depends on the seed, the worker's name, the class and how many of it came before, and on nothing else.
        """
        self._users[kind] += 1
        return random.Random(f"{self.scenario.seed}:{self.recorder.worker}:{kind}:{self._users[kind]}")  # noqa: S311

    def play(self, case_name: str, wire: "SessionWire") -> None:
        """Play one flow from lease to return.

        Raises:
            AccountsError: no account is left that the case could use.
        """
        case = self._cases[case_name]
        leases = [(self._pool.lease(state), state) for state in case.states]
        used_up = True
        try:
            used_up = self._play(case, *(account for account, _ in leases), wire=wire)
        finally:
            wire.end_flow()
            for account, state in leases:
                if used_up:
                    self._devices.pop(account.index, None)
                else:
                    self._pool.give_back(state, account)

    def _play(self, case: Case, account: Account, other: Account | None = None, *, wire: "SessionWire") -> bool:
        """Play one flow and record it; return whether it has used the accounts up, or may have."""
        family, requests = self._device(account.index)
        me = Party(account=account, requests=requests)
        flow = Flow(
            case,
            me=me,
            other=self._second_party(case, me, other),
            wire=wire,
            settings=self._settings,
            intended_s=self.now(),
        )
        number, stage = self.recorder.begin_flow(flow.due_s)
        used_up = False
        with suppress(StopUser):  # Locust sees by itself that the user is to stop
            for played in flow:
                used_up = used_up or _spoils_account(played)
                self.recorder.record(played, flow=number, case=case.name, device=family, stage=stage)
                if played.exchange.interrupted is not None:
                    raise played.exchange.interrupted
        return used_up

    def _second_party(self, case: Case, me: Party, other: Account | None) -> Party:
        if other is not None:
            return Party(account=other, requests=self._device(other.index)[1])
        if case.needs_other_device:
            return Party(account=me.account, requests=self._build(_STRANGERS_FROM + me.account.index)[1])
        return me

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


def _spoils_account(played: Played) -> bool:
    """Whether the accounts of a flow may no longer be what the pool takes them for."""
    return played.changed_password or played.may_have_changed_password or played.was_not_let_in


class SessionWire:
    """A user's connection and clock, as a flow sees them."""

    def __init__(self, client: Client, now: Callable[[], float], told_to_stop: Event) -> None:
        self._client = client
        self._now = now
        self._told_to_stop = told_to_stop

    def send(self, request: bytes) -> Exchange:
        """Send a request and return its exchange."""
        return self._client.exchange(request)

    def end_flow(self) -> None:
        """Be done with a flow: where each is a client of its own, the connection is closed."""
        self._client.end_flow()

    def sleep(self, seconds: float) -> None:
        """Let time pass, for this user only.

        Raises:
            StopUser: the user was told to stop meanwhile; a flow that has nothing open need not keep the run waiting.
        """
        if self._told_to_stop.wait(seconds):
            raise StopUser

    def now(self) -> float:
        """Return the time on the run's clock, in seconds."""
        return self._now()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def adapted_cases(scenario: Scenario, *, is_standin: bool) -> Mapping[str, Case]:
    """Return the catalogue as this scenario's target must answer it."""
    overrides = {
        name: expected_by_scenario(expect.http_status, expect.error_code) for name, expect in scenario.expect.items()
    }
    return {
        name: adapted(
            case,
            password_length_max=scenario.password_policy.max_length,
            override=overrides.get(name),
            is_standin=is_standin,
        )
        for name, case in CASES.items()
    }


def device_population(scenario: Scenario) -> DevicePopulation:
    """Return the devices of a scenario."""
    return DevicePopulation(
        seed=scenario.seed,
        shares=scenario.devices.shares,
        client_id=scenario.target.client_id,
        languages=scenario.devices.languages,
    )


def password_policy(scenario: Scenario) -> PasswordPolicy:
    """Return the target's password policy as the scenario states it."""
    policy = scenario.password_policy
    return PasswordPolicy(
        min_length=policy.min_length,
        max_length=policy.max_length,
        classes_needed=policy.classes,
        max_repeats=policy.max_repeats,
    )
