"""Series whose neighbours are alike: what so many values are worth, and how sure their mean is, by means of batches.

A slow moment of a target makes all requests of that moment slow, so that a thousand of them say less than a thousand
independent ones would. A series is cut into batches that follow one another; what is alike within a batch makes the
batches differ by more than chance has them differ, and that is measured.

Source: A. M. Law, "Simulation modeling and analysis", 5th ed. (2015), section 9.5.3 (batch means); design effect: L.
Kish, "Survey sampling" (1965), section 5.4. The batches must be long against whatever makes neighbours alike.
"""

from math import sqrt

import numpy as np
import numpy.typing as npt

from pwdload.statistics.shares import Z_95

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.integer]

BATCHES = 30
"""The most batches: more would be too short to be independent, fewer say too little of how they differ."""
BATCHES_LEAST = 8
"""With fewer than these nothing is said of how batches differ."""
LONG_BATCHES = 10
"""What outlasts one of the many batches shows in so few."""
_LEAST_IN_BATCH = 10
_CUTS = (BATCHES, LONG_BATCHES)


def design_effect(hits: Flags | Numbers, trials: Numbers | None = None) -> float:
    """Return by how much a series of hits and misses, in its order, is worth less than independent ones; 1 or more.

    It is the variance of the hits per batch over the variance that independent trials would have, by 30 batches or by
    10, whichever is more: the fewer are long enough for what the many cut through, and less sure. Where there are too
    few trials for 8 batches of 10, or no hit, or nothing but hits, nothing shows, and 1 is returned.

    `trials` says how many each element of `hits` is of, where they were counted, as by seconds; else it is a flag, of
    one. Batches of what was counted end where an element does, so that they are of about as many trials.
    """
    total = len(hits) if trials is None else int(trials.sum())
    most = min(len(hits), total // _LEAST_IN_BATCH)
    share = _share(hits, total)
    if most < BATCHES_LEAST or share in (0.0, 1.0):
        return 1.0
    middles = None if trials is None else np.cumsum(trials) - trials / 2
    return max(1.0, *(_excess(hits, trials, share, _begins(total, min(batches, most), middles)) for batches in _CUTS))


def design_effect_of(hits: Numbers, trials: Numbers) -> float:
    """Return the same by batches that are given: how many hits and how many trials each has; 1 or more.

    With fewer than 8 batches that have a trial, no hit, or nothing but hits, nothing shows, and 1 is returned.
    """
    share = _share(hits, int(trials.sum()))
    if np.count_nonzero(trials) < BATCHES_LEAST or share in (0.0, 1.0):
        return 1.0
    return max(1.0, dispersion(hits.astype(np.float64), trials.astype(np.float64), share))


def counted(hits: Flags, batch: Numbers) -> tuple[Numbers, Numbers]:
    """Return how many hits and how many trials are in each batch that has some, by its number for each trial.

    The numbers are in ascending order.
    """
    if not len(hits):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    begins = np.flatnonzero(np.append(True, batch[1:] != batch[:-1]))
    return np.add.reduceat(hits, begins, dtype=np.int64), np.diff(begins, append=len(hits))


def _share(hits: Flags | Numbers, total: int) -> float:
    return float(hits.sum(dtype=np.int64)) / total if total else 0.0


def _begins(total: int, batches: int, middles: Floats | None) -> npt.NDArray[np.intp]:
    """Return the places at which batches of about as many trials begin; those that would be empty are left out."""
    begins = np.linspace(0, total, batches + 1).astype(np.intp)[:-1]
    if middles is None:
        return begins
    places = np.unique(np.searchsorted(middles, begins))
    return places[places < len(middles)]


def _excess(hits: Flags | Numbers, trials: Numbers | None, share: float, begins: npt.NDArray[np.intp]) -> float:
    """Return the variance of hits per batch over that of independent trials."""
    sizes = np.diff(begins, append=len(hits)) if trials is None else np.add.reduceat(trials, begins)
    counts = np.add.reduceat(hits, begins, dtype=np.int64)
    return dispersion(counts.astype(np.float64), sizes.astype(np.float64), share)


def dispersion(hits: Floats, trials: Floats, share: float) -> float:
    """Return the variance of hits per batch over that of independent trials of this share, which is not 0 or 1.

    What Pearson's test of homogeneity adds up, per degree of freedom: 1 on average where trials are independent.
    Batches without a trial are left out; of fewer than two, 1.
    """
    some = trials > 0
    if np.count_nonzero(some) < 2:
        return 1.0
    excess = float(np.sum((hits[some] - trials[some] * share) ** 2 / trials[some])) / (share * (1.0 - share))
    return excess / (np.count_nonzero(some) - 1)


def mean_bounds(batches: Floats) -> tuple[float, float]:
    """Return the one-sided 95 % bounds of the mean of batches of equal length, each of which holds by itself.

    Raises:
        ValueError: there are fewer than 8 batches.
    """
    if len(batches) < BATCHES_LEAST:
        raise ValueError(f"{len(batches)} batches: allowed are {BATCHES_LEAST} or more")
    mean, spread = float(np.mean(batches)), float(np.std(batches, ddof=1)) / sqrt(len(batches))
    reach = student_quantile(Z_95, len(batches) - 1) * spread
    return mean - reach, mean + reach


def student_quantile(z: float, freedom: int) -> float:
    """Return the quantile of Student's t that belongs to the same confidence as the normal quantile ``z``.

    Right to three digits from 7 degrees of freedom on. Source: M. Abramowitz, I. A. Stegun, "Handbook of mathematical
    functions" (1964), 26.7.5.
    """
    terms: tuple[float, ...] = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + float(sum(term / freedom**power for power, term in enumerate(terms, 1)))
