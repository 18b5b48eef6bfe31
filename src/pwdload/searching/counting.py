"""From what was seen of a level to counts: how many were past each criterion's limit, block by block."""

from collections.abc import Iterable

import numpy as np

from pwdload.criteria import Criterion, Metric, Observed, Sense, Span, stated
from pwdload.criteria.population import population
from pwdload.criteria.values import Floats
from pwdload.scenario.slo import Slo
from pwdload.searching.values import Counts

BLOCKS = 10
"""Into so many blocks of equal length a level is cut: long ones, in which the queue forgets the block before."""
FAILED_SHARE = "failed_share"
_FAILED_SHARE_MAX = 0.01
"""What `[slo] failed_share` is where it is not stated."""


def searchable(slo: Slo) -> tuple[Criterion, ...]:
    """Return the criteria that a search goes by: those that more load breaks, held against each level as a whole.

    A least goodput is missed at low rates and reached at high ones, and one that names a stage is about no level.
    """
    failed = Criterion(
        name=FAILED_SHARE,
        metric=Metric.FAILED_SHARE,
        sense=Sense.AT_MOST,
        limit=_FAILED_SHARE_MAX if slo.failed_share is None else slo.failed_share,
    )
    return tuple(one for one in (*stated(slo), failed) if _is_searchable(one))


def _is_searchable(criterion: Criterion) -> bool:
    is_share = criterion.metric in (Metric.PERCENTILE, Metric.FAILED_SHARE)
    return is_share and criterion.sense is Sense.AT_MOST and not criterion.stage


def counts_of(criteria: Iterable[Criterion], observed: Observed, start_s: float, end_s: float) -> tuple[Counts, ...]:
    """Return the counts of each criterion among the exchanges due from `start_s` and before `end_s`, which is later."""
    spans = [Span(start_s, end_s)]
    return tuple(_counts(criterion, observed, spans) for criterion in criteria)


def _counts(criterion: Criterion, observed: Observed, spans: list[Span]) -> Counts:
    about, (start_s, end_s, *_) = population(criterion, observed, spans), spans[0]
    places = ((about.at_s - start_s) / (end_s - start_s) * BLOCKS).clip(0, BLOCKS - 1)
    return Counts(
        criterion=criterion.name,
        allowed=about.share,
        due=_per_block(places),
        over=_per_block(places[about.hits]),
    )


def _per_block(places: Floats) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(places.astype(int), minlength=BLOCKS))
