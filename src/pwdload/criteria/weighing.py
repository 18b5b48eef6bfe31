"""A number of hits held against a share: on which side of it the truth lies, or that nobody can tell."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from pwdload.criteria.values import Flags, Floats, Sense, Standing
from pwdload.statistics.batches import design_effect
from pwdload.statistics.binomial import Telling, exact_bounds, least_trials, telling
from pwdload.statistics.shares import Z_95, ShareBounds

_NEEDED_MAX = 1_000_000_000
"""More samples than this are as good as never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """Hits among trials, and what they are worth: neighbours in time are alike, so that they count for fewer."""

    trials: int
    hits: int
    share: float
    """The share that the hits are held against."""
    effect: float
    """By how much a trial is worth less than an independent one; 1 or more (`design_effect`)."""

    @property
    def worth(self) -> int:
        """How many independent trials they are worth."""
        return int(self.trials / self.effect)

    @property
    def few(self) -> int:
        """So few hits or fewer tell that the share is smaller; -1 where none would."""
        few = self._telling.few
        return int(few * self._ratio) if few >= 0 else -1

    @property
    def many(self) -> int:
        """So many hits or more tell that it is larger; above the trials where none would."""
        many = self._telling.many
        return min(ceil(many * self._ratio - 1e-9), self.trials + 1) if many <= self.worth else self.trials + 1

    def standing(self, sense: Sense) -> Standing:
        """Return whether at most, or at least, this share of the trials are hits.

        Of none and of all there is nothing to estimate: they are kept where not one trial was otherwise.
        """
        smaller, larger = self.hits <= self.few, self.hits >= self.many
        if self.trials and self.share in (0.0, 1.0):
            smaller = self.share == 1.0 or not self.hits
            larger = self.share == 0.0 or self.hits == self.trials
            smaller, larger = (smaller, not smaller) if sense is Sense.AT_MOST else (not larger, larger)
        kept, broken = (smaller, larger) if sense is Sense.AT_MOST else (larger, smaller)
        return Standing.KEPT if kept else Standing.BROKEN if broken else Standing.CANNOT_TELL

    def bounds(self) -> ShareBounds:
        """Return the one-sided 95 % bounds of the share of hits."""
        if not self.worth:
            return ShareBounds(lower=0.0, upper=1.0)
        lower = exact_bounds(int(self.hits / self._ratio + 1e-9), self.worth).lower
        upper = exact_bounds(min(ceil(self.hits / self._ratio - 1e-9), self.worth), self.worth).upper
        return ShareBounds(lower=lower, upper=upper)

    def value_bounds(self, ascending: Floats) -> tuple[float | None, float | None]:
        """Return the one-sided 95 % bounds of the value that this share of all values lies beyond; null where unknown.

        They are order statistics: above the upper one so few values lie that fewer than this share must be beyond it.
        """
        lower, upper = self.trials - self.many, self.trials - self.few - 1
        at_least = float(ascending[lower]) if 0 <= lower < len(ascending) else None
        at_most = float(ascending[upper]) if self.few >= 0 and 0 <= upper < len(ascending) else None
        return at_least, at_most

    def needed(self, sense: Sense) -> int | None:
        """Return how many trials would tell, if hits went on coming as they did; null where nobody can say."""
        if not 0.0 < self.share < 1.0:
            return None
        distance = abs(self.hits / self.trials - self.share) if self.trials else self.share
        least = least_trials(self.share) if sense is Sense.AT_MOST else least_trials(1.0 - self.share)
        if not distance:
            return None
        by_distance = Z_95**2 * self.share * (1.0 - self.share) / distance**2
        trials = self.effect * (least if not self.hits or not self.trials else max(by_distance, least))
        return max(ceil(trials), self.trials + 1) if trials < _NEEDED_MAX else None

    @property
    def _ratio(self) -> float:
        return self.trials / self.worth if self.worth else 1.0

    @property
    def _telling(self) -> Telling:
        return telling(self.worth, self.share)


def weigh(hits: Flags, share: float) -> Weighed:
    """Weigh a series of hits and misses, in the order of time, against a share."""
    return Weighed(trials=len(hits), hits=int(np.count_nonzero(hits)), share=share, effect=design_effect(hits))
