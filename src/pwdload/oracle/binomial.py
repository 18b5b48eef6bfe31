"""Shares and medians of what was counted, with exact bounds; no assumption on how the numbers are spread."""

from collections.abc import Callable
from math import exp, lgamma, log, log1p


def upper_bound_of_none(trials: int, confidence: float = 0.95) -> float:
    """Return the share that is not exceeded, with this confidence, where none of the trials had it.

    Exact; about 3 / trials for 95 % (the rule of three).
    """
    return float(1.0 - (1.0 - confidence) ** (1.0 / trials))


def share_interval(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson for a share."""
    each = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else _root(lambda share: 1.0 - _at_most(hits - 1, trials, share), each)
    high = 1.0 if hits == trials else _root(lambda share: 1.0 - _at_most(hits, trials, share), 1.0 - each)
    return low, high


def median_ranks(count: int, confidence: float) -> tuple[int, int] | None:
    """Return between which two of so many sorted numbers, from 0, the median lies with at least this confidence.

    The interval of the sign test, from order statistics; null where there are too few numbers.
    """
    each, tail = (1.0 - confidence) / 2.0, 0.0
    low = -1
    for rank in range(count // 2):
        tail += exp(_log_comb(count, rank) - count * log(2.0))
        if tail > each:
            break
        low = rank
    return None if low < 0 else (low, count - 1 - low)


def _at_most(hits: int, trials: int, share: float) -> float:
    """Return the probability of so many hits or fewer."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 or hits >= trials else 0.0
    terms = (exp(_log_comb(trials, one) + one * log(share) + (trials - one) * log1p(-share)) for one in range(hits + 1))
    return min(sum(terms), 1.0)


def _log_comb(total: int, chosen: int) -> float:
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)


def _root(rising: Callable[[float], float], level: float) -> float:
    """Return where a function that rises from 0 to 1 over [0, 1] passes a level."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return (low + high) / 2.0
