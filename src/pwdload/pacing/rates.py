"""How fast arrivals come: a rate that is linear from piece to piece, its integral, and the inverse of that.

A constant rate is one piece, and so is a ramp; steps and a spike are several pieces of one stage.

    rate      ____                 expected       .----
    (1/s)    /    |    __          (arrivals)    /   ___
            /     |   |  |                      /___/
         __/      |___|  |____               __/            time_of(count) reads this one from its y axis

Arrivals are placed on the y axis, the axis of counts, on which any plan looks alike: 1 arrival per unit.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite, nextafter, sqrt
from typing import Self

from pwdload.errors import UsageError

RatePiece = tuple[str, float, float, float, float]
"""Stage, start_s, end_s, from_per_s and to_per_s of a piece, as plain values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a plan: within it the rate changes evenly, or not at all. Times are on the run's clock.

    It begins at `start_s` and is over at `end_s`, which belongs to the next piece.

    Raises `UsageError` unless it ends after it starts and all four numbers are finite, the rates 0 or more.
    """

    stage: str
    """The stage that it is a part of; several pieces may have the same one."""
    start_s: float
    end_s: float
    from_per_s: float
    to_per_s: float

    def __post_init__(self) -> None:
        numbers = (self.start_s, self.end_s, self.from_per_s, self.to_per_s)
        if not (all(map(isfinite, numbers)) and self.start_s < self.end_s and min(self.from_per_s, self.to_per_s) >= 0):
            raise UsageError(
                f"stage {self.stage!r}: from {self.start_s} s to {self.end_s} s, {self.from_per_s}/s to "
                f"{self.to_per_s}/s; allowed is an end after the start, and rates of 0/s or more"
            )

    @property
    def for_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s

    @property
    def slope_per_s2(self) -> float:
        """By how much the rate changes each second; negative where it falls."""
        return (self.to_per_s - self.from_per_s) / self.for_s

    @property
    def expected(self) -> float:
        """How many arrivals it brings."""
        return (self.from_per_s / 2 + self.to_per_s / 2) * self.for_s

    def rate_at(self, t_s: float) -> float:
        """Return the rate at a time within the piece."""
        # Weighted from both ends, so that it is exact at either and never below 0 in between.
        share = (t_s - self.start_s) / self.for_s
        return self.from_per_s * (1 - share) + self.to_per_s * share

    def expected_until(self, t_s: float) -> float:
        """Return how many arrivals it brings until a time within it."""
        return (self.from_per_s / 2 + self.rate_at(t_s) / 2) * (t_s - self.start_s)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece that brings arrivals, ready for the inner loop: counts `before` to `until` of the plan fall into it."""

    stage: str
    before: float
    until: float
    start_s: float
    last_s: float
    """The last moment that belongs to the piece."""
    from_per_s: float
    slope_per_s2: float

    def due_s(self, count: float) -> float:
        """Return when a count is reached; what lies outside of the piece is taken to its nearest end.

        Solves from_per_s u + slope_per_s2 u^2 / 2 = count - before for u. Of the two textbook forms this is the one
        that subtracts no near equals, whether the rate is flat, nearly flat, or rises from 0.
        """
        inside = count - self.before
        if inside <= 0:
            return self.start_s
        if (
            not self.slope_per_s2 and self.from_per_s
        ):  # nearly every arrival: the same to the last bit, at half the cost
            return min(self.start_s + inside / self.from_per_s, self.last_s)
        square = self.from_per_s * self.from_per_s + 2 * self.slope_per_s2 * inside
        # Rounding may take the square below 0 at the end of a ramp down to 0.
        rates = self.from_per_s + (sqrt(square) if square > 0 else 0.0)
        return min(self.start_s + 2 * inside / rates, self.last_s) if rates else self.last_s

    def all_due_s(self, counts: Sequence[float]) -> Iterable[float]:
        """Return when each of some rising counts is reached: `due_s` of each, to the last bit."""
        before, start_s, rate = self.before, self.start_s, self.from_per_s
        if self.slope_per_s2 or not rate or not counts[0] > before:
            return map(self.due_s, counts)
        if start_s + (counts[-1] - before) / rate > self.last_s:
            return map(self.due_s, counts)
        # A flat rate, and all lie within: that much is left of `due_s`, at a quarter of the cost.
        return [start_s + (count - before) / rate for count in counts]


@dataclass(frozen=True, slots=True)
class RatePlan:
    """A rate of arrivals over time: pieces that follow one another without a gap.

    Outside of them the rate is 0. Raises `UsageError` where there is no piece, or one does not begin where the piece
    before it ends.
    """

    segments: tuple[Segment, ...]
    _starts_s: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _counts: tuple[float, ...] = field(init=False, repr=False, compare=False)
    """Arrivals expected before each piece, and before the end."""
    spans: tuple[Span, ...] = field(init=False, repr=False, compare=False)
    """The pieces that bring arrivals, each with its place on the axis of counts."""

    def __post_init__(self) -> None:
        _check_contiguous(self.segments)
        counts = [0.0]
        for segment in self.segments:
            counts.append(counts[-1] + segment.expected)
        object.__setattr__(self, "_starts_s", tuple(segment.start_s for segment in self.segments))
        object.__setattr__(self, "_counts", tuple(counts))
        object.__setattr__(self, "spans", tuple(_spans(self.segments, counts)))

    @classmethod
    def of(cls, pieces: Iterable[RatePiece]) -> Self:
        """Make a plan of plain values: stage, start_s, end_s, from_per_s and to_per_s of each piece."""
        return cls(
            tuple(
                Segment(stage=stage, start_s=start_s, end_s=end_s, from_per_s=from_per_s, to_per_s=to_per_s)
                for stage, start_s, end_s, from_per_s, to_per_s in pieces
            )
        )

    def extended_to(self, pieces: Sequence[RatePiece]) -> Self:
        """Return the plan that has become longer: what `pieces` have beyond its own is added at its end.

        What it says of counts and times before stays the same to the last bit. Raises `UsageError` where the pieces do
        not begin with those that it has, or do not follow one another.
        """
        known = len(self.segments)
        longer = type(self).of(pieces)
        if longer.segments[:known] != self.segments:
            raise UsageError("a longer plan of arrivals that begins in another way; allowed is to add pieces")
        return longer

    @property
    def start_s(self) -> float:
        """When the first piece begins."""
        return self.segments[0].start_s

    @property
    def end_s(self) -> float:
        """When the last piece is over."""
        return self.segments[-1].end_s

    @property
    def expected_total(self) -> float:
        """How many arrivals the whole plan brings; not always a whole number."""
        return self._counts[-1]

    def rate_at(self, t_s: float) -> float:
        """Return the rate at a time; where it jumps, the one after the jump."""
        if not self.start_s <= t_s < self.end_s:
            return 0.0
        return self.segments[self._place(t_s)].rate_at(t_s)

    def expected(self, t_s: float) -> float:
        """Return how many arrivals the plan brings until a time: the exact integral of the rate."""
        if t_s <= self.start_s:
            return 0.0
        if t_s >= self.end_s:
            return self.expected_total
        place = self._place(t_s)
        return self._counts[place] + self.segments[place].expected_until(t_s)

    def time_of(self, count: float) -> float:
        """Return when the plan has brought a count of arrivals: the inverse of `expected`, in closed form.

        Where no arrivals come for a while, `expected` stands still: it is the end of that while, so that the time
        belongs to the stage whose arrival is next; for the total, it is the moment when nothing more is to come.

        Raises `ValueError` for a count below 0 or above the total.
        """
        if not 0 <= count <= self.expected_total:
            raise ValueError(f"the plan brings 0 to {self.expected_total} arrivals, not {count}")
        if not self.spans:
            return self.start_s
        span = self.spans[max(bisect_right(self.spans, count, key=_before) - 1, 0)]
        return span.due_s(count) if count < self.expected_total else nextafter(span.last_s, inf)

    def expected_by_stage(self) -> dict[str, float]:
        """Return how many arrivals each stage brings, in the order of the plan."""
        stages = dict.fromkeys((segment.stage for segment in self.segments), 0.0)
        for segment in self.segments:
            stages[segment.stage] += segment.expected
        return stages

    def _place(self, t_s: float) -> int:
        return bisect_right(self._starts_s, t_s) - 1


def _before(span: Span) -> float:
    return span.before


def _check_contiguous(segments: Sequence[Segment]) -> None:
    if not segments:
        raise UsageError("a plan of arrivals without a piece; allowed is one piece or more")
    for before, after in pairwise(segments):
        if before.end_s != after.start_s:
            raise UsageError(
                f"stage {after.stage!r}: starts at {after.start_s} s, but the piece before it, of stage "
                f"{before.stage!r}, ends at {before.end_s} s; allowed is a piece that starts where the last one ends"
            )


def _spans(segments: Sequence[Segment], counts: Sequence[float]) -> Iterable[Span]:
    for segment, (before, until) in zip(segments, pairwise(counts), strict=True):
        if before < until:
            yield Span(
                stage=segment.stage,
                before=before,
                until=until,
                start_s=segment.start_s,
                last_s=nextafter(segment.end_s, -inf),
                from_per_s=segment.from_per_s,
                slope_per_s2=segment.slope_per_s2,
            )
