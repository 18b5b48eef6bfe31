"""The busiest of many spans: against the sum of probabilities, by hand, and against drawn arrivals."""

import math

import numpy as np
import pytest

from pwdload.statistics.poisson import busiest_count, tail


def enough(mean: float, spans: int) -> int:
    """The smallest count that none of the spans passes with 95 % probability, by adding up every probability."""
    below, count = 0.0, -1
    while below**spans < 0.95:
        count += 1
        below += math.exp(-mean) * mean**count / math.factorial(count)
    return count


@pytest.mark.parametrize("mean", [0.01, 0.5, 3.0, 10.0, 24.9, 100.0])
@pytest.mark.parametrize("spans", [1, 15, 480])
def test_it_is_the_smallest_count_that_is_enough(mean: float, spans: int) -> None:
    """No peak is made too high or too low by how it is searched for."""
    assert busiest_count(mean, spans) == enough(mean, spans)


def test_worked_examples() -> None:
    """The figures that the documentation names."""
    assert busiest_count(10, 1) == 15
    assert busiest_count(10, 60) == 21
    assert busiest_count(0, 60) == 0


def test_drawn_arrivals_stay_below_it_nineteen_times_in_twenty() -> None:
    """The promise itself: of 4,000 drawn hours, 95 % have no minute above it, and it is not far too high."""
    drawn = np.random.default_rng(7).poisson(10.0, size=(4_000, 60)).max(axis=1)
    count = busiest_count(10.0, 60)
    assert (drawn <= count).mean() >= 0.94
    assert (drawn <= count - 1).mean() < 0.95


def test_large_means_go_on_without_a_step() -> None:
    """Where the sum gives way to its approximation, the result does not jump."""
    below, above = busiest_count(1_000_000.0, 60), busiest_count(1_000_001.0, 60)
    assert 0 <= above - below <= 3


def test_a_tail_is_a_probability() -> None:
    """On either side of the mean, the parts that are and are not above a count make one."""
    assert tail(-1, 5.0) == pytest.approx(1.0)
    assert tail(4, 5.0) == pytest.approx(1 - sum(math.exp(-5) * 5**k / math.factorial(k) for k in range(5)))
    assert tail(30, 5.0) == pytest.approx(sum(math.exp(-5) * 5**k / math.factorial(k) for k in range(31, 90)))


@pytest.mark.parametrize(("mean", "spans"), [(-1.0, 1), (1.0, 0), (math.nan, 1), (math.inf, 1)])
def test_nonsense_is_refused(mean: float, spans: int) -> None:
    """What no arrivals can be is no peak."""
    with pytest.raises(ValueError, match="spans"):
        busiest_count(mean, spans)
