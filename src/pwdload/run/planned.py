"""What `pwdload plan --json` says: a scenario's plan as plain values."""

from collections.abc import Mapping

from pwdload.cases.catalogue import scenario_weights
from pwdload.run.judgeable import criteria_lines
from pwdload.run.needs import is_for_standin, need_lines
from pwdload.scenario import Scenario
from pwdload.scenario.plan_faults import fault_rows


def plan_data(scenario: Scenario) -> dict[str, object]:
    """Return what a scenario would run: times in seconds, rates per second, shares from 0 to 1.

    `accounts` and `criteria` are the sentences that `pwdload plan` prints of them.
    """
    weights = scenario_weights(scenario, is_standin=is_for_standin(scenario))
    header, *rows = fault_rows(scenario) if scenario.faults else [()]
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "target": scenario.target.host,
        "allow": list(scenario.target.allow),
        "model": scenario.load.model,
        "seed": scenario.seed,
        "duration_s": scenario.duration_s,
        "users_max": scenario.users_max,
        "stages": _stages(scenario),
        "mix": _shares(weights),
        "accounts": need_lines(scenario, weights),
        "criteria": [*criteria_lines(scenario, weights)],
        "faults": [dict(zip(header, row, strict=True)) for row in rows],
    }


def _stages(scenario: Scenario) -> list[dict[str, object]]:
    rates: dict[str, list[float]] = {}
    for piece in scenario.load.rates:
        rates.setdefault(piece.stage, []).extend((piece.from_per_s, piece.to_per_s))
    return [
        {
            "name": stage.name,
            "start_s": stage.start_s,
            "for_s": stage.for_s,
            "users": stage.users,
            "rate_max_per_s": max(rates[stage.name]) if stage.name in rates else None,
            "measured": stage.measured,
        }
        for stage in scenario.stages
    ]


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in sorted(weights.items()) if weight}
