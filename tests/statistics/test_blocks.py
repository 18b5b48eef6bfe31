"""Block bootstrap: the draws of a percentile are those that drawing whole blocks gives, and intervals hold."""

import numpy as np
import pytest

from pwdload.statistics.blocks import BlockHistograms, block_draws, expanded_tail, interval_of, share_draws


def test_draws_of_a_percentile_are_those_of_the_drawn_values() -> None:
    """Putting the drawn blocks together by hand gives the same percentile, to the width of a bin."""
    random = np.random.default_rng(1)
    values, block = random.lognormal(-3.0, 0.8, 2000), np.repeat(np.arange(8), 250)
    weights = block_draws(8, 50, random)
    whole = np.quantile(values, 0.95, method="inverted_cdf")
    ratios = BlockHistograms.of(values, block, 8).draws(weights, 950)
    for draw, ratio in zip(weights, ratios, strict=True):
        drawn = np.concatenate([np.tile(values[block == one], int(times)) for one, times in enumerate(draw)])
        assert whole * ratio == pytest.approx(np.quantile(drawn, 0.95, method="inverted_cdf"), rel=0.009)


def test_shares_are_of_all_trials_drawn() -> None:
    """A share is hits over trials of the drawn blocks together, not an average of the blocks' shares."""
    shares = share_draws(np.array([1.0, 0.0]), np.array([10.0, 90.0]), np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]]))
    assert shares.tolist() == pytest.approx([0.01, 0.1, 0.0])


def test_intervals_of_few_blocks_are_wider() -> None:
    """Eight blocks leave out fewer draws on either side than many blocks do, and one block none."""
    assert expanded_tail(1) == 0.0
    assert 0 < expanded_tail(8) < expanded_tail(30) < 0.025


def test_the_interval_of_a_mean_of_independent_blocks_holds_it() -> None:
    """Of 400 means of eight independent blocks about 95 % lie within their intervals."""
    held = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        sums = random.poisson(50, 8).astype(float)
        lower, upper = interval_of(block_draws(8, 300, random) @ sums / 8, 8)
        held += lower <= 50 <= upper
    assert 0.91 <= held / 400 <= 0.98
