"""Which exchanges a criterion is about, and what counts of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pwdload.arrays import filled, picked
from pwdload.criteria.observing import within
from pwdload.criteria.values import Criterion, Flags, Floats, Metric, Observed, Sense, Span, is_text
from pwdload.statistics.ordering import ascending


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What a criterion is held against, in the order of its times.

    A percentile's limit divides the exchanges into those within it and those beyond: p95 is at most 300 ms where at
    most 5 % of them took longer. So every criterion but goodput is about a share of hits.
    """

    at_s: Floats
    """When each counts: when it was due; of goodput, when it was done."""
    hits: Flags
    """Took longer than the limit (of a least time: as long or longer); or failed; of goodput, all."""
    values_s: Floats
    """Of a percentile, the times themselves; else empty."""
    share: float
    """The share of hits that the limit stands for; of goodput 0."""
    limit_s: float = 0.0
    """The limit of the times; 0 where there are none."""


def spans_for(criterion: Criterion, spans: Sequence[Span]) -> list[Span]:
    """Return the spans that a criterion is judged over, in order, those that follow one another at once joined."""
    joined: list[Span] = []
    for span in sorted(spans):
        if not (span.stage == criterion.stage if criterion.stage else span.measured):
            continue
        if joined and joined[-1].end_s == span.start_s:
            joined[-1] = joined[-1]._replace(end_s=span.end_s)
        else:
            joined.append(span)
    return joined


def population(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Population:
    """Return what a criterion is about, of the spans of `spans_for`."""
    if criterion.metric is Metric.GOODPUT:
        return _changes(criterion, observed, spans)
    chosen = within(observed.due_s, spans) & _is_of(criterion, observed)
    if criterion.metric is Metric.FAILED_SHARE:
        hits = picked(observed.failed, chosen)
        return Population(at_s=picked(observed.due_s, chosen), hits=hits, values_s=np.empty(0), share=criterion.limit)
    times_s = _times_s(criterion, observed)
    chosen &= ~np.isnan(times_s)
    values_s, limit_s = picked(times_s, chosen), criterion.limit
    beyond: Flags = values_s > limit_s if criterion.sense is Sense.AT_MOST else values_s >= limit_s
    return Population(
        at_s=picked(observed.due_s, chosen), hits=beyond, values_s=values_s, share=tail(criterion), limit_s=limit_s
    )


def tail(criterion: Criterion) -> float:
    """Return the share of the values that lie beyond a percentile."""
    return (1000 - criterion.permille) / 1000


def _changes(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Population:
    chosen = observed.changed & within(observed.done_s, spans) & _is_of(criterion, observed)
    at_s = ascending(picked(observed.done_s, chosen))
    return Population(at_s=at_s, hits=np.ones(len(at_s), dtype=bool), values_s=np.empty(0), share=0.0)


def _is_of(criterion: Criterion, observed: Observed) -> Flags:
    chosen = np.ones(len(observed), dtype=bool)
    if criterion.step:
        chosen &= is_text(observed.step, criterion.step)
    if criterion.case:
        chosen &= is_text(observed.case, criterion.case)
    return chosen


def _times_s(criterion: Criterion, observed: Observed) -> Floats:
    """Return the time that a percentile is of for each exchange; NaN for one that has none."""
    done_s = observed.done_s
    since_s = {"service": observed.sent_s, "journey": observed.flow_due_s}.get(criterion.of, observed.due_s)
    if criterion.of != "journey":
        return filled(len(done_s), np.float64, lambda part: done_s[part] - since_s[part])
    changed = observed.changed
    return filled(len(done_s), np.float64, lambda part: np.where(changed[part], done_s[part] - since_s[part], np.nan))
