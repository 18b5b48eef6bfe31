"""What a comparison needs beyond two samples: many tests at once, runs that differ, plans side by side."""

import numpy as np
import pytest
from scipy import stats

from pwdload.statistics.compared import Contrast, between_runs, holm, paired_contrast


def test_holm_by_hand() -> None:
    """The smallest p-value counts as often as there are tests, the next once less, and none is below one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_weights_share_the_error_out_unevenly() -> None:
    """A test with four fifths of the weight is held to 4 % at first, the other to 1 %, and later to 5 %."""
    assert holm([0.03, 0.5], [4.0, 1.0]) == pytest.approx((0.0375, 0.5))
    assert holm([0.5, 0.009], [4.0, 1.0]) == pytest.approx((0.5, 0.045))
    assert holm([0.5, 0.03], [4.0, 1.0])[1] > 0.05
    assert holm([0.01, 0.04, 0.03], [1.0, 1.0, 1.0]) == holm([0.01, 0.04, 0.03])


def test_runs_that_differ_widen_an_interval_as_the_t_test_does() -> None:
    """With samples that say all within a run, the interval and p-value are those of Student's test of two means."""
    base, new = [1.0, 1.1, 0.9, 1.05], [1.3, 1.2, 1.45, 1.25]
    estimate = float(np.mean(new) - np.mean(base))
    sure = Contrast.of(estimate, 1e-9)
    found = between_runs(sure, base, new)
    theirs = stats.ttest_ind(new, base)
    assert found.p_value == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval()
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high))


def test_runs_that_agree_by_luck_do_not_narrow_an_interval() -> None:
    """Two runs a side that happen to agree say nothing that their samples do not say."""
    by_samples = Contrast.of(0.1, 0.1)
    found = between_runs(by_samples, [1.0, 1.0], [1.1, 1.1])
    assert (found.lower, found.upper, found.p_value) == (by_samples.lower, by_samples.upper, by_samples.p_value)


def test_one_run_a_side_says_nothing_of_runs() -> None:
    """Nothing is made up about how much runs differ."""
    by_samples = Contrast.of(0.1, 0.1)
    assert between_runs(by_samples, [1.0], [1.1, 1.2]) is by_samples


def test_what_both_plans_have_in_common_cancels_out() -> None:
    """A rush that is in both plans is no chance: piece by piece the sides are alike, and the interval is narrow."""
    rng = np.random.default_rng(1)
    plan = np.repeat([10.0, 200.0, 50.0], 10)
    seconds = np.full(30, 3.0)
    base, new = (rng.poisson(plan * seconds).astype(float) for _ in range(2))
    found = paired_contrast(base, new, seconds, seconds)
    rate = float(base.sum() / seconds.sum())
    assert found.lower < 0 < found.upper
    assert found.upper - found.lower < 0.1 * rate


def test_ends_of_the_ninety_per_cent_interval_are_one_sided_bounds() -> None:
    """Each end of it leaves 5 % beyond itself, also with few degrees of freedom."""
    found = Contrast.of(1.0, 0.5, 4)
    lower, upper = found.one_sided
    assert stats.t.cdf((1.0 - lower) / 0.5, 4) == pytest.approx(0.95)
    assert upper - 1.0 == pytest.approx(1.0 - lower)
