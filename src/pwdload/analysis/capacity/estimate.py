"""The capacity of a target, estimated from the levels that a run happens to have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Literal

import numpy as np
import numpy.typing as npt

from pwdload.analysis.capacity.levels import BLOCKS, Held, LoadLevel, LoadLevels
from pwdload.analysis.capacity.seen import Floats
from pwdload.analysis.capacity.shape import shape_of
from pwdload.analysis.capacity.values import Capacity, Limiter, Shape
from pwdload.analysis.capacity.words import limiter_words, limits
from pwdload.criteria import Criterion, Sense, Standing
from pwdload.criteria.population import tail
from pwdload.statistics.blocks import interval_of
from pwdload.statistics.crossing import Crossing, crossing_bounds, crossing_of, room_of_shares, room_of_times
from pwdload.statistics.queue_tail import Tails, root_of
from pwdload.units import format_rate

BEHIND = 0.98
"""A level of which less than this share of the flows due were over is one whose queue grew all the time."""
LEFT_OUT = 0.15
"""Each draw leaves out each level with this probability. A queue near its capacity remembers longer than a block lasts,
so that a whole level may have had luck, and its blocks cannot tell. Chosen on 84 simulated runs against queues of 1, 4
and 16 servers: with it 80 intervals hold the truth, without it 58. On 120 other runs 114 do."""
_SEED = 20261202


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Limit:
    """Up to which load a criterion is kept, at best estimate and in each draw."""

    criterion: Criterion
    crossing: Crossing
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class _Span:
    """A load with its 95 % interval; infinite where no limit was found."""

    at: float
    lower: float
    upper: float


def capacity_of_levels(found: LoadLevels) -> Capacity:
    """Return the highest rate that keeps the criteria, estimated from levels.

    For each criterion the room under its limit is followed from level to level (`pwdload.statistics.crossing`); the
    criterion whose room is used up first is the limit. The interval takes in how sure each level's number is (its
    blocks drawn again) and how the curve may run between two levels.
    """
    rising = found.rising
    shape = shape_of(rising, is_open=found.is_open)
    rows = [limit for place in range(len(found.asked.criteria)) if (limit := _limit(rising, place)) is not None]
    if not rising or not rows or (len(rising) == 1 and shape is not Shape.NEVER_KEPT):
        return _nothing(found, rising, Shape.UNKNOWN, _why_unknown(rising))
    if shape is Shape.NEVER_KEPT:
        return _never_kept(found, rising)
    first = min(rows, key=lambda limit: limit.crossing.at)
    lower = interval_of(np.min([limit.low for limit in rows], axis=0), BLOCKS)[0]
    upper = interval_of(np.min([limit.high for limit in rows], axis=0), BLOCKS)[1]
    at = first.crossing.at
    if not at:
        return _nothing(
            found, rising, Shape.UNKNOWN, "Whether even the lowest level keeps the criteria cannot be told."
        )
    load = _queue_shaped(found, rising, first.criterion, _Span(at, lower, upper))
    return _capacity(found, rising, shape, first.criterion, _within_seen(found, load))


def _queue_shaped(found: LoadLevels, rising: Sequence[LoadLevel], criterion: Criterion, load: _Span) -> _Span:
    """Return the load at which a percentile passes its limit, by all times of all levels at once, where a queue fits.

    Room and its bend say between which loads it must be; the shape of a queue (`pwdload.statistics.queue_tail`) says
    where. What lies outside of those is no queue of this shape, and stays as it was.
    """
    place = found.asked.criteria.index(criterion)
    held = [(one, one.held[place]) for one in rising if one.held[place].timed]
    if not (found.is_open and criterion.permille and criterion.sense is Sense.AT_MOST and held and isfinite(load.at)):
        return load
    root = root_of(
        Tails(
            rates=np.array([one.flows_due_per_s for one, _ in held]),
            served=np.array([one.flows_over_per_s for one, _ in held]),
            trials=np.array([float(mine.timed) for _, mine in held]),
            past=np.stack([mine.past for _, mine in held]),
            limit_s=criterion.limit,
            allowed=tail(criterion),
        )
    )
    if root is None or not load.lower <= root.per_s <= load.upper:
        return load
    return _Span(root.per_s, root.lower, root.upper)


def _within_seen(found: LoadLevels, load: _Span) -> _Span:
    """Return the interval without what levels rule out by themselves: below one that was kept, above one that was not.

    Slices of a ramp are short and under the load of those before them: there it takes two.
    """
    place = 1 if found.source == "ramp" else 0
    kept = [one.load for one in found.rising if one.level.standing is Standing.KEPT and one.load <= load.at]
    broken = [one.load for one in found.rising if one.level.standing is Standing.BROKEN and one.load >= load.at]
    lower = max([load.lower, *kept[::-1][place : place + 1]])
    upper = min([load.upper, *broken[place : place + 1]])
    return _Span(load.at, min(lower, load.at), max(upper, load.at))


def _limit(rising: Sequence[LoadLevel], place: int) -> _Limit | None:
    """Return how far one criterion is kept; null where no level has a number for it."""
    known = [(one, one.held[place]) for one in rising if one.held[place].seen.value is not None]
    if not known:
        return None
    criterion = known[0][1].criterion
    loads = _reached(known) if criterion.permille else np.array([one.load for one, _ in known])
    values = np.array([held.seen.value for _, held in known], dtype=np.float64)
    draws = np.stack([held.draws for _, held in known], axis=1)
    weights = np.array([max(held.samples, 1) for _, held in known], dtype=np.float64)
    bounds = [
        crossing_bounds(loads[mine], _room(criterion, draw[mine], loads[mine], weights[mine]))
        for draw, mine in zip(draws, _left_in(draws.shape), strict=True)
    ]
    low, high = (np.array(side) for side in zip(*bounds, strict=True))
    crossing = crossing_of(loads, _room(criterion, values, loads, weights))
    return _Limit(criterion=criterion, crossing=crossing, low=low, high=high)


def _left_in(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return which levels each draw has; the lowest and the highest are in all of them."""
    chosen: npt.NDArray[np.bool_] = np.random.default_rng(_SEED).random(shape) >= LEFT_OUT
    chosen[:, [0, -1]] = True
    return chosen


def _room(criterion: Criterion, values: Floats, loads: Floats, weights: Floats) -> Floats:
    if criterion.permille:
        return room_of_times(values, criterion.limit, weights)
    return room_of_shares(values, criterion.limit, loads, weights)


def _reached(known: Sequence[tuple[LoadLevel, Held]]) -> Floats:
    """Return the load that each level's times belong to, ascending.

    Past the capacity times tell how long the load lasted, not how high it was; what the target was really under is
    what it got done.
    """
    loads: list[float] = []
    for one, held in known:
        behind = one.flows_over_per_s < BEHIND * one.level.offered_flows_per_s and held.standing is Standing.BROKEN
        before = loads[-1] if loads else 0.0
        loads.append(max(before, one.flows_over_per_s) if behind else max(before, one.load))
    return np.array(loads)


def _capacity(
    found: LoadLevels, rising: Sequence[LoadLevel], shape: Shape, criterion: Criterion, load: _Span
) -> Capacity:
    kept = [one for one in rising if one.load <= load.at] or [rising[0]]
    past = [one for one in rising if one.load > load.at]
    flows = _flows(found, rising, load)
    per_flow = _changes_per_flow(found, kept)
    # Where no limit was found, nothing is promised but what was seen.
    most = inf if isfinite(load.at) else rising[-1].goodput.value or 0.0
    changes = [None if bound is None or per_flow is None else min(bound * per_flow, most) for bound in flows]
    limiter = None
    if isfinite(load.at) and past:
        limiter = Limiter(criterion=criterion.name, words=limiter_words(criterion, past[0], rising))
    return Capacity(
        source=_source(found),
        shape=shape,
        flows_per_s=flows[0],
        flows_lower=flows[1],
        flows_upper=flows[2],
        changes_per_s=changes[0],
        changes_lower=changes[1],
        changes_upper=changes[2],
        highest_changes_per_s=_highest(found),
        limiter=limiter,
        levels=tuple(one.level for one in found.levels),
        beyond_kept_share=_beyond(found, past, changes[0]),
        words=_words(found, rising, flows, shape, is_found=isfinite(load.at)),
    )


def _flows(found: LoadLevels, rising: Sequence[LoadLevel], load: _Span) -> tuple[float | None, ...]:
    """Return the load and its interval as flows per second; without a limit the highest that was tried."""
    top = rising[-1].load
    at, lower = min(load.at, top), min(load.lower, top)
    upper = load.upper if isfinite(load.upper) else None
    if found.is_open:
        return at, lower, upper
    users = np.array([one.load for one in rising])
    offered = np.maximum.accumulate([one.level.offered_flows_per_s for one in rising])
    in_flows = [None if one is None else float(np.interp(one, users, offered)) for one in (at, lower, upper)]
    return tuple(in_flows)


def _changes_per_flow(found: LoadLevels, kept: Sequence[LoadLevel]) -> float | None:
    """Return how many passwords a flow changes where the criteria are kept; null where none does."""
    if not found.has_changes:
        return None
    lengths = [one.level.end_s - one.level.start_s for one in kept]
    changes = sum((one.goodput.value or 0.0) * length_s for one, length_s in zip(kept, lengths, strict=True))
    flows = sum(one.flows_over_per_s * length_s for one, length_s in zip(kept, lengths, strict=True))
    return changes / flows if flows else None


def _beyond(found: LoadLevels, past: Sequence[LoadLevel], changes_per_s: float | None) -> float | None:
    if not past or not changes_per_s or not found.has_changes:
        return None
    return (past[-1].goodput.value or 0.0) / changes_per_s


def _highest(found: LoadLevels) -> float | None:
    """Return the most changes per second that any level got done."""
    if not found.has_changes or not found.levels:
        return None
    return max(one.level.changes_per_s for one in found.levels)


def _nothing(found: LoadLevels, rising: Sequence[LoadLevel], shape: Shape, words: str) -> Capacity:
    """Return what can be said where no limit can be told."""
    lowest = rising[0].level.offered_flows_per_s if shape is Shape.NEVER_KEPT else None
    return Capacity(
        source=_source(found),
        shape=shape,
        flows_per_s=None,
        flows_lower=None if lowest is None else 0.0,
        flows_upper=lowest,
        changes_per_s=None,
        changes_lower=None if lowest is None else 0.0,
        changes_upper=None if lowest is None else rising[0].level.changes_per_s,
        highest_changes_per_s=_highest(found),
        limiter=None,
        levels=tuple(one.level for one in found.levels),
        words=words,
    )


def _never_kept(found: LoadLevels, rising: Sequence[LoadLevel]) -> Capacity:
    lowest = rising[0]
    broken = next(held.criterion for held in lowest.held if held.standing is Standing.BROKEN)
    words = f"Even the lowest level, {format_rate(lowest.level.offered_flows_per_s)}, is too much"
    limiter = Limiter(criterion=broken.name, words=limiter_words(broken, lowest, rising))
    nothing = _nothing(found, rising, Shape.NEVER_KEPT, f"{words}: {limiter.words}.")
    return replace(nothing, limiter=limiter)


def _unfound(found: LoadLevels, shape: Shape) -> str:
    """Return what is to be said where no criterion broke."""
    if shape not in (Shape.SATURATES, Shape.RETROGRADE):
        return ": the capacity lies beyond what was tried."
    does = "levels off" if shape is Shape.SATURATES else "falls again"
    most = _highest(found)
    reached = f" at {format_rate(most)}" if most is not None else ""
    return f", but goodput {does}{reached}: users who wait for an answer bring no more than the target can do."


def _source(found: LoadLevels) -> Literal["levels", "ramp"]:
    return "ramp" if found.source == "ramp" else "levels"


def _why_unknown(rising: Sequence[LoadLevel]) -> str:
    if not rising:
        return "No load was held long enough to be a level, so nothing can be said of capacity."
    if len(rising) == 1:
        return "The run held one load, so it says nothing of what more of it would do."
    return "The levels have too few samples to hold them against the criteria."


def _words(
    found: LoadLevels, rising: Sequence[LoadLevel], flows: Sequence[float | None], shape: Shape, *, is_found: bool
) -> str:
    """Return the estimate in one sentence, with its source and how far to trust it."""
    kept = limits(found.asked.criteria)
    levels = f"{len(rising)} {'slices of a ramp' if found.source == 'ramp' else 'levels'}"
    at, lower, upper = (None if one is None else format_rate(one) for one in flows)
    if not is_found:
        return f"All {levels}, up to {at} of flows, keep {kept}{_unfound(found, shape)}"
    interval = f"95 % interval {lower} to {upper}" if upper else f"at least {lower}; no upper bound"
    own = "" if found.asked.is_stated else " The scenario states no time to keep, so these limits are ours."
    lag = " On a ramp queues lag behind the rate, which makes a capacity look higher." if found.source == "ramp" else ""
    return f"Estimated from {levels}: up to {at} of flows ({interval}) with {kept}.{own}{lag}"
