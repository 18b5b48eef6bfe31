"""The course of a run for its charts: one point per snapshot, in bounded memory however long the run is."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce
from math import isfinite
from typing import Any, Final

from pwdload.outcome import Outcome
from pwdload.watched.snapshot import Snapshot

RECENT_POINTS: Final = 600
"""So many of the latest points are kept one by one: the last ten minutes."""
COURSE_POINTS: Final = 720
"""At most so many points are kept of the whole run; two neighbours become one when there would be more."""
OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What the charts show of a moment, or of the moments that were made one. What is not known is null."""

    at_s: float
    """On the run's clock; of several moments the last."""
    planned_per_s: float | None = None
    offered_per_s: float | None = None
    goodput_per_s: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    lag_p99_ms: float | None = None
    loop_lag_ms: float | None = None
    """The worst of all generators."""
    in_flight: int = 0
    queued: int = 0
    users: int = 0
    accounts_ready: int | None = None
    accounts_in_doubt: int | None = None
    outcomes_per_s: tuple[float, ...] | None = None
    """In the order of `OUTCOMES`; null before there is a window."""


_MEANS: Final = ("planned_per_s", "offered_per_s", "goodput_per_s")
_WORST: Final = ("p50_ms", "p95_ms", "p99_ms", "lag_p99_ms", "loop_lag_ms")
_HIGHEST: Final = ("in_flight", "queued", "users", "accounts_ready", "accounts_in_doubt")
NAMES: Final = (*(field.name for field in fields(Point) if field.name != "outcomes_per_s"), *OUTCOMES)
"""The columns of a row."""


def point_of(snapshot: Snapshot) -> Point:
    """Return what the charts show of a snapshot."""
    window = snapshot.window
    known: dict[str, Any] = (
        {} if window is None else {name: getattr(window, name) for name in ("goodput_per_s", *_WORST[:-1])}
    )
    return Point(
        at_s=snapshot.at_s,
        planned_per_s=snapshot.planned_per_s,
        offered_per_s=snapshot.offered_per_s,
        loop_lag_ms=max((one.loop_lag_ms for one in snapshot.generators if not one.is_lost), default=None),
        in_flight=snapshot.in_flight,
        queued=snapshot.queued,
        users=snapshot.users,
        accounts_ready=snapshot.accounts.ready if snapshot.accounts is not None else None,
        accounts_in_doubt=snapshot.accounts.in_doubt if snapshot.accounts is not None else None,
        outcomes_per_s=_outcomes_per_s(snapshot),
        **known,
    )


def _outcomes_per_s(snapshot: Snapshot) -> tuple[float, ...] | None:
    if snapshot.window is None or snapshot.window.length_s <= 0.0:
        return None
    seen = dict.fromkeys(OUTCOMES, 0)
    for one in snapshot.outcomes:
        seen[one.outcome] = seen.get(one.outcome, 0) + one.recent
    return tuple(round(seen[name] / snapshot.window.length_s, 3) for name in OUTCOMES)


def merged(first: Point, second: Point) -> Point:
    """Return one point for two neighbours: the mean of rates, the worst of percentiles and lags, never their mean.

    A short stall of a long run stays visible so.
    """
    numbers: dict[str, Any] = {name: _mean(getattr(first, name), getattr(second, name)) for name in _MEANS}
    numbers |= {name: _worst(getattr(first, name), getattr(second, name)) for name in (*_WORST, *_HIGHEST)}
    return Point(at_s=second.at_s, outcomes_per_s=_means(first.outcomes_per_s, second.outcomes_per_s), **numbers)


def _mean(first: float | None, second: float | None) -> float | None:
    known = [value for value in (first, second) if value is not None]
    return sum(known) / len(known) if known else None


def _worst(first: float | None, second: float | None) -> float | None:
    return max((value for value in (first, second) if value is not None), default=None)


def _means(first: tuple[float, ...] | None, second: tuple[float, ...] | None) -> tuple[float, ...] | None:
    if first is None or second is None:
        return first or second
    return tuple((one + other) / 2 for one, other in zip(first, second, strict=True))


class _Level:
    """The course in steps of one length: what it has, and what waits for its neighbour to go one level up."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.rows: list[str] = []
        self.half: Point | None = None

    def take(self, point: Point, *, kept: bool) -> Point | None:
        """Take a point; return the one for the next level where this one makes a pair with that before."""
        if kept:
            self.points.append(point)
            self.rows.append(row_json(point))
        before, self.half = self.half, point if self.half is None else None
        return None if before is None else merged(before, point)


class History:
    """The points of one run: the latest one by one, and all of it in steps that double as it gets longer.

    Each row is made into JSON when its point is taken, and the coarser steps are made along with the finer ones: all of
    it at once, when somebody opens a page or when steps double, would hold up the load that the process may generate.
    """

    def __init__(self, run_id: str = "") -> None:
        self.run_id = run_id
        """Of the run that the points are of; empty before the first."""
        self.seen = 0
        """So many points there have been; the last has this number."""
        self._recent: deque[Point] = deque(maxlen=RECENT_POINTS)
        self._recent_rows: deque[str] = deque(maxlen=RECENT_POINTS)
        self._levels = [_Level()]
        """Each has steps of twice the length of the one before."""
        self._shown = 0
        """The finest level that has room for the whole run."""

    def take(self, snapshot: Snapshot) -> None:
        """Add a snapshot of this run."""
        point = point_of(snapshot)
        if self._recent and point.at_s <= self._recent[-1].at_s:
            return  # the clock stands still before a run and after it: nothing new to draw
        self.seen += 1
        self._recent.append(point)
        self._recent_rows.append(row_json(point))
        self._add(point)
        if len(self._levels[self._shown].points) == COURSE_POINTS:
            self._levels[self._shown].points, self._levels[self._shown].rows = [], []
            self._shown += 1

    def _add(self, point: Point) -> None:
        up: Point | None = point
        for number, level in enumerate(self._levels):
            if up is None:
                return
            up = level.take(up, kept=number >= self._shown)
        if up is not None:
            self._levels.append(_Level())
            self._levels[-1].take(up, kept=True)

    def recent(self, after: int = 0) -> Sequence[Point]:
        """Return the latest points, those alone whose number is above `after`."""
        return [*self._recent][self._skipped(after) :]

    def course(self) -> Sequence[Point]:
        """Return the whole run, its last moments included."""
        return [*self._levels[self._shown].points, *self._last_moments()]

    def recent_json(self, after: int = 0) -> str:
        """Return `recent` as JSON, an array of rows of `NAMES`."""
        return f"[{','.join([*self._recent_rows][self._skipped(after) :])}]"

    def course_json(self) -> str:
        """Return `course` as JSON, an array of rows of `NAMES`."""
        return f"[{','.join([*self._levels[self._shown].rows, *map(row_json, self._last_moments())])}]"

    def _last_moments(self) -> Sequence[Point]:
        """Return as one point what does not make a whole step yet; none where nothing waits."""
        waiting = [level.half for level in self._levels[: self._shown] if level.half is not None]
        return [reduce(merged, reversed(waiting))] if waiting else []

    def _skipped(self, after: int) -> int:
        return len(self._recent) - min(max(self.seen - after, 0), len(self._recent))


def row_json(point: Point) -> str:
    """Return a point as JSON, a row of `NAMES`, rounded to what a chart can show; what is no number is null."""
    plain = (getattr(point, name) for name in NAMES[: -len(OUTCOMES)])
    return f"[{','.join(_short(value) for value in (*plain, *(point.outcomes_per_s or (None,) * len(OUTCOMES))))}]"


def _short(value: float | None) -> str:
    return "null" if value is None or not isfinite(value) else repr(round(float(value), 3))
