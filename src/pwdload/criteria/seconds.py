"""A criterion second by second: what it was in each, and for how long it was broken without a break."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf

import numpy as np
import numpy.typing as npt

from pwdload.criteria.population import Population, population, spans_for
from pwdload.criteria.values import Counts, Criterion, Flags, Floats, Metric, Observed, Sense, Span
from pwdload.statistics.bins import part_by_part, tallied
from pwdload.statistics.percentiles import Percentile, order_statistics

_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """The whole seconds of the time that a criterion is judged over, one element each."""

    start_s: Floats
    """When it begins, on the run's clock."""
    trials: Counts
    """Exchanges that count in it; of goodput the changes."""
    hits: Counts
    """How many of them are beyond the limit, or failed; of goodput all."""
    values: Floats
    """What the criterion was in this second, in the unit of its limit; NaN without an exchange."""
    broken: Flags
    """Whether that is beyond the limit. A second that knows nothing is not broken."""
    follows: Flags
    """Whether it begins where the one before it ends."""

    @property
    def known(self) -> Flags:
        """Which seconds have a value."""
        return ~np.isnan(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """Seconds without a break in which a criterion was broken; those that knew nothing between them are none."""

    start_s: float
    end_s: float
    trials: int
    hits: int

    @property
    def length_s(self) -> float:
        """How long it lasts, in seconds."""
        return self.end_s - self.start_s


def by_second(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Seconds:
    """Return what a criterion was in each whole second of the spans that it is judged over.

    A second is described as it was, by the exchanges that were due in it: with few of them a percentile is the slowest.
    A span that has no end is followed until its last exchange.
    """
    chosen = spans_for(criterion, spans)
    people = population(criterion, observed, chosen)
    last_s = float(people.at_s.max()) + 1.0 if len(people.at_s) else 0.0
    starts = [_starts(span.start_s, last_s if isinf(span.end_s) else span.end_s) for span in chosen]
    start_s = np.concatenate([np.empty(0), *starts])
    place = part_by_part(lambda at_s: _places(at_s, start_s), people.at_s)
    trials = tallied(len(place), len(start_s), lambda part: place[part][place[part] >= 0])
    hits = tallied(len(place), len(start_s), lambda part: place[part][(place[part] >= 0) & people.hits[part]])
    values = _values(criterion, people, place, trials, hits)
    with np.errstate(invalid="ignore"):
        broken: Flags = values > criterion.limit if criterion.sense is Sense.AT_MOST else values < criterion.limit
    return Seconds(
        start_s=start_s,
        trials=trials,
        hits=hits,
        values=values,
        broken=broken,
        follows=np.concatenate([[False], np.diff(start_s) < 1.0 + _ROUNDING_S])[: len(start_s)],
    )


def _places(at_s: Floats, start_s: Floats) -> npt.NDArray[np.intp]:
    """Return in which of the seconds that begin then each time lies; -1 where it lies in none."""
    place = np.searchsorted(start_s, at_s, side="right") - 1
    if not len(start_s):
        return place
    return np.where((place >= 0) & (at_s < start_s[place] + 1.0), place, -1)


def streaks(seconds: Seconds) -> list[Streak]:
    """Return for how long a criterion was broken each time, in order.

    A second without an exchange proves nothing either way: it neither begins a streak nor breaks one.
    """
    found: list[Streak] = []
    first: int | None = None
    last = 0
    for place in range(len(seconds.start_s)):
        if first is not None and not seconds.follows[place]:
            found.append(_streak(seconds, first, last))
            first = None
        if seconds.broken[place]:
            first, last = (place if first is None else first), place
        elif seconds.known[place] and first is not None:
            found.append(_streak(seconds, first, last))
            first = None
    return found if first is None else [*found, _streak(seconds, first, last)]


def _starts(start_s: float, end_s: float) -> Floats:
    return start_s + np.arange(max(0, int(end_s - start_s + _ROUNDING_S)), dtype=float)


def _values(
    criterion: Criterion, people: Population, place: npt.NDArray[np.integer], trials: Counts, hits: Counts
) -> Floats:
    if criterion.metric is Metric.GOODPUT:
        return trials.astype(float)
    if criterion.metric is Metric.FAILED_SHARE:
        shares: Floats = np.where(trials > 0, hits / np.maximum(trials, 1), np.nan)
        return shares
    percentile = Percentile("p", criterion.permille)
    statistics = order_statistics(people.values_s, place, len(trials), [percentile], least_beyond=0)
    return statistics.values[percentile.column]


def _streak(seconds: Seconds, first: int, last: int) -> Streak:
    return Streak(
        start_s=float(seconds.start_s[first]),
        end_s=float(seconds.start_s[last]) + 1.0,
        trials=int(seconds.trials[first : last + 1].sum()),
        hits=int(seconds.hits[first : last + 1].sum()),
    )
