"""Block bootstrap: how sure a number is that was computed from requests which followed one another.

Response times of neighbours are alike: they stood in the same queue. To draw them one by one would take them for
independent and give intervals that are far too narrow. So time is cut into blocks longer than the queue remembers, and
blocks are drawn. Source: H. R. Künsch, "The jackknife and the bootstrap for general stationary observations", Annals
of Statistics 17 (1989); non-overlapping blocks as E. Carlstein (1986).

A few blocks make a percentile interval too narrow. It is taken at expanded levels, those of Student's t with
blocks - 1 degrees of freedom. Source: T. C. Hesterberg, "What teachers should know about the bootstrap", The American
Statistician 69 (2015), section 4.4.
"""

from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Self

import numpy as np
import numpy.typing as npt

from pwdload.statistics.bins import part_by_part, tallied
from pwdload.statistics.distributions import norm, t

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

_STEP = 0.004
"""Width of a bin of the histogram of times, relative: finer than any interval that is printed."""


def block_draws(blocks: int, draws: int, random: np.random.Generator) -> Floats:
    """Return how often each draw has each block: one row per draw, each row adds up to the number of blocks."""
    return random.multinomial(blocks, np.full(blocks, 1 / blocks), size=draws).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class BlockHistograms:
    """Values of blocks that are drawn, so that any percentile of each draw can be told without a look at them again.

    Each block is a histogram whose bins are 0.4 % wide. Values below a microsecond count as one.
    """

    sums: Floats
    """Of each block, a row, how many values lie in each bin and those before it."""

    @classmethod
    def of(cls, values: Floats, block: npt.NDArray[np.integer], blocks: int) -> Self:
        """Count values, at least one; `block` says which of so many blocks each belongs to."""
        bins = part_by_part(_bins, values)
        first = int(bins.min())
        width = int(bins.max()) - first + 1
        counts = tallied(
            len(bins),
            blocks * width,
            lambda part: block[part].astype(np.int32) * np.int32(width) + (bins[part] - np.int32(first)),
        )
        return cls(np.cumsum(counts.reshape(blocks, width), axis=1).astype(np.float64))

    def draws(self, weights: Floats, permille: int) -> Floats:
        """Return a percentile of each draw relative to that of all the values, which is 1.

        `weights` are from `block_draws`.
        """
        whole = _rank_bins(self.sums, np.ones((1, weights.shape[1])), permille)[0]
        ratios: Floats = np.exp((_rank_bins(self.sums, weights, permille) - whole) * _STEP)
        return ratios


def _bins(values: Floats) -> npt.NDArray[np.integer]:
    places = np.log(np.maximum(values, 1e-6))
    places /= _STEP
    bins: npt.NDArray[np.integer] = np.floor(places, out=places).astype(np.int32)
    return bins


def share_draws(hits: Floats, trials: Floats, weights: Floats) -> Floats:
    """Return a share of each draw, given hits and trials of each block; 0 where a draw has no trial."""
    shares: Floats = (weights @ hits) / np.maximum(weights @ trials, 1e-9)
    return shares


def interval_of(draws: Floats, blocks: int) -> tuple[float, float]:
    """Return the 95 % interval that draws of so many blocks give; infinite draws are allowed."""
    tail = expanded_tail(blocks)
    lower, upper = np.quantile(draws, (tail, 1 - tail), method="inverted_cdf")
    return float(lower), float(upper)


@cache
def expanded_tail(blocks: int) -> float:
    """Return which share of the draws is left out on either side of a 95 % interval from so many blocks."""
    if blocks < 2:
        return 0.0
    return float(norm.cdf(-sqrt(blocks / (blocks - 1)) * t.ppf(0.975, blocks - 1)))


def _rank_bins(sums: Floats, weights: Floats, permille: int) -> Counts:
    """Return for each draw the bin that holds the percentile's rank, given the running sums of each block's histogram.

    By halving, for all draws at once: to add up whole histograms for each draw would take a hundred times as long.
    """
    rank = np.maximum(np.ceil(weights @ sums[:, -1] * permille / 1000 - 1e-9), 1.0)
    low, high = np.zeros(len(weights), dtype=np.int64), np.full(len(weights), sums.shape[1] - 1, dtype=np.int64)
    while (low < high).any():
        middle = (low + high) // 2
        reached = (weights * sums[:, middle].T).sum(axis=1) >= rank
        low, high = np.where(reached, low, np.minimum(middle + 1, high)), np.where(reached, middle, high)
    return low
