"""Percentiles and failed shares over the whole of the time that they are judged over."""

from collections.abc import Sequence

import numpy as np

from pwdload.criteria.population import Population, population
from pwdload.criteria.values import Criterion, Floats, Judged, Metric, Observed, Sense, Span, Standing
from pwdload.criteria.weighing import Weighed, weigh
from pwdload.criteria.words import amount, asked, percentile_name, samples_noun, tells
from pwdload.statistics.ordering import ascending
from pwdload.statistics.percentiles import Percentile
from pwdload.units import counted, format_share


def judge_share(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Judged:
    """Hold a percentile or a failed share against its limit, over the spans of `spans_for` taken together."""
    people = population(criterion, observed, spans)
    weighed = weigh(people, criterion.sense)
    standing = weighed.standing()
    value, (lower, upper) = value_of(criterion, people, weighed)
    return Judged(
        criterion=criterion,
        standing=standing,
        value=value,
        lower=lower,
        upper=upper,
        samples=weighed.trials,
        reason=_reason(criterion, standing, weighed, value, lower, upper),
        needed=weighed.needed() if standing is Standing.CANNOT_TELL else None,
    )


def value_of(
    criterion: Criterion, people: Population, weighed: Weighed
) -> tuple[float | None, tuple[float | None, float | None]]:
    """Return what was seen, and its one-sided 95 % bounds.

    A percentile of fewer values than the least-samples rule asks for is not told (`pwdload.statistics.percentiles`).
    """
    if criterion.metric is Metric.FAILED_SHARE:
        bounds = weighed.bounds()
        seen = weighed.hits / weighed.trials if weighed.trials else None
        return seen, (bounds.lower, bounds.upper) if weighed.trials else (None, None)
    in_order = ascending(people.values_s)
    return _percentile(criterion, in_order), weighed.value_bounds(in_order)


def _percentile(criterion: Criterion, in_order: Floats) -> float | None:
    percentile, count = Percentile("p", criterion.permille), len(in_order)
    if count < percentile.least_samples:
        return None
    return float(in_order[int(percentile.ranks(np.array([count]))[0]) - 1])


def _reason(
    criterion: Criterion,
    standing: Standing,
    weighed: Weighed,
    value: float | None,
    lower: float | None,
    upper: float | None,
) -> str:
    if not weighed.trials:
        return f"No {samples_noun(criterion)} that it is about was seen."
    seen = _seen(criterion, weighed, value)
    if standing is Standing.CANNOT_TELL:
        why = tells(criterion, weighed.trials, weighed.needed())
        return f"{seen}; {asked(criterion)} is asked: {why}"
    bound, side = (upper, "at most") if _is_below(criterion, standing) else (lower, "at least")
    is_named = criterion.metric is Metric.FAILED_SHARE or value is not None
    of = "" if is_named else f"{percentile_name(criterion.permille)} "
    sure = f", with 95 % confidence {of}{side} {amount(criterion, bound)}" if bound is not None else ""
    return f"{seen}{sure}; {asked(criterion)} is asked."


def _seen(criterion: Criterion, weighed: Weighed, value: float | None) -> str:
    trials = counted(weighed.trials, samples_noun(criterion))
    if criterion.metric is Metric.FAILED_SHARE:
        return f"{format_share(weighed.hits / weighed.trials)} of {trials} failed"
    if value is not None:
        return f"{percentile_name(criterion.permille)} of {trials} was {amount(criterion, value)}"
    longer = "took longer than" if criterion.sense is Sense.AT_MOST else "took no less than"
    return f"{weighed.hits:,} of {trials} {longer} {amount(criterion, criterion.limit)}"


def _is_below(criterion: Criterion, standing: Standing) -> bool:
    """Whether the value was found to lie below its limit."""
    return (criterion.sense is Sense.AT_MOST) == (standing is Standing.KEPT)
