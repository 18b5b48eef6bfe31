"""Percentiles are exact, observed, and silent where they would be guesses."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from pwdload.statistics.percentiles import MAXIMUM, P50, P90, P95, P99, P999, PERCENTILES, Percentile, order_statistics


def nearest_rank(values: list[float], percentile: Percentile) -> float:
    """The definition, in exact arithmetic and plain Python."""
    return sorted(values)[math.ceil(Fraction(percentile.permille, 1000) * len(values)) - 1]


@pytest.mark.parametrize("count", [20, 99, 100, 101, 300, 1000, 1001, 2999, 10_000])
def test_percentile_is_the_observed_value_of_its_rank(count: int) -> None:
    """A percentile is the value that the definition names, whatever the number of samples."""
    rng = random.Random(count)
    values = [rng.expovariate(50) for _ in range(count)]
    got = order_statistics(np.array(values), np.zeros(count, dtype=np.int64), 1, least_beyond=0)
    for percentile in PERCENTILES:
        assert got.values[percentile.column][0] == nearest_rank(values, percentile)
    assert got.values[MAXIMUM.column][0] == max(values)


def test_never_below_an_observed_value() -> None:
    """A percentile of two values is one of them, never something between."""
    got = order_statistics(np.array([1.0, 9.0]), np.zeros(2, dtype=np.int64), 1, least_beyond=0)
    assert got.values[P50.column][0] == 1.0
    assert got.values[P95.column][0] == 9.0


@pytest.mark.parametrize(
    ("percentile", "least"),
    [(P50, 20), (P90, 100), (P95, 200), (P99, 1000), (P999, 10_000)],
    ids=str,
)
def test_too_few_samples_print_nothing(percentile: Percentile, least: int) -> None:
    """One sample less than the rule asks for, and there is no percentile; with it there is one."""
    for count, is_there in ((least - 1, False), (least, True)):
        got = order_statistics(np.arange(count, dtype=float), np.zeros(count, dtype=np.int64), 1)
        assert (not math.isnan(got.values[percentile.column][0])) is is_there
        assert got.values[MAXIMUM.column][0] == count - 1


def test_groups_do_not_mix() -> None:
    """Each group's percentiles are those of its own values, empty groups have none, and NaN is no value."""
    rng = random.Random(7)
    rows = [(rng.random(), rng.choice([0, 1, 3])) for _ in range(5000)]
    values, groups = np.array([value for value, _ in rows]), np.array([group for _, group in rows])
    values[::50] = np.nan
    got = order_statistics(values, groups, 4)
    for group in range(4):
        own = [float(v) for v, g in zip(values, groups, strict=True) if g == group and not math.isnan(v)]
        assert got.counts[group] == len(own)
        if own:
            assert got.values[P99.column][group] == nearest_rank(own, P99)
        else:
            assert math.isnan(got.values[MAXIMUM.column][group])


def test_many_groups_are_as_right_as_few() -> None:
    """More groups than a 16-bit code can name (a run of ten hours, by second) still get their own values."""
    groups = np.repeat(np.arange(40_000), 2)
    values = groups + np.tile([0.5, 0.25], 40_000)
    got = order_statistics(values, groups, 40_000, least_beyond=0)
    assert np.array_equal(got.values[MAXIMUM.column], np.arange(40_000) + 0.5)
    assert np.array_equal(got.values[P50.column], np.arange(40_000) + 0.25)
