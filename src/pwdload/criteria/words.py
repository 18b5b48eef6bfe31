"""Criteria and their numbers in words."""

from pwdload.criteria.values import Criterion, Metric, Sense
from pwdload.units import counted, format_duration, format_rate, format_share

_SENSES = {Sense.AT_MOST: "at most", Sense.AT_LEAST: "at least"}


def title(criterion: Criterion) -> str:
    """Return what holds if a criterion is kept: "p95 of update_password at most 300 ms in 99.00 % of the seconds"."""
    return f"{subject(criterion)} {asked(criterion)}{breadth(criterion)}"


def headline(criterion: Criterion) -> str:
    """Return the title as it begins a sentence; the name of a percentile stays as it is."""
    words = title(criterion)
    return words if criterion.metric is Metric.PERCENTILE else f"{words[:1].upper()}{words[1:]}"


def subject(criterion: Criterion) -> str:
    """Return what a criterion is about: "p99 service time of login, case policy_too_short, stage peak"."""
    narrowed = [f"case {criterion.case}"] * bool(criterion.case) + [f"stage {criterion.stage}"] * bool(criterion.stage)
    return ", ".join([_metric(criterion), *narrowed])


def asked(criterion: Criterion) -> str:
    """Return what is asked of it: "at most 300 ms"."""
    return f"{_SENSES[criterion.sense]} {amount(criterion, criterion.limit)}"


def breadth(criterion: Criterion) -> str:
    """Return over what it is judged, with a blank before it; empty for the whole run."""
    wide = criterion.breadth
    if wide.kind == "seconds":
        return f" in {format_share(wide.share)} of the seconds"
    if wide.kind == "window":
        return f", never broken for {wide.window_s:g} s{', else the run ends' if wide.stop else ''}"
    return ""


def percentile_name(permille: int) -> str:
    """Return the name of a percentile: p95, p99.9."""
    return f"p{permille / 10:g}"


def amount(criterion: Criterion, value: float) -> str:
    """Return a value of a criterion with its unit."""
    if criterion.metric is Metric.PERCENTILE:
        return format_duration(value)
    return format_share(value) if criterion.metric is Metric.FAILED_SHARE else format_rate(value)


def samples_noun(criterion: Criterion) -> str:
    """Return what a criterion counts, in the singular."""
    if criterion.metric is Metric.GOODPUT:
        return "change"
    return "journey" if _is_of_journeys(criterion) else "exchange"


def _metric(criterion: Criterion) -> str:
    step = f" of {criterion.step}" if criterion.step else ""
    if criterion.metric is Metric.GOODPUT:
        return "goodput"
    if criterion.metric is Metric.FAILED_SHARE:
        return f"failed share{step}"
    name = percentile_name(criterion.permille)
    if _is_of_journeys(criterion):
        return f"{name} of journeys"
    return f"{name} service time{step}" if criterion.of == "service" else f"{name}{step or ' of all exchanges'}"


def _is_of_journeys(criterion: Criterion) -> bool:
    return criterion.metric is Metric.PERCENTILE and criterion.of == "journey"


def tells(criterion: Criterion, samples: int, needed: int | None) -> str:
    """Return why nobody can tell, and what would."""
    few = "too few to tell" if needed is not None else "too near to it to tell"
    would = f"; about {needed:,} would" if needed is not None else ""
    are = "is" if samples == 1 else "are"
    return f"{counted(samples, samples_noun(criterion))} {are} {few} with 95 % confidence{would}."
