"""What a scenario would run, in plain text: for `pwdload plan`, and to be read before anything is sent."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from pwdload.scenario.demand import demand_lines
from pwdload.scenario.metrics import metrics_lines
from pwdload.scenario.model import Scenario
from pwdload.scenario.plan_faults import criteria, fault_rows, retries, steady_state
from pwdload.scenario.plan_table import table
from pwdload.scenario.stages import Stage
from pwdload.scenario.tables import Target
from pwdload.units import format_count, format_duration, format_rate, format_share

_Name = TypeVar("_Name", bound=str)

_WIDTH = 100
_LABEL_WIDTH = 10
_PHASES = {"connect": "connect at most", "tls": "TLS handshake", "first_byte": "first byte of an answer"}
_REUSE = {
    "once": "each changed once",
    "warn": "each changed again and again while its password is about to expire",
    "rearm": "each put back after its change, by the tenant API,",
}
_BY_SEARCH = "the levels of the search: each follows from those before"
_BY_HAND = "as -u, -r and -t say: the scenario has no stages"


def describe(
    scenario: Scenario, weights: Mapping[str, float], needs: Sequence[str] = (), asked: Sequence[str] = ()
) -> str:
    """Return the plan of a scenario: what it puts under load, how, for how long, and what it sends.

    `weights` are those of the single cases, groups already shared out; what weighs 0 is left out. `needs` says in
    lines what that takes of the accounts, `asked` the criteria that are not of resilience. The text ends without a line
    break.
    """
    parts = [_heading(scenario), _facts(scenario, needs, asked), _stages(scenario), _mix(weights)]
    if scenario.faults:
        parts.insert(3, iter(["Faults", *table(fault_rows(scenario), texts=(0, 1, 4, 5))]))
    return "\n\n".join("\n".join(part) for part in parts)


def _heading(scenario: Scenario) -> Iterator[str]:
    yield f"{scenario.title} ({scenario.name})"
    for paragraph in scenario.description.strip().split("\n\n"):
        if paragraph.strip():
            yield ""
        yield from textwrap.wrap(paragraph, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _facts(scenario: Scenario, needs: Sequence[str], asked: Sequence[str]) -> Iterator[str]:
    facts = {
        "Target": _target(scenario),
        "Accounts": [*_accounts(scenario), *needs],
        "Passwords": _passwords(scenario),
        "Load": _load(scenario),
        "Search": scenario.search.words if scenario.search is not None else (),
        "Devices": [f"{_shares(scenario.devices.shares)}; languages {_shares(scenario.devices.languages)}"],
        "Expected": _expected(scenario),
        "Probes": _probes(scenario),
        "Retries": retries(scenario),
        "Steady": steady_state(scenario),
        "Criteria": [*criteria(scenario), *asked],
        "Metrics": metrics_lines(scenario.target.metrics),
        "Forecast": demand_lines(scenario.forecast),
        "Stand-in": [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in scenario.standin.items()],
    }
    for label, lines in facts.items():
        for index, line in enumerate(lines):
            yield f"{label if index == 0 else '':<{_LABEL_WIDTH}}{line}"


def _target(scenario: Scenario) -> Iterator[str]:
    target, life_s = scenario.target, scenario.target.state_token_life_s
    yield target.host or "the embedded stand-in, unless --host names another"
    if target.host and not _is_allowed(target.host, target.allow):
        yield "refused until [target] allow or --allow-host names that host"
    if target.allow:
        yield f"may be put under load besides loopback: {', '.join(target.allow)}"
    if target.rate_max_per_s is not None:
        yield f"may be sent {format_rate(target.rate_max_per_s)} requests at most"
    yield f"client id {target.client_id}" + (f", tenant id {target.tenant_id}" if target.tenant_id else "")
    yield (
        f"one exchange may take {format_duration(target.timeout_s)}, "
        + (f"a state_token lives {format_duration(life_s)}" if life_s else "how long a state_token lives is not stated")
    )
    yield from _connecting(target)


def _connecting(target: Target) -> Iterator[str]:
    """Yield what is not as it is by default with the connections."""
    if target.phase_timeouts.stated:
        yield ", ".join(
            f"{_PHASES[name]} {format_duration(limit_s)}" for name, limit_s in target.phase_timeouts.stated.items()
        )
    if target.proxy:
        yield f"through the proxy {target.proxy}"
    per_flow, returning = target.connections == "per_flow", target.returning_share
    if per_flow or returning:
        clients = "a connection for each flow" if per_flow else "a connection for each user"
        yield clients + (f", {format_share(returning)} of them with an earlier TLS session" if returning else "")
    facts = {"trusts": target.ca_file, "shows": target.client_certificate, "asks for": target.server_name}
    tls = ", ".join(f"{verb} {what}" for verb, what in facts.items() if what)
    if tls:
        yield f"TLS {tls}"


def _is_allowed(url: str, allow: Sequence[str]) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {*allow, "localhost", "::1"} or host.startswith("127.")


def _accounts(scenario: Scenario) -> Iterator[str]:
    accounts, elsewhere = scenario.accounts, scenario.target.host is not None
    if not elsewhere:
        yield f"{format_count(accounts.count)} made up for the embedded stand-in"
    if accounts.source:
        kept = f", their ledger {accounts.ledger}" if accounts.ledger else ""
        yield f"listed in {accounts.source}{kept}{'' if elsewhere else ', for a target that --host names'}"
    elif elsewhere:
        yield "none listed: name a CSV or a ledger in [accounts] source or with --accounts"
    yield _REUSE[accounts.reuse] + (f" at {format_rate(accounts.rearm_rate_per_s)}" * (accounts.reuse == "rearm"))


def _passwords(scenario: Scenario) -> Iterator[str]:
    policy = scenario.password_policy
    repeats = f", one character at most {policy.max_repeats} times" if policy.max_repeats else ""
    yield f"{policy.min_length} to {policy.max_length} characters, {policy.classes} of 4 classes{repeats}"


def _load(scenario: Scenario) -> Iterator[str]:
    if scenario.load.model == "open":
        yield from _open_load(scenario)
        return
    think = scenario.load.think_time
    waits = format_duration(think.min_s)
    if think.max_s != think.min_s:
        waits += f" to {format_duration(think.max_s)}"
    yield f"closed model, think time {waits}, seed {scenario.seed}"
    if scenario.flows_max is not None:
        yield f"at most about {format_count(round(scenario.flows_max))} flows, reached if the target answered at once"


def _open_load(scenario: Scenario) -> Iterator[str]:
    load = scenario.load
    yield f"open model, {load.arrivals} arrivals, seed {scenario.seed}"
    yield (
        f"at most {format_count(load.max_in_flight)} flows in flight, {format_count(load.queue_limit)} more may wait; "
        "any beyond are dropped"
    )


def _expected(scenario: Scenario) -> Iterator[str]:
    for case, expect in scenario.expect.items():
        yield f"{case}: HTTP {_either(map(str, expect.http_status)) or 400}, {_either(expect.error_code) or 'any code'}"


def _probes(scenario: Scenario) -> Iterator[str]:
    target, stated = scenario.target, scenario.oracle.probes
    is_standin = target.host is None and scenario.accounts.source is None
    if share := scenario.oracle.probes_of(is_standin=is_standin):
        only_there = ", against the embedded stand-in only" if stated is None else ""
        yield f"{format_share(share)} of all flows, on top of the mix{only_there}"
    elif is_standin:
        yield "none"


def _either(words: Sequence[str] | Iterator[str]) -> str:
    return " or ".join(words)


def _shares(weights: Mapping[_Name, float]) -> str:
    total = sum(weights.values())
    return ", ".join(f"{name} {format_share(weight / total)}" for name, weight in weights.items() if weight)


def _stages(scenario: Scenario) -> Iterator[str]:
    if not scenario.stages:
        yield f"Stages    {_BY_HAND if scenario.search is None else _BY_SEARCH}"
        return
    yield "Stages"
    yield from _open_stages(scenario) if scenario.load.model == "open" else _closed_stages(scenario)


def _open_stages(scenario: Scenario) -> Iterator[str]:
    pieces = scenario.load.rates
    arrivals = dict.fromkeys((piece.stage for piece in pieces), 0.0)
    for piece in pieces:
        arrivals[piece.stage] += piece.arrivals
    rows = [
        (
            stage.name,
            format_duration(stage.start_s),
            format_duration(stage.for_s),
            table.rate.words if table.rate else "-",
            format_count(round(arrivals[stage.name])),
            "yes" if stage.measured else "no",
        )
        for stage, table in zip(scenario.stages, scenario.load.stages, strict=True)
    ]
    yield from table([("name", "start", "for", "rate", "arrivals", "measured"), *rows])
    total = f"{'about ' if scenario.load.arrivals == 'poisson' else ''}{format_count(round(sum(arrivals.values())))}"
    fastest_per_s = max(max(piece.from_per_s, piece.to_per_s) for piece in pieces)
    yield (
        f"  in all {format_duration(scenario.duration_s or 0)}, {total} arrivals, at most {format_rate(fastest_per_s)}"
    )


def _closed_stages(scenario: Scenario) -> Iterator[str]:
    header = ("name", "start", "for", "users", "spawn rate", "ramp", "measured")
    yield from table([header, *map(_stage_row, scenario.stages)])
    yield f"  in all {format_duration(scenario.duration_s or 0)}, at most {format_count(scenario.users_max or 0)} users"


def _stage_row(stage: Stage) -> tuple[str, ...]:
    return (
        stage.name,
        format_duration(stage.start_s),
        format_duration(stage.for_s),
        format_count(stage.users),
        *(_ramp(stage) if stage.users != stage.users_before else ("-", "-")),
        "yes" if stage.measured else "no",
    )


def _ramp(stage: Stage) -> tuple[str, str]:
    return format_rate(stage.spawn_rate_per_s), format_duration(stage.ramp_s)


def _mix(weights: Mapping[str, float]) -> Iterator[str]:
    total = sum(weights.values())
    playing = sorted((pair for pair in weights.items() if pair[1] > 0), key=lambda pair: -pair[1])
    yield "Mix"
    yield from table([("case", "share"), *((name, format_share(weight / total)) for name, weight in playing)])
