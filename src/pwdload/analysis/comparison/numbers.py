"""The numbers of two sides, and the difference of each with its interval and tests."""

import math
from collections.abc import Iterator
from dataclasses import replace

from pwdload.analysis.comparison import populations
from pwdload.analysis.comparison.populations import Counts, Marked, Values
from pwdload.analysis.comparison.values import Compared, Quantity, Side
from pwdload.statistics.compared import LEAST_RUNS, Contrast, between_runs, paired_contrast
from pwdload.statistics.difference import Difference, percentile_difference, share_difference
from pwdload.statistics.percentiles import P50, P95, P99, Percentile
from pwdload.statistics.slowdown import Slowdown, factor_of, slowdown

PERCENTILES = (P50, P95, P99)
_MAIN_STEP = "update_password"
_PRIMARY = (P50, P95)
"""Of the response time of update_password. The p99 is told and not counted: at 10,000 samples chance alone moves it by
more than the usual margin, so that no verdict of "the same" could ever be given."""
_FACTOR_WEIGHT = 20.0
"""The factor between all times is four fifths of the look: 20 of 25 parts, one for each of the five others. Of 10,000
exponential times at 5 % slower it is found with 92 % at 4 %, and with 79 % at an equal part; no test finds more than
93 % at 5 %. Each other number is told at 0.2 % at first, and at 1 % once the factor is."""


def numbers(base: Side, new: Side, seed: int) -> tuple[Compared, ...]:
    """Return every number that both sides have, primary ones first, each judged by itself later.

    A primary number is there whether the sides have it or not: that it is missing is a part of the verdict.
    """
    found = [one for one in _all(base, new, seed) if one.quantity.is_primary or None not in (one.base, one.new)]
    return tuple(sorted(found, key=lambda one: not one.quantity.is_primary))


def _all(base: Side, new: Side, seed: int) -> Iterator[Compared]:
    steps = populations.steps((base, new))
    for step in sorted(steps, key=lambda step: step != _MAIN_STEP):
        ours, theirs = (populations.responses(side, step) for side in (base, new))
        is_main = step == _MAIN_STEP
        yield factor_compared(_factor(step, step, is_primary=is_main), ours, theirs)
        for percentile in PERCENTILES:
            quantity = Quantity(
                name=f"{step}_{percentile.name}",
                label=f"{percentile.name} of {step}",
                kind="time",
                is_primary=is_main and percentile in _PRIMARY,
            )
            yield percentile_compared(quantity, percentile, ours, theirs, seed)
    ours, theirs = (populations.journeys(side) for side in (base, new))
    yield factor_compared(_factor("journey", "the journey"), ours, theirs)
    for percentile in PERCENTILES:
        quantity = Quantity(
            name=f"journey_{percentile.name}",
            label=f"{percentile.name} of the journey",
            kind="time",
            is_primary=percentile is P95,
        )
        yield percentile_compared(quantity, percentile, ours, theirs, seed)
    rate = Quantity(name="goodput", label="goodput", kind="rate", is_primary=True)
    yield rate_compared(rate, populations.goodput(base), populations.goodput(new))
    share = Quantity(name="failed_share", label="failed share", kind="share", is_primary=True)
    yield share_compared(share, populations.failed(base), populations.failed(new), seed)
    ours, theirs = (populations.lags(side) for side in (base, new))
    for percentile in (P50, P99):
        quantity = Quantity(
            name=f"generator_lag_{percentile.name}", label=f"{percentile.name} of generator lag", kind="lag"
        )
        yield percentile_compared(quantity, percentile, ours, theirs, seed)


def _factor(name: str, label: str, *, is_primary: bool = False) -> Quantity:
    return Quantity(
        name=f"{name}_factor",
        label=f"all times of {label}",
        kind="factor",
        is_primary=is_primary,
        weight=_FACTOR_WEIGHT if is_primary else 1.0,
    )


def factor_compared(quantity: Quantity, base: Values, new: Values) -> Compared:
    """Return by what factor all values of the new side are larger, their whole distribution at once.

    Between runs it is looked at on a logarithmic scale, as a percentile is; each run's factor is that against all
    values of the base.
    """
    before, after = base.together, new.together
    factor = factor_of(before, after)
    if math.isnan(factor):
        return Compared(quantity=quantity, base=None, new=None)
    known = Compared(quantity=quantity, base=1.0, new=factor)
    found = slowdown(before, base.due, after, new.due)
    runs = [[math.log(factor) for factor in side.factor_by_run(before)] for side in (base, new)]
    if min(map(len, runs)) < LEAST_RUNS:
        return _of_factor(known, found) if found.is_known else known
    # Where samples hang together so much that they say nothing by themselves, what differs from run to run still does.
    ends = (found.lower, found.upper) if found.is_known else (factor, factor)
    ratio = Contrast(
        estimate=math.log(factor),
        lower=math.log(ends[0]),
        upper=math.log(ends[1]),
        p_value=found.p_value if found.is_known else 0.0,
    )
    return _of_ratio(known, 1.0, between_runs(ratio, *runs))


def percentile_compared(quantity: Quantity, percentile: Percentile, base: Values, new: Values, seed: int) -> Compared:
    """Return a percentile of all values of either side, and what chance may have made of the difference.

    Between runs it is looked at as a ratio, on a logarithmic scale: a run in which everything is a tenth slower is a
    tenth slower in each percentile.
    """
    known = Compared(quantity=quantity, base=base.percentile(percentile), new=new.percentile(percentile))
    if not known.base or not known.new:
        return known
    found = percentile_difference(base.together, base.due, new.together, new.due, percentile.permille, seed)
    runs = [[math.log(value) for value in side.percentile_by_run(percentile) if value > 0] for side in (base, new)]
    is_known = found.is_known and not math.isnan(found.relative_lower)
    if min(map(len, runs)) < LEAST_RUNS:
        return _of_samples(known, found, (found.relative_lower_90, found.relative_upper_90)) if is_known else known
    # Where samples hang together so much that they say nothing by themselves, what differs from run to run still does.
    estimate = math.log(known.new / known.base)
    ends = (found.relative_lower, found.relative_upper) if is_known else (math.expm1(estimate),) * 2
    ratio = Contrast(
        estimate=estimate,
        lower=math.log1p(ends[0]),
        upper=math.log1p(ends[1]),
        p_value=found.p_value if is_known else 0.0,
    )
    return _of_ratio(known, known.base, between_runs(ratio, *runs))


def rate_compared(quantity: Quantity, base: Counts, new: Counts) -> Compared:
    """Return a rate of either side and its relative difference, from pieces of time side by side."""
    before = base.ratio
    known = Compared(quantity=quantity, base=before, new=new.ratio)
    if not before or new.ratio is None:
        return known
    seen = paired_contrast(base.hits, new.hits, base.weights, new.weights)
    # A schedule may leave no scatter at all: one change more or less, at either end of each side, always may be.
    least = math.hypot(1 / float(base.weights.sum()), 1 / float(new.weights.sum()))
    seen = Contrast.of(seen.estimate, max(seen.standard_error, least), seen.degrees)
    overall = between_runs(seen, base.ratio_by_run, new.ratio_by_run)
    lower, upper = overall.one_sided
    return replace(_of_contrast(known, overall), one_sided=(lower / before, upper / before))


def share_compared(quantity: Quantity, base: Marked, new: Marked, seed: int) -> Compared:
    """Return a share of either side and its absolute difference."""
    known = Compared(quantity=quantity, base=base.share, new=new.share)
    found = share_difference(base.hits, base.due, new.hits, new.due, seed)
    if not found.is_known:
        return known
    by_run = base.share_by_run, new.share_by_run
    if min(map(len, by_run)) < LEAST_RUNS:
        return _of_samples(known, found, (found.lower_90, found.upper_90))
    seen = Contrast(estimate=found.estimate, lower=found.lower, upper=found.upper, p_value=found.p_value)
    overall = between_runs(seen, *by_run)
    return replace(_of_contrast(known, overall), one_sided=overall.one_sided)


def _of_samples(known: Compared, found: Difference, one_sided: tuple[float, float]) -> Compared:
    """Return what the samples of one run on each side say."""
    has_ratio = found.a > 0 and not math.isnan(found.relative_lower)
    return replace(
        known,
        difference=found.estimate,
        lower=found.lower,
        upper=found.upper,
        relative=found.relative if has_ratio else None,
        relative_lower=found.relative_lower if has_ratio else None,
        relative_upper=found.relative_upper if has_ratio else None,
        p_value=found.p_value,
        one_sided=one_sided,
        basis="samples",
    )


def _of_factor(known: Compared, found: Slowdown) -> Compared:
    """Return what the samples of one run on each side say of the factor between them."""
    estimate, lower, upper = found.factor - 1.0, found.lower - 1.0, found.upper - 1.0
    return replace(
        known,
        difference=estimate,
        lower=lower,
        upper=upper,
        relative=estimate,
        relative_lower=lower,
        relative_upper=upper,
        p_value=found.p_value,
        one_sided=(found.lower_90 - 1.0, found.upper_90 - 1.0),
        basis="samples",
    )


def _of_ratio(known: Compared, base: float, ratio: Contrast) -> Compared:
    """Return what the logarithm of a ratio says, as shares of the base and in its unit."""
    estimate, lower, upper, down, up = map(math.expm1, (ratio.estimate, ratio.lower, ratio.upper, *ratio.one_sided))
    return replace(
        known,
        difference=base * estimate,
        lower=base * lower,
        upper=base * upper,
        relative=estimate,
        relative_lower=lower,
        relative_upper=upper,
        p_value=ratio.p_value,
        one_sided=(down, up),
        basis="runs",
    )


def _of_contrast(known: Compared, found: Contrast) -> Compared:
    """Return a difference in the unit of the number, and as a share of the base where that is not 0."""
    base = known.base or 0.0
    points = (found.estimate, found.lower, found.upper)
    relative, relative_lower, relative_upper = (point / base for point in points) if base else (None, None, None)
    return replace(
        known,
        difference=found.estimate,
        lower=found.lower,
        upper=found.upper,
        relative=relative,
        relative_lower=relative_lower,
        relative_upper=relative_upper,
        p_value=found.p_value,
        basis="runs" if found.is_between_runs else "samples",
    )
