"""The exact binomial test: never wrong more often than it says, and no more careful than it must be."""

import pytest
from scipy.stats import binom

from pwdload.statistics.binomial import least_trials, telling

SHARES = (0.001, 0.01, 0.05, 0.5, 0.9, 0.999)


@pytest.mark.parametrize("trials", [1, 5, 58, 59, 100, 1_000, 12_345, 1_000_000])
@pytest.mark.parametrize("share", SHARES)
def test_the_numbers_that_tell_are_the_last_ones_within_the_error(trials: int, share: float) -> None:
    """One hit more would no longer be few, one hit less no longer many, by another library's distribution."""
    told = telling(trials, share)
    allowed = 0.05 * (1 + 1e-9)
    assert told.few == -1 or binom.cdf(told.few, trials, share) <= allowed
    assert binom.cdf(told.few + 1, trials, share) > allowed
    assert told.many == trials + 1 or binom.sf(told.many - 1, trials, share) <= allowed
    assert binom.sf(told.many - 2, trials, share) > allowed


def test_least_trials_are_the_first_of_which_none_tells() -> None:
    """59 answers within a limit are the fewest that say so of a p95, and 299 of a p99."""
    assert (least_trials(0.05), least_trials(0.01)) == (59, 299)
    assert telling(59, 0.05).few == 0
    assert telling(58, 0.05).few == -1


def test_nothing_tells_where_nothing_was_tried() -> None:
    """Without a trial, neither few nor many."""
    assert (telling(0, 0.05).few, telling(0, 0.05).many) == (-1, 1)


def test_what_cannot_be_is_refused() -> None:
    """Fewer trials than none, or a share above one, is somebody's mistake."""
    with pytest.raises(ValueError, match="-1 trials"):
        telling(-1, 0.5)
    with pytest.raises(ValueError, match=r"share of 1\.5"):
        telling(3, 1.5)
