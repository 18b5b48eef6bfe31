"""A number of hits held against a share: on which side of it the truth lies, or that nobody can tell."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np

from pwdload.criteria.population import Population
from pwdload.criteria.values import Counts, Flags, Floats, Sense, Standing
from pwdload.statistics.batches import LONG_BATCHES, counted, design_effect, design_effect_of, student_quantile
from pwdload.statistics.binomial import least_trials, telling, turning_point
from pwdload.statistics.bins import part_by_part
from pwdload.statistics.shares import Z_95, ShareBounds

_GROSS = 2.0
"""Odds of a hit that are so many times as high as allowed are a gross breach."""
_NEEDED_MAX = 1_000_000_000
"""More samples than this are as good as never."""
_NEAR = (0.5, 0.75)
"""Parts of a limit: where the tail of a queue is at its limit by 5 %, it is at these by 22 % and 11 %."""
_ALIKE = 1.5
"""Independent trials hardly ever seem to be worth less by this factor."""
_UNSURE = (student_quantile(Z_95, LONG_BATCHES - 1) / Z_95) ** 2
"""By how much more a trial counts for less, since what it is worth is known by ten batches only.

Source: E. L. Korn, B. I. Graubard, "Confidence intervals for proportions with small expected number of positive counts
estimated from survey data", Survey Methodology 24 (1998), 193-201.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """Hits among trials, and what they are worth: neighbours in time are alike, so that they count for fewer."""

    trials: int
    hits: int
    share: float
    """The share that the hits are held against."""
    sense: Sense = Sense.AT_MOST
    """Whether at most, or at least, this share may be hits."""
    long: float = 1.0
    """By how much a trial is worth less than an independent one, by long batches; 1 or more."""
    brief: float = 1.0
    """The same by seconds; not more than by long batches."""
    slow: float = 1.0
    """The same by what is near the limit without being a hit: few hits may be luck, so that it counts for "kept"."""

    @property
    def few(self) -> int:
        """So few hits or fewer tell that the share is smaller; -1 where none would."""
        return self._few_for(self.share)

    @property
    def many(self) -> int:
        """So many hits or more tell that it is larger; above the trials where none would."""
        return self._many_for(self.share)

    def _few_for(self, share: float) -> int:
        if self.sense is Sense.AT_MOST:
            return self._few(share, max(self.long, self.slow))
        few = self._few(share, self.long)
        gross = int(self.trials * _of_odds(share, 1.0 / _GROSS))
        return max(few, min(self._few(share, self.brief), gross))

    def _many_for(self, share: float) -> int:
        if self.sense is Sense.AT_LEAST:
            return self._many(share, max(self.long, self.slow))
        many = self._many(share, self.long)
        gross = ceil(self.trials * _of_odds(share, _GROSS))
        return min(many, max(self._many(share, self.brief), gross))

    def _few(self, share: float, effect: float) -> int:
        worth = int(self.trials / effect)
        few = telling(worth, share).few
        return int(few * self.trials / worth + 1e-9) if few >= 0 else -1

    def _many(self, share: float, effect: float) -> int:
        worth = int(self.trials / effect)
        many = telling(worth, share).many
        return ceil(many * self.trials / worth - 1e-9) if many <= worth else self.trials + 1

    def standing(self) -> Standing:
        """Return whether at most, or at least, this share of the trials are hits.

        Of none and of all there is nothing to estimate: they are kept where not one trial was otherwise.
        """
        sense, smaller, larger = self.sense, self.hits <= self.few, self.hits >= self.many
        if self.trials and self.share in (0.0, 1.0):
            smaller = self.share == 1.0 or not self.hits
            larger = self.share == 0.0 or self.hits == self.trials
            smaller, larger = (smaller, not smaller) if sense is Sense.AT_MOST else (not larger, larger)
        kept, broken = (smaller, larger) if sense is Sense.AT_MOST else (larger, smaller)
        return Standing.KEPT if kept else Standing.BROKEN if broken else Standing.CANNOT_TELL

    def bounds(self) -> ShareBounds:
        """Return the one-sided 95 % bounds of the share of hits: where `few` and `many` would turn."""
        return ShareBounds(
            lower=turning_point(lambda share: self.hits < self._many_for(share)) if self.hits else 0.0,
            upper=turning_point(lambda share: self.hits <= self._few_for(share)) if self.hits < self.trials else 1.0,
        )

    def value_bounds(self, ascending: Floats) -> tuple[float | None, float | None]:
        """Return the one-sided 95 % bounds of the value that this share of all values lies beyond; null where unknown.

        They are order statistics: above the upper one so few values lie that fewer than this share must be beyond it.
        """
        lower, upper = self.trials - self.many, self.trials - self.few - 1
        at_least = float(ascending[lower]) if 0 <= lower < len(ascending) else None
        at_most = float(ascending[upper]) if self.few >= 0 and 0 <= upper < len(ascending) else None
        return at_least, at_most

    def needed(self) -> int | None:
        """Return how many trials would tell, if hits went on coming as they did; null where nobody can say."""
        if not 0.0 < self.share < 1.0:
            return None
        distance = self.hits / self.trials - self.share if self.trials else -self.share
        least = least_trials(self.share) if self.sense is Sense.AT_MOST else least_trials(1.0 - self.share)
        if not distance:
            return None
        by_distance = Z_95**2 * self.share * (1.0 - self.share) / distance**2
        trials = max(self.long, self.slow) * (least if not self.hits or not self.trials else max(by_distance, least))
        return ceil(trials) if self.trials < trials < _NEEDED_MAX else None


def weigh(people: Population, sense: Sense) -> Weighed:
    """Weigh what a criterion is about against the share that its limit stands for.

    To be called kept, or broken by a little, hits must be few or many by long batches: a run that met few bad spells,
    or a few more than usual, by luck, promises nothing. Where the odds of a hit are twice what is allowed, seconds do:
    a stall of ten seconds is one event, but ten bad seconds are what the clients got.
    """
    brief = design_effect_of(*counted(people.hits, part_by_part(np.floor, people.at_s)))
    limits_s = near_limits(people.limit_s, sense) if len(people.values_s) else ()
    near = (people.values_s > limit_s for limit_s in limits_s)  # one after the other: of a long run each is large
    return _weighed(people.hits, None, near, brief, people.share, sense)


def weigh_counts(hits: Counts, trials: Counts, near: Iterable[Counts], *, share: float, sense: Sense) -> Weighed:
    """Weigh the same where it was counted, second by second, in the order of time.

    `near` are the times that are beyond each of `near_limits`; none where the criterion is about no times.
    """
    return _weighed(hits, trials, near, design_effect_of(hits, trials), share, sense)


def _weighed(
    hits: Flags | Counts,
    trials: Counts | None,
    near: Iterable[Flags | Counts],
    brief: float,
    share: float,
    sense: Sense,
) -> Weighed:
    return Weighed(
        trials=len(hits) if trials is None else int(trials.sum()),
        hits=int(hits.sum()),
        share=share,
        sense=sense,
        long=max(brief, _as_sure(design_effect(hits, trials))),
        brief=brief,
        slow=_as_sure(max((design_effect(one, trials) for one in near), default=1.0)),
    )


def near_limits(limit_s: float, sense: Sense) -> tuple[float, ...]:
    """Return the times beyond which one is near a limit without being a hit, or was, of a least time.

    A run that met no bad spell has few hits, and those few look independent; that it is short against its spells shows
    in what is slow without being a hit. What is far from the limit says nothing of it: a target that is a third slower
    in the afternoon, and ten times as quick as it must be all day, keeps its criterion.
    """
    return tuple(limit_s * part if sense is Sense.AT_MOST else limit_s / part for part in _NEAR)


def _as_sure(effect: float) -> float:
    """Return a design effect by ten batches as Student's t has it, where neighbours are alike."""
    return effect * _UNSURE if effect > _ALIKE else effect


def _of_odds(share: float, times: float) -> float:
    """Return the share whose odds are so many times those of another."""
    return share * times / (1.0 - share + share * times)
