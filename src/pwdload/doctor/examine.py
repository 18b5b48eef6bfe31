"""The examination: every check in its order, each told as soon as it is done."""

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pwdload.api.confirmation import Ask
from pwdload.api.connections import Connections, settled
from pwdload.api.http import Address, Proxy
from pwdload.api.permission import with_allowed
from pwdload.api.request import DeviceRequests
from pwdload.calibration import Certificate
from pwdload.cases.catalogue import scenario_weights
from pwdload.devices import device_population
from pwdload.doctor import machine as machines
from pwdload.doctor import network, plan
from pwdload.doctor.accounts import Borrowed, borrowed
from pwdload.doctor.findings import Budget, Finding, Status, exit_code, failed, not_checked
from pwdload.doctor.flow import check_change, check_login, check_policy
from pwdload.doctor.machine import Machine
from pwdload.errors import PwdloadError
from pwdload.passwords import password_policy
from pwdload.scenario import Scenario

CHECKS: Final = (
    *("python", "dependencies", "open files", "ports", "rate"),
    *("permission", "names", "tcp", "tls", "http", "clock"),
    *("login", "refused change", "policy", "account stock", "generator", "worker versions"),
)
"""Every check, in the order in which it is told."""
_OF_THE_TARGET: Final = CHECKS[5:14]
_EMBEDDED: Final = "http://127.0.0.1"
_NO_TARGET: Final = "no target is named, so that the run brings its own stand-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be examined, and with what."""

    scenario: Scenario
    host: str | None = None
    """Base URL of the target; null: the scenario's."""
    accounts: Path | None = None
    """List or ledger of its accounts; null: the scenario's."""
    allow: tuple[str, ...] = ()
    confirmed: str | None = None
    """The target's host, typed again."""
    ask: Ask | None = None
    """Asks at the terminal; null: nobody is there."""
    processes: int = 1
    """How many share the load on this machine."""
    calibrate: Callable[[], Certificate] | None = None
    """Measures what this machine generates; null: not wanted."""

    @property
    def url(self) -> str | None:
        """Base URL of the target; null for the embedded stand-in."""
        return self.host or self.scenario.target.host

    def settled(self) -> Scenario:
        """Return the scenario with all that was given beside it.

        Raises:
            UsageError: the environment's proxy, or a host that was named, is none.
        """
        scenario = self.scenario
        target = with_allowed(scenario.target, self.allow)
        if self.url is None:
            return scenario
        target = settled(target, os.environ).model_copy(update={"host": self.url.rstrip("/")})
        source = {"source": self.accounts} if self.accounts is not None else {}
        return scenario.model_copy(update={"target": target, "accounts": scenario.accounts.model_copy(update=source)})


def examine(question: Question, machine: Machine, budget: Budget) -> Iterator[Finding]:
    """Yield every finding, in the order of `CHECKS`; at most `REQUESTS_MAX` requests are sent.

    Raises:
        PwdloadError: what was asked makes no sense, such as a --host that is no URL.
    """
    scenario, url = question.settled(), question.url
    weights = scenario_weights(scenario, is_standin=url is None)
    yield machines.check_python(machine)
    yield machines.check_dependencies(machine)
    in_flight = scenario.load.max_in_flight if scenario.load.model == "open" else scenario.users_max
    yield machines.check_files(machine, in_flight)
    yield machines.check_ports(machine, in_flight, _opened_per_s(scenario))
    yield plan.check_rate(scenario, weights, url or _EMBEDDED)
    if url is None:
        yield from (not_checked(check, _NO_TARGET) for check in _OF_THE_TARGET)
    else:
        yield from _of_target(question, scenario, url, budget)
    yield plan.check_stock(scenario, weights)
    yield plan.check_generator(scenario, weights, question.calibrate, question.processes)
    yield plan.check_versions()


def _opened_per_s(scenario: Scenario) -> float | None:
    return 0.0 if scenario.target.connections == "kept" else plan.peak_flows_per_s(scenario)


def _of_target(question: Question, scenario: Scenario, url: str, budget: Budget) -> Iterator[Finding]:
    """Yield the findings of the way to the target and of what it answers; the first that fails ends the way."""
    target = scenario.target
    way = network.Way(
        address=Address.parse(url),
        target=target,
        proxy=_proxy(target.proxy),
        confirmed=question.confirmed,
        ask=question.ask,
    )
    for place, (finding, head) in enumerate(_steps(way, scenario, budget), start=1):
        yield finding
        if finding.status is Status.FAILED:
            yield from (not_checked(check, f"{finding.check} has failed") for check in _OF_THE_TARGET[place:])
            return
        if head is not None:
            yield network.check_clock(head)
    yield from _with_account(scenario, url, budget)


def _steps(way: network.Way, scenario: Scenario, budget: Budget) -> Iterator[tuple[Finding, network.Head | None]]:
    yield network.check_permission(way), None
    finding, addresses = network.check_names(way)
    yield finding, None
    yield network.check_tcp(way, addresses), None
    yield network.check_tls(way, addresses), None
    yield network.check_http(way, addresses, device_population(scenario).device(0), budget)


def _with_account(scenario: Scenario, url: str, budget: Budget) -> Iterator[Finding]:
    if scenario.accounts.source is None:
        yield from (not_checked(check, "no accounts are named") for check in ("login", "refused change", "policy"))
        return
    try:
        with borrowed(scenario, url) as account:
            findings = list(_flow(scenario, url, account, budget))
    except PwdloadError as error:
        first = str(error).splitlines()[0]
        value, _, remedy = first.partition("; ")
        remedy = f"{remedy[:1].upper()}{remedy[1:]}." if remedy else "Name accounts of which some are ready."
        yield failed("login", value, remedy)
        yield from (not_checked(check, "login has failed") for check in ("refused change", "policy"))
        return
    yield from findings


def _flow(scenario: Scenario, url: str, account: Borrowed, budget: Budget) -> Iterator[Finding]:
    """Yield what one login and one change tell; told when the account is back."""
    connections = Connections(
        scenario.target,
        url,
        clock=time.perf_counter,
        environment=os.environ,
        chance=random.Random(scenario.seed),  # noqa: S311
        timeout_s=min(scenario.target.timeout_s, network.WITHIN_S),
    )
    device = device_population(scenario).device(account.entry.index)
    requests = DeviceRequests(connections.address.authority, device, scenario.target.tenant_id)
    client = connections.client()
    try:
        login = check_login(client, requests, account, budget)
        yield login.finding
        if not login.state_token:
            yield from (not_checked(check, "login has failed") for check in ("refused change", "policy"))
            return
        policy = check_policy(login.data, password_policy(scenario), _example(account))
        if policy.status is Status.FAILED:  # what is too short for one policy may be right for the other
            yield not_checked("refused change", "policy has failed")
        else:
            yield check_change(client, requests, account, login.state_token, budget)
        yield policy
    finally:
        client.close()


def _example(account: Borrowed) -> str:
    return account.book.password(account.account.user_name, account.entry.next.generation)


def _proxy(url: str | None) -> Proxy | None:
    return None if url is None else Proxy.from_environment(os.environ) or Proxy.parse(url)


def as_data(question: Question, findings: Sequence[Finding], spent: int) -> Mapping[str, object]:
    """Return an examination as JSON has it; `spent`: how many requests it took."""
    return {
        "scenario": question.scenario.name,
        "host": question.url,
        "exit_code": exit_code(findings),
        "requests": spent,
        "checks": [
            {"check": one.check, "status": one.status.value, "value": one.value, "remedy": one.remedy}
            for one in findings
        ],
    }
