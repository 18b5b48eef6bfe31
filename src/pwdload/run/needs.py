"""What a scenario takes of its accounts, for `pwdload plan`: read from the list or the ledger that it names."""

from collections.abc import Mapping

from pwdload.accounts.need import Need
from pwdload.accounts.ready import ready_accounts
from pwdload.accounts.source import made_up_accounts
from pwdload.cases.catalogue import CASES
from pwdload.cases.steps import AccountState
from pwdload.cases.usage import needs_of_arrivals, needs_of_users
from pwdload.errors import AccountsError
from pwdload.scenario import Scenario
from pwdload.searching import planned_at_most


def is_for_standin(scenario: Scenario) -> bool:
    """Whether the embedded stand-in is what a scenario plays against, unless --host names another target."""
    return scenario.target.host is None and scenario.accounts.source is None


def need_lines(scenario: Scenario, weights: Mapping[str, float]) -> list[str]:
    """Return need against stock in words, one line for each state that is used up; says so where it is not known."""
    try:
        needs = needs_of(scenario, weights)
    except AccountsError as error:
        first, *more = str(error).splitlines()
        return [f"how many are ready is not known: {first}{' ...' if more else ''}"]
    return [f"state {need.state}: {need}" for need in needs or ()]


def needs_of(scenario: Scenario, weights: Mapping[str, float]) -> tuple[Need, ...] | None:
    """Return need against stock by state; nothing where none is used up, null where the scenario names no accounts.

    Raises:
        AccountsError: they cannot be read.
    """
    stock = _stock(scenario, weights)
    if stock is None:
        return None
    is_standin = is_for_standin(scenario)
    if scenario.load.model == "open":
        return needs_of_arrivals(scenario, weights, stock, planned_at_most(scenario), is_standin=is_standin)
    if scenario.flows_max is not None:
        return needs_of_users(scenario, weights, stock, scenario.flows_max, is_standin=is_standin)
    return ()


def _stock(scenario: Scenario, weights: Mapping[str, float]) -> Mapping[str, int] | None:
    """Return how many accounts are ready by state; null where the scenario names none.

    Raises:
        AccountsError: they cannot be read.
    """
    accounts = scenario.accounts
    if accounts.source is not None:
        return ready_accounts(accounts.source, accounts.ledger)
    if scenario.target.host is not None:
        return None
    warned = sum(weight for name, weight in weights.items() if CASES[name].needs is AccountState.WARNING)
    return made_up_accounts(accounts.count, warned / sum(weights.values())).sizes
