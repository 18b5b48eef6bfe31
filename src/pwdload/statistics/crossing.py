r"""Where a falling curve that is known at a few loads passes through 0, and between which bounds it must.

The curve is the room that is left under a limit. If it bends down (is concave), as it is for queues when room is
measured as `room_of_times` and `room_of_shares` do, then between two loads it lies above their chord, and below the
lines through the two points before and the two points after:

    room  o----o.   line through the two before
                \ `.
      0 ---------+-x-`-----  load      chord <= crossing <= the nearer line
                   \
                    o
"""

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Crossing:
    """The load at which no room is left, and the bounds that the bend sets: low <= at <= high.

    All are infinite where there is room at each load (`low` is then the highest load), 0 where there is none at any.
    """

    at: float
    low: float
    high: float


def room_of_times(times_s: Floats, limit_s: float, weights: Floats) -> Floats:
    """Return the room under the limit of a percentile at each load, ascending: how much quicker than that it was.

    1/time falls on a straight line in M/M/1, where the percentile is ln(1 / (1 - p)) / (mu - lambda), and bends down
    with more servers. Where chance makes it rise with the load, neighbours are pooled.
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - a tenth of a second that most reports need not

    speed = isotonic_regression(1 / np.maximum(times_s, 1e-9), weights=weights, increasing=False).x
    room: Floats = speed * limit_s - 1
    return room


def room_of_shares(shares: Floats, limit: float, loads: Floats, weights: Floats) -> Floats:
    """Return the room under the limit of a share of failures at each load, ascending, per second.

    What fails for want of capacity is load - capacity per second: straight in the load, while the share is not.
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - as above

    rising = isotonic_regression(shares, weights=weights, increasing=True).x
    room: Floats = (limit - rising) * loads
    return room


def crossing_of(loads: Floats, room: Floats) -> Crossing:
    """Return where the room is used up; loads ascend, and equal ones count as one with the least of their room.

    Raises:
        ValueError: no load at all.
    """
    if not len(loads):
        raise ValueError("no load at which the room is known")
    loads, room = _distinct(loads, room)
    low, high = _bounds(loads, room)
    if not 0 < high < inf:
        return Crossing(high, low, high)
    return Crossing(min(max(_smooth(loads, room), low), high), low, high)


def crossing_bounds(loads: Floats, room: Floats) -> tuple[float, float]:
    """Return the bounds of `crossing_of` alone, which take less time: for the draws of a bootstrap."""
    return _bounds(*_distinct(loads, room))


def _bounds(loads: Floats, room: Floats) -> tuple[float, float]:
    if room[0] <= 0:
        return 0.0, 0.0
    gone = np.flatnonzero(room <= 0)
    if not len(gone):
        return float(loads[-1]), inf
    after = int(gone[0])
    chord = _through_zero(loads, room, after - 1, after)
    high = float(loads[after])
    for first in (after - 2, after):
        if first >= 0 and first + 1 < len(loads) and room[first] > room[first + 1]:
            line = _through_zero(loads, room, first, first + 1)
            # A line that ends before the chord says that the curve does not bend down here: what falls off a cliff may
            # do so anywhere between the two loads.
            high = min(high, line) if line >= chord else high
    return chord, high


def _distinct(loads: Floats, room: Floats) -> tuple[Floats, Floats]:
    distinct, place = np.unique(loads, return_inverse=True)
    least = np.full(len(distinct), inf)
    np.minimum.at(least, place, room)
    return distinct, least


def _through_zero(loads: Floats, room: Floats, first: int, second: int) -> float:
    """Return where the line through two of the points passes through 0."""
    fall = room[first] - room[second]
    return float(loads[first] + (loads[second] - loads[first]) * room[first] / fall)


def _smooth(loads: Floats, room: Floats) -> float:
    """Return where a monotone cubic through the points passes through 0, before the first load without room."""
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - as above

    after = int(np.flatnonzero(room <= 0)[0])
    if len(loads) < 3:
        return _through_zero(loads, room, after - 1, after)
    curve = PchipInterpolator(loads, room)
    low, high = float(loads[after - 1]), float(loads[after])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if curve(middle) > 0 else (low, middle)
    return high
