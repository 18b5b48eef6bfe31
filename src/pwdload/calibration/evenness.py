"""Whether arrivals came as they were planned: evenly, or independently of one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, floor, sqrt

from pwdload.pacing import RatePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many arrivals fell into equal slots of time."""

    slot_s: float
    slots: int
    fewest: int
    most: int

    @property
    def words(self) -> str:
        """The counts in one line."""
        return f"{self.fewest} to {self.most} arrivals in each of {self.slots:,} slots of {self.slot_s * 1000:.0f} ms"


def count_slots(at_s: Sequence[float], *, from_s: float, until_s: float, slot_s: float = 0.1) -> Slots:
    """Count arrivals in the whole slots between two times; those outside are left out.

    The field's test: at an even 100/s at most 11 in any 100 ms slot, and none empty; stock Locust had 100 in one slot
    of ten and nothing in the others.
    """
    slots = max(floor((until_s - from_s) / slot_s + 1e-9), 1)
    counts = [0] * slots
    for at in at_s:
        place = floor((at - from_s) / slot_s)
        if 0 <= place < slots:
            counts[place] += 1
    return Slots(slot_s=slot_s, slots=slots, fewest=min(counts), most=max(counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFit:
    """How well gaps between arrivals fit a Poisson process: the test of Kolmogorov and Smirnov."""

    gaps: int
    distance: float
    """Largest distance between the two distribution functions."""
    p_value: float
    """How often a true Poisson process would be further off than this."""


def fit_poisson(at_s: Sequence[float], plan: RatePlan) -> GapFit:
    """Hold the gaps between arrivals, in order of time, against the Poisson process of a plan.

    Carried over to the axis of counts, where the rate is 1 whatever the plan (`pwdload.pacing`), gaps are exponential
    with mean 1. The p-value is Kolmogorov's limit with the correction for small numbers of M. A. Stephens ("EDF
    statistics for goodness of fit", 1974).

    Raises `ValueError` for fewer than two arrivals.
    """
    gaps = sorted(after - before for before, after in pairwise(map(plan.expected, sorted(at_s))))
    if not gaps:
        raise ValueError("a gap needs two arrivals")
    n = len(gaps)
    shares = [1 - exp(-gap) for gap in gaps]
    distance = max(max((place + 1) / n - share, share - place / n) for place, share in enumerate(shares))
    return GapFit(gaps=n, distance=distance, p_value=kolmogorov_beyond((sqrt(n) + 0.12 + 0.11 / sqrt(n)) * distance))


def kolmogorov_beyond(statistic: float) -> float:
    """Return the probability that Kolmogorov's statistic is larger: 2 sum (-1)^(k-1) exp(-2 k^2 x^2)."""
    if statistic < 0.2:  # the series needs more and more terms, and its sum is 1 to twelve digits
        return 1.0
    terms = (exp(-2 * (k * statistic) ** 2) * (1 if k % 2 else -1) for k in range(1, 101))
    return min(max(2 * sum(terms), 0.0), 1.0)
