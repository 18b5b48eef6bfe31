"""What criteria are not about: the times that a scenario leaves to the criteria of resilience."""

from collections.abc import Sequence

import numpy as np

from pwdload.criteria.values import Observed, Span


def without(spans: Sequence[Span], spared: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans without the times that are spared; each piece keeps its stage."""
    left = list(spans)
    for hole in spared:
        left = [piece for span in left for piece in _cut(span, hole)]
    return tuple(left)


def not_on_their_way(observed: Observed, spared: Sequence[Span]) -> Observed:
    """Return the exchanges that were not on their way at any time within the spans that are spared."""
    met = np.zeros(len(observed), dtype=bool)
    for hole in spared:
        met |= (observed.due_s < hole.end_s) & (observed.done_s >= hole.start_s)
    return observed.where(~met) if met.any() else observed


def _cut(span: Span, hole: Span) -> list[Span]:
    before = span._replace(end_s=min(span.end_s, hole.start_s))
    after = span._replace(start_s=max(span.start_s, hole.end_s))
    return [piece for piece in (before, after) if piece.end_s > piece.start_s]
