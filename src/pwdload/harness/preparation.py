"""Everything that is settled before the first request: scenario, accounts, target. Impossible plans end here."""

import logging
import os
import random
import time
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from pwdload.accounts.listing import WARNING
from pwdload.accounts.source import AccountSource, ListedAccounts, made_up_accounts, read_accounts_csv
from pwdload.api.connections import Connections, keys_without_use, settled, spoken_to_directly
from pwdload.api.http import Address
from pwdload.api.http.proxy import PROXY_VARIABLE
from pwdload.api.permission import check_host_allowed
from pwdload.api.request import probe_request
from pwdload.cases.catalogue import CASES, case_weights
from pwdload.cases.steps import OutliveToken
from pwdload.devices import device_population
from pwdload.errors import TargetError, UsageError
from pwdload.harness.embedded import EmbeddedStandin
from pwdload.harness.options import chosen_scenario, secret_is_made_up
from pwdload.passwords import SECRET_VARIABLE, PasswordBook, password_policy, run_secret
from pwdload.scenario import Scenario

_PROBE_WITHIN_S = 5.0
_STANDIN_TOKEN_LIFE_S = 5.0
"""What the embedded stand-in gets where the scenario states nothing: short, so that a token can expire in any run."""

_USUAL_REMEDY = "is it running, and is this its address?"
_REMEDIES = {
    "tls_certificate": "is its authority known (else name it as [target] ca_file), and this its name (server_name)?",
    "tls": "does it speak TLS, and want a certificate from us (client_certificate)?",
    "proxy_auth": f"set {PROXY_VARIABLE} with the proxy's user and password in the environment",
    "proxy": "is the proxy running, and does it let us through to this target?",
}
"""What to do about a target that does not answer, by how the code begins."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What a process in charge has settled before its first run."""

    scenario: Scenario
    weights: dict[str, float]
    """Weight of every case that is played."""
    target: str
    """Base URL."""
    state_token_life_s: float
    """How long the target honours a state_token; 0 where nobody knows and no case needs it."""
    source: AccountSource
    accounts_file: Path | None = None
    """Where the accounts are listed; null when they were made up for the embedded stand-in."""
    standin: EmbeddedStandin | None = None
    notes: tuple[str, ...] = ()
    """What the reader of the report must know, one sentence each."""


def prepare(options: Namespace) -> Preparation:
    """Settle everything that a run needs, and start the embedded stand-in where no target is named.

    Raises:
        PwdloadError: the plan cannot be carried out; nothing has been sent that counts.
    """
    if options.run_time == 0:
        raise UsageError("-t 0s: no time to run; give a longer time, or none to run until Ctrl-C")
    scenario = chosen_scenario(options)
    host = options.host or scenario.target.host
    if host is not None:
        return _with_target(host, scenario, options)
    if options.accounts:
        raise UsageError(
            f"--accounts {options.accounts}: no target they belong to; name it with --host, "
            "or leave them out: the embedded stand-in has its own"
        )
    return _with_standin(scenario)


def _with_standin(scenario: Scenario) -> Preparation:
    unused = keys_without_use(scenario.target, directly=True)
    scenario = scenario.model_copy(update={"target": spoken_to_directly(scenario.target)})
    weights, notes = _playable(scenario, None)
    if unused:
        notes += (f"Of [target], {', '.join(unused)} had no use: the embedded stand-in is spoken to directly.",)
    life_s = scenario.target.state_token_life_s or _STANDIN_TOKEN_LIFE_S
    needing = sum(weight for name, weight in weights.items() if CASES[name].needs == WARNING)
    source = made_up_accounts(scenario.accounts.count, needing / sum(weights.values()))
    book = PasswordBook(run_secret(), password_policy(scenario))
    standin = EmbeddedStandin.start(source.seed_csv(book), _standin_settings(scenario, life_s))
    return Preparation(
        scenario=scenario,
        weights=weights,
        target=standin.url,
        state_token_life_s=life_s,
        source=source,
        standin=standin,
        notes=notes,
    )


def _standin_settings(scenario: Scenario, token_life_s: float) -> dict[str, object]:
    """Make the stand-in agree with what the scenario says of the target; its own table has the last word."""
    policy, target = scenario.password_policy, scenario.target
    agreed: dict[str, object] = {
        "client_ids": target.client_id,
        "state_token_life_s": token_life_s,
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


def _with_target(host: str, scenario: Scenario, options: Namespace) -> Preparation:
    address = Address.parse(host)
    check_host_allowed(address.host, [*scenario.target.allow, *options.allow_host])
    if secret_is_made_up():
        raise UsageError(
            f"{SECRET_VARIABLE} is not set: the new passwords on {host} are derived from it, and without it nobody "
            "could log in to the changed accounts again; set it (openssl rand -hex 32) and keep it"
        )
    path = Path(options.accounts) if options.accounts else scenario.accounts.source
    if path is None:
        raise UsageError(
            f"--host {host}: no test accounts for it; name a CSV of them with --accounts or in [accounts] source"
        )
    source = read_accounts_csv(path)
    unused = keys_without_use(scenario.target, directly=False) if address.scheme == "http" else ()
    if unused:
        raise UsageError(
            f"--host {host}: plain HTTP, so that [target] {unused[0]} has no use; give https:// or remove it"
        )
    scenario = scenario.model_copy(update={"target": settled(scenario.target, os.environ)})
    weights, notes = _playable(scenario, source)
    if scenario.target.proxy is not None:
        notes += (f"All requests went through the proxy {scenario.target.proxy}.",)
    return Preparation(
        scenario=scenario,
        weights=weights,
        target=host,
        state_token_life_s=scenario.target.state_token_life_s or 0.0,
        source=source,
        accounts_file=path,
        notes=notes,
    )


def _playable(scenario: Scenario, source: ListedAccounts | None) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the weights of the cases that the accounts and the target allow, and what was left out.

    `source` is null for the stand-in, whose accounts are made to fit. A case that the scenario names and that cannot be
    played is refused; one that came with a group or with the default mix is left out, and the report says so.
    """
    weights = case_weights(scenario.mix)
    lacking = {name: lack for name in weights if (lack := _lack(name, scenario, source))}
    named = [name for name in lacking if name in (scenario.mix or {})]
    if named:
        raise UsageError("\n".join(f"[mix] case {name}: {lacking[name]}, or leave the case out" for name in named))
    notes = tuple(f"Case {name} was left out: {lack}." for name, lack in lacking.items())
    for note in notes:
        log.warning(note)
    playable = {name: weight for name, weight in weights.items() if name not in lacking}
    if not playable:
        raise UsageError("[mix]: no case of it can be played; " + "; ".join(lacking.values()))
    return playable, notes


def _lack(name: str, scenario: Scenario, source: ListedAccounts | None) -> str:
    """Return what a case needs and does not have, with the remedy; empty when it can be played."""
    case = CASES[name]
    if case.needs_tenant and scenario.target.tenant_id is None:
        return "it needs an ISV application; state [target] tenant_id"
    if source is None:
        return ""
    if not source.sizes.get(case.needs):
        return f"it needs accounts in state {case.needs}; list some"
    if case.needs_history and not source.all_have_history:
        return "it needs to know an earlier password; list previous_password for every account"
    waits = any(isinstance(step, OutliveToken) for step in case.steps)
    if waits and scenario.target.state_token_life_s is None:
        return "nobody knows how long this target's state_token lives; state [target] state_token_life"
    return ""


def check_answers(prepared: Preparation) -> None:
    """Make sure that something answers HTTP at the target, with one harmless request (the server's date).

    It goes the way of all others: through the proxy, with the same trust and certificate. The embedded stand-in, which
    has said itself where it listens, is not asked.

    Raises:
        TargetError: nothing does.
    """
    if prepared.standin is not None:
        return
    host, scenario = prepared.target, prepared.scenario
    connections = Connections(
        scenario.target,
        host,
        clock=time.perf_counter,
        environment=os.environ,
        chance=random.Random(scenario.seed),  # noqa: S311
        timeout_s=_PROBE_WITHIN_S,
    )
    client = connections.client()
    device = device_population(scenario).device(0)
    exchange = client.exchange(probe_request(connections.address.authority, device, scenario.target.tenant_id))
    client.close()
    if exchange.http_status is None:
        remedy = next(
            (words for start, words in _REMEDIES.items() if exchange.transport.startswith(start)), _USUAL_REMEDY
        )
        raise TargetError(f"--host {host}: no answer ({exchange.transport}); {remedy}")
