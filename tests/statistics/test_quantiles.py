"""Intervals of percentiles hold the truth as often as they say, and are silent where they cannot."""

import numpy as np
import pytest
from scipy import stats
from tests.statistics.worlds import WORLDS, told

from pwdload.statistics.percentiles import P50, P95, P99, Percentile
from pwdload.statistics.quantiles import interval_ranks, percentile_interval, percentile_intervals

QUICK = [("exponential", 1000), ("lognormal", 5000), ("ar1", 5000)]
FULL = [
    ("exponential", 2000, (P50, P95, P99)),
    ("exponential", 10_000, (P50, P95, P99)),
    ("lognormal", 10_000, (P50, P95, P99)),
    ("ar1", 10_000, (P50, P95, P99)),
    ("ar1", 30_000, (P50, P95, P99)),
    ("mm1", 30_000, (P50, P95)),
    ("mm1", 60_000, (P50, P95, P99)),
]
"""The p99 of five minutes of a queue is not among them: it has about ten effective samples beyond it."""


def coverage(name: str, count: int, percentile: Percentile, runs: int) -> tuple[float, int]:
    """Return the share of the intervals that hold the truth, and how many runs gave none."""
    world, held = WORLDS[name], []
    for run in range(runs):
        values, times = world.make(np.random.default_rng(run), count)
        interval = percentile_interval(values, times, percentile)
        if not np.isnan(interval.lower):
            held.append(interval.lower <= world.truth(percentile.permille / 1000) <= interval.upper)
    return float(np.mean(held)), runs - len(held)


@pytest.mark.parametrize(("permille", "count"), [(500, 20), (500, 101), (950, 200), (990, 1000), (990, 12_345)])
def test_ranks_are_exact(permille: int, count: int) -> None:
    """The ranks hold the truth with at least 95 % by the binomial distribution, and one rank closer they would not."""
    lower, upper = (int(rank[0]) for rank in interval_ranks(np.array([count]), permille))
    below = stats.binom(count, permille / 1000)
    assert below.cdf(lower - 1) <= 0.025 < below.cdf(lower)
    assert below.sf(upper - 1) <= 0.025 < below.sf(upper - 2)


@pytest.mark.parametrize(("name", "count"), QUICK)
def test_p95_interval_holds_the_truth(name: str, count: int) -> None:
    """In a hundred runs, independent or not, the interval misses the true p95 about as often as it may."""
    covered, without = coverage(name, count, P95, 100)
    assert not without
    assert covered >= 0.88  # five misses are expected; a true 95 % has more than twelve once in a thousand


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count", "percentiles"), FULL)
def test_coverage_in_a_thousand_runs(name: str, count: int, percentiles: tuple[Percentile, ...]) -> None:
    """95 % intervals hold the truth in 93 to 97 % of a thousand runs, of independent samples and of a queue's."""
    for percentile in percentiles:
        covered, without = coverage(name, count, percentile, 1000)
        told(f"{name}, {count:,} samples, {percentile.name}: {covered:.1%} covered, {without} without an interval")
        assert 0.93 <= covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("count", "percentile"), [(2000, P95), (10_000, P99), (30_000, P99)], ids=str)
def test_coverage_where_a_run_is_too_short(count: int, percentile: Percentile) -> None:
    """A run too short for its percentile mostly has no interval; those that it has hold the truth less often."""
    covered, without = coverage("mm1", count, percentile, 1000)
    told(f"mm1, {count:,} samples, {percentile.name}: {covered:.1%} covered, {without} without an interval")
    assert without > 0
    assert covered + without / 1000 >= 0.9


def test_a_queue_is_found_dependent_and_its_interval_wider() -> None:
    """Samples of a queue at 70 % load are worth less than a tenth, and the interval is as much wider."""
    values, times = WORLDS["mm1"].make(np.random.default_rng(1), 20_000)
    as_it_is = percentile_interval(values, times, P50)
    shuffled = percentile_interval(np.random.default_rng(2).permutation(values), times, P50)
    assert as_it_is.dependence.is_dependent
    assert as_it_is.dependence.effective < 2000
    assert as_it_is.upper - as_it_is.lower > 3 * (shuffled.upper - shuffled.lower)


def test_too_few_samples_have_no_interval() -> None:
    """Below the least samples of the percentile there is no interval, nor where too few effective ones lie beyond."""
    rng = np.random.default_rng(3)
    values = rng.exponential(1.0, 199)
    assert np.isnan(percentile_interval(values, np.arange(199.0), P95).lower)
    slow, times = WORLDS["mm1"].make(rng, 2000)
    assert np.isnan(percentile_interval(slow, times, P99).lower)


def test_order_and_groups_do_not_matter() -> None:
    """Groups get the intervals that each has alone by the same slots, whatever order the samples come in."""
    rng = np.random.default_rng(4)
    values, times = WORLDS["ar1"].make(rng, 8000)
    groups = (np.arange(8000) % 3 == 0).astype(np.int64)
    got = percentile_intervals(values, times, groups, 2)
    mixed = rng.permutation(8000)
    again = percentile_intervals(values[mixed], times[mixed], groups[mixed], 2)
    for name in ("p50_s", "p95_s", "p99_s"):
        assert np.array_equal(got.lower[name], again.lower[name], equal_nan=True)
        assert np.array_equal(got.upper[name], again.upper[name], equal_nan=True)
    for group in (0, 1):
        own = values[groups == group]
        assert got.statistics.values["p50_s"][group] == np.sort(own)[-(-len(own) // 2) - 1]
        assert got.lower["p50_s"][group] < got.statistics.values["p50_s"][group] < got.upper["p50_s"][group]


def test_constant_values_have_a_point_for_an_interval() -> None:
    """A target that always takes the same time has an interval of that one value."""
    interval = percentile_interval(np.full(500, 0.005), np.arange(500.0), P95)
    assert (interval.lower, interval.upper) == (0.005, 0.005)
