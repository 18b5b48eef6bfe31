"""The distributions that the methods here need, named and called as in `scipy.stats`.

`scipy.stats` takes half a second of processor time to import, in each report, for what are a few calls of
`scipy.special`: these. A test holds them against it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


class _Normal:
    """The standard normal distribution."""

    def __call__(self) -> "_Normal":
        """Return itself; as `Student` is for given degrees of freedom."""
        return self

    def ppf(self, probability: npt.ArrayLike) -> Any:
        """Return quantiles."""
        return special.ndtri(probability)

    def cdf(self, value: npt.ArrayLike) -> Any:
        """Return the probability of at most so much."""
        return special.ndtr(value)

    def sf(self, value: npt.ArrayLike) -> Any:
        """Return the probability of more than so much, exact in the far tail too."""
        return special.ndtr(np.negative(value))


@dataclass(frozen=True, slots=True)
class _StudentOf:
    """Student's t with given degrees of freedom."""

    degrees: float

    def ppf(self, probability: npt.ArrayLike) -> Any:
        return _Student().ppf(probability, self.degrees)

    def cdf(self, value: npt.ArrayLike) -> Any:
        return _Student().cdf(value, self.degrees)

    def sf(self, value: npt.ArrayLike) -> Any:
        return _Student().sf(value, self.degrees)


class _Student:
    """Student's t."""

    def __call__(self, degrees: float) -> _StudentOf:
        """Return the one with these degrees of freedom."""
        return _StudentOf(degrees)

    def ppf(self, probability: npt.ArrayLike, degrees: npt.ArrayLike) -> Any:
        """Return quantiles."""
        return special.stdtrit(degrees, probability)

    def cdf(self, value: npt.ArrayLike, degrees: npt.ArrayLike) -> Any:
        """Return the probability of at most so much."""
        return special.stdtr(degrees, value)

    def sf(self, value: npt.ArrayLike, degrees: npt.ArrayLike) -> Any:
        """Return the probability of more than so much, exact in the far tail too."""
        return special.stdtr(degrees, np.negative(value))


class _ChiSquared:
    """The chi-squared distribution."""

    def ppf(self, probability: npt.ArrayLike, degrees: npt.ArrayLike) -> Any:
        """Return quantiles."""
        return 2.0 * special.gammaincinv(np.divide(degrees, 2.0), probability)


class _Binomial:
    """The binomial distribution."""

    def cdf(self, hits: npt.ArrayLike, trials: npt.ArrayLike, share: npt.ArrayLike) -> Any:
        """Return the probability of at most so many hits, of -1 or more; `bdtr` loses its digits at millions."""
        known = np.minimum(hits, np.subtract(trials, 1.0))
        found = special.betaincc(known + 1.0, np.subtract(trials, known), share)
        return np.where(np.asarray(hits) >= trials, 1.0, np.where(np.asarray(hits) < 0.0, 0.0, found))

    def ppf(self, probability: npt.ArrayLike, trials: npt.ArrayLike, share: npt.ArrayLike) -> Any:
        """Return quantiles: the fewest hits such that at most so many have at least this probability.

        From a normal guess with its skewness to the first count that is right: a few steps, whatever the size.
        """
        z, spread = (
            special.ndtri(probability),
            np.sqrt(np.multiply(trials, np.multiply(share, np.subtract(1.0, share)))),
        )
        guess = np.multiply(trials, share) + z * spread + (1.0 - 2.0 * np.asarray(share)) * (z * z - 1.0) / 6.0
        found = np.clip(np.round(guess), 0.0, trials)
        while (low := self.cdf(found, trials, share) < probability).any():
            found = found + low
        while (high := self.cdf(found - 1.0, trials, share) >= probability).any():
            found = found - high
        return found


norm, t, chi2, binom = _Normal(), _Student(), _ChiSquared(), _Binomial()


def rankdata(values: npt.ArrayLike) -> Floats:
    """Return the ranks of values from 1; equal ones share the mean of theirs."""
    _, place, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2.0)[place]
    return ranks
