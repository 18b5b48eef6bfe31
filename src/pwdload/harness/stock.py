"""Whether a run has the accounts that it needs: settled before anything is sent."""

from argparse import Namespace
from collections.abc import Mapping

from pwdload.accounts.need import Need
from pwdload.cases.catalogue import CASES
from pwdload.cases.usage import needs_of_arrivals, needs_of_users
from pwdload.errors import AccountsError
from pwdload.harness.options import users_are_set_by_hand
from pwdload.rundir import ArrivalPlan
from pwdload.scenario import Scenario


def check_stock(
    scenario: Scenario,
    mix: Mapping[str, float],
    stock: Mapping[str, int],
    arrivals: ArrivalPlan | None,
    options: Namespace,
    *,
    is_standin: bool,
) -> tuple[str, ...]:
    """Hold what a run needs against its accounts; return what the person at the screen should know, line by line.

    Args:
        scenario: what is to be run.
        mix: weight of every task that the chosen user classes have; tasks that are no cases use nothing up.
        stock: accounts that are ready, by state.
        arrivals: of the open model; null in the closed one, of which only a bound is known.
        options: Locust's.
        is_standin: whether the embedded stand-in is the target.

    Raises:
        AccountsError: open arrivals need more than there are.
    """
    weights = _played(mix, options)
    if not weights:
        return ()
    if arrivals is not None:
        needs = needs_of_arrivals(scenario, weights, stock, arrivals.pieces, is_standin=is_standin)
        _refuse([need for need in needs if need.is_short], is_standin)
        return tuple(f"Accounts in state {need.state}: {need}." for need in needs if need.is_tight)
    flows_max = _flows_max(scenario, options)
    needs = needs_of_users(scenario, weights, stock, flows_max, is_standin=is_standin) if flows_max else ()
    return tuple(
        f"Accounts in state {need.state}: {need}; the run ends as INVALID if they run dry."
        for need in needs
        if need.needed > need.stock
    )


def _refuse(short: list[Need], is_standin: bool) -> None:
    more = "raise [accounts] count" if is_standin else "give the run more (pwdload accounts create, or a longer list)"
    lines = [
        f"accounts in state {need.state}: {need}; {more}, or let it use up fewer: [mix], [accounts] reuse, -t"
        for need in short
    ]
    if lines:
        raise AccountsError("\n".join(lines))


def _played(mix: Mapping[str, float], options: Namespace) -> dict[str, float]:
    """Return the weights of the cases that are played, as far as --tags and --exclude-tags let them."""
    wanted, unwanted = set(options.tags or ()), set(options.exclude_tags or ())
    tags = {name: {name, CASES[name].group} for name in mix if name in CASES}
    return {
        name: mix[name]
        for name, own in tags.items()
        if mix[name] and (not wanted or own & wanted) and not own & unwanted
    }


def _flows_max(scenario: Scenario, options: Namespace) -> float | None:
    """Return at most how many flows the users of a closed model come to; null where nothing bounds them."""
    if scenario.stages and not users_are_set_by_hand(options):
        return scenario.flows_max
    think = scenario.load.think_time
    mean_s = (think.min_s + think.max_s) / 2
    if not (mean_s and options.run_time):
        return None
    return float((options.num_users or 1) * (1 + options.run_time / mean_s))
