"""The distributions that the methods here need, named and called as in `scipy.stats`.

`scipy.stats` takes half a second of processor time to import, in each report, for what are a few calls of
`scipy.special`: these. A test holds them against it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special as typed

Floats = npt.NDArray[np.float64]
special: Any = typed
"""Its types allow less than its functions take."""


class _Normal:
    """The standard normal distribution."""

    def __call__(self) -> "_Normal":
        """Return itself; as `Student` is for given degrees of freedom."""
        return self

    def ppf(self, probability: npt.ArrayLike) -> Floats:
        """Return quantiles."""
        found: Floats = special.ndtri(probability)
        return found

    def cdf(self, value: npt.ArrayLike) -> Floats:
        """Return the probability of at most so much."""
        found: Floats = special.ndtr(value)
        return found

    def sf(self, value: npt.ArrayLike) -> Floats:
        """Return the probability of more than so much, exact in the far tail too."""
        found: Floats = special.ndtr(np.negative(value))
        return found


@dataclass(frozen=True, slots=True)
class _StudentOf:
    """Student's t with given degrees of freedom."""

    degrees: float

    def ppf(self, probability: npt.ArrayLike) -> Floats:
        return _Student().ppf(probability, self.degrees)

    def cdf(self, value: npt.ArrayLike) -> Floats:
        return _Student().cdf(value, self.degrees)

    def sf(self, value: npt.ArrayLike) -> Floats:
        return _Student().sf(value, self.degrees)


class _Student:
    """Student's t."""

    def __call__(self, degrees: float) -> _StudentOf:
        """Return the one with these degrees of freedom."""
        return _StudentOf(degrees)

    def ppf(self, probability: npt.ArrayLike, degrees: npt.ArrayLike) -> Floats:
        """Return quantiles."""
        found: Floats = special.stdtrit(degrees, probability)
        return found

    def cdf(self, value: npt.ArrayLike, degrees: npt.ArrayLike) -> Floats:
        """Return the probability of at most so much."""
        found: Floats = special.stdtr(degrees, value)
        return found

    def sf(self, value: npt.ArrayLike, degrees: npt.ArrayLike) -> Floats:
        """Return the probability of more than so much, exact in the far tail too."""
        found: Floats = special.stdtr(degrees, np.negative(value))
        return found


class _ChiSquared:
    """The chi-squared distribution."""

    def ppf(self, probability: npt.ArrayLike, degrees: npt.ArrayLike) -> Floats:
        """Return quantiles."""
        found: Floats = 2.0 * special.gammaincinv(np.divide(degrees, 2.0), probability)
        return found


class _Binomial:
    """The binomial distribution."""

    def cdf(self, hits: npt.ArrayLike, trials: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
        """Return the probability of at most so many hits, of -1 or more; `bdtr` loses its digits at millions."""
        k, n, p = (np.asarray(value, dtype=np.float64) for value in (hits, trials, share))
        known = np.minimum(k, n - 1.0)
        inside = special.betaincc(known + 1.0, n - known, p)
        found: Floats = np.where(k >= n, 1.0, np.where(k < 0.0, 0.0, inside))
        return found

    def ppf(self, probability: npt.ArrayLike, trials: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
        """Return quantiles: the fewest hits such that at most so many have at least this probability, below 1.

        From a normal guess with its skewness to the first count that is right: a few steps, whatever the size.
        """
        q, n, p = (np.asarray(value, dtype=np.float64) for value in (probability, trials, share))
        z = special.ndtri(q)
        guess = n * p + z * np.sqrt(n * p * (1.0 - p)) + (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0
        found: Floats = np.clip(np.round(guess), 0.0, n)
        while (low := self.cdf(found, n, p) < q).any():
            found = found + low
        while (high := self.cdf(found - 1.0, n, p) >= q).any():
            found = found - high
        return found


norm, t, chi2, binom = _Normal(), _Student(), _ChiSquared(), _Binomial()


def rankdata(values: npt.ArrayLike) -> Floats:
    """Return the ranks of values from 1; equal ones share the mean of theirs."""
    _, place, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2.0)[place]
    return ranks
