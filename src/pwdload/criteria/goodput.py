"""Goodput: changes per second of the time that is judged, and how sure that is, by batches of equal time."""

from collections.abc import Sequence
from math import ceil, isinf, sqrt

import numpy as np

from pwdload.arrays import empty, parts
from pwdload.criteria.population import population
from pwdload.criteria.values import Criterion, Floats, Judged, Observed, Sense, Span, Standing
from pwdload.criteria.words import amount, asked
from pwdload.statistics.batches import BATCHES, BATCHES_LEAST, mean_bounds
from pwdload.statistics.shares import Z_95
from pwdload.units import counted, format_duration

_FEW_CHANGES = 100
"""Below so many changes how they fall into batches says little, and their number itself is uncertain by luck."""
_LONGEST_S = 1e9


def judge_goodput(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Judged:
    """Hold the changes done per second against a limit, over the spans of `spans_for` taken together.

    They are counted when they were done. Bounds come from the means of up to 30 batches of a second or more.
    """
    at_s = population(criterion, observed, spans).at_s
    lasted_s, offset_s = _laid_end_to_end(at_s, spans)
    batches = min(BATCHES, int(lasted_s + 1e-6))
    value = len(at_s) / lasted_s if lasted_s > 0 else None
    if value is None or batches < BATCHES_LEAST:
        return _too_short(criterion, value, len(at_s), lasted_s)
    counts = np.histogram(offset_s, bins=batches, range=(0.0, lasted_s))[0] / (lasted_s / batches)
    lower, upper = batch_bounds(counts, len(at_s), lasted_s)
    standing = standing_of(criterion, lower, upper)
    needed = None if standing is not Standing.CANNOT_TELL else _needed(criterion, value, lower, upper, len(at_s))
    return Judged(
        criterion=criterion,
        standing=standing,
        value=value,
        lower=lower,
        upper=upper,
        samples=len(at_s),
        reason=_reason(criterion, standing, value, (lower, upper), len(at_s), lasted_s, needed),
        needed=needed,
    )


def count_bounds(count: int, z: float = Z_95) -> tuple[float, float]:
    """Return one-sided bounds of the number that so many independent events are expected to be.

    Where the square root of a Poisson number is nearly normal with a spread of one half (M. S. Bartlett, 1936); with
    ``z`` for 95 % they are never narrower than the exact ones by more than a tenth of an event.
    """
    return max(0.0, sqrt(count) - z / 2) ** 2, (sqrt(count + 1) + z / 2) ** 2


def _laid_end_to_end(at_s: Floats, spans: Sequence[Span]) -> tuple[float, Floats]:
    """Return how long the spans last together, and for each change when it was done as if there were no gaps."""
    gone_s, offsets = 0.0, []
    for span in spans:
        last_s = float(at_s[-1]) if len(at_s) else span.start_s
        end_s = max(last_s, span.start_s) if isinf(span.end_s) or span.end_s > _LONGEST_S else span.end_s
        first, last = np.searchsorted(at_s, [span.start_s, span.end_s])
        offsets.append((slice(int(first), int(last)), span.start_s, gone_s))
        gone_s += end_s - span.start_s
    offset_s, at = empty(sum(place.stop - place.start for place, _, _ in offsets), np.float64), 0
    for place, start_s, before_s in offsets:
        for part in parts(place.stop - place.start):
            mine = at_s[place][part] - start_s + before_s
            offset_s[at : at + len(mine)] = mine
            at += len(mine)
    return gone_s, offset_s


def batch_bounds(counts: Floats, changes: int, lasted_s: float) -> tuple[float, float]:
    """Return the one-sided 95 % bounds of changes per second, by the rates of batches of equal length."""
    lower, upper = mean_bounds(counts)
    if changes < _FEW_CHANGES:
        least, most = count_bounds(changes)
        lower, upper = min(lower, least / lasted_s), max(upper, most / lasted_s)
    return max(lower, 0.0), upper


def standing_of(criterion: Criterion, lower: float, upper: float) -> Standing:
    """Return on which side of its limit a goodput lies that has these bounds."""
    limit = criterion.limit
    above, below = lower >= limit, upper < limit
    if criterion.sense is Sense.AT_MOST:
        above, below = lower > limit, upper <= limit
    kept, broken = (above, below) if criterion.sense is Sense.AT_LEAST else (below, above)
    return Standing.KEPT if kept else Standing.BROKEN if broken else Standing.CANNOT_TELL


def _needed(criterion: Criterion, value: float, lower: float, upper: float, changes: int) -> int | None:
    """Return how many changes would tell: the interval narrows with the square root of their number."""
    distance = abs(value - criterion.limit)
    reach = upper - value if value < criterion.limit else value - lower
    if not distance or not changes:
        return None
    return max(ceil(changes * (reach / distance) ** 2), changes + 1)


def _too_short(criterion: Criterion, value: float | None, changes: int, lasted_s: float) -> Judged:
    seen = f"{counted(changes, 'change')} in {format_duration(max(lasted_s, 0.0))}"
    return Judged(
        criterion=criterion,
        standing=Standing.CANNOT_TELL,
        value=value,
        lower=None,
        upper=None,
        samples=changes,
        reason=f"{seen}; {asked(criterion)} is asked: {BATCHES_LEAST} s or more would tell how sure that is.",
    )


def _reason(
    criterion: Criterion,
    standing: Standing,
    value: float,
    bounds: tuple[float, float],
    changes: int,
    lasted_s: float,
    needed: int | None,
) -> str:
    lower, upper = (amount(criterion, bound) for bound in bounds)
    seen = f"{amount(criterion, value)} ({counted(changes, 'change')} in {format_duration(lasted_s)})"
    if standing is Standing.CANNOT_TELL:
        would = f"; about {needed:,} changes would tell" if needed is not None else ""
        return f"{seen}, with 95 % confidence each way from {lower} to {upper}; {asked(criterion)} is asked{would}."
    is_above = (criterion.sense is Sense.AT_LEAST) == (standing is Standing.KEPT)
    sure = f"at least {lower}" if is_above else f"at most {upper}"
    return f"{seen}, with 95 % confidence {sure}; {asked(criterion)} is asked."
