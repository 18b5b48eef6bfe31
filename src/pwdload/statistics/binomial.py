"""Which numbers of hits are too few, and which too many, to be the luck of a share: the exact binomial test.

No approximation: the error that is allowed is never exceeded, however few the trials and however near the share is to
0 or 1. (The score interval of `pwdload.statistics.shares` is nearer to it on average, and exceeds it now and then.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma, log, log1p, sqrt

import numpy as np

ERROR = 0.05
"""How often each of the two one-sided tests may be wrong."""
_SPREADS = 10.0
"""What lies so many standard deviations away, and a few more, has no weight."""

_ROUNDING = 1e-9
_HALVINGS = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The numbers of hits that tell on which side of a share the truth lies; between them nothing is told."""

    few: int
    """So few hits or fewer come from a smaller share; -1 where not even none would tell."""
    many: int
    """So many hits or more come from a larger share; above the trials where not even all would tell."""


def telling(trials: int, share: float, error: float = ERROR) -> Telling:
    """Return which numbers of hits in ``trials`` tell, each way with at most this error, that a share is another one.

    Where the true share is exactly ``share``, at most ``error`` of all series of independent trials have `few` hits or
    fewer, and at most ``error`` have `many` or more.

    Raises:
        ValueError: a share outside [0, 1], or fewer trials than none.
    """
    if trials < 0 or not 0.0 <= share <= 1.0:
        raise ValueError(f"{trials} trials of a share of {share}: allowed are 0 or more, of a share from 0 to 1")
    if not trials:
        return Telling(few=-1, many=1)
    if share in (0.0, 1.0):
        return Telling(few=-1, many=1) if not share else Telling(few=trials - 1, many=trials + 1)
    reach = _SPREADS * sqrt(trials * share * (1.0 - share)) + 2 * _SPREADS
    first, last = max(0, int(trials * share - reach)), min(trials, int(trials * share + reach))
    hits = np.arange(first, last, dtype=float)
    steps = np.log(trials - hits) - np.log(hits + 1.0) + (log(share) - log1p(-share))
    weights = np.exp(np.concatenate([[0.0], np.cumsum(steps)]) + _log_chance(first, trials, share))
    below, above = np.cumsum(weights), np.cumsum(weights[::-1])
    # What lies outside of the reach has no weight, but it is there: its hits tell like those at the edge.
    allowed = error * (1.0 + _ROUNDING)
    few = first - 1 + int(np.searchsorted(below, allowed, side="right"))
    many = last + 1 - int(np.searchsorted(above, allowed, side="right"))
    return Telling(few=few, many=many)


def turning_point(is_above: Callable[[float], bool]) -> float:
    """Return from which share on, to ten digits, something holds that holds for all larger ones."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if is_above(middle) else (middle, high)
    return high


def least_trials(share: float, error: float = ERROR) -> int:
    """Return after how many trials without a hit a share is known to be smaller; 59 for 5 %, 299 for 1 %.

    Raises:
        ValueError: the share is not between 0 and 1, where no number of trials tells, or any does.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"a share of {share}: allowed is above 0 and below 1")
    return int(np.ceil(log(error) / log1p(-share) - 1e-9))


def _log_chance(hits: int, trials: int, share: float) -> float:
    ways = lgamma(trials + 1) - lgamma(hits + 1) - lgamma(trials - hits + 1)
    return ways + hits * log(share) + (trials - hits) * log1p(-share)
