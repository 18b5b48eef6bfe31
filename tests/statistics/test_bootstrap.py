"""The block bootstrap agrees with theory where there is one, and keeps neighbours together."""

import numpy as np
import pytest
from tests.statistics.worlds import WORLDS, told

from pwdload.statistics.bootstrap import block_weights, percentile_replicates, rate_replicates, share_replicates
from pwdload.statistics.percentiles import P50, P95
from pwdload.statistics.quantiles import percentile_interval
from pwdload.statistics.slots import SlotCounts


@pytest.mark.parametrize("stationary", [False, True])
def test_replicates_are_as_long_as_the_series(stationary: bool) -> None:
    """Each replicate draws as many slots as there are, each slot is as likely as any, and a seed decides which."""
    weights = block_weights(90, 7, np.random.default_rng(1), stationary=stationary)
    assert (weights.sum(axis=1) == 90).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(90), abs=0.2)
    assert np.array_equal(weights, block_weights(90, 7, np.random.default_rng(1), stationary=stationary))


@pytest.mark.parametrize("stationary", [False, True])
def test_independent_samples_agree_with_order_statistics(stationary: bool) -> None:
    """Of independent samples the bootstrap's interval is the order statistics' one, within a quarter of its length."""
    values, times = WORLDS["exponential"].make(np.random.default_rng(2), 10_000)
    exact = percentile_interval(values, times, P95)
    lower, upper = percentile_replicates(values, times, P95, 1, stationary=stationary).interval()
    near = 0.25 * (exact.upper - exact.lower)
    assert lower == pytest.approx(exact.lower, abs=near)
    assert upper == pytest.approx(exact.upper, abs=near)


def test_a_queue_gets_longer_blocks() -> None:
    """Blocks of a queue's response times are longer than one slot, and the interval wider than without them."""
    values, times = WORLDS["mm1"].make(np.random.default_rng(3), 20_000)
    blocks = percentile_replicates(values, times, P50, 1)
    alone = percentile_replicates(np.random.default_rng(4).permutation(values), times, P50, 1)
    assert blocks.block_slots > 2 * alone.block_slots
    assert np.ptp(blocks.interval()) > 2 * np.ptp(alone.interval())


def test_shares_and_rates_have_the_spread_of_chance() -> None:
    """Independent hits and Poisson events vary between replicates as binomial and Poisson numbers do."""
    rng = np.random.default_rng(5)
    counts = SlotCounts(totals=np.full(500, 20.0), hits=rng.binomial(20, 0.1, 500).astype(np.float64))
    assert share_replicates(counts, 1).values.std() == pytest.approx(np.sqrt(0.1 * 0.9 / 10_000), rel=0.25)
    events = rng.poisson(50, 500).astype(np.float64)
    assert rate_replicates(events, 0.5, 1).values.std() == pytest.approx(np.sqrt(25_000) / 250, rel=0.25)


def test_too_few_samples_are_refused() -> None:
    """A percentile that would not be printed is not resampled either."""
    with pytest.raises(ValueError, match="p95 needs 200"):
        percentile_replicates(np.ones(50), np.arange(50.0), P95, 1)


@pytest.mark.slow
def test_coverage_of_the_bootstrap() -> None:
    """Of independent samples the bootstrap is as good as ranks; of dependent ones it is not, so it comes second."""
    for name, count, least in (("exponential", 10_000, 0.93), ("ar1", 10_000, 0.85), ("mm1", 30_000, 0.85)):
        world, held = WORLDS[name], []
        for run in range(300):
            values, times = world.make(np.random.default_rng(run), count)
            lower, upper = percentile_replicates(values, times, P95, run).interval()
            held.append(lower <= world.truth(0.95) <= upper)
        told(f"block bootstrap of p95, {name}, {count:,} samples: {np.mean(held):.1%} covered")
        assert np.mean(held) >= least
