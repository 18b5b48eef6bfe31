"""Intervals of percentiles hold the truth as often as they say, and are silent where they cannot."""

import numpy as np
import pytest
from scipy import stats
from tests.statistics.worlds import WORLDS, told

from pwdload.statistics.percentiles import P50, P95, Floats, Percentile
from pwdload.statistics.quantiles import WITH_INTERVALS, interval_ranks, percentile_intervals

QUICK = [("exponential", 1000), ("lognormal", 5000), ("ar1", 10_000)]
SELDOM = 0.1
"""Where fewer of the runs than this have an interval, it is those that had luck: their intervals hold less often."""


def interval(values: Floats, times: Floats, percentile: Percentile = P95) -> tuple[float, float, float]:
    """Return the ends of the interval of one group of values, and what they are worth."""
    got, name = percentile_intervals(values, times, np.zeros(len(values), np.int64), 1), percentile.column
    return float(got.lower[name][0]), float(got.upper[name][0]), float(got.effective[name][0])


def coverage(name: str, count: int, runs: int) -> dict[Percentile, tuple[float, float]]:
    """Return for each percentile the share of its intervals that hold the truth, and of the runs that have one."""
    world, held = WORLDS[name], {percentile: list[bool]() for percentile in WITH_INTERVALS}
    for run in range(runs):
        values, times = world.make(np.random.default_rng(run), count)
        got = percentile_intervals(values, times, np.zeros(count, np.int64), 1)
        for percentile, found in held.items():
            lower, upper = got.lower[percentile.column][0], got.upper[percentile.column][0]
            if not np.isnan(lower):
                found.append(lower <= world.truth(percentile.permille / 1000) <= upper)
    return {one: (float(np.mean(found)) if found else np.nan, len(found) / runs) for one, found in held.items()}


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
    covered, given = coverage(name, count, 100)[P95]
    assert given >= 0.95
    assert covered >= 0.88  # five misses are expected; a true 95 % has more than twelve once in a thousand


@pytest.mark.slow
@pytest.mark.parametrize("count", [10_000, 30_000, 100_000])
@pytest.mark.parametrize("name", ["exponential", "lognormal", "ar1", "mm1", "mm1_90"])
def test_coverage_in_a_thousand_runs(name: str, count: int) -> None:
    """95 % intervals hold the truth in 93 to 97 % of a thousand runs; where a run is too short there is none."""
    for percentile, (covered, given) in coverage(name, count, 1000).items():
        told(f"{name}, {count:,} samples, {percentile.name}: {covered:.1%} covered, {given:.1%} have an interval")
        if given >= SELDOM:
            assert 0.93 <= covered <= 0.975
        else:
            assert not given or given * (1.0 - covered) <= 0.05


def test_a_queue_is_found_dependent_and_its_interval_wider() -> None:
    """Samples of a queue at 70 % load are worth less than a fifth, and the interval is as much wider."""
    values, times = WORLDS["mm1"].make(np.random.default_rng(1), 20_000)
    lower, upper, effective = interval(values, times, P50)
    shuffled = interval(np.random.default_rng(2).permutation(values), times, P50)
    assert effective < 4000
    assert upper - lower > 3 * (shuffled[1] - shuffled[0])


def test_too_few_samples_have_no_interval() -> None:
    """Below the least samples of the percentile there is no interval, nor where too few effective ones lie beyond."""
    rng = np.random.default_rng(3)
    assert np.isnan(interval(rng.exponential(1.0, 199), np.arange(199.0))[0])
    assert np.isnan(interval(*WORLDS["mm1"].make(rng, 2000))[0])


def test_a_lucky_run_does_not_look_long_enough() -> None:
    """Of a hundred short runs of a queue hardly one has a p99 interval, with a bad spell in it or without."""
    assert coverage("mm1", 5000, 100)[Percentile("p99", 990)][1] <= 0.02


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
    assert interval(np.full(500, 0.005), np.arange(500.0))[:2] == (0.005, 0.005)
