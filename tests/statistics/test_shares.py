"""Bounds of a share: they must hold as often as they promise, and never claim to know what was not seen."""

import math

import pytest

from pwdload.statistics.shares import Z_95, share_bounds


@pytest.mark.parametrize(("hits", "trials"), [(0, 20), (1, 100), (10, 1000), (500, 1000), (1000, 1000)])
def test_bounds_solve_the_score_equation(hits: int, trials: int) -> None:
    """A Wilson bound is the share from which what was seen lies exactly one quantile away."""
    seen, bounds = hits / trials, share_bounds(hits, trials)
    for bound, is_trivial in ((bounds.lower, hits == 0), (bounds.upper, hits == trials)):
        if not is_trivial:
            away = abs(seen - bound) / math.sqrt(bound * (1 - bound) / trials)
            assert away == pytest.approx(Z_95, rel=1e-9)


def test_twenty_good_requests_prove_little() -> None:
    """None of 20 says no more than that at most 11.9 % fail; less than 1 % takes 268 of them."""
    assert share_bounds(0, 20).upper == pytest.approx(0.119, abs=0.0005)
    assert share_bounds(0, 267).upper > 0.01 > share_bounds(0, 268).upper


def test_ends_are_exact() -> None:
    """Where nothing or everything was hit the outer bound is exactly 0 or 1, and without trials both are."""
    assert share_bounds(0, 50).lower == 0.0
    assert share_bounds(50, 50).upper == 1.0
    assert (share_bounds(0, 0).lower, share_bounds(0, 0).upper) == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "trials"), [(2, 1), (-1, 5)])
def test_impossible_counts_are_refused(hits: int, trials: int) -> None:
    """More hits than trials is a mistake of the caller, not a share."""
    with pytest.raises(ValueError, match="hits"):
        share_bounds(hits, trials)
