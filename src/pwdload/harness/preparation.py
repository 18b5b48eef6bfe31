"""Everything that is settled before the first request: scenario, accounts, target. Impossible plans end here."""

import atexit
import logging
import os
import random
import tempfile
import time
from argparse import Namespace
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from locust.env import Environment

from pwdload.accounts.intake import take_in
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.ledgered import LedgerAccounts, made_up_entries
from pwdload.accounts.listing import WARNING
from pwdload.accounts.ready import ledger_directory
from pwdload.accounts.source import MadeUpAccounts, made_up_accounts, read_accounts_csv
from pwdload.api import answering
from pwdload.api.confirmation import check_confirmed, terminal
from pwdload.api.connections import Connections, keys_without_use, settled, spoken_to_directly
from pwdload.api.http import Address
from pwdload.api.permission import check_host_allowed, with_allowed
from pwdload.api.tenant import CLIENT_ID_VARIABLE, CLIENT_SECRET_VARIABLE, Credentials
from pwdload.cases.catalogue import CASES, scenario_weights
from pwdload.cases.probes import LOCKOUT
from pwdload.cases.steps import Case, OutliveToken
from pwdload.devices import device_population
from pwdload.errors import UsageError
from pwdload.faults.processes.standin import StandinProcess
from pwdload.harness.keeper import Keeper
from pwdload.harness.options import adopt_secret_of, chosen_scenario
from pwdload.harness.progress import say
from pwdload.passwords import PasswordBook, password_policy, run_secret
from pwdload.scenario import Scenario
from pwdload.secrecy import given

_PROBE_WITHIN_S = 5.0
_STANDIN_TOKEN_LIFE_S = 5.0
"""What the embedded stand-in gets where the scenario states nothing: short, so that a token can expire in any run."""

_WARNED_DAYS = 7.0
"""Validity and warning time of a stand-in on which every password is about to expire, from its first moment."""

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
    keeper: Keeper
    """Of the accounts' ledger."""
    addresses: tuple[str, ...] = ()
    """What is behind the target's name, or that of the proxy before it; empty where nobody has looked."""
    accounts_file: Path | None = None
    """Where passwords are listed that cannot be derived; null where all can."""
    key_file: Path | None = None
    """Where the run secret is kept, if the environment does not give it."""
    standin: StandinProcess | None = None
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
    warned_share = 1.0 if scenario.accounts.reuse == "warn" else needing / sum(weights.values())
    source = made_up_accounts(scenario.accounts.count, warned_share)
    book = PasswordBook(run_secret(), password_policy(scenario))
    standin = StandinProcess.start(source.seed_csv(book), _standin_settings(scenario, life_s))
    return Preparation(
        scenario=scenario,
        weights=weights,
        target=standin.url,
        state_token_life_s=life_s,
        keeper=Keeper(_made_up(source), scenario, standin.url),
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
    if scenario.accounts.reuse == "warn":
        agreed |= {"password_validity_days": _WARNED_DAYS, "password_warning_days": _WARNED_DAYS}
    if policy.max_repeats is not None:
        agreed["password_repeats_max"] = policy.max_repeats
    return {**agreed, **scenario.standin}


def _with_target(host: str, scenario: Scenario, options: Namespace) -> Preparation:
    address = Address.parse(host)
    scenario = scenario.model_copy(update={"target": with_allowed(scenario.target, options.allow_host)})
    check_host_allowed(address.host, scenario.target.allow)
    check_confirmed(address.host, options.yes_this_is, terminal())
    path = Path(options.accounts) if options.accounts else scenario.accounts.source
    if path is None:
        raise UsageError(
            f"--host {host}: no test accounts for it; name a CSV of them, or a ledger (pwdload accounts create), with "
            "--accounts or in [accounts] source"
        )
    directory = ledger_directory(path, scenario.accounts.ledger)
    listed_in = None if path.is_dir() else path
    unused = keys_without_use(scenario.target, directly=False) if address.scheme == "http" else ()
    if unused:
        raise UsageError(
            f"--host {host}: plain HTTP, so that [target] {unused[0]} has no use; give https:// or remove it"
        )
    scenario = scenario.model_copy(update={"target": settled(scenario.target, os.environ)})
    if scenario.accounts.reuse == "rearm":
        Credentials.from_environment(os.environ)
    key_file = adopt_secret_of(directory)
    keeper = Keeper(_open_ledger(directory, listed_in, host, scenario), scenario, host, shown=str(directory))
    if keeper.doubts:
        check_answers(host, scenario)
        keeper.settle_first(say)
    weights, notes = _playable(scenario, keeper.accounts)
    if scenario.target.proxy is not None:
        notes += (f"All requests went through the proxy {scenario.target.proxy}.",)
    return Preparation(
        scenario=scenario,
        weights=weights,
        target=host,
        state_token_life_s=scenario.target.state_token_life_s or 0.0,
        keeper=keeper,
        accounts_file=listed_in,
        key_file=key_file,
        notes=notes,
    )


def _made_up(source: MadeUpAccounts) -> LedgerAccounts:
    """Return the accounts of the embedded stand-in, in a ledger that goes with this process as they do."""
    folder = tempfile.TemporaryDirectory(prefix="pwdload-ledger-")
    atexit.register(folder.cleanup)
    ledger = Ledger.open(Path(folder.name) / "ledger", create=True)
    ledger.add(made_up_entries(source))
    return LedgerAccounts(ledger)


def _open_ledger(directory: Path, listed_in: Path | None, host: str, scenario: Scenario) -> LedgerAccounts:
    """Open the ledger of a target's accounts, and take in those of a list that it does not know yet.

    Raises:
        AccountsError: it is in use, it belongs to another host or secret, or it or the list cannot be read.
    """
    listed = read_accounts_csv(listed_in) if listed_in is not None else None
    book = PasswordBook(run_secret(), password_policy(scenario))
    ledger = Ledger.open(directory, secret_digest=book.digest, create=listed is not None)
    for damage in ledger.damages:
        log.error(damage)
    ledger.bind_host(host)
    if listed is not None and listed_in is not None:
        take_in(ledger, listed, listed_in)
    elif ledger.meta.source:  # it was imported: passwords that were never changed are in that list only
        listed = read_accounts_csv(Path(ledger.meta.source))
    return LedgerAccounts(ledger, listed)


def _playable(scenario: Scenario, accounts: LedgerAccounts | None) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the weights of the cases that the accounts and the target allow, and what was left out.

    `accounts` is null for the stand-in, whose accounts are made to fit. A case that the scenario names and that cannot
    be played is refused; one that came with a group or with the default mix is left out, and the report says so.
    """
    weights = scenario_weights(scenario, is_standin=accounts is None)
    lacking = {name: lack for name in weights if (lack := _lack(name, scenario, accounts))}
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


def _lack(name: str, scenario: Scenario, accounts: LedgerAccounts | None) -> str:
    """Return what a case needs and does not have, with the remedy; empty when it can be played."""
    case = CASES[name]
    if case.needs_tenant and scenario.target.tenant_id is None:
        return "it needs an ISV application; state [target] tenant_id"
    if case.needs_expired and scenario.accounts.reuse == "warn":
        return 'its accounts must have expired, and reuse = "warn" keeps them in the time of warning'
    if lack := _lacking_budget(case, scenario, is_standin=accounts is None):
        return lack
    if accounts is None:
        return ""
    if case.needs_tenant_api and not all(
        given(name, os.environ) for name in (CLIENT_ID_VARIABLE, CLIENT_SECRET_VARIABLE)
    ):
        return f"it needs the tenant API; set {CLIENT_ID_VARIABLE} and {CLIENT_SECRET_VARIABLE} in the environment"
    state = WARNING if scenario.accounts.reuse == "warn" else case.needs
    if not accounts.sizes.get(state):
        return f"it needs accounts in state {state}, and none is ready; list some, or arm some (pwdload accounts arm)"
    if case.needs_history and not accounts.all_have_history:
        return "it needs to know an earlier password; list previous_password for every account"
    waits = any(isinstance(step, OutliveToken) for step in case.steps)
    if waits and scenario.target.state_token_life_s is None:
        return "nobody knows how long this target's state_token lives; state [target] state_token_life"
    return ""


def _lacking_budget(case: Case, scenario: Scenario, *, is_standin: bool) -> str:
    """Return why a case may not be played for the wrong passwords that it tries; empty when it may."""
    threshold = scenario.lockout_threshold_of(is_standin=is_standin)
    if case.name == LOCKOUT and not threshold:
        return "this target never locks an account; set [standin] lockout_threshold"
    tried = threshold if case.name == LOCKOUT else case.wrong_passwords
    allowed = scenario.oracle.wrong_passwords_max
    if tried <= allowed:
        return ""
    return f"it tries {tried} wrong passwords in a row, and {allowed} may be; raise [oracle] wrong_passwords_max"


def keep_target(environment: Environment, target: str) -> None:
    """Undo what the web UI's form did to the host: accounts and permission belong to the one settled before."""
    if environment.host != target:
        log.warning("Host %s of the form is not used: this process drives %s", environment.host, target)
        environment.host = target


def check_answers(host: str, scenario: Scenario) -> tuple[str, ...]:
    """Make sure that something answers HTTP at the target, with one harmless request (the server's date).

    It goes the way of all others: through the proxy, with the same trust and certificate. Returns the addresses that
    are behind the name of the target, or of the proxy before it.

    Raises:
        UsageError: one of the addresses is not allowed; nothing was sent.
        TargetError: nothing does.
    """
    connections = Connections(
        scenario.target,
        host,
        clock=time.perf_counter,
        environment=os.environ,
        chance=random.Random(scenario.seed),  # noqa: S311
        timeout_s=_PROBE_WITHIN_S,
    )
    with suppress(OSError):  # told below, with its remedy
        connections.addresses()
    answering.check_answers(connections, host, device_population(scenario).device(0), scenario.target.tenant_id)
    return tuple(sorted(connections.addresses()))
