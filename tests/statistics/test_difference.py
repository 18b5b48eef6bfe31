"""Differences are found where they are, not where they are not, and sameness is shown, not assumed."""

import numpy as np
import pytest
from tests.statistics.worlds import WORLDS, told

from pwdload.statistics.difference import Difference, percentile_difference, share_difference


def compared(name: str, count: int, permille: int, run: int, factor: float = 1.0) -> Difference:
    """Return the difference of two runs of one world, the second slower by a factor."""
    (a, a_times), (b, b_times) = (WORLDS[name].make(np.random.default_rng(2 * run + one), count) for one in (0, 1))
    return percentile_difference(a, a_times, b * factor, b_times, permille, run)


def is_within(found: Difference, share: float) -> bool:
    """Say whether two one-sided tests show the sides to be within a share of each other."""
    return -share < found.relative_lower_90 and found.relative_upper_90 < share


def shares(name: str, count: int, permille: int, runs: int) -> tuple[float, float, float]:
    """Return how often equal runs were told different, a 5 % regression found, and equality within 10 % shown."""
    equal = [compared(name, count, permille, run) for run in range(runs)]
    slower = [compared(name, count, permille, run, 1.05) for run in range(runs)]
    found = [one.is_different and one.estimate > 0 for one in slower]
    alarms, same = ([one.is_different for one in equal], [is_within(one, 0.1) for one in equal])
    return float(np.mean(alarms)), float(np.mean(found)), float(np.mean(same))


def test_a_regression_of_5_per_cent_is_found() -> None:
    """10,000 samples a side find a p95 that is 5 % slower nine times in ten, and two equal runs rarely differ."""
    alarms, found, same = shares("lognormal", 10_000, 950, 40)
    assert alarms <= 0.15  # 5 % of 40 is 2; more than 6 come once in two hundred
    assert found >= 0.75
    assert same >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count", "permille", "least_power"),
    [
        ("lognormal", 10_000, 500, 0.9),
        ("lognormal", 10_000, 950, 0.85),
        ("exponential", 10_000, 500, 0.0),
        ("exponential", 10_000, 950, 0.0),
        ("ar1", 10_000, 500, 0.0),
        ("ar1", 10_000, 950, 0.0),
        ("mm1", 30_000, 500, 0.0),
        ("mm1", 30_000, 950, 0.0),
    ],
)
def test_false_alarms_and_power_in_a_thousand_runs(name: str, count: int, permille: int, least_power: float) -> None:
    """Two equal runs are told different in about 5 %, whatever hangs together; power is as the samples allow."""
    alarms, found, same = shares(name, count, permille, 1000)
    told(
        f"{name}, {count:,} samples a side, p{permille / 10:g}: false alarms {alarms:.1%}, a 5 % regression found in "
        f"{found:.1%}, equal within 10 % shown in {same:.1%}"
    )
    assert alarms <= 0.065  # 5 % and two standard errors of a thousand runs
    assert found >= least_power


def test_same_seed_same_numbers() -> None:
    """A difference is a function of its samples and seed, whatever order the samples came in."""
    (a, a_times), (b, b_times) = (WORLDS["mm1"].make(np.random.default_rng(one), 5000) for one in (1, 2))
    order = np.random.default_rng(3).permutation(5000)
    first = percentile_difference(a, a_times, b, b_times, 500, 7)
    assert first == percentile_difference(a[order], a_times[order], b, b_times, 500, 7)


def test_swapped_sides_swap_the_sign() -> None:
    """What is slower one way is faster the other way, by the same amount."""
    (a, a_times), (b, b_times) = (WORLDS["lognormal"].make(np.random.default_rng(one), 5000) for one in (1, 2))
    there, back = (
        percentile_difference(a, a_times, b * 1.2, b_times, 950, 7),
        percentile_difference(b * 1.2, b_times, a, a_times, 950, 7),
    )
    assert there.estimate == -back.estimate
    assert there.lower == pytest.approx(-back.upper, rel=0.1)
    assert there.is_different
    assert back.is_different
    assert there.p_value < 0.001
    assert 0.1 < there.relative_lower < 0.2 < there.relative_upper < 0.3


def test_too_few_samples_tell_nothing() -> None:
    """With 199 samples there is no p95 and no difference: neither different nor equivalent."""
    few, many = np.linspace(0.01, 0.02, 199), np.linspace(0.01, 0.02, 5000)
    nothing = percentile_difference(few, np.arange(199.0), many, np.arange(5000.0), 950, 1)
    assert not nothing.is_known
    assert not nothing.is_different
    assert not is_within(nothing, 10.0)


def test_shares_differ() -> None:
    """One failed request in a hundred differs from three in a hundred, and not from one in a hundred."""
    rng, times = np.random.default_rng(5), np.arange(10_000.0)
    one, same, three = (rng.random(10_000) < share for share in (0.01, 0.01, 0.03))
    assert share_difference(one, times, three, times, 1).is_different
    assert not share_difference(one, times, same, times, 1).is_different
    equal = share_difference(one, times, same, times, 1)
    assert -0.005 < equal.lower_90 < equal.upper_90 < 0.005
    none = share_difference(np.zeros(0, dtype=bool), np.zeros(0), three, times, 1)
    assert not none.is_known


def test_failures_in_one_outage_are_no_thousand_failures() -> None:
    """A share that one outage made is as unsure as one outage is: its interval reaches much further."""
    times = np.arange(10_000.0)
    outage, spread = np.zeros(10_000, dtype=bool), np.zeros(10_000, dtype=bool)
    outage[4000:4300], spread[::33] = True, True
    nothing = np.zeros(10_000, dtype=bool)
    bad = share_difference(nothing, times, outage, times, 1)
    even = share_difference(nothing, times, spread, times, 1)
    assert bad.upper - bad.lower > 5 * (even.upper - even.lower)
