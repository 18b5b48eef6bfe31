"""The scenario format and the schedule, which know nothing of one another, agree."""

from collections import Counter
from itertools import islice
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scenario.support import EVERY_OPEN_KEY, parse

from pwdload.cases.catalogue import CASES, DEFAULT_MIX, GROUPS, case_weights
from pwdload.pacing import Mix, RatePlan, Schedule
from pwdload.scenario import Scenario, load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
OPEN = ("morning_rush", "mass_expiry", "spike", "breakpoint")
SECONDS = st.integers(10**6, 10**12).map(lambda nanoseconds: f"{nanoseconds / 1e6:.6f}ms")
PER_S = st.integers(0, 10**4).map(lambda rate: f"{rate / 10}/s")


def scenario_of(name: str) -> Scenario:
    return load_scenario(SCENARIOS / f"{name}.toml", case_names=CASES, group_names=GROUPS)


def schedule_of(scenario: Scenario) -> Schedule:
    load = scenario.load
    return Schedule(plan=RatePlan.of(load.rates), arrivals=load.arrivals, seed=scenario.seed)


@pytest.mark.parametrize("name", OPEN)
def test_the_projects_scenarios_can_be_scheduled(name: str) -> None:
    """Every stage gets the arrivals that `pwdload plan` announces, within what Poisson arrivals vary."""
    scenario = scenario_of(name)
    schedule = schedule_of(scenario)
    assert schedule.plan.end_s == scenario.duration_s
    counts = Counter(arrival.stage for arrival in schedule)
    for stage, expected in schedule.plan.expected_by_stage().items():
        assert expected == pytest.approx(sum(piece.arrivals for piece in scenario.load.rates if piece.stage == stage))
        assert abs(counts[stage] - expected) <= 4 * sqrt(expected)


@pytest.mark.parametrize("name", OPEN)
def test_the_projects_scenarios_have_accounts_enough(name: str) -> None:
    """A scenario that cannot be played to its end is no example: each arrival may use an account up, some a second."""
    scenario = scenario_of(name)
    assert scenario.accounts.count >= 1.2 * RatePlan.of(scenario.load.rates).expected_total


@given(st.lists(st.tuples(SECONDS, PER_S, PER_S, st.integers(0, 40)), min_size=1, max_size=6))
def test_any_stages_become_a_plan_without_a_gap(stages: list[tuple[str, str, str, int]]) -> None:
    """Whatever the lengths, rounding opens no gap between stages, nor between the steps of one."""
    tables = "".join(
        f"[[load.stages]]\nname = 's{n}'\nfor = '{length}'\n"
        f"rate = {{ from = '{start}', to = '{end}'{f', steps = {steps}' if steps > 1 else ''} }}\n"
        for n, (length, start, end, steps) in enumerate(stages)
    )
    always = "[[load.stages]]\nname = 'last'\nfor = '1s'\nrate = '1/s'\n"
    scenario = parse(f"title = 'x'\n[load]\nmodel = 'open'\n{tables}{always}")
    plan = RatePlan.of(scenario.load.rates)
    starts_s = {stage.name: stage.start_s for stage in scenario.stages}
    first_s = {segment.stage: segment.start_s for segment in reversed(plan.segments)}
    assert (first_s, plan.end_s) == (starts_s, scenario.duration_s)


def test_an_arrival_is_in_the_stage_that_the_scenario_has_at_its_time() -> None:
    """A sample's stage is the same whether it is found by the arrival or by the clock."""
    scenario = parse(EVERY_OPEN_KEY)
    for arrival in schedule_of(scenario):
        stage = scenario.stage_at(arrival.due_s)
        assert stage is not None
        assert stage.name == arrival.stage


def test_a_mix_is_drawn_as_the_catalogue_weighs_it() -> None:
    """The default mix can be drawn by the number of an arrival."""
    weights = case_weights(DEFAULT_MIX)
    mix = Mix(weights, 1)
    assert set(map(mix.case, range(20_000))) <= set(weights)
    assert len(set(islice(map(mix.case, range(20_000)), 20_000))) > 30
