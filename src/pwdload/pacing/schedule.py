"""When each arrival is due: an absolute sequence, the same for whoever asks, from wherever they ask."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, dropwhile, islice, pairwise
from math import floor
from typing import Final, Literal, NamedTuple

from pwdload.pacing.poisson import BLOCK, block_points, block_starts
from pwdload.pacing.rates import RatePlan, Span

Arrivals = Literal["even", "poisson"]
"""How arrivals are placed: evenly, or independently of one another."""

_CLOSE = 1e-9
"""More than rounding takes from a time or a count: a search begins that much too early, and drops what it need not."""


_new: Final = tuple.__new__
"""Makes a NamedTuple out of all of its values in their order, at half of the cost."""


_Block = tuple[int, Sequence[float]]
"""The number of an arrival, and its point and those that follow on the axis of counts."""


class Arrival(NamedTuple):
    """One flow that is to begin. A NamedTuple because it is made on the hot path, at a third of the cost."""

    number: int
    """Its place among all arrivals of the run: 0, 1, 2, ... without a gap."""
    due_s: float
    """When it is to begin, on the run's clock: the intended time of its first request."""
    stage: str
    """The stage in which it is due; `due_s` lies within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The arrivals of a plan, in the order in which they are due.

    even: arrival n is due when the plan has brought n + 1/2 of them, so that every window of time holds what the plan
    expects in it, give or take less than one, whatever ramps and stage borders it spans.

    poisson: the points of a process of rate 1 on the axis of counts, carried over to the clock by `RatePlan.time_of`
    (the time-rescaling theorem: Daley and Vere-Jones, "An Introduction to the Theory of Point Processes", 7.4). The
    same seed gives the same arrivals, and the plan may be longer or shorter without changing what comes before.

    Nothing is kept: each call generates anew, a block of arrivals at a time at most.
    """

    plan: RatePlan
    arrivals: Arrivals
    seed: int

    def from_number(self, number: int = 0, *, wanted: Callable[[int], bool] | None = None) -> Iterator[Arrival]:
        """Yield the arrivals of that number and above; with `wanted`, only those whose number it accepts.

        `wanted` is asked once for each number, in order, right before its arrival would be yielded. Starting costs
        nothing for even arrivals, and for Poisson ones about 2 ns for each arrival that is skipped.

        Raises `ValueError` for a number below 0.
        """
        if number < 0:
            raise ValueError(f"arrivals are numbered from 0 on, not from {number}")
        return self._arrivals(number, wanted)

    def from_time(self, t_s: float, *, wanted: Callable[[int], bool] | None = None) -> Iterator[Arrival]:
        """Yield the arrivals that are due at a time or later; as `from_number` otherwise."""
        early = self.plan.expected(t_s - _CLOSE * max(1.0, abs(t_s)))
        early -= _CLOSE * max(1.0, early)
        number = max(floor(early - 0.5), 0) if self.arrivals == "even" else self._block_before(early) * BLOCK
        return dropwhile(lambda arrival: arrival.due_s < t_s, self.from_number(number, wanted=wanted))

    def __iter__(self) -> Iterator[Arrival]:
        """Yield all arrivals."""
        return self.from_number(0)

    def due_times(self) -> Iterator[float]:
        """Yield when each arrival is due, number 0 first: for those who need all times and nothing else of them."""
        return chain.from_iterable(span.all_due_s(points) for _, points, span in self._placed(self._blocks(0)))

    def _arrivals(self, begin: int, wanted: Callable[[int], bool] | None) -> Iterator[Arrival]:
        for first, points, span in self._placed(self._blocks(begin)):
            stage = span.stage
            for number, due_s in enumerate(span.all_due_s(points), first):
                if wanted is None or wanted(number):
                    yield _new(Arrival, (number, due_s, stage))

    def _placed(self, blocks: Iterator[_Block]) -> Iterator[tuple[int, Sequence[float], Span]]:
        """Cut blocks where a piece of the plan ends, and say into which piece each part falls, until the plan ends."""
        spans = iter(self.plan.spans)
        span = next(spans, None)
        for number, points in blocks:
            begin = 0
            while begin < len(points):
                while span is not None and points[begin] >= span.until:
                    span = next(spans, None)
                if span is None:
                    return
                end = bisect_left(points, span.until, begin)
                yield number + begin, points[begin:end], span
                begin = end

    def _blocks(self, number: int) -> Iterator[_Block]:
        """Yield points of the axis of counts, from that of an arrival on."""
        return _even_blocks(number) if self.arrivals == "even" else self._poisson_blocks(number)

    def _poisson_blocks(self, number: int) -> Iterator[_Block]:
        first, skipped = divmod(number, BLOCK)
        for block, (start, end) in enumerate(islice(pairwise(block_starts(self.seed)), first, None), first):
            points = block_points(self.seed, block, start, end)
            yield (number, points[skipped:]) if block == first else (block * BLOCK, points)

    def _block_before(self, point: float) -> int:
        """Return the number of the block in which, or right before which, a point of the axis of counts lies."""
        ends = islice(block_starts(self.seed), 1, None)
        return next(block for block, end in enumerate(ends) if end >= point)


def _even_blocks(number: int) -> Iterator[_Block]:
    return ((first, [n + 0.5 for n in range(first, first + BLOCK)]) for first in count(number, BLOCK))
