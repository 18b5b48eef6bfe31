"""Made-up runs whose true percentiles are known: independent samples, an AR(1) series, queues at 70 and 90 % load."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.signal import lfilter

Floats = npt.NDArray[np.float64]
RATE_PER_S = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where samples come from."""

    make: Callable[[np.random.Generator, int], tuple[Floats, Floats]]
    """Of a generator and a number of samples: response times, and when each was due."""
    truth: Callable[[float], float]
    """The true value of a percentile, given from 0 to 1."""


def _even(count: int) -> Floats:
    return np.arange(count, dtype=np.float64) / RATE_PER_S


def _exponential(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    return rng.exponential(0.02, count), _even(count)


def _lognormal(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    return rng.lognormal(np.log(0.02), 0.5, count), _even(count)


def _ar1(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Lognormal, its logarithm an AR(1) series with a correlation of 0.9 from one sample to the next."""
    noise = rng.normal(size=count + 500) * np.sqrt(1 - 0.9**2)
    series = lfilter([1.0], [1.0, -0.9], noise)[500:]
    return 0.02 * np.exp(0.5 * series), _even(count)


def _mm1(load: float) -> World:
    """One server, Poisson arrivals, exponential service: Lindley's recursion, written as a running minimum.

    It begins with a wait as long as the queue has it in the long run, so that no warm-up is needed.
    """
    service_s = load / RATE_PER_S
    mean_s = service_s / (1.0 - load)

    def make(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        first = rng.exponential(mean_s) if rng.random() < load else 0.0
        service = rng.exponential(service_s, count)
        gaps = rng.exponential(1.0 / RATE_PER_S, count)
        path = first + np.concatenate([[0.0], np.cumsum(service[:-1] - gaps[1:])])
        return path - np.minimum(np.minimum.accumulate(path), 0.0) + service, np.cumsum(gaps)

    return World(make=make, truth=lambda share: float(-mean_s * np.log(1 - share)))


WORLDS: Mapping[str, World] = {
    "exponential": World(make=_exponential, truth=lambda share: float(-0.02 * np.log(1 - share))),
    "lognormal": World(make=_lognormal, truth=lambda share: float(0.02 * np.exp(0.5 * stats.norm.ppf(share)))),
    "ar1": World(make=_ar1, truth=lambda share: float(0.02 * np.exp(0.5 * stats.norm.ppf(share)))),
    "mm1": _mm1(0.7),
    "mm1_90": _mm1(0.9),
}


def told(line: str) -> None:
    """Print a measured figure, which `make truth` shows."""
    sys.stdout.write(f"\n{line}")
