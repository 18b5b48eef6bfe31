"""Whether a run has the accounts that it needs: settled before anything is sent."""

from argparse import Namespace
from collections.abc import Iterable, Mapping

from locust.env import Environment

from pwdload.accounts.need import Need
from pwdload.cases.catalogue import CASES
from pwdload.cases.ceiling import peak_of_users, rate_refusal
from pwdload.cases.usage import needs_of_arrivals, needs_of_users
from pwdload.errors import AccountsError, UsageError
from pwdload.harness.classes import tasks_of
from pwdload.harness.options import options_of, users_are_set_by_hand
from pwdload.harness.planning import highest_rate
from pwdload.harness.preparation import Preparation
from pwdload.harness.progress import say
from pwdload.rundir import ArrivalPlan
from pwdload.scenario import Scenario
from pwdload.searching import planned_at_most


def say_stock(environment: Environment, prepared: Preparation, arrivals: ArrivalPlan | None) -> None:
    """Hold what a run needs against its accounts, before anything is sent, and say what should be known of that.

    Raises:
        AccountsError: open arrivals need more than there are.
        UsageError: the plan is faster than the target may be put under load.
    """
    mix, _ = tasks_of(environment.user_classes, prepared.weights)
    options, is_standin = options_of(environment), prepared.standin is not None
    check_rate(prepared.scenario, mix, arrivals, options, prepared.target)
    stock = prepared.keeper.accounts.sizes
    for line in check_stock(prepared.scenario, mix, stock, arrivals, options, is_standin=is_standin):
        say(line)


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
        pieces = arrivals.pieces if scenario.search is None else planned_at_most(scenario, options.run_time)
        needs = needs_of_arrivals(scenario, weights, stock, pieces, is_standin=is_standin)
        _refuse([need for need in needs if need.is_short], is_standin)
        return (*_maybe_short(needs), *(f"Accounts in state {one.state}: {one}." for one in needs if one.is_tight))
    flows_max = _flows_max(scenario, options)
    needs = needs_of_users(scenario, weights, stock, flows_max, is_standin=is_standin) if flows_max else ()
    return _maybe_short(needs)


def _maybe_short(needs: Iterable[Need]) -> tuple[str, ...]:
    return tuple(
        f"Accounts in state {need.state}: {need}; the run ends as INVALID if they run dry."
        for need in needs
        if need.is_bound and need.needed > need.stock
    )


def check_rate(
    scenario: Scenario, mix: Mapping[str, float], arrivals: ArrivalPlan | None, options: Namespace, target: str
) -> None:
    """Refuse a plan that is faster than the target may be put under load; arguments as of `check_stock`.

    Raises:
        UsageError: it is.
    """
    peak_per_s = highest_rate(scenario, arrivals)
    if arrivals is None:
        by_hand = users_are_set_by_hand(options) or not scenario.stages
        peak_per_s = peak_of_users(scenario, options.num_users if by_hand else scenario.users_max)
    why = rate_refusal(scenario, _played(mix, options), peak_per_s, target)
    if why:
        raise UsageError(why)


def too_fast(environment: Environment, prepared: Preparation, options: Namespace) -> str:
    """Return why users by hand, as the options have them, are too many for the target; empty where they are not."""
    mix, _ = tasks_of(environment.user_classes, prepared.weights)
    try:
        check_rate(prepared.scenario, mix, None, options, prepared.target)
    except UsageError as error:
        return str(error)
    return ""


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
