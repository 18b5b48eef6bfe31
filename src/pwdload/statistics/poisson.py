"""The busiest of many equal spans of time when arrivals are independent of one another. Without numpy or scipy."""

import math
from statistics import NormalDist

_SURE = 0.95
_NEGLIGIBLE = 1e-16
_MEAN_MAX = 1e6
"""Above this the normal approximation with its first correction is right to a part in a million."""


def busiest_count(mean: float, spans: int, *, sure: float = _SURE) -> int:
    """Return the count that not one of so many spans passes, with 95 % probability, when each has `mean` on average.

    The counts are independent and Poisson: the smallest k with ``P(N <= k) ** spans >= sure``. One span with a mean
    of 10 gives 15, an hour of such minutes gives 21.

    Raises:
        ValueError: a negative mean, fewer spans than one, or a probability that is none.
    """
    if not (math.isfinite(mean) and mean >= 0 and spans >= 1 and 0 < sure < 1):
        raise ValueError(
            f"mean {mean}, {spans} spans, {sure}: a mean from 0, a span at least, a probability inside 0..1"
        )
    if not mean:
        return 0
    allowed = -math.expm1(math.log(sure) / spans)
    if mean > _MEAN_MAX:
        z = -NormalDist().inv_cdf(allowed)
        return math.ceil(mean + z * math.sqrt(mean) + (z * z - 1) / 6)
    low, high = -1, _upper(mean, allowed)
    while high - low > 1:  # not enough at `low`, enough at `high`
        middle = (low + high) // 2
        low, high = (low, middle) if tail(middle, mean) <= allowed else (middle, high)
    return high


def tail(count: int, mean: float) -> float:
    """Return the probability that a Poisson count with this mean is above `count`."""
    if count < mean:
        return 1.0 - _summed(range(count, -1, -1), mean)
    return _summed(range(count + 1, count + 2 + 100 + 40 * math.ceil(math.sqrt(mean))), mean)


def _summed(counts: range, mean: float) -> float:
    """Add up the probabilities of counts that get less and less likely, as far as they matter."""
    total = 0.0
    for count in counts:
        part = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
        total += part
        if part <= total * _NEGLIGIBLE:
            break
    return min(total, 1.0)


def _upper(mean: float, allowed: float) -> int:
    """Return a count that is certainly enough, by doubling the distance from the mean."""
    distance = math.ceil(math.sqrt(mean)) + 1
    while tail(math.ceil(mean) + distance, mean) > allowed:
        distance *= 2
    return math.ceil(mean) + distance
