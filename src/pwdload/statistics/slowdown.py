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

from pwdload.statistics import distributions as stats
from pwdload.statistics.dependence import BATCHES, MISSED, hangs_together, sum_variance
from pwdload.statistics.percentiles import Codes, Floats
from pwdload.statistics.quantiles import SPELLS
from pwdload.statistics.slots import slot_codes, slot_count

BIN = 0.001
"""The relative width of a bin."""
LEAST_SAMPLES = 200
"""On either side; with fewer nothing is told."""
LEAST_EFFECTIVE = 100.0
"""Samples of a side that hang together must be worth so many: 20 batches of less than five each are not independent."""
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


_UNKNOWN = Slowdown(
    factor=math.nan, lower=math.nan, upper=math.nan, lower_90=math.nan, upper_90=math.nan, p_value=math.nan
)


def slowdown(a_values: Floats, a_times: Floats, b_values: Floats, b_times: Floats) -> Slowdown:
    """Return by what factor the values of B are larger than A's; values must be above 0, times as for percentiles.

    Samples that hang together are allowed for: the variance of the balance is then that of 20 long batches of each
    side, and Student's t pays for there being few.
    """
    if not _is_enough(a_values, b_values):
        return _UNKNOWN
    a, b, counts = _binned(a_values, b_values)
    zero = _root(*counts, 0.0)
    if zero is None:
        return _UNKNOWN
    whole = math.floor(zero)
    scores = _scores(counts[0] + np.roll(counts[1], -whole))
    sides = _error(scores[a], a_times), _error(scores[b - whole], b_times)
    if not all(side.is_enough for side in sides):
        return _UNKNOWN
    error = math.hypot(*(side.error for side in sides))
    chance = stats.t(BATCHES - 1) if any(side.hangs for side in sides) else stats.norm()
    known = _balance(*counts, 0)
    ends = [_root(*counts, side * float(chance.ppf(level)) * error) for level, side in _ENDS]
    if any(end is None for end in ends):
        return _UNKNOWN
    lower, lower_90, upper_90, upper = ((1.0 + BIN) ** end for end in ends if end is not None)
    return Slowdown(
        factor=(1.0 + BIN) ** zero,
        lower=lower,
        upper=upper,
        lower_90=lower_90,
        upper_90=upper_90,
        p_value=float(2.0 * chance.sf(abs(known) / error)) if error > 0 else float(not known),
    )


def factor_of(a_values: Floats, b_values: Floats) -> float:
    """Return the factor alone, as runs of one side have it by luck: NaN where `slowdown` would not know one."""
    if not _is_enough(a_values, b_values):
        return math.nan
    zero = _root(*_binned(a_values, b_values)[2], 0.0)
    return math.nan if zero is None else (1.0 + BIN) ** zero


def _is_enough(a_values: Floats, b_values: Floats) -> bool:
    return min(len(a_values), len(b_values)) >= LEAST_SAMPLES and min(a_values.min(), b_values.min()) > 0


_REACH = int(math.log(FACTOR_MAX) / math.log1p(BIN))


def _binned(a_values: Floats, b_values: Floats) -> tuple[Codes, Codes, tuple[Codes, Codes]]:
    """Return the bin of each value, and how many of either side each bin has, with room to move on both sides."""
    a, b = (np.floor(np.log(values) / math.log1p(BIN)).astype(np.int64) for values in (a_values, b_values))
    least = min(int(a.min()), int(b.min())) - _REACH
    a, b = a - least, b - least
    size = max(int(a.max()), int(b.max())) + _REACH + 1
    return a, b, (np.bincount(a, minlength=size), np.bincount(b, minlength=size))


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


def _root(a: Codes, b: Codes, balance: float) -> float | None:
    """Return by how many bins B is to be brought down for this balance; null where that is out of reach.

    Between two bins on a straight line: where samples are many, an interval is narrower than a bin.
    """
    low, high = -_REACH, _REACH
    above, below = _balance(a, b, low), _balance(a, b, high)
    if not above >= balance > below:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        found = _balance(a, b, middle)
        if found >= balance:
            low, above = middle, found
        else:
            high, below = middle, found
    return low + (above - balance) / (above - below)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Error:
    """How sure the mean score of one side is."""

    error: float
    hangs: bool
    """Whether its samples hang together."""
    is_enough: bool = True
    """Whether they are worth enough independent ones."""


def _error(scores: Floats, times: Floats) -> _Error:
    """Return the standard error of the mean score of one side, and whether its samples hang together."""
    slots = slot_count(len(scores))
    codes = slot_codes(times, slots)
    centred = scores - scores.mean()
    sums = np.bincount(codes, weights=centred, minlength=slots).astype(np.float64)
    alone = float(np.square(centred).sum())
    if not hangs_together(sums, alone):
        return _Error(error=math.sqrt(alone) / len(scores), hangs=False)
    variance = max(alone, sum_variance(sums))
    effective = len(scores) * alone / variance
    is_enough = effective >= LEAST_EFFECTIVE or variance <= SPELLS * alone
    variance *= 1.0 + MISSED / math.sqrt(effective / 2.0)
    return _Error(error=math.sqrt(variance) / len(scores), hangs=True, is_enough=is_enough)
