"""How sure a percentile is: an interval between two observed values.

Independent samples: the number of values below the true p-th percentile is binomial, so two order statistics hold it
with a probability that is exact and owes nothing to the shape of the distribution. Samples that hang together are worth
fewer: the ranks are then as far apart as for their effective number (`pwdload.statistics.dependence`), with Student's t
because that number is itself an estimate.

Sources: H. A. David, H. N. Nagaraja, "Order Statistics", 3rd edition, Wiley (2003), section 7.1; R. S. Woodruff,
"Confidence intervals for medians and other position measures", Journal of the American Statistical Association 47
(1952), 635-646, for going through the ranks when samples are not independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.arrays import copied, parts, picked
from pwdload.statistics import distributions as stats
from pwdload.statistics.bins import tally
from pwdload.statistics.dependence import Dependence, dependence
from pwdload.statistics.ordering import taken
from pwdload.statistics.percentiles import (
    MAXIMUM,
    P50,
    P95,
    P99,
    PERCENTILES,
    Codes,
    Floats,
    OrderStatistics,
    Percentile,
    order_of_groups,
)
from pwdload.statistics.selection import Selection
from pwdload.statistics.slots import slot_codes, slot_count, trimmed

Ranks = npt.NDArray[np.int64]

CONFIDENCE = 0.95
LEAST_EFFECTIVE_BEYOND = 8.0
"""How many effective samples must lie beyond a percentile, where samples hang together, for an interval to be given."""
LEAST_EFFECTIVE = 300.0
"""How many effective samples there must be then: spells as long as a batch are not seen to be that long."""
LEAST_EFFECTIVE_IN_THE_MIDDLE = 60.0
"""The same up to the median, whose bad spells are no rarer than its good ones."""
SPELLS = 2.0
"""Up to this design effect there are no spells that could be longer than a batch, and it may all be luck: what is
enough for a percentile is enough for its interval then."""
WITH_INTERVALS = (P50, P95, P99)
"""The percentiles that tables give intervals of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileIntervals:
    """Percentiles of several groups with their intervals; row i belongs to group i."""

    statistics: OrderStatistics
    lower: dict[str, Floats]
    """By the percentile's column name; NaN where there are too few samples, effective ones where they hang together."""
    upper: dict[str, Floats]
    effective: dict[str, Floats]
    """How many independent samples the group is worth for this percentile; NaN where it has no interval."""


def interval_ranks(counts: Ranks, permille: int, confidence: float = CONFIDENCE) -> tuple[Ranks, Ranks]:
    """Return the 1-based ranks between whose values the true percentile of so many independent samples lies.

    The lower rank is 0, or the upper one above the count, where there are too few samples for such a rank: an end
    that is open. The probability to hold the truth is at least the confidence, from the binomial distribution itself.
    """
    share, tail = permille / 1000.0, (1.0 - confidence) / 2.0
    lower = np.asarray(stats.binom.ppf(tail, counts, share))
    upper = np.asarray(stats.binom.ppf(1.0 - tail, counts, share)) + 1.0
    return lower.astype(np.int64), upper.astype(np.int64)


def dependent_ranks(how: Dependence, permille: int, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Return such ranks for samples that hang together."""
    share = permille / 1000.0
    reach = how.t(0.5 + confidence / 2.0) * float(np.sqrt(share * (1.0 - share) / how.effective))
    return int(np.floor(how.samples * (share - reach))), int(np.ceil(how.samples * (share + reach))) + 1


def percentile_intervals(
    values: Floats,
    times: Floats,
    groups: Codes,
    group_count: int,
    percentiles: Sequence[Percentile] = WITH_INTERVALS,
) -> PercentileIntervals:
    """Return the percentiles of each group (all of `PERCENTILES`), and intervals at 95 % confidence for some of them.

    ``times`` say when each value belongs, in any unit; they decide which samples are neighbours. Values that are NaN
    are left out, and a group code below 0 belongs to no group.
    """
    kept = ~np.isnan(values) & (groups >= 0)
    if not kept.all():
        values, times, groups = picked(values, kept), picked(times, kept), picked(groups, kept)
    counts = tally(groups, group_count)
    slots = slot_count(len(values))
    cells: Codes = slot_codes(times, slots)
    order = order_of_groups(groups, group_count)
    found = _Found.of_none(group_count, percentiles)
    ends = np.cumsum(counts)
    for group, (start, end) in enumerate(zip((ends - counts).tolist(), ends.tolist(), strict=True)):
        if order is None:
            found.add(group, values[start:end], cells[start:end], slots)
        else:
            found.add(group, taken(values, order[start:end]), taken(cells, order[start:end]), slots)
    return found.intervals(counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is known of the groups so far: one group after the other, since of a long run each takes much room."""

    percentiles: Sequence[Percentile]
    """Those with an interval, ascending."""
    values: dict[str, Floats]
    ends: dict[str, Floats]
    """Of each percentile the lower end, the upper end and the effective samples of each group."""

    @classmethod
    def of_none(cls, group_count: int, percentiles: Sequence[Percentile]) -> "_Found":
        return cls(
            percentiles=sorted(percentiles, key=lambda one: one.permille),
            values={one.column: np.full(group_count, np.nan) for one in (*PERCENTILES, MAXIMUM)},
            ends={one.column: np.full((3, group_count), np.nan) for one in percentiles},
        )

    def add(self, group: int, values: Floats, cells: Codes, slots: int) -> None:
        """Take the values of one group, and in which slot each is."""
        if not len(values):
            return
        ordered = Selection(copied(values))
        for percentile in (*PERCENTILES, MAXIMUM):
            if percentile is MAXIMUM or len(values) >= percentile.least_samples:
                self.values[percentile.column][group] = ordered.at(_rank(percentile, len(values)))
        told = [one for one in self.percentiles if not np.isnan(self.values[one.column][group])]
        cuts = [float(self.values[one.column][group]) for one in told]
        totals, hits = _counted(values, cells, slots, cuts)
        worst = 1.0
        for percentile, mine in zip(told, hits, strict=True):
            how = dependence(trimmed(totals, mine))
            worst = max(worst, how.design_effect)
            self.ends[percentile.column][:, group] = _ends(ordered, percentile, enough(how, worst, percentile.permille))

    def intervals(self, counts: Ranks) -> PercentileIntervals:
        """Return what was found of all groups."""
        lower, upper, effective = ({name: ends[place] for name, ends in self.ends.items()} for place in range(3))
        statistics = OrderStatistics(counts=counts, values=self.values)
        return PercentileIntervals(statistics=statistics, lower=lower, upper=upper, effective=effective)


def _rank(percentile: Percentile, count: int) -> int:
    return int(percentile.ranks(np.array([count]))[0])


def _counted(values: Floats, cells: Codes, slots: int, cuts: Sequence[float]) -> tuple[Ranks, list[Ranks]]:
    """Return how many values each slot has, and how many of them do not exceed each of the cuts, which ascend."""
    size = len(cuts) + 1
    counts = np.zeros(slots * size, np.int64)
    for part in parts(len(values)):
        beyond = np.zeros(len(values[part]), np.int16)
        for cut in cuts:
            beyond += values[part] > cut
        counts += tally(cells[part].astype(np.int32) * np.int32(size) + beyond, slots * size)
    within = np.cumsum(counts.reshape(slots, size), axis=1)
    return within[:, -1], [within[:, place] for place in range(len(cuts))]


def enough(how: Dependence, worst: float, permille: int) -> Dependence | None:
    """Return what samples that hang together are worth for a percentile; null where that is too little for an interval.

    ``worst`` is the largest design effect of this percentile and of those below it. Whether there is enough is told by
    that one: a run without a bad spell looks long enough for its p99 by its p99, which has been lucky, and not by its
    median, which many spells made.
    """
    if not how.is_dependent:
        return how
    effective, tail = how.samples / worst, 1.0 - permille / 1000.0
    least = LEAST_EFFECTIVE if permille > P50.permille else LEAST_EFFECTIVE_IN_THE_MIDDLE
    if worst > SPELLS and (effective < least or effective * tail < LEAST_EFFECTIVE_BEYOND):
        return None
    return how.widened(effective * tail)


def worth_of(values: Floats, times: Floats, ordered: Floats, percentile: Percentile) -> Dependence | None:
    """Return the same of one group of values, from the samples themselves; ``ordered`` are the values, ascending."""
    slots, count = slot_count(len(values)), len(values)
    codes = slot_codes(times, slots)
    totals, worst = np.bincount(codes, minlength=slots), 1.0
    for one in sorted({*WITH_INTERVALS, percentile}, key=lambda one: one.permille):
        cut = ordered[max(1, -(-one.permille * count // 1000)) - 1]
        how = dependence(trimmed(totals, np.bincount(codes[values <= cut], minlength=slots)))
        worst = max(worst, how.design_effect)
        if one == percentile:
            break
    return enough(how, worst, percentile.permille)


def _ends(ordered: Selection, percentile: Percentile, how: Dependence | None) -> tuple[float, float, float]:
    """Return the ends of the interval and the effective samples; NaN where there are too few."""
    count = len(ordered)
    if count < percentile.least_samples or how is None:
        return np.nan, np.nan, np.nan
    if how.is_dependent:
        lower, upper = dependent_ranks(how, percentile.permille)
    else:
        below, above = interval_ranks(np.array([count]), percentile.permille)
        lower, upper = int(below[0]), int(above[0])
    if lower < 1 or upper > count:
        return np.nan, np.nan, np.nan
    return ordered.at(lower), ordered.at(upper), how.effective
