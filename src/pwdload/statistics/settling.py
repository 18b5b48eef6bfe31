"""Whether a series has settled: where its warm-up ends, and whether it still rises or falls.

Sources: K. P. White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69 (1997),
323-334, and K. P. White, M. J. Cobb, S. C. Spratt, "A comparison of five steady-state truncation heuristics for
simulation", Winter Simulation Conference (2000), 755-760, for MSER; H. B. Mann, Econometrica 13 (1945), 245-259, M. G.
Kendall, "Rank correlation methods" (1975), and K. H. Hamed, A. R. Rao, "A modified Mann-Kendall trend test for
autocorrelated data", Journal of Hydrology 204 (1998), 182-196, for the trend.
"""

import math
from dataclasses import dataclass

import numpy as np

from pwdload.statistics import distributions as stats
from pwdload.statistics.dependence import autocorrelation, block_length, sum_variance
from pwdload.statistics.percentiles import Floats

LEAST_BINS = 20
"""A series shorter than this is not looked at."""
WARM_UP_Z = 4.0
"""So many standard errors the warm-up must be off from the rest: MSER always cuts somewhere, also by chance."""
TREND_P = 0.001
"""Below this p-value a trend is taken for one: a run has many stages, and each is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What was found of one series, in bins of it."""

    bins: int
    warm_up: int
    """How many bins at the beginning are unlike the rest; 0: none."""
    is_settled: bool
    """False when the best cut is beyond the middle: the series ends before it can be told to have settled."""
    trend_p: float
    """How often chance alone makes such a trend after the warm-up; NaN where too little is left of the series."""
    rises: bool
    """Which way the trend goes."""

    @property
    def has_trend(self) -> bool:
        """Whether the series still rose or fell after its warm-up."""
        return self.trend_p < TREND_P


def settling(series: Floats) -> Settling | None:
    """Return whether a series of equally long bins has settled; null below `LEAST_BINS`. NaN bins are left out."""
    known = series[~np.isnan(series)]
    if len(known) < LEAST_BINS:
        return None
    cut = mser(known)
    late = cut > len(known) // 2
    warm_up = 0 if late or not _is_off(known[:cut], known[cut:]) else cut
    p_value, score = mann_kendall(known[warm_up:])
    return Settling(
        bins=len(known),
        warm_up=warm_up,
        is_settled=not (late and p_value < TREND_P),
        trend_p=p_value,
        rises=score > 0,
    )


def mser(series: Floats) -> int:
    """Return before which element to cut, so that the mean of the rest has the smallest standard error.

    The marginal standard error rule, ``min over d of sum((x - mean)^2) / (n - d)^2`` of the elements from d on. The
    last five are never cut to. Elements are bins, that is batches, as in MSER-5.
    """
    tail = series[::-1]
    count = np.arange(1, len(tail) + 1)
    squares = np.cumsum(tail**2) - np.cumsum(tail) ** 2 / count
    error = np.maximum(squares, 0.0) / count.astype(np.float64) ** 2
    kept = int(np.argmin(error[4:][::-1]))
    return kept if len(series) > 5 else 0


def mann_kendall(series: Floats) -> tuple[float, float]:
    """Return the two-sided p-value of a trend, and its score, positive where the series rises.

    The variance is corrected for ranks that hang together (Hamed and Rao, significant lags only); p is NaN for fewer
    than 10 elements and 1 for a constant series.
    """
    size = len(series)
    if size < 10:
        return math.nan, 0.0
    score = float(np.sign(series[None, :] - series[:, None])[np.triu_indices(size, 1)].sum())
    ties = np.unique(series, return_counts=True)[1].astype(np.float64)
    variance = (size * (size - 1) * (2 * size + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18.0
    if variance <= 0:
        return 1.0, 0.0
    z = (score - np.sign(score)) / math.sqrt(variance * _correction(series))
    return float(2.0 * stats.norm.sf(abs(z))), score


def _correction(series: Floats) -> float:
    """Return by how much the variance of the score is larger for ranks that hang together; at least 1."""
    size = len(series)
    at = np.arange(size, dtype=np.float64)
    # A trend is no dependence: the ranks are those of what is left without it.
    rest = series - np.polyval(np.polyfit(at, series, 1), at)
    lags = np.arange(1, size // 4 + 1)
    found = autocorrelation(stats.rankdata(rest), size // 4)[1:]
    found = np.where(np.abs(found) > 1.96 / math.sqrt(size), found, 0.0)
    weights = (size - lags) * (size - lags - 1.0) * (size - lags - 2.0)
    factor = 1.0 + 2.0 / (size * (size - 1.0) * (size - 2.0)) * float((weights * found).sum())
    return max(factor, 1.0)


def _is_off(head: Floats, rest: Floats) -> bool:
    """Whether a beginning differs from the rest by more than as long a part of the rest would."""
    if not len(head) or len(rest) < LEAST_BINS // 2:
        return False
    residuals = rest - rest.mean()
    per_bin = max(float(residuals @ residuals) / len(rest), 1e-18)
    hanging = sum_variance(residuals, max(5, min(20, len(rest) // (2 * block_length(residuals))))) / len(rest)
    error = math.sqrt(max(per_bin, hanging) * (1.0 / len(head) + 1.0 / len(rest)))
    return bool(abs(head.mean() - rest.mean()) > WARM_UP_Z * error)
