"""Criteria over all of a run that has arrived so far, by counts: what `judge` would say, at little cost.

What `judge` is given grows with the run. Here each exchange is counted once, into the second that it counts in, and
then forgotten, so that a look takes as many steps as the run has seconds. It is a preview: what is still in flight is
in no count, and a percentile is read from buckets of two per cent. Its limit is never in doubt: what is beyond it was
counted as such.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Final

import numpy as np

from pwdload.criteria.breadths import broken_for_too_long
from pwdload.criteria.goodput import batch_bounds, standing_of
from pwdload.criteria.observing import within
from pwdload.criteria.population import spans_for, tail
from pwdload.criteria.seconds import Seconds, streaks
from pwdload.criteria.values import Counts, Criterion, Flags, Floats, Metric, Sense, Span, Standing
from pwdload.criteria.weighing import Weighed, near_limits, weigh_counts
from pwdload.criteria.words import amount, percentile_name
from pwdload.statistics.batches import BATCHES, BATCHES_LEAST
from pwdload.statistics.percentiles import Percentile
from pwdload.units import format_share

_RECENT_S: Final = 900
"""How far back streaks are looked for; what was broken for too long before stays broken."""
_LEAST_VALUE_S: Final = 1e-4
_FACTOR: Final = log(1.02)
_BUCKETS: Final = 720
"""From 0.1 ms on, each 2 % wider than the one before: up to 150 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanges:
    """Some exchanges of the load, one element each; times in seconds on the run's clock."""

    due_s: Floats
    sent_s: Floats
    """NaN where nothing was sent."""
    done_s: Floats
    flow_due_s: Floats
    """When its flow was due; what is here does not matter where no criterion is about journeys."""
    failed: Flags
    changed: Flags
    step: Counts
    """Its place in `steps`, and so for the case."""
    case: Counts
    steps: Sequence[str]
    cases: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """How a criterion stands by what has arrived."""

    criterion: Criterion
    standing: Standing
    seen: str
    """What was seen, in words; empty where nothing was."""


class Preview:
    """One criterion, counted as the run goes on. One thread takes exchanges, another looks."""

    def __init__(self, criterion: Criterion, spans: Sequence[Span]) -> None:
        """Take the stages, without what is spared."""
        self.criterion = criterion
        self._spans = spans_for(criterion, spans)
        self._trials: Counts = np.zeros(600, np.int64)
        self._hits: Counts = np.zeros(600, np.int64)
        self._near_limits_s = near_limits(criterion.limit, criterion.sense) if criterion.permille else ()
        self._near: Counts = np.zeros((len(self._near_limits_s), 600), np.int64)
        self._values: Counts = np.zeros(_BUCKETS, np.int64)
        self._was_broken = False

    def take(self, exchanges: Exchanges) -> None:
        """Count exchanges, each once."""
        criterion, chosen = self.criterion, self._chosen(exchanges)
        near: list[Flags] = []
        if criterion.metric is Metric.PERCENTILE:
            values_s = _times_s(criterion, exchanges)[chosen]
            at_s, known = exchanges.due_s[chosen], ~np.isnan(values_s)
            at_s, values_s = at_s[known], values_s[known]
            near = [values_s > limit_s for limit_s in self._near_limits_s]
            hits = values_s > criterion.limit if criterion.sense is Sense.AT_MOST else values_s >= criterion.limit
            bucket = (np.log(np.maximum(values_s, _LEAST_VALUE_S) / _LEAST_VALUE_S) / _FACTOR).astype(np.int64)
            self._values += np.bincount(np.minimum(bucket, _BUCKETS - 1), minlength=_BUCKETS)
        elif criterion.metric is Metric.FAILED_SHARE:
            at_s, hits = exchanges.due_s[chosen], exchanges.failed[chosen]
        else:
            chosen &= exchanges.changed
            at_s = exchanges.done_s[chosen]
            hits = np.ones(len(at_s), np.bool_)
        if len(at_s):
            self._count(np.maximum(at_s, 0.0).astype(np.int64), hits, near)

    def _chosen(self, exchanges: Exchanges) -> Flags:
        criterion = self.criterion
        at_s = exchanges.done_s if criterion.metric is Metric.GOODPUT else exchanges.due_s
        chosen = within(at_s, self._spans)
        if criterion.step:
            chosen &= np.array([one == criterion.step for one in exchanges.steps], np.bool_)[exchanges.step]
        if criterion.case:
            chosen &= np.array([one == criterion.case for one in exchanges.cases], np.bool_)[exchanges.case]
        return chosen

    def _count(self, second: Counts, hits: Flags, near: Sequence[Flags]) -> None:
        first, last = int(second.min()), int(second.max())
        if last >= len(self._trials):
            # Trials last, so that a look in between finds all others as long as they are.
            self._near, self._hits, self._trials = (
                _longer(one, last + 1) for one in (self._near, self._hits, self._trials)
            )
        # Trials before hits, so that a look in between has never more hits than trials.
        self._trials[first : last + 1] += np.bincount(second - first)
        for counts, flags in ((self._hits, hits), *zip(self._near, near, strict=True)):
            counts[first : last + 1] += np.bincount(second - first, flags, last + 1 - first).astype(np.int64)

    def look(self, until_s: float) -> Previewed:
        """Return how the criterion stands by what was due (of goodput: done) before a time."""
        seconds = self._seconds(until_s)
        trials, hits = int(seconds.trials.sum()), int(seconds.hits.sum())
        if not len(seconds.start_s) or not (trials or self.criterion.metric is Metric.GOODPUT):
            return Previewed(criterion=self.criterion, standing=Standing.CANNOT_TELL, seen="")
        return Previewed(
            criterion=self.criterion, standing=self._standing(seconds), seen=self._seen(seconds, trials, hits)
        )

    def _seconds(self, until_s: float) -> Seconds:
        """Return the seconds of its stages up to a time; those that reach beyond a stage are not whole, but seen."""
        trials, hits = self._trials, self._hits
        count = int(min(len(trials), len(hits), max(until_s, 0.0)))
        start_s = np.arange(count, dtype=np.float64)
        inside = np.zeros(count, np.bool_)
        for span in self._spans:
            inside |= (start_s + 1.0 > span.start_s + 1e-6) & (start_s < span.end_s - 1e-6)
        start_s, trials, hits = start_s[inside], trials[:count][inside], hits[:count][inside]
        values, broken = _by_second(self.criterion, trials, hits)
        follows = np.concatenate([[False], np.diff(start_s) < 1.5])[: len(start_s)]
        return Seconds(start_s=start_s, trials=trials, hits=hits, values=values, broken=broken, follows=follows)

    def _standing(self, seconds: Seconds) -> Standing:
        criterion = self.criterion
        if criterion.breadth.kind == "window":
            return self._standing_of_window(seconds)
        if criterion.breadth.kind == "seconds":
            broken = seconds.broken[seconds.known]
            allowed = 1.0 - criterion.breadth.share
            return Weighed(trials=len(broken), hits=int(np.count_nonzero(broken)), share=allowed).standing()
        if criterion.metric is Metric.GOODPUT:
            return _standing_of_goodput(criterion, seconds)
        near = self._near[:, seconds.start_s.astype(np.int64)]
        return weigh_counts(
            seconds.hits, seconds.trials, near, share=_share(criterion), sense=criterion.sense
        ).standing()

    def _standing_of_window(self, seconds: Seconds) -> Standing:
        recent = _latest(seconds, _RECENT_S)
        self._was_broken = self._was_broken or broken_for_too_long(self.criterion, recent) is not None
        if self._was_broken:
            return Standing.BROKEN
        window_s = self.criterion.breadth.window_s
        doubtful = any(one.length_s >= window_s for one in streaks(recent))
        return Standing.CANNOT_TELL if doubtful or len(seconds.start_s) < window_s else Standing.KEPT

    def _seen(self, seconds: Seconds, trials: int, hits: int) -> str:
        criterion, wide = self.criterion, self.criterion.breadth
        if wide.kind == "seconds":
            known = int(np.count_nonzero(seconds.known))
            return f"{format_share(1 - np.count_nonzero(seconds.broken) / known)} of {known:,} s" if known else ""
        if criterion.metric is Metric.GOODPUT:
            return amount(criterion, trials / len(seconds.start_s))
        if criterion.metric is Metric.FAILED_SHARE:
            return amount(criterion, hits / trials)
        return f"{percentile_name(criterion.permille)} {amount(criterion, self._value(trials, hits))}"

    def _value(self, trials: int, hits: int) -> float:
        """Return the percentile, to two per cent; on the side of the limit where it is known to be."""
        criterion, ranks = self.criterion, Percentile("p", self.criterion.permille)
        counts = self._values.cumsum()
        bucket = int(np.searchsorted(counts, int(ranks.ranks(counts[-1:])[0])))
        value_s = _LEAST_VALUE_S * float(np.exp((bucket + 0.5) * _FACTOR))
        _, broken = _by_second(criterion, np.array([trials]), np.array([hits]))
        is_above = bool(broken[0]) == (criterion.sense is Sense.AT_MOST)
        return max(value_s, criterion.limit) if is_above else min(value_s, criterion.limit)


def _by_second(criterion: Criterion, trials: Counts, hits: Counts) -> tuple[Floats, Flags]:
    """Return a value of each second, NaN where it knows nothing, and whether it is beyond the limit.

    The value of a percentile is left at 0: which side of the limit it is on, the hits tell.
    """
    if criterion.metric is Metric.GOODPUT:
        values = trials.astype(np.float64)
        return values, _is_beyond(criterion, values)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Floats = np.where(trials > 0, hits / trials, np.nan)
    if criterion.metric is Metric.FAILED_SHARE:
        return shares, _is_beyond(criterion, shares)
    within_it = Percentile("p", criterion.permille).ranks(trials)
    broken: Flags = trials - hits < within_it if criterion.sense is Sense.AT_MOST else trials - hits >= within_it
    return np.where(trials > 0, 0.0, np.nan), broken & (trials > 0)


def _is_beyond(criterion: Criterion, values: Floats) -> Flags:
    with np.errstate(invalid="ignore"):
        beyond: Flags = values > criterion.limit if criterion.sense is Sense.AT_MOST else values < criterion.limit
    return beyond


def _standing_of_goodput(criterion: Criterion, seconds: Seconds) -> Standing:
    counts, changes = seconds.trials, int(seconds.trials.sum())
    if len(counts) < BATCHES_LEAST:
        return Standing.CANNOT_TELL
    edges = np.linspace(0, len(counts), min(BATCHES, len(counts)) + 1).astype(np.intp)
    rates = np.add.reduceat(counts, edges[:-1]) / np.diff(edges)
    return standing_of(criterion, *batch_bounds(rates, changes, float(len(counts))))


def _share(criterion: Criterion) -> float:
    return criterion.limit if criterion.metric is Metric.FAILED_SHARE else tail(criterion)


def _times_s(criterion: Criterion, exchanges: Exchanges) -> Floats:
    if criterion.of == "service":
        return exchanges.done_s - exchanges.sent_s
    if criterion.of == "journey":
        journey_s: Floats = np.where(exchanges.changed, exchanges.done_s - exchanges.flow_due_s, np.nan)
        return journey_s
    return exchanges.done_s - exchanges.due_s


def _latest(seconds: Seconds, count: int) -> Seconds:
    return replace(
        seconds,
        start_s=seconds.start_s[-count:],
        trials=seconds.trials[-count:],
        hits=seconds.hits[-count:],
        values=seconds.values[-count:],
        broken=seconds.broken[-count:],
        follows=seconds.follows[-count:],
    )


def _longer(counts: Counts, least: int) -> Counts:
    *rows, length = counts.shape
    return np.concatenate([counts, np.zeros((*rows, max(length, least - length)), np.int64)], axis=-1)
