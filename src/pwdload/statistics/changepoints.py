"""Where a series of numbers changed for good: E-divisive, with a permutation test for each change that it reports.

Source: D. S. Matteson, N. A. James, "A nonparametric approach for multiple change point analysis of multivariate data",
Journal of the American Statistical Association 109 (2014), 334-345, with exponent 1. As in the implementations that
watch performance in continuous integration (D. Daly et al., "The use of change point detection to identify software
performance regressions in a continuous integration system", ICPE 2020), a segment is split in two at its best place,
so that the second part always reaches to the segment's end.

The series is cut where the energy distance between what lies before and after is largest, weighted by how many values
each part has; then the parts are cut, until a cut is one that chance makes. Nothing is assumed of the distribution but
that, without a change, any order of the values would have been as likely as the one seen. So a trend is found as well,
as one change or several.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_SEGMENT = 3
"""Fewest values on either side of a change: two may agree by luck."""
SIGNIFICANCE = 0.05
PERMUTATIONS = 399
"""So many orders of the values are tried: the smallest p-value is 1 in 400."""
_CELLS_MAX = 4_000_000
"""Distances held at once while orders are tried: 32 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """A place at which a series changed."""

    index: int
    """Of the first value after the change."""
    p_value: float
    """How often a series without this change would show one as clear, by the permutations."""


def change_points(
    values: Sequence[float] | Floats,
    *,
    seed: int,
    significance: float = SIGNIFICANCE,
    permutations: int = PERMUTATIONS,
    least_segment: int = LEAST_SEGMENT,
) -> tuple[ChangePoint, ...]:
    """Return where a series changed, in its order; nothing for a series that is too short for two segments.

    The chance that a series without any change gets one is at most ``significance``. The permutations are drawn from
    ``seed``: the same series gives the same answer.

    Raises:
        ValueError: a value that is not finite; whoever has gaps leaves them out and keeps count of the places.
    """
    series = np.asarray(values, dtype=float)
    if not np.isfinite(series).all():
        raise ValueError("a series with values that are not finite has no distances")
    rng = np.random.default_rng(seed)
    found: list[ChangePoint] = []
    while True:
        edges = [0, *sorted(point.index for point in found), len(series)]
        place, strength = _best_cut(series, edges, least_segment)
        if place is None:
            break
        p_value = _p_value(series, edges, strength, rng, permutations, least_segment)
        if p_value > significance:
            break
        found.append(ChangePoint(index=place, p_value=p_value))
    return tuple(sorted(found, key=lambda point: point.index))


def _best_cut(series: Floats, edges: Sequence[int], least: int) -> tuple[int | None, float]:
    """Return the best place to cut any of the segments at, and how clear that cut is; no place if all are too short."""
    best: tuple[int | None, float] = (None, -np.inf)
    for start, end in pairwise(edges):
        if end - start < 2 * least:
            continue
        strengths = _strengths(series[None, start:end], least)[0]
        cut = int(np.argmax(strengths))
        if strengths[cut] > best[1]:
            best = (start + least + cut, float(strengths[cut]))
    return best


def _p_value(
    series: Floats, edges: Sequence[int], strength: float, rng: np.random.Generator, permutations: int, least: int
) -> float:
    """Return how often the values, shuffled within their segments, have a cut that is as clear somewhere."""
    clearest = np.full(permutations, -np.inf)
    for start, end in pairwise(edges):
        if end - start < 2 * least:
            continue
        orders = rng.permuted(np.tile(series[start:end], (permutations, 1)), axis=1)
        at_once = max(1, _CELLS_MAX // (end - start) ** 2)
        for first in range(0, permutations, at_once):
            some = slice(first, first + at_once)
            clearest[some] = np.maximum(clearest[some], _strengths(orders[some], least).max(axis=1))
    as_clear = int(np.count_nonzero(clearest >= strength * (1 - 1e-12)))  # sums in another order differ in the last bit
    return (1 + as_clear) / (permutations + 1)


def _strengths(rows: Floats, least: int) -> Floats:
    """Return for each row, and each place that leaves so many values on both sides, how clear a cut there is.

    With n values before and m after it, it is ``nm / (n + m)`` times the energy distance: twice the mean distance
    between values of the two parts, less the mean distances within each.
    """
    size = rows.shape[1]
    distances = np.abs(rows[:, :, None] - rows[:, None, :])
    places = np.arange(least, size - least + 1)
    # The sum of all distances among the first k values, for each k: each value adds its distances to those before it.
    upto = np.cumsum(distances, axis=2)
    each = upto[:, np.arange(size), np.arange(size)]
    before = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(each, axis=1)], axis=1)[:, places]
    totals = distances.sum(axis=2)
    total = totals.sum(axis=1, keepdims=True) / 2
    # The distances between the parts: all that the first k values have to anything, less those among themselves.
    touching = np.cumsum(totals, axis=1)[:, places - 1]
    between = touching - 2 * before
    after = total - before - between
    n, m = places.astype(float), size - places.astype(float)
    energy = 2 * between / (n * m) - 2 * before / (n * (n - 1)) - 2 * after / (m * (m - 1))
    strengths: Floats = n * m / (n + m) * energy
    return strengths
