"""What the process in charge settles of a run before it begins: its plan, and how fast its load may become."""

import secrets
from pathlib import Path

from locust.env import Environment

from pwdload.api.connections import Via
from pwdload.clock import clock_name, network_name
from pwdload.harness.classes import tasks_of
from pwdload.harness.options import options_of, secret_digest
from pwdload.harness.plan import Plan, file_digest
from pwdload.harness.preparation import Preparation
from pwdload.rundir import ArrivalPlan, StageRecord
from pwdload.scenario import Scenario
from pwdload.searching import peak_per_s, settings_of
from pwdload.units import format_duration


def make_plan(
    environment: Environment,
    prepared: Preparation,
    stages: tuple[StageRecord, ...],
    arrivals: ArrivalPlan | None,
    *,
    directory: Path | None,
    processes: int,
    via: Via | None,
) -> Plan:
    """Return the plan of a run, as all its processes see it; `directory` is null where nothing is to be kept."""
    listed, keeper = prepared.accounts_file, prepared.keeper
    mix, players = tasks_of(environment.user_classes, prepared.weights)
    return Plan(
        scenario=prepared.scenario,
        target=prepared.target,
        weights=prepared.weights,
        state_token_life_s=prepared.state_token_life_s,
        secret_digest=secret_digest(),
        clock=clock_name(),
        network=network_name(),
        stages=stages,
        run_directory=str(directory.resolve()) if directory is not None else "",
        run_id=secrets.token_hex(8),
        is_standin=prepared.standin is not None,
        processes=processes,
        ledger_id=keeper.ledger.meta.ledger_id,
        ledger_run=keeper.run,
        journals=str(keeper.ledger.journal_directory.resolve()),
        addresses=prepared.addresses,
        via=via,
        key_file=str(prepared.key_file.resolve()) if prepared.key_file is not None else "",
        accounts_file=str(listed.resolve()) if listed is not None else "",
        accounts_digest=file_digest(listed) if listed is not None else "",
        arrivals=arrivals,
        budget_s=options_of(environment).run_time,
        mix=mix,
        players=players,
    )


def highest_rate(scenario: Scenario, arrivals: ArrivalPlan | None) -> float | None:
    """Return the highest rate of open arrivals that a run may come to; null in the closed model."""
    if arrivals is None:
        return None
    planned_per_s = max(max(piece.from_per_s, piece.to_per_s) for piece in arrivals.pieces)
    if scenario.search is None:
        return planned_per_s
    return max(planned_per_s, peak_per_s(settings_of(scenario.search)))


def length_words(scenario: Scenario, length_s: float | None) -> str:
    """Return how long a run will be, for people; `length_s` is null where that is up to them."""
    if scenario.search is not None:
        return f"a search for capacity, at most {format_duration(scenario.search.budget_s)}"
    return f"{format_duration(length_s)} of load" if length_s is not None else "load until it is stopped"


def most_users(environment: Environment, scenario: Scenario, arrivals: ArrivalPlan | None) -> int:
    """Return how many Locust users were asked for at most."""
    if arrivals is not None:
        return arrivals.slots
    staged = scenario.users_max if environment.shape_class is not None else None
    return staged or (environment.runner.target_user_count if environment.runner is not None else 0)
