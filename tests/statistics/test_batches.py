"""Batches: what values that are alike are worth, and how sure a mean is."""

import numpy as np
import pytest
from scipy.stats import t

from pwdload.statistics.batches import counted, design_effect, design_effect_of, mean_bounds, student_quantile
from pwdload.statistics.shares import Z_95


def test_independent_trials_are_worth_what_they_are() -> None:
    """Of independent trials the effect is near 1, and never below."""
    rng = np.random.default_rng(3)
    effects = [design_effect(rng.random(3_000) < 0.05) for _ in range(200)]
    assert min(effects) >= 1.0
    assert np.mean(effects) < 1.4


def test_hits_that_come_in_clusters_are_worth_as_many_as_there_are_clusters() -> None:
    """Where twenty neighbours are hit together, twenty trials are worth one."""
    rng = np.random.default_rng(3)
    effects = [design_effect(np.repeat(rng.random(1_500) < 0.05, 20)) for _ in range(50)]
    assert 15.0 < np.median(effects) < 30.0


def test_trials_that_were_counted_are_worth_about_what_they_are_one_by_one() -> None:
    """A series counted by tens, or by whatever a second had, says what it says trial by trial, clusters or none."""
    rng = np.random.default_rng(5)
    for cluster in (1, 40):
        hits = np.repeat(rng.random(6_000 // cluster) < 0.1, cluster)
        for second in (np.arange(len(hits)) // 10, np.sort(rng.integers(0, 300, len(hits)))):
            counts, trials = counted(hits, second)
            assert (trials.sum(), counts.sum()) == (len(hits), hits.sum())
            assert design_effect(counts, trials) == pytest.approx(design_effect(hits), rel=0.2)


def test_counts_that_say_nothing_are_worth_what_they_are() -> None:
    """Seconds without a trial are none, one second is no batch, and none at all is nothing."""
    none, (hits, trials) = np.zeros(0, np.int64), (np.array([0, 5, 0, 0]), np.array([0, 400, 0, 0]))
    assert counted(np.zeros(0, bool), none)[0].size == 0
    for effect in (design_effect, design_effect_of):
        assert effect(none, none) == effect(hits, trials) == 1.0


@pytest.mark.parametrize("hits", [np.zeros(0, bool), np.ones(79, bool), np.zeros(5_000, bool), np.ones(5_000, bool)])
def test_where_nothing_shows_nothing_is_made_up(hits: np.ndarray) -> None:
    """Too few trials, no hit, or nothing but hits: 1."""
    assert design_effect(hits) == 1.0


@pytest.mark.parametrize("freedom", [7, 9, 29])
def test_quantiles_are_those_of_student(freedom: int) -> None:
    """To three digits and better, by another library's distribution."""
    assert student_quantile(Z_95, freedom) == pytest.approx(t.ppf(0.95, freedom), abs=1e-4)


def test_bounds_of_a_mean_hold_as_often_as_they_say() -> None:
    """Each one-sided bound is beyond the true mean in about 95 % of all series."""
    rng = np.random.default_rng(8)
    bounds = np.array([mean_bounds(rng.normal(5.0, 2.0, size=12)) for _ in range(4_000)])
    assert np.mean(bounds[:, 0] <= 5.0) == pytest.approx(0.95, abs=0.012)
    assert np.mean(bounds[:, 1] >= 5.0) == pytest.approx(0.95, abs=0.012)


def test_few_batches_are_refused() -> None:
    """Seven say too little of how they differ."""
    with pytest.raises(ValueError, match="7 batches"):
        mean_bounds(np.ones(7))
