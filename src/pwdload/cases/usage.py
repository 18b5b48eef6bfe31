"""How many accounts a scenario uses up, by the cases that it plays."""

from collections.abc import Mapping, Sequence

from pwdload.accounts.listing import EXPIRED
from pwdload.accounts.need import Need, as_bounds, bounded_needs, open_needs
from pwdload.cases.catalogue import adapted_cases
from pwdload.cases.expectation import Refuse
from pwdload.cases.steps import Case, Race, Update
from pwdload.pacing import RatePlan
from pwdload.scenario import Scenario

Piece = tuple[str, float, float, float, float]
"""Stage, start_s, end_s, from_per_s and to_per_s of a piece of the plan of arrivals."""


def uses_accounts_up(case: Case) -> bool:
    """Whether the accounts of a flow can serve no other one: a change is to be, or may be, accepted in it."""
    return any(isinstance(step, (Update, Race)) and not isinstance(step.expect, Refuse) for step in case.steps)


def used_up_per_flow(weights: Mapping[str, float], cases: Mapping[str, Case]) -> dict[str, float]:
    """Return how many accounts of each state a flow of a mix uses up on average.

    Args:
        weights: of every case that is played.
        cases: as the target must answer them (`adapted_cases`); the second account of a case counts too.
    """
    total = sum(weights.values())
    used: dict[str, float] = {}
    for name, weight in weights.items():
        case = cases[name]
        for state in case.states if uses_accounts_up(case) else ():
            used[state.value] = used.get(state.value, 0.0) + weight / total
    return used


def needs_of_arrivals(
    scenario: Scenario,
    weights: Mapping[str, float],
    stock: Mapping[str, int],
    pieces: Sequence[Piece],
    *,
    is_standin: bool,
) -> tuple[Need, ...]:
    """Return what the open arrivals of a scenario need of its accounts, by state; nothing where none is used up.

    Args:
        scenario: says what becomes of an account that was used.
        weights: of every case that is played.
        stock: accounts that are ready, by state.
        pieces: when flows begin, and how fast; of a search the most that it can come to (`most_pieces`).
        is_standin: whether the embedded stand-in is the target.
    """
    if scenario.accounts.reuse == "warn":
        return ()
    use = used_up_per_flow(weights, adapted_cases(scenario, is_standin=is_standin))
    # Whatever state it was in: an account that was put back is asked for a change at its next login.
    returned = {EXPIRED: scenario.accounts.rearm_rate_per_s} if scenario.accounts.reuse == "rearm" else {}
    needs = open_needs(RatePlan.of(pieces), use, stock, returned)
    return needs if scenario.search is None else as_bounds(needs)


def needs_of_users(
    scenario: Scenario, weights: Mapping[str, float], stock: Mapping[str, int], flows_max: float, *, is_standin: bool
) -> tuple[Need, ...]:
    """Return what so many flows of a closed model need at most, by state: they are not made unless users come to them.

    What re-arming gives back meanwhile is left out: the bound holds without it.
    """
    if scenario.accounts.reuse == "warn":
        return ()
    use = used_up_per_flow(weights, adapted_cases(scenario, is_standin=is_standin))
    return bounded_needs(flows_max, use, stock)
