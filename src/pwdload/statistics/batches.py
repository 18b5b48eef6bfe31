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


def design_effect(hits: Flags) -> float:
    """Return by how much a series of hits and misses, in its order, is worth less than independent ones; 1 or more.

    It is the variance of the hits per batch over the variance that independent trials would have, by 30 batches or by
    10, whichever is more: the fewer are long enough for what the many cut through, and less sure. Where there are too
    few trials for 8 batches of 10, or no hit, or nothing but hits, nothing shows, and 1 is returned.
    """
    share = float(np.mean(hits)) if len(hits) else 0.0
    if len(hits) < BATCHES_LEAST * _LEAST_IN_BATCH or share in (0.0, 1.0):
        return 1.0
    most = len(hits) // _LEAST_IN_BATCH
    return max(1.0, *(_excess(hits, share, min(batches, most)) for batches in (BATCHES, LONG_BATCHES)))


def design_effect_of(hits: Flags, batch: Numbers) -> float:
    """Return the same by batches that are given, a number for each trial, in ascending order; 1 or more.

    With fewer than 8 batches, no hit, or nothing but hits, nothing shows, and 1 is returned.
    """
    begins = np.append(batch[:1] != -1, batch[1:] != batch[:-1])
    edges = np.flatnonzero(begins) if len(hits) else np.empty(0, np.intp)
    share = float(np.mean(hits)) if len(hits) else 0.0
    if len(edges) < BATCHES_LEAST or share in (0.0, 1.0):
        return 1.0
    return max(1.0, _dispersion(hits, share, edges))


def _excess(hits: Flags, share: float, batches: int) -> float:
    return _dispersion(hits, share, np.linspace(0, len(hits), batches + 1).astype(np.intp)[:-1])


def _dispersion(hits: Flags, share: float, edges: npt.NDArray[np.intp]) -> float:
    """Return the variance of hits per batch over that of independent trials; batches begin at the edges."""
    sizes = np.diff(edges, append=len(hits)).astype(np.float64)
    return dispersion(np.add.reduceat(hits, edges, dtype=np.int64).astype(np.float64), sizes, share)


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


def design_effects_of_counts(trials: Numbers, hits: Numbers) -> tuple[float, float]:
    """Return `design_effect_of` and `design_effect` of trials that were counted, second by second: brief and long.

    The long one is by batches of about as many trials, cut where a second ends; never less than the brief one.
    """
    there = trials > 0
    sizes, counts = trials[there].astype(np.float64), hits[there].astype(np.float64)
    share = float(counts.sum() / sizes.sum()) if len(sizes) else 0.0
    if len(sizes) < BATCHES_LEAST or share in (0.0, 1.0):
        return 1.0, 1.0
    brief = max(1.0, _dispersion_of_counts(sizes, counts, share))
    place = (np.cumsum(sizes) - sizes / 2) / sizes.sum()
    effects = [brief]
    for batches in (BATCHES, LONG_BATCHES):
        batch = (place * min(batches, len(sizes))).astype(np.intp)
        together: list[Floats] = [np.bincount(batch, one).astype(np.float64) for one in (sizes, counts)]
        filled = together[0] > 0
        effects.append(_dispersion_of_counts(together[0][filled], together[1][filled], share))
    return brief, max(effects)


def _dispersion_of_counts(sizes: Floats, counts: Floats, share: float) -> float:
    if len(sizes) < 2:
        return 1.0
    return float(np.sum((counts - sizes * share) ** 2 / sizes)) / (share * (1.0 - share)) / (len(sizes) - 1)
