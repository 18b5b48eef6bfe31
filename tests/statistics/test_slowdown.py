"""One factor for a whole distribution: found where it is, with an interval that holds it, and not where it is not."""

import numpy as np
import pytest
from tests.statistics.worlds import WORLDS, told

from pwdload.statistics.slowdown import Slowdown, factor_of, slowdown


def compared(name: str, count: int, run: int, factor: float) -> Slowdown:
    """Return the slowdown between two runs of one world, the second slower by a factor."""
    (a, a_times), (b, b_times) = (WORLDS[name].make(np.random.default_rng(2 * run + one), count) for one in (0, 1))
    return slowdown(a, a_times, b * factor, b_times)


def test_the_factor_is_found() -> None:
    """A fifth more is a fifth more, whichever of the two sides has it, and the interval holds it."""
    there, back = compared("lognormal", 5000, 1, 1.2), compared("lognormal", 5000, 1, 1 / 1.2)
    assert there.lower < 1.2 < there.upper
    assert back.lower < 1 / 1.2 < back.upper
    assert there.is_different
    assert there.p_value < 1e-6
    assert there.factor / back.factor == pytest.approx(1.44, rel=0.01)


def test_equal_runs_are_shown_equal() -> None:
    """Of twenty pairs of equal runs few are told different, and most are shown to be within 5 % of one another."""
    found = [compared("lognormal", 5000, run, 1.0) for run in range(20)]
    assert sum(one.is_different for one in found) <= 4
    assert sum(one.lower_90 > 0.95 and one.upper_90 < 1.05 for one in found) >= 16


def test_a_queue_is_less_sure() -> None:
    """The interval of a queue's response times is many times as wide as that of independent ones."""
    queue, alone = compared("mm1", 5000, 3, 1.0), compared("exponential", 5000, 3, 1.0)
    assert queue.upper - queue.lower > 2 * (alone.upper - alone.lower)


def test_what_cannot_be_told_is_not_told() -> None:
    """Too few samples, times of 0, and samples a hundredfold apart have no factor."""
    values, times = WORLDS["lognormal"].make(np.random.default_rng(1), 1000)
    for a, b in ((values[:199], values), (values, values * 0.0), (values, values * 100.0)):
        assert not slowdown(a, times[: len(a)], b, times).is_known
        assert np.isnan(factor_of(a, b))


def test_a_queue_that_is_worth_too_little_is_not_told() -> None:
    """Of a minute and a half at 90 % load a few bad spells are all that was seen: no factor, however many requests."""
    assert not any(compared("mm1_90", 9000, run, 1.0).is_known for run in range(3))


def test_times_that_never_scatter_are_told_exactly() -> None:
    """Where each time is the same, 5 % more are 5 % more, without a doubt; and the same are the same."""
    times, same = np.arange(500.0), np.full(500, 0.02)
    slower, equal = slowdown(same, times, same * 1.05, times), slowdown(same, times, same, times)
    assert slower.factor == pytest.approx(1.05, abs=0.001)
    assert (slower.is_different, slower.p_value) == (True, 0.0)
    assert (equal.is_different, equal.p_value) == (False, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count", "least_power"),
    [
        ("lognormal", 10_000, 0.9),
        ("exponential", 10_000, 0.9),
        ("ar1", 10_000, 0.0),
        ("mm1", 30_000, 0.0),
        ("mm1_90", 30_000, 0.0),
    ],
)
def test_false_alarms_and_power(name: str, count: int, least_power: float) -> None:
    """A slowdown of 5 % is found in nine of ten pairs of 10,000 independent samples, even exponential ones."""
    runs = 400
    alarms = np.mean([one.is_different for run in range(runs) if (one := compared(name, count, run, 1.0)).is_known])
    slower = [one for run in range(runs) if (one := compared(name, count, run, 1.05)).is_known]
    found = np.mean([one.is_different and one.factor > 1 for one in slower])
    held = np.mean([one.lower <= 1.05 <= one.upper for one in slower])
    told(
        f"slowdown, {name}, {count:,} a side: of {len(slower)} that are known, false alarms {alarms:.1%}, "
        f"5 % found in {found:.1%}, covered {held:.1%}"
    )
    assert alarms <= 0.075
    assert found >= least_power
    assert held >= 0.92
