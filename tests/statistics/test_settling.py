"""Warm-up and trend are found where they are, and a settled series is left alone."""

import numpy as np
import pytest
from tests.statistics.worlds import WORLDS

from pwdload.statistics.settling import Settling, mann_kendall, mser, settling

BINS = 120


def slow_shares(run: int, name: str = "mm1") -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of requests of each second that are slower than the median, in two minutes of a steady world."""
    values, times = WORLDS[name].make(np.random.default_rng(run), 12_000)
    codes = np.minimum(((times - times[0]) * BINS / (times[-1] - times[0])).astype(int), BINS - 1)
    slow = np.bincount(codes[values > np.median(values)], minlength=BINS)
    return slow / np.maximum(np.bincount(codes, minlength=BINS), 1)


def looked(series: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Settling:
    """Return what is found of a series that is long enough."""
    found = settling(series)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["lognormal", "ar1", "mm1"])
def test_a_steady_run_is_left_alone(name: str) -> None:
    """Of a hundred steady runs, independent or a queue's at 70 % load, three at most are told not to have settled."""
    found = [looked(slow_shares(run, name)) for run in range(100)]
    assert sum(one.warm_up > 0 or one.has_trend or not one.is_settled for one in found) <= 3


def test_warm_up_is_found() -> None:
    """Ten slow seconds at the beginning, fading out, are found nearly always, and the cut is near their end."""
    fading = 0.45 * np.exp(-np.arange(BINS) / 5.0)
    found = [looked(np.minimum(slow_shares(run, "lognormal") + fading, 1.0)) for run in range(50)]
    cuts = [one.warm_up for one in found]
    assert sum(cut > 0 for cut in cuts) >= 48
    assert 5 <= np.median(cuts) <= 25


def test_a_queue_that_grows_is_a_trend() -> None:
    """Response times that grow all the time have a trend that rises, and falling ones one that falls."""
    growing = np.linspace(0.2, 0.8, BINS) + np.random.default_rng(1).normal(0, 0.1, BINS)
    assert looked(growing).has_trend
    assert looked(growing).rises
    falling = looked(growing[::-1])
    assert falling.has_trend or falling.warm_up or not falling.is_settled
    assert not falling.rises


def test_mser_cuts_what_is_off() -> None:
    """The rule cuts exactly the elements that are not like the others, and nothing of a constant series."""
    assert mser(np.array([9.0] * 7 + [1.0, 1.1] * 20)) == 7
    assert mser(np.ones(30)) == 0


def test_trend_test_knows_its_formula() -> None:
    """For ten rising numbers the score is 45, and its p-value that of (45 - 1) / sqrt(125)."""
    p_value, score = mann_kendall(np.arange(10.0) ** 1.5)
    assert score == 45
    assert p_value == pytest.approx(8.3e-5, rel=0.02)
    assert mann_kendall(np.ones(20)) == (1.0, 0.0)


def test_a_short_series_is_not_looked_at() -> None:
    """Of nineteen bins nothing is said."""
    assert settling(np.ones(19)) is None
