"""When every arrival of a schedule was due, all at once.

`pwdload.pacing.Schedule` yields one arrival after the other, which is what a load generator needs. A report needs all
of them: the same numbers to the last bit, at a tenth of the time.
"""

from collections.abc import Iterator
from itertools import islice, pairwise
from math import log
from random import Random

import numpy as np
import numpy.typing as npt

from pwdload.arrays import copied, empty, parts
from pwdload.pacing import Schedule
from pwdload.pacing.poisson import BLOCK, block_random, block_starts
from pwdload.pacing.rates import Span

Floats = npt.NDArray[np.float64]

_BLOCKS = 1024
"""So many blocks are put together at once: a million arrivals."""


def due_times(schedule: Schedule, before_s: float) -> Floats:
    """Return when each arrival that is due before a time was due, number 0 first, in seconds on the run's clock."""
    spans = schedule.plan.spans
    points = _points(schedule, _last_point(schedule, before_s))
    ends = np.array([span.until for span in spans])
    # A point belongs to the first piece that ends beyond it; what lies beyond them all is no arrival.
    edges = np.concatenate([[0], np.searchsorted(points, ends, side="left")])
    times: Floats = empty(int(edges[-1]), np.float64)
    for span, (start, end) in zip(spans, pairwise(edges.tolist()), strict=True):
        mine, due_s = points[start:end], times[start:end]
        for part in parts(len(mine)):
            due_s[part] = _due_s(span, mine[part])
    return times[: int(np.searchsorted(times, before_s, side="left"))] if before_s < schedule.plan.end_s else times


def _last_point(schedule: Schedule, before_s: float) -> float:
    """Return a point on the axis of counts behind all that are due before a time."""
    return schedule.plan.expected(before_s) * (1.0 + 1e-9) + 1.0


def _points(schedule: Schedule, last: float) -> Floats:
    """Return the points of the axis of counts up to one, and some more."""
    if schedule.arrivals == "even":
        return np.arange(int(last) + 1, dtype=np.float64) + 0.5
    blocks = _blocks(schedule.seed, last)
    together = [copied(np.concatenate(some)) for some in iter(lambda: [*islice(blocks, _BLOCKS)], [])]
    points: Floats = empty(sum(map(len, together)), np.float64)
    at = 0
    for some in together:
        points[at : at + len(some)] = some
        at += len(some)
    return points


def _blocks(seed: int, last: float) -> Iterator[Floats]:
    draws = np.random.RandomState()
    for block, (start, end) in enumerate(pairwise(block_starts(seed))):
        yield _block(draws, block_random(seed, block), start, end)
        if end > last:
            return


def _block(draws: np.random.RandomState, stream: Random, start: float, end: float) -> Floats:
    """Return what `pwdload.pacing.poisson.block_points` returns: numpy draws from the same generator, in one go."""
    _, state, _ = stream.getstate()
    draws.set_state({"bit_generator": "MT19937", "state": {"key": np.array(state[:-1], np.uint32), "pos": state[-1]}})
    # Python's own log: numpy's may differ in the last bit.
    waits = np.cumsum(-np.array(list(map(log, (1.0 - draws.random_sample(BLOCK)).tolist()))))
    points: Floats = start + waits * ((end - start) / waits[-1])
    points[-1] = end
    return points


def _due_s(span: Span, points: Floats) -> Floats:
    """Return what `Span.due_s` returns, operation by operation, of many points."""
    inside = points - span.before
    square = span.from_per_s * span.from_per_s + 2 * span.slope_per_s2 * inside
    rates = span.from_per_s + np.sqrt(np.where(square > 0, square, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.minimum(span.start_s + 2 * inside / rates, span.last_s)
    return np.where(inside <= 0, span.start_s, np.where(rates == 0, span.last_s, times))
