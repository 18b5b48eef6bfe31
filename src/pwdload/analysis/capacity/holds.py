"""Which spans of a run held one load, so that what came of it can be told: its levels."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from pwdload.analysis.run import Run
from pwdload.analysis.stages import planned_per_s
from pwdload.analysis.windows import Window, stage_window
from pwdload.rundir import RateRecord, StageRecord

Floats = npt.NDArray[np.float64]
Source = Literal["levels", "ramp", "search", "slices"]
"""Rates that were held; equal parts of a ramp; the levels of a search, whose settling is over; or equal parts of
whatever was measured, which are no levels."""

HOLD_MIN_S = 5.0
"""A load that is held for less is no level: its queues have not settled when it is over."""
SLICES_MAX = 20
SLICE_MIN_S = 5.0
LEVELS_WANTED = 3
"""A run with fewer different held rates is cut along its ramp, where it has one."""
SETTLE_SHARE_MIN = 0.1
SETTLE_SHARE_MAX = 0.5
"""Of a level, at least and at most so much is left out at its beginning."""
_SETTLE_BINS = 40
_ROWS = 1 << 20
"""So many times are added up at once."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A span of the run's clock with one load."""

    stage: str
    window: Window
    load: float
    """Planned flows per second, or users in the closed model: what was changed from level to level."""


def holds_of(run: Run) -> tuple[tuple[Hold, ...], Source]:
    """Return the spans that held a load, in order of time, and whether they were held or cut from a ramp.

    Measured ones only, as far as the run reached them, and without those in which something was done to the target.
    """
    pieces = run.record.arrivals.pieces if run.record.arrivals is not None else None
    if pieces is None:
        return tuple(_undisturbed(run, _of_users(run))), "levels"
    measured = {stage.name for stage in run.record.stages if stage.measured}
    mine = [piece for piece in pieces if piece.stage in measured]
    held = [_of_piece(piece, run.end_s) for piece in mine if piece.from_per_s == piece.to_per_s]
    levels = tuple(_undisturbed(run, (hold for hold in held if hold is not None)))
    if len({hold.load for hold in levels}) >= LEVELS_WANTED:
        return levels, "levels"
    slices = [hold for piece in mine if piece.from_per_s != piece.to_per_s for hold in _slices(piece, run.end_s)]
    ramp = tuple(_undisturbed(run, slices))
    return (ramp, "ramp") if len(ramp) >= LEVELS_WANTED else (levels, "levels")


def slices_of(run: Run) -> tuple[Hold, ...]:
    """Return equal parts of the measured time: what a run shows that held fewer loads than make levels.

    Their load is the planned rate on average; in the closed model, where nothing was planned, it is 0.
    """
    length_s = max(SLICE_MIN_S, run.measured_s / SLICES_MAX)
    found = []
    for window in run.measured:
        count = int(window.length_s / length_s + 1e-9)
        edges = np.linspace(window.start_s, window.end_s, count + 1) if count else np.empty(0)
        for start_s, end_s in pairwise(edges.tolist()):
            part = Window(start_s, end_s)
            load = planned_per_s(run, part)
            found.append(Hold("", part, 0.0 if np.isnan(load) else load))
    return tuple(found)


def _of_users(run: Run) -> Iterable[Hold]:
    stages = run.record.stages or (StageRecord(name="", start_s=0.0, end_s=None, users=run.record.users),)
    for stage in stages:
        window = stage_window(stage, run.end_s)
        if stage.measured and stage.users and window is not None and window.length_s >= HOLD_MIN_S:
            yield Hold(stage.name, window, float(stage.users))


def _of_piece(piece: RateRecord, end_s: float) -> Hold | None:
    window = Window(piece.start_s, min(piece.end_s, end_s))
    return Hold(piece.stage, window, piece.from_per_s) if window.length_s >= HOLD_MIN_S and piece.from_per_s else None


def _slices(piece: RateRecord, end_s: float) -> Iterable[Hold]:
    """Return equal slices of a ramp, each with its mean rate; those that the run did not reach whole are left out."""
    count = min(SLICES_MAX, int((piece.end_s - piece.start_s) / SLICE_MIN_S))
    edges = np.linspace(piece.start_s, piece.end_s, count + 1) if count else np.empty(0)
    for place in range(count):
        window = Window(float(edges[place]), float(edges[place + 1]))
        load = piece.from_per_s + (piece.to_per_s - piece.from_per_s) * (place + 0.5) / count
        if window.end_s <= end_s and load:
            yield Hold(piece.stage, window, load)


def _undisturbed(run: Run, holds: Iterable[Hold]) -> Iterable[Hold]:
    """Return the holds in which nothing was done to the target: what a fault cost says nothing of the load."""
    done = [one for one in run.faults.injections if one.took_hold] if run.faults is not None else []
    for hold in holds:
        if not any(_meets(one.inject_before_s, one.heal_after_s, hold.window) for one in done):
            yield hold


def _meets(from_s: float | None, to_s: float | None, window: Window) -> bool:
    return from_s is not None and from_s < window.end_s and (to_s is None or to_s > window.start_s)


def settled_from_s(window: Window, sent_s: Floats, done_s: Floats) -> float:
    """Return from when on a level counts: when what is under way has come to what it is in the level's second half.

    Queues take their time to fill, and the first requests of a level find them shorter than those after them. In
    flight, by fortieths of the level, has arrived when it is first between the least and the most of the second half.
    At least a tenth of the level is left out, at most a half: past the capacity queues never settle.
    `sent_s` and `done_s` are of all requests of the run that were sent, each sorted.
    """
    edges = np.linspace(window.start_s, window.end_s, _SETTLE_BINS + 1)
    seen = in_flight_between(edges, sent_s, done_s)
    later = seen[_SETTLE_BINS // 2 :]
    arrived = np.flatnonzero((seen >= later.min()) & (seen <= later.max()))
    share = float(arrived[0]) / _SETTLE_BINS if len(arrived) else SETTLE_SHARE_MAX
    return window.start_s + window.length_s * min(max(share, SETTLE_SHARE_MIN), SETTLE_SHARE_MAX)


def in_flight_between(edges_s: Floats, sent_s: Floats, done_s: Floats) -> Floats:
    """Return how many requests were under way between each two edges, on average: the exact integral.

    `sent_s` and `done_s` are sorted, each by itself.
    """
    under_way = _elapsed(edges_s, sent_s) - _elapsed(edges_s, done_s)
    mean: Floats = np.maximum(np.diff(under_way) / np.diff(edges_s), 0.0)
    return mean


def _elapsed(edges_s: Floats, times_s: Floats) -> Floats:
    """Return for each edge the sum of the seconds since every earlier time."""
    first, last = np.searchsorted(times_s, [edges_s[0], edges_s[-1]])
    # What was before the first edge adds the same to both sums of a request that was over by then.
    inside = times_s[first:last]
    before = np.searchsorted(inside, edges_s, side="right")
    since = edges_s - edges_s[0]
    elapsed: Floats = since * (before + first) - _sums_before(inside, edges_s[0], before)
    return elapsed


def _sums_before(times_s: Floats, zero_s: float, places: npt.NDArray[np.integer]) -> Floats:
    """Return for each of these places, which ascend, the sum of the times before it, counted from a zero.

    Part by part, each number added to the sum so far: the same to the last bit as if all were added up at once.
    """
    sums, total = np.zeros(len(places)), 0.0
    for start in range(0, len(times_s), _ROWS):
        part = times_s[start : start + _ROWS] - zero_s
        part[0] += total
        np.cumsum(part, out=part)
        mine = (places > start) & (places <= start + len(part))
        sums[mine] = part[places[mine] - start - 1]
        total = float(part[-1])
    return sums
