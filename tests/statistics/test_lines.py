"""A line through a few points: exact, by hand, and how often its interval holds."""

import numpy as np
import pytest

from pwdload.statistics.lines import fit_line


def test_points_on_a_line_give_that_line() -> None:
    """Without scatter the slope is certain."""
    line = fit_line(np.array([10.0, 20.0, 40.0]), np.array([1.5, 2.5, 4.5]))
    assert line is not None
    assert (line.slope, line.intercept) == pytest.approx((0.1, 0.5))
    assert (line.lower, line.upper) == pytest.approx((0.1, 0.1))


def test_a_worked_example() -> None:
    """X 1..5, y 2, 4, 5, 4, 5: slope 0.6, standard error 0.2828, Student's 3.182 on three degrees of freedom."""
    line = fit_line(np.arange(1.0, 6.0), np.array([2.0, 4.0, 5.0, 4.0, 5.0]))
    assert line is not None
    assert line.slope == pytest.approx(0.6)
    assert (line.lower, line.upper) == pytest.approx((-0.3001, 1.5001), abs=1e-3)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of 2,000 seeded lines with scatter, about 95 % have the true slope in their interval."""
    rng, x = np.random.default_rng(3), np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    lines = [fit_line(x, 1 + 0.05 * x + rng.normal(0, 0.1, 5)) for _ in range(2_000)]
    covered = np.mean([line is not None and line.lower <= 0.05 <= line.upper for line in lines])
    assert 0.935 <= covered <= 0.965


@pytest.mark.parametrize("x", [[1.0], [1.0, 2.0], [2.0, 2.0, 2.0]])
def test_too_little_is_no_line(x: list[float]) -> None:
    """Two points, or one load held again and again, say nothing of a slope."""
    assert fit_line(np.array(x), np.array(x)) is None


def test_what_is_not_finite_is_refused() -> None:
    """A gap in the metrics must be left out by who knows what it means."""
    with pytest.raises(ValueError, match="finite"):
        fit_line(np.array([1.0, 2.0, np.nan]), np.array([1.0, 2.0, 3.0]))
