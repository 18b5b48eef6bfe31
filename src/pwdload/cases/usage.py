"""How many accounts a mix of cases uses up."""

from collections.abc import Mapping

from pwdload.cases.expectation import Accept
from pwdload.cases.steps import Case, Update


def uses_accounts_up(case: Case) -> bool:
    """Whether the accounts of a flow can serve no other one: a change is to be accepted in it."""
    return any(isinstance(step, Update) and isinstance(step.expect, Accept) for step in case.steps)


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
