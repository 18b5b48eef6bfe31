"""A number of hits held against a share: on which side of it the truth lies, or that nobody can tell."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from pwdload.criteria.population import Population
from pwdload.criteria.values import Floats, Sense, Standing
from pwdload.statistics.batches import design_effect, design_effect_of
from pwdload.statistics.binomial import exact_bounds, least_trials, telling
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
    effect_few: float = 1.0
    """By how much a trial is worth less than an independent one where the hits are to be called few; 1 or more."""
    effect_many: float = 1.0
    """The same where they are to be called many."""

    @property
    def few(self) -> int:
        """So few hits or fewer tell that the share is smaller; -1 where none would."""
        worth = int(self.trials / self.effect_few)
        few = telling(worth, self.share).few
        return int(few * self.trials / worth + 1e-9) if few >= 0 else -1

    @property
    def many(self) -> int:
        """So many hits or more tell that it is larger; above the trials where none would."""
        worth = int(self.trials / self.effect_many)
        many = telling(worth, self.share).many
        return ceil(many * self.trials / worth - 1e-9) if many <= worth else self.trials + 1

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
        above, below = int(self.trials / self.effect_few), int(self.trials / self.effect_many)
        if not above or not below:
            return ShareBounds(lower=0.0, upper=1.0)
        lower = exact_bounds(int(self.hits * below / self.trials + 1e-9), below).lower
        upper = exact_bounds(min(ceil(self.hits * above / self.trials - 1e-9), above), above).upper
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
        distance = self.hits / self.trials - self.share if self.trials else -self.share
        least = least_trials(self.share) if sense is Sense.AT_MOST else least_trials(1.0 - self.share)
        if not distance:
            return None
        by_distance = Z_95**2 * self.share * (1.0 - self.share) / distance**2
        effect = self.effect_few if distance < 0.0 else self.effect_many
        trials = effect * (least if not self.hits or not self.trials else max(by_distance, least))
        return max(ceil(trials), self.trials + 1) if trials < _NEEDED_MAX else None


def weigh(people: Population, sense: Sense) -> Weighed:
    """Weigh what a criterion is about against the share that its limit stands for.

    To be called broken, hits are counted by the second: a stall of ten seconds is ten bad seconds, though one event,
    since that is what the clients got. To be called kept they must be few by long batches as well: a run that caught
    few bad spells by luck promises nothing.
    """
    brief = design_effect_of(people.hits, np.floor(people.at_s).astype(np.int64))
    long = max(brief, design_effect(people.hits))
    few, many = (long, brief) if sense is Sense.AT_MOST else (brief, long)
    return Weighed(
        trials=len(people.hits),
        hits=int(np.count_nonzero(people.hits)),
        share=people.share,
        effect_few=few,
        effect_many=many,
    )
