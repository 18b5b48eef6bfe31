"""By what factor all of one sample is slower than another: the whole distribution at once, not one percentile of it.

A percentile uses what lies around it and throws the rest away. Where everything became slower by about one factor, as
on a slower machine, a test of all ranks finds it in half as many samples. It is the log-rank test with the factor that
makes it balance: scores of the pooled values by how slow they are, exact for exponential times and good for others.
Values are taken in bins of 0.1 %, so that ten million cost as much as ten thousand.

It does not say that one factor is all there is: the percentiles do.

Source: I. R. Savage, "Contributions to the theory of rank order statistics: the two-sample case", Annals of
Mathematical Statistics 27 (1956), 590-615; N. Mantel, Cancer Chemotherapy Reports 50 (1966), 163-170; ends of the
interval by turning the test round: J. L. Hodges, E. L. Lehmann, Annals of Mathematical Statistics 34 (1963), 598-611.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pwdload.statistics.dependence import BATCHES, hangs_together, sum_variance
from pwdload.statistics.percentiles import Codes, Floats
from pwdload.statistics.slots import slot_codes, slot_count

BIN = 0.001
"""The relative width of a bin."""
LEAST_SAMPLES = 200
"""On either side; with fewer nothing is told."""
FACTOR_MAX = 8.0
"""Samples further apart than this are told by any percentile, and are not searched for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowdown:
    """By what factor B is slower than A, with its 95 % and 90 % intervals; NaN where it cannot be told."""

    factor: float
    lower: float
    upper: float
    lower_90: float
    upper_90: float
    p_value: float
    """Two-sided: how often chance alone makes samples of one distribution differ as much."""

    @property
    def is_known(self) -> bool:
        """Whether there were samples enough, and not too far apart."""
        return not math.isnan(self.factor)

    @property
    def is_different(self) -> bool:
        """Whether 1 is outside the 95 % interval."""
        return self.is_known and not self.lower <= 1.0 <= self.upper

    def is_equivalent_by(self, share: float) -> bool:
        """Whether B is shown to be within a share of A, 0.05 for 5 %, at 5 %."""
        return self.is_known and 1.0 - share < self.lower_90 and self.upper_90 < 1.0 + share


_UNKNOWN = Slowdown(
    factor=math.nan, lower=math.nan, upper=math.nan, lower_90=math.nan, upper_90=math.nan, p_value=math.nan
)


def slowdown(a_values: Floats, a_times: Floats, b_values: Floats, b_times: Floats) -> Slowdown:
    """Return by what factor the values of B are larger than A's; values must be above 0, times as for percentiles.

    Samples that hang together are allowed for: the variance of the balance is then that of 20 long batches of each
    side, and Student's t pays for there being few.
    """
    if min(len(a_values), len(b_values)) < LEAST_SAMPLES or min(a_values.min(), b_values.min()) <= 0:
        return _UNKNOWN
    a_bins, b_bins = (np.floor(np.log(values) / math.log1p(BIN)).astype(np.int64) for values in (a_values, b_values))
    least = min(int(a_bins.min()), int(b_bins.min()))
    a, b = a_bins - least, b_bins - least
    reach = int(math.log(FACTOR_MAX) / math.log1p(BIN))
    size = max(int(a.max()), int(b.max())) + 2 * reach + 1
    counts = np.bincount(a + reach, minlength=size), np.bincount(b + reach, minlength=size)
    zero = _root(*counts, 0.0, reach)
    if zero is None:
        return _UNKNOWN
    scores = _scores(counts[0] + np.roll(counts[1], -zero))
    sides = _error(scores[a + reach], a_times), _error(scores[b + reach - zero], b_times)
    error = math.hypot(sides[0][0], sides[1][0])
    known, chance = _balance(*counts, 0), stats.t(BATCHES - 1) if sides[0][1] or sides[1][1] else stats.norm()
    ends = [_root(*counts, side * float(chance.ppf(level)) * error, reach) for level, side in _ENDS]
    if any(end is None for end in ends):
        return _UNKNOWN
    factors = [(1.0 + BIN) ** end for end in ends if end is not None]
    return Slowdown(
        factor=(1.0 + BIN) ** zero,
        lower=factors[0],
        upper=factors[3],
        lower_90=factors[1],
        upper_90=factors[2],
        p_value=float(2.0 * chance.sf(abs(known) / error)) if error > 0 else 1.0,
    )


_ENDS = ((0.975, 1.0), (0.95, 1.0), (0.95, -1.0), (0.975, -1.0))
"""The balance at which each end of the two intervals lies: the more B is brought down, the lower its scores."""


def _scores(pooled: Codes) -> Floats:
    """Return the Savage score of each bin: the expected exponential order statistics of its ranks, less 1."""
    total = int(pooled.sum())
    at_risk = total - np.cumsum(pooled) + pooled
    hazard = np.divide(pooled, at_risk, out=np.zeros(len(pooled)), where=at_risk > 0)
    scores: Floats = np.cumsum(hazard) - hazard / 2.0 - 1.0
    return scores


def _balance(a: Codes, b: Codes, shift: int) -> float:
    """Return by how much the mean score of B, brought down by so many bins, is above A's."""
    moved = np.roll(b, -shift)
    scores = _scores(a + moved)
    # Sums, not dot products: a threaded library takes longer for these than they are worth.
    return float((scores * moved).sum() / moved.sum() - (scores * a).sum() / a.sum())


def _root(a: Codes, b: Codes, balance: float, reach: int) -> int | None:
    """Return the largest shift at which the balance is at least so much, by halving; null where none is in reach."""
    low, high = -reach, reach
    if not _balance(a, b, low) >= balance > _balance(a, b, high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _balance(a, b, middle) >= balance else (low, middle)
    return low


def _error(scores: Floats, times: Floats) -> tuple[float, bool]:
    """Return the standard error of the mean score of one side, and whether its samples hang together."""
    slots = slot_count(len(scores))
    codes = slot_codes(times, slots)
    centred = scores - scores.mean()
    sums = np.bincount(codes, weights=centred, minlength=slots).astype(np.float64)
    alone = float(np.square(centred).sum())
    hangs = hangs_together(sums, alone)
    return math.sqrt(max(alone, sum_variance(sums)) if hangs else alone) / len(scores), hangs
