"""Whether the load that a scenario plans can be enough to judge its criteria, for `pwdload plan`."""

from collections.abc import Iterator, Mapping
from math import inf

from pwdload.cases.catalogue import CASES
from pwdload.cases.steps import Race, Wait
from pwdload.criteria import Criterion, Metric, Sense, stated
from pwdload.criteria.population import tail
from pwdload.criteria.words import samples_noun, title
from pwdload.scenario import Scenario
from pwdload.scenario.stages import Stage
from pwdload.statistics.batches import BATCHES_LEAST
from pwdload.statistics.binomial import least_trials
from pwdload.units import counted, format_duration, format_rate

_CHANGE = "update_password"


def criteria_lines(scenario: Scenario, weights: Mapping[str, float]) -> Iterator[str]:
    """Yield each criterion in words, and where the plan cannot be enough to judge it, why."""
    for one in stated(scenario.slo):
        why = _not_enough(one, scenario, weights)
        yield f"{title(one)}{f': cannot be told, {why}' if why else ''}"


def planned_samples(criterion: Criterion, scenario: Scenario, weights: Mapping[str, float]) -> float:
    """Return about how many samples a criterion will have at most, when all goes well; infinity where nobody can say.

    In the closed model as many as if the target answered at once.
    """
    per_flow = _per_flow(criterion, weights)
    flows = sum(_flows(scenario, stage.name) for stage in _stages(criterion, scenario))
    return flows * per_flow if scenario.stages and per_flow else (0.0 if not per_flow else inf)


def _not_enough(criterion: Criterion, scenario: Scenario, weights: Mapping[str, float]) -> str:
    """Return why the plan cannot be enough; empty where it may be."""
    lasts_s = sum(stage.for_s for stage in _stages(criterion, scenario)) if scenario.stages else inf
    wide = criterion.breadth
    if wide.kind == "window":
        return _short(lasts_s, wide.window_s)
    if wide.kind == "seconds":
        return _short(lasts_s, _least(1.0 - wide.share))
    planned = planned_samples(criterion, scenario, weights)
    if criterion.metric is Metric.GOODPUT:
        too_slow = criterion.sense is Sense.AT_LEAST and planned < criterion.limit * lasts_s < inf
        rate = f"at most about {format_rate(planned / lasts_s)} are planned" if too_slow else ""
        return _short(lasts_s, BATCHES_LEAST) or rate
    least = _least(criterion.limit if criterion.metric is Metric.FAILED_SHARE else tail(criterion))
    if planned >= least:
        return ""
    noun = samples_noun(criterion)
    return f"{counted(int(planned), noun)} at most {'is' if int(planned) == 1 else 'are'} planned, {least:,} are needed"


def _short(lasts_s: float, needed_s: float) -> str:
    if lasts_s >= needed_s:
        return ""
    return f"{format_duration(lasts_s)} are planned, {format_duration(needed_s)} are needed"


def _least(share: float) -> int:
    return least_trials(share) if 0.0 < share < 1.0 else 1


def _stages(criterion: Criterion, scenario: Scenario) -> list[Stage]:
    return [one for one in scenario.stages if (one.name == criterion.stage if criterion.stage else one.measured)]


def _flows(scenario: Scenario, stage: str) -> float:
    """Return how many flows a stage brings, at most."""
    if scenario.load.model == "open":
        return sum(piece.arrivals for piece in scenario.load.rates if piece.stage == stage)
    think = scenario.load.think_time
    mean_s = (think.min_s + think.max_s) / 2
    stages = (one for one in scenario.stages if one.name == stage)
    return sum(one.users * (1 + one.for_s / mean_s) for one in stages) if mean_s else inf


def _per_flow(criterion: Criterion, weights: Mapping[str, float]) -> float:
    """Return how many samples a flow of the mix brings on average."""
    whole = sum(weights.values())
    chosen = {name: weight for name, weight in weights.items() if criterion.case in ("", name)}
    return sum(weight * _of_case(criterion, name) for name, weight in chosen.items()) / whole if whole else 0.0


def _of_case(criterion: Criterion, case: str) -> float:
    of_changes = criterion.metric is Metric.GOODPUT or criterion.of == "journey"
    step = _CHANGE if of_changes else criterion.step
    steps = [one for one in CASES[case].steps if not isinstance(one, Wait) and step in ("", one.step.value)]
    if of_changes:  # one change at most, where an acceptance is what the case is after
        return float(any(one.expect.label.startswith("accept") for one in steps))
    return sum((one.times_min + one.times_max) / 2 if isinstance(one, Race) else 1.0 for one in steps)
