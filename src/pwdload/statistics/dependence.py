"""How far samples hang together, and how many independent ones they are worth.

Response times of one queue come in bad spells: a thousand requests of one busy minute say less about the target than a
thousand of a whole day. What that costs is the design effect: the variance of a share as it is, over what it would be
if samples were independent. Samples over design effect are the effective samples.

Sources: L. Kish, "Survey Sampling", Wiley (1965), for the design effect; B. Schmeiser, "Batch size effects in the
analysis of simulation output", Operations Research 30 (1982), 556-568, for why 10 to 30 batches are enough and more
are worse; D. N. Politis, H. White, "Automatic block-length selection for the dependent bootstrap", Econometric Reviews
23 (2004), 53-70, corrected in A. Patton, D. N. Politis, H. White, Econometric Reviews 28 (2009), 372-375, for the block
length and for the bound beyond which a correlation is taken for one.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from pwdload.statistics import distributions as stats
from pwdload.statistics.percentiles import Floats
from pwdload.statistics.slots import SlotCounts

BATCHES = 20
"""The series is cut into so many batches. Their means are as good as independent when a batch is much longer than a
bad spell, and Student's t with 19 degrees of freedom pays for there being few of them."""
LEAST_SLOTS = 2 * BATCHES
"""A series shorter than this is too short to tell dependence from luck."""
MISSED = 1.1
"""What 20 batches miss of a design effect: so many times 1 / sqrt(bad spells), as the worst spell has mostly not come.
Found on simulated queues at 70 and 90 % load (docs/statistics.md has what intervals hold with it)."""
_DISPERSION_Z = 3.0
"""So many standard errors beyond 1 is what the dispersion within slots of independent samples does not reach."""
_RATIO_LIMIT = float(stats.chi2.ppf(0.95, BATCHES - 1) / (BATCHES - 1))
"""The variance of batches of independent samples, over what it should be, is below this in 95 of 100 series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """What was measured of how samples hang together."""

    samples: int
    design_effect: float
    """At least 1. How many samples are worth one independent one."""
    is_dependent: bool
    """Whether blocks are needed; else the samples may be taken as independent."""
    degrees: float
    """Degrees of freedom of the design effect; infinite where it was not estimated."""

    @property
    def effective(self) -> float:
        """How many independent samples these are worth."""
        return self.samples / self.design_effect

    def widened(self, spells: float) -> Self:
        """Return the same with what is missed of the design effect where it rests on so few independent bad spells."""
        if not self.is_dependent:
            return self
        return replace(self, design_effect=self.design_effect * (1.0 + MISSED / math.sqrt(spells)))

    def t(self, probability: float) -> float:
        """Return a quantile of Student's t for these degrees of freedom; at 0.975 of independent samples 1.96."""
        if math.isinf(self.degrees):
            return float(stats.norm.ppf(probability))
        return float(stats.t.ppf(probability, self.degrees))


def dependence(counts: SlotCounts) -> Dependence:
    """Return how the hits of a group hang together.

    Samples count as independent when no sign of the contrary is found: neither are slots more different than chance
    makes them, nor is a slot like those before it, nor are long batches more different than short ones tell.
    """
    samples, share, residuals = counts.samples, counts.share, counts.residuals
    independent = samples * share * (1.0 - share)
    if independent <= 0 or len(residuals) < LEAST_SLOTS:
        return Dependence(samples=samples, design_effect=1.0, is_dependent=False, degrees=math.inf)
    effect = sum_variance(residuals) / independent
    if not hangs_together(residuals, independent):
        return Dependence(samples=samples, design_effect=1.0, is_dependent=False, degrees=math.inf)
    return Dependence(samples=samples, design_effect=max(effect, 1.0), is_dependent=True, degrees=BATCHES - 1)


def hangs_together(residuals: Floats, independent: float) -> bool:
    """Whether sums by slot show a sign of dependence; ``independent`` is the variance that chance gives their total.

    Too few slots show nothing.
    """
    if len(residuals) < LEAST_SLOTS or independent <= 0:
        return False
    dispersion = float(np.square(residuals).sum()) / independent
    return (
        sum_variance(residuals) > _RATIO_LIMIT * independent
        or dispersion > 1.0 + _DISPERSION_Z * math.sqrt(2.0 / len(residuals))
        or correlated_lags(residuals) > 0
    )


def sum_variance(residuals: Floats, batches: int = BATCHES) -> float:
    """Return the variance of the sum of a series that may hang together, from the sums of its batches.

    The residuals are those about a mean or a share of the same series, so that the sums add up to 0 and
    one degree of freedom is spent.
    """
    edges = np.linspace(0, len(residuals), batches + 1).astype(np.int64)
    sums = np.diff(np.concatenate([[0.0], np.cumsum(residuals)])[edges])
    return float(((sums - sums.mean()) ** 2).sum() * batches / (batches - 1))


def autocorrelation(series: Floats, lags: int) -> Floats:
    """Return the autocorrelation at lags 0 to ``lags``, by a Fourier transform; zeros for a constant series."""
    centred = series - series.mean()
    size = len(centred)
    spectrum = np.fft.rfft(centred, 2 * size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum))[: min(lags, size - 1) + 1]
    found: Floats = np.zeros(lags + 1)
    if covariance[0] > 0:
        found[: len(covariance)] = covariance / covariance[0]
    return found


def correlated_lags(series: Floats) -> int:
    """Return up to which lag a series is correlated with itself; 0 when it is not.

    Politis and White: the first lag after which several correlations in a row are within
    ``2 * sqrt(log10(n) / n)``, or the last that is beyond it.
    """
    size = len(series)
    few = max(5, math.ceil(math.sqrt(math.log10(size))))
    most = min(math.ceil(math.sqrt(size)) + 2 * few, size - 1)
    beyond = np.abs(autocorrelation(series, most)[1:]) > 2.0 * math.sqrt(math.log10(size) / size)
    for lag in range(len(beyond) - few + 1):
        if not beyond[lag : lag + few].any():
            return lag
    return int(np.flatnonzero(beyond)[-1]) + 1 if beyond.any() else 0


def block_length(series: Floats) -> int:
    """Return how long the blocks of a circular block bootstrap should be, in elements of the series; at least 1.

    The rule of Politis and White with the correction of 2009: ``(2 G^2 / D)^(1/3) * n^(1/3)`` with
    ``D = 4/3 g(0)^2`` and a flat-top lag window; at most ``min(3 sqrt(n), n / 3)``.
    """
    size = len(series)
    if size < 4 or not np.ptp(series):
        return 1
    widest = max(1, size // 2)
    window = min(2 * max(1, correlated_lags(series)), widest)
    lags = np.arange(1, window + 1)
    weights = np.minimum(1.0, 2.0 * (1.0 - lags / window)) * autocorrelation(series, window)[1:]
    spectrum = 1.0 + 2.0 * float(weights.sum())
    slope = 2.0 * float((weights * lags).sum())
    longest = max(1, math.ceil(min(3.0 * math.sqrt(size), size / 3.0)))
    if spectrum <= 0:
        return 1
    length = (2.0 * slope**2 / (4.0 / 3.0 * spectrum**2)) ** (1.0 / 3.0) * size ** (1.0 / 3.0)
    return int(np.clip(math.ceil(length), 1, longest))
