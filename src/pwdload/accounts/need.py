"""How many accounts a load uses up, against how many there are, and when they run dry. Pure arithmetic.

An account that a flow uses up leaves the stock; re-arming gives it back, as fast as its rate allows and never more than
was used up. What is missing at a time is therefore

    missing(t) = the integral of (use - return), held at 0 from below

and the load needs as many accounts as are ever missing at once. Without re-arming that is all that it uses up. The
figures are expectations: chance may want a few more, see `Need.is_tight`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, sqrt

from pwdload.pacing import RatePlan
from pwdload.units import format_count, format_moment

_ROUNDING = 1e-6
"""A need that lies above a whole number by less than this is that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a load needs of the accounts in one state."""

    state: str
    needed: int
    stock: int
    dry_s: float | None = None
    """When the stock is used up, on the run's clock; null where it lasts."""
    is_bound: bool = False
    """Whether `needed` is a bound that may never be reached: the closed model slows down with its target."""

    @property
    def is_short(self) -> bool:
        """Whether the stock does not last, in expectation; of a bound nobody can say."""
        return self.dry_s is not None

    @property
    def is_tight(self) -> bool:
        """Whether the stock may run dry by chance: it has fewer than three standard deviations above the need.

        How many of independent arrivals fall into the run is Poisson: its variance is its mean.
        """
        return not self.is_bound and not self.is_short and self.stock < self.needed + 3 * sqrt(self.needed)

    def __str__(self) -> str:
        """Return the arithmetic: "needs 12,400, has 5,000: dry after 6 min 03 s"."""
        has = f"has {format_count(self.stock)}"
        if self.is_bound:
            return f"needs at most about {format_count(self.needed)}, {has}"
        if self.dry_s is not None:
            return f"needs {format_count(self.needed)}, {has}: dry after {format_moment(self.dry_s)}"
        return f"needs {format_count(self.needed)}, {has}" + (": tight, chance may want more" if self.is_tight else "")


def open_needs(
    plan: RatePlan,
    use_per_flow: Mapping[str, float],
    stock: Mapping[str, int],
    returned_per_s: Mapping[str, float] | None = None,
) -> tuple[Need, ...]:
    """Return what open arrivals need of each state of which they use accounts up.

    Args:
        plan: how fast flows begin.
        use_per_flow: accounts that a flow uses up on average, by state.
        stock: accounts that are ready at the start, by state.
        returned_per_s: how fast re-arming gives accounts back, by state.
    """
    returned_per_s = returned_per_s or {}
    return tuple(
        _open_need(state, plan, use, stock.get(state, 0), returned_per_s.get(state, 0.0))
        for state, use in sorted(use_per_flow.items())
        if use > 0
    )


def as_bounds(needs: Iterable[Need]) -> tuple[Need, ...]:
    """Return needs of a load that may turn out smaller: nobody can say when, or whether, the stock runs dry."""
    return tuple(replace(need, dry_s=None, is_bound=True) for need in needs)


def bounded_needs(flows_max: float, use_per_flow: Mapping[str, float], stock: Mapping[str, int]) -> tuple[Need, ...]:
    """Return what so many flows need at most of each state."""
    return tuple(
        Need(state=state, needed=_whole(flows_max * use), stock=stock.get(state, 0), is_bound=True)
        for state, use in sorted(use_per_flow.items())
        if use > 0
    )


def _open_need(state: str, plan: RatePlan, use: float, stock: int, returned_per_s: float) -> Need:
    missing = peak = 0.0
    dry_s = None
    for drain in _drains(plan, use, returned_per_s):
        if dry_s is None and _whole(missing + drain.gain) > stock and drain.gain > 0:
            dry_s = drain.time_of(stock - missing)
        missing = max(missing + drain.gain, 0.0)
        peak = max(peak, missing)
    return Need(state=state, needed=_whole(peak), stock=stock, dry_s=dry_s)


def _whole(number: float) -> int:
    return ceil(number - _ROUNDING)


@dataclass(frozen=True, slots=True)
class _Drain:
    """A stretch of time in which the stock only falls, or only rises: by `from_per_s` at first, `to_per_s` at last."""

    start_s: float
    for_s: float
    from_per_s: float
    to_per_s: float

    @property
    def gain(self) -> float:
        """By how much more is missing at its end."""
        return (self.from_per_s + self.to_per_s) / 2 * self.for_s

    def time_of(self, gain: float) -> float:
        """Return when so much more is missing: solves from u + (to - from) / for u^2 / 2 = gain for u."""
        slope_per_s2 = (self.to_per_s - self.from_per_s) / self.for_s
        rates = self.from_per_s + sqrt(max(self.from_per_s**2 + 2 * slope_per_s2 * gain, 0.0))
        return self.start_s + (2 * gain / rates if rates else 0.0)


def _drains(plan: RatePlan, use: float, returned_per_s: float) -> Iterator[_Drain]:
    """Yield the plan as stretches in which the stock only falls or only rises."""
    for segment in plan.segments:
        from_per_s, to_per_s = (use * rate - returned_per_s for rate in (segment.from_per_s, segment.to_per_s))
        if from_per_s * to_per_s < 0:
            turn_s = segment.for_s * from_per_s / (from_per_s - to_per_s)
            yield _Drain(segment.start_s, turn_s, from_per_s, 0.0)
            yield _Drain(segment.start_s + turn_s, segment.for_s - turn_s, 0.0, to_per_s)
        else:
            yield _Drain(segment.start_s, segment.for_s, from_per_s, to_per_s)
