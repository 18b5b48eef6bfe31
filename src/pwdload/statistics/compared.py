"""What a comparison needs beyond two samples: spread from run to run, plans side by side, many tests at once.

What two samples say of their percentiles and shares is `pwdload.statistics.difference`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from pwdload.statistics import distributions as stats

Floats = npt.NDArray[np.float64]

SIGNIFICANCE = 0.05
LEAST_RUNS = 2
"""Fewest runs on a side that say how much runs of it differ; five or more say it well."""
_TWO_SIDED = 0.975
_ONE_SIDED = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A difference, new less base, with what chance may have made of it. In the unit of what is compared."""

    estimate: float
    lower: float
    """Of the 95 % interval."""
    upper: float
    p_value: float
    """How likely so large a difference is between two sides that do not differ."""
    degrees: float = math.inf
    """Degrees of freedom that the interval rests on; infinite where it rests on many samples."""
    is_between_runs: bool = False
    """Whether what differs from run to run is in it."""

    @classmethod
    def of(cls, estimate: float, standard_error: float, degrees: float = math.inf) -> Self:
        """Return a difference with the interval and p-value of Student's t distribution."""
        half = float(stats.t.ppf(_TWO_SIDED, degrees)) * standard_error
        p_value = (
            float(2 * stats.t.sf(abs(estimate) / standard_error, degrees)) if standard_error else float(not estimate)
        )
        return cls(estimate=estimate, lower=estimate - half, upper=estimate + half, p_value=p_value, degrees=degrees)

    @property
    def standard_error(self) -> float:
        """By how much the estimate is off, as a standard deviation; by the wider half of the interval."""
        half = max(self.upper - self.estimate, self.estimate - self.lower, 0.0)
        return half / float(stats.t.ppf(_TWO_SIDED, self.degrees))

    @property
    def one_sided(self) -> tuple[float, float]:
        """The bounds that hold with 95 % confidence each, one at a time: the ends of the 90 % interval.

        A difference beyond a margin is ruled out where both lie within it: the two one-sided tests of D. J. Schuirmann,
        Journal of Pharmacokinetics and Biopharmaceutics 15 (1987), 657-680.
        """
        narrower = float(stats.t.ppf(_ONE_SIDED, self.degrees) / stats.t.ppf(_TWO_SIDED, self.degrees))
        down, up = self.estimate - self.lower, self.upper - self.estimate
        return self.estimate - narrower * down, self.estimate + narrower * up


def holm(p_values: Sequence[float], weights: Sequence[float] | None = None) -> tuple[float, ...]:
    """Return p-values that hold for all of these tests together, in their order.

    The chance that any of them is 5 % or less, although no side differs, is at most 5 %, however the tests depend on
    one another. With ``weights``, above 0, a test gets as large a part of the 5 % as its weight is of all; what is told
    different leaves its part to the others.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979), 65-70; the weights are those of its section 4.
    """
    weigh = [1.0] * len(p_values) if weights is None else weights
    order = sorted(range(len(p_values)), key=lambda place: p_values[place] / weigh[place])
    adjusted = [1.0] * len(p_values)
    largest, left = 0.0, sum(weigh)
    for place in order:
        largest = max(largest, min(1.0, left * p_values[place] / weigh[place]))
        adjusted[place] = largest
        left -= weigh[place]
    return tuple(adjusted)


def between_runs(contrast: Contrast, base: Sequence[float], new: Sequence[float]) -> Contrast:
    """Return a difference with an interval that holds what differs from run to run of one side as well.

    ``base`` and ``new`` have the value of each run; the spread of either side around its own middle tells how far a
    run is off, taken as the same on both sides (pooled), and gives an interval by Student's t. It is never narrower
    than the one that was given, of the samples within the runs: a few runs may agree by luck. With fewer than two runs
    on a side there is nothing to tell: the contrast as it was.
    """
    if min(len(base), len(new)) < LEAST_RUNS:
        return contrast
    degrees = len(base) + len(new) - 2
    squares = sum(float(np.sum((np.asarray(runs) - np.mean(runs)) ** 2)) for runs in (base, new))
    error = math.sqrt(squares / degrees * (1 / len(base) + 1 / len(new)))
    of_runs = Contrast.of(contrast.estimate, error, degrees)
    wider = max(of_runs, contrast, key=lambda one: one.upper - one.lower)
    return replace(wider, p_value=max(of_runs.p_value, contrast.p_value), is_between_runs=True)


def paired_contrast(base: Floats, new: Floats, weights_base: Floats, weights_new: Floats) -> Contrast:
    """Return the difference of two ratios of sums, ``sum(values) / sum(weights)``, from pieces of time side by side.

    Piece i of both sides is the same part of the same plan, so that what the plan makes of it (a rush, a quiet hour)
    is in both and cancels out; what is left, piece by piece, is chance, however it clusters within a piece. Weights
    are requests, for a share, or seconds, for a rate. At least two pieces.
    """
    ratio_a, ratio_b = (
        float(values.sum() / weights.sum()) for values, weights in ((base, weights_base), (new, weights_new))
    )
    left_a = (base - ratio_a * weights_base) / weights_base.mean()
    left_b = (new - ratio_b * weights_new) / weights_new.mean()
    pieces = len(base)
    error = math.sqrt(float(np.sum((left_b - left_a) ** 2)) / (pieces * (pieces - 1)))
    return Contrast.of(ratio_b - ratio_a, error, pieces - 1)
