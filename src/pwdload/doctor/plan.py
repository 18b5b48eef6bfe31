"""The plan against what there is: rate against the ceiling, accounts against need, generator against rate."""

import os
from collections.abc import Callable, Mapping

from pwdload import searching
from pwdload.api.tenant import Credentials
from pwdload.calibration import Certificate, refusal
from pwdload.calibration.conditions import conditions_now
from pwdload.calibration.headroom import requests_per_flow, usable_rate_per_s
from pwdload.cases.ceiling import (
    peak_of_arrivals,
    peak_of_users,
    planned_requests_per_s,
    rate_max_per_s,
    rate_refusal,
)
from pwdload.doctor.findings import Finding, failed, not_checked, ok, warning
from pwdload.errors import AccountsError, PwdloadError, UsageError
from pwdload.run.needs import needs_of
from pwdload.scenario import Scenario
from pwdload.units import format_count, format_rate

_UNPLANNED = "the plan does not say how fast flows begin (closed model, without stages or without think time)"


def peak_flows_per_s(scenario: Scenario) -> float | None:
    """Return the highest rate of flows that is planned; null where nobody knows."""
    if scenario.load.model == "open":
        planned_per_s = peak_of_arrivals(scenario.load.rates)
        searched_per_s = searching.peak_per_s(searching.settings_of(scenario.search)) if scenario.search else 0.0
        return max(planned_per_s, searched_per_s)
    return peak_of_users(scenario, scenario.users_max)


def check_rate(scenario: Scenario, weights: Mapping[str, float], url: str) -> Finding:
    """Hold the planned rate against what the target may be sent at most."""
    peak_per_s, ceiling = peak_flows_per_s(scenario), rate_max_per_s(scenario, url)
    most = "no ceiling" if ceiling is None else f"{format_rate(ceiling)} is the ceiling"
    if peak_per_s is None:
        return not_checked("rate", f"{most}; {_UNPLANNED}")
    if rate_refusal(scenario, weights, peak_per_s, url):
        planned = format_rate(planned_requests_per_s(weights, peak_per_s))
        remedy = "Lower the load, or state [target] rate_max if the target's owner agrees."
        return failed("rate", f"{planned} requests at the peak, {most}", remedy)
    return ok("rate", f"{format_rate(planned_requests_per_s(weights, peak_per_s))} requests at the peak, {most}")


def check_stock(scenario: Scenario, weights: Mapping[str, float]) -> Finding:
    """Hold the accounts that are ready against what the plan uses up."""
    more = "Give the run more (pwdload accounts create or arm, a longer list), or let it use up fewer ([mix], reuse)."
    try:
        if scenario.accounts.reuse == "rearm" and scenario.target.host is not None:
            Credentials.from_environment(os.environ)
    except UsageError as error:
        remedy = 'Set them in the environment, or state another [accounts] reuse than "rearm".'
        return failed("account stock", str(error).partition(";")[0], remedy)
    try:
        needs = needs_of(scenario, weights)
    except AccountsError as error:
        return failed("account stock", str(error).splitlines()[0], "Name a list or a ledger that can be read.")
    if needs is None:
        return failed("account stock", "no accounts are named", "Name a list or a ledger of them with --accounts.")
    value = "; ".join(f"state {need.state}: {need}" for need in needs) or "none is used up, or nobody knows how many"
    if any(need.is_short for need in needs):
        return failed("account stock", value, more)
    if any(need.is_tight or need.needed > need.stock for need in needs):
        return warning("account stock", value, more)
    return ok("account stock", value)


def check_generator(
    scenario: Scenario, weights: Mapping[str, float], calibrate: Callable[[], Certificate] | None, processes: int
) -> Finding:
    """Hold what this machine generates against the planned rate. `calibrate` null: that is not wanted."""
    check, peak_per_s = "generator", peak_flows_per_s(scenario)
    if calibrate is None:
        return not_checked(check, "--no-calibrate", "Leave it out to know whether this machine is fast enough.")
    if peak_per_s is None:
        return not_checked(check, _UNPLANNED)
    try:
        certificate = calibrate()
    except PwdloadError as error:
        return not_checked(check, str(error).splitlines()[0], "See what `pwdload calibrate --short` says.")
    per_flow, usable = requests_per_flow(weights), usable_rate_per_s(certificate, processes)
    if usable is None:
        return not_checked(check, "the rate could not be measured", "See what `pwdload calibrate --short` says.")
    why = refusal(certificate, peak_per_s, per_flow, processes)
    if why:
        return failed(check, why.partition(": lower")[0], "Lower the rate, add processes (--processes) or machines.")
    needed = format_count(round(peak_per_s * per_flow))
    several = f"{processes} process{'es' * (processes != 1)}"
    return ok(
        check, f"{needed} requests/s at the peak, {format_count(round(usable))}/s can be planned on with {several}"
    )


def check_versions() -> Finding:
    """Tell the versions that decide what an instrument measures; those of the workers only they can tell."""
    here = ", ".join(f"{name} {number}" for name, number in conditions_now().versions.items())
    return ok("worker versions", f"{here}; on other machines `pwdload doctor` must say the same")
