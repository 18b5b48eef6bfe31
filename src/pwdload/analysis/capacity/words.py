"""Criteria and limits in words for a person."""

from collections.abc import Iterable, Sequence

from pwdload.analysis.capacity.asked import UNSERVED
from pwdload.analysis.capacity.levels import Held, LoadLevel
from pwdload.criteria import Criterion, words
from pwdload.criteria.words import amount
from pwdload.units import format_duration, format_rate, format_share

_SHED_SHOWS = 0.001
_QUEUES_SHOW = 2.0
"""A p95 of so many times that of the lowest level shows that requests queue."""


def subject(criterion: Criterion) -> str:
    """Return what a criterion is about: "p95 of update_password"."""
    return "share of flows left over" if criterion.name == UNSERVED.name else words.subject(criterion)


def breaks(criterion: Criterion) -> str:
    """Return what happens past the limit: "p95 of update_password passes 300 ms"."""
    return f"{subject(criterion)} passes {amount(criterion, criterion.limit)}"


def limits(criteria: Iterable[Criterion]) -> str:
    """Return what is kept up to the limit: "p95 of update_password within 300 ms"."""
    return " and ".join(f"{subject(one)} within {amount(one, one.limit)}" for one in criteria)


def limiter_words(criterion: Criterion, past: LoadLevel, rising: Sequence[LoadLevel]) -> str:
    """Return which criterion breaks, what was seen of it at the first level past the limit, and what else shows."""
    mine = next(held for held in past.held if held.criterion == criterion)
    seen = f" ({amount(criterion, mine.seen.value)} at {_load(past)})" if mine.seen.value is not None else ""
    signs = list(_signs(past, rising[0], mine))
    return f"{breaks(criterion)}{seen}" + (f"; {', '.join(signs)}" if signs else "")


def _signs(past: LoadLevel, lowest: LoadLevel, mine: Held) -> Iterable[str]:
    level = past.level
    if past.shed_share > _SHED_SHOWS:
        yield f"{format_share(past.shed_share)} turned away"
    other = level.failed_share - past.shed_share
    if other > _SHED_SHOWS and mine.criterion.permille:
        yield f"{format_share(other)} failed otherwise"
    p95, calm = past.times[1].value, lowest.times[1].value
    if p95 is not None and calm and p95 > _QUEUES_SHOW * calm:
        yield f"requests queue: p95 {format_duration(p95)} against {format_duration(calm)} at the lowest level"
    if lowest.level.in_flight and level.in_flight > _QUEUES_SHOW * lowest.level.in_flight:
        yield f"{level.in_flight:,.3g} in flight against {lowest.level.in_flight:,.3g}"


def _load(one: LoadLevel) -> str:
    return format_rate(one.level.offered_flows_per_s)
