"""Everything that is settled before the first request: scenario, users, accounts, target. Impossible plans end here."""

import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from locust.env import Environment

from pwdload.accounts.source import (
    WARNING,
    AccountSource,
    ListedAccounts,
    made_up_accounts,
    read_accounts_csv,
)
from pwdload.api.http import Address, Connection
from pwdload.api.request import probe_request
from pwdload.cases.catalogue import CASES, DEFAULT_MIX, case_weights
from pwdload.errors import TargetError, UsageError
from pwdload.harness.embedded import EmbeddedStandin
from pwdload.harness.options import check_host_allowed, chosen_scenario, options_of
from pwdload.harness.session import device_population, password_policy, shared_tls
from pwdload.harness.users import PasswordUpdateUser, show_shares
from pwdload.passwords import PasswordBook, run_secret
from pwdload.scenario import Scenario

_PROBE_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What a process in charge has settled before its first run."""

    scenario: Scenario
    target: str
    """Base URL."""
    source: AccountSource
    accounts_file: Path | None
    """Where the accounts are listed; null when they were made up for the embedded stand-in."""
    standin: EmbeddedStandin | None


def prepare(environment: Environment) -> Preparation:
    """Settle everything that a run needs, and start the embedded stand-in where no target is named.

    Raises:
        PwdloadError: the plan cannot be carried out; nothing has been sent that counts.
    """
    options = options_of(environment)
    scenario = chosen_scenario(options)
    weights = case_weights(scenario.mix or DEFAULT_MIX)
    environment.user_classes[:] = _user_classes(environment.user_classes, weights, options)
    host = options.host or scenario.target.host
    if host is None:
        return _with_standin(scenario, weights)
    return _with_target(host, scenario, weights, options)


def _user_classes(classes: Sequence[type], weights: Mapping[str, float], options: Namespace) -> list[type]:
    """Choose the classes to spawn, and show each class's shares.

    A class that another one builds on stands aside for it, unless it was named on the command line: so one class that
    inherits all cases carries the whole mix, and its shares hold for any number of users.
    """
    ours = [kind for kind in classes if issubclass(kind, PasswordUpdateUser)]
    chosen = list(classes)
    if not options.user_classes:
        chosen = [kind for kind in classes if not any(kind is not other and issubclass(other, kind) for other in ours)]
    playing = [kind for kind in chosen if not issubclass(kind, PasswordUpdateUser) or show_shares(kind, weights)]
    if not playing:
        names = ", ".join(kind.__name__ for kind in chosen)
        raise UsageError(f"[mix]: none of its cases belongs to {names}; name other user classes or add their cases")
    return playing


def drop_idle_classes(environment: Environment) -> None:
    """Drop the classes that `--tags` and `--exclude-tags` have left without a task: Locust would fail to spawn them.

    Raises:
        UsageError: no class is left.
    """
    busy = [kind for kind in environment.user_classes if kind.tasks]
    if not busy:
        names = ", ".join(kind.__name__ for kind in environment.user_classes)
        raise UsageError(f"--tags, --exclude-tags: no case of {names} is left; `pwdload cases` lists names and groups")
    environment.user_classes[:] = busy


def _with_standin(scenario: Scenario, weights: Mapping[str, float]) -> Preparation:
    needing = sum(weight for name, weight in weights.items() if CASES[name].needs == WARNING)
    source = made_up_accounts(scenario.accounts.count, needing / sum(weights.values()))
    book = PasswordBook(run_secret(), password_policy(scenario))
    standin = EmbeddedStandin.start(source.seed_csv(book), _standin_settings(scenario))
    return Preparation(scenario=scenario, target=standin.url, source=source, accounts_file=None, standin=standin)


def _standin_settings(scenario: Scenario) -> dict[str, object]:
    """Make the stand-in agree with what the scenario says of the target; its own table has the last word."""
    policy, target = scenario.password_policy, scenario.target
    agreed: dict[str, object] = {
        "client_ids": target.client_id,
        "state_token_life_s": target.state_token_life_s,
        "password_length_min": policy.min_length,
        "password_length_max": policy.max_length,
        "password_classes": policy.classes,
        "hash_algorithm": "sha256",  # cheap: a target of a few cents, so that the harness is what a demo shows
    }
    if target.tenant_id is not None:
        agreed |= {"isv_mode": True, "tenants": target.tenant_id}
    if policy.max_repeats is not None:
        agreed["password_repeats_max"] = policy.max_repeats
    return {**agreed, **scenario.standin}


def _with_target(host: str, scenario: Scenario, weights: Mapping[str, float], options: Namespace) -> Preparation:
    address = Address.parse(host)
    check_host_allowed(address.host, scenario, options)
    path = Path(options.accounts) if options.accounts else scenario.accounts.source
    if path is None:
        raise UsageError(
            f"--host {host}: no test accounts for it; name a CSV of them with --accounts or in [accounts] source"
        )
    source = read_accounts_csv(path)
    _check_accounts_fit(path, source, weights)
    _check_answers(host, address, scenario)
    return Preparation(scenario=scenario, target=host, source=source, accounts_file=path, standin=None)


def _check_accounts_fit(path: Path, source: ListedAccounts, weights: Mapping[str, float]) -> None:
    """Refuse a mix whose cases could never find an account."""
    for name, weight in weights.items():
        case = CASES[name]
        if weight and not source.sizes.get(case.needs):
            raise UsageError(f"{path}: case {name} needs accounts in state {case.needs}; list some or leave it out")
        if weight and case.needs_history and not source.all_have_history:
            raise UsageError(f"{path}: case {name} needs previous_password on every line; add it or leave the case out")


def _check_answers(host: str, address: Address, scenario: Scenario) -> None:
    """Make sure that something answers HTTP at the target, with one harmless request (the server's date)."""
    connection = Connection(address, clock=time.perf_counter, timeout_s=_PROBE_WITHIN_S, tls=shared_tls(address))
    device = device_population(scenario).device(0)
    exchange = connection.exchange(probe_request(address.authority, device, scenario.target.tenant_id))
    connection.close()
    if exchange.http_status is None:
        raise TargetError(f"--host {host}: no answer ({exchange.transport}); is it running, and is this its address?")
