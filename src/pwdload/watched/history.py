"""The course of a run for its charts: one point per snapshot, in bounded memory however long the run is."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
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
"""The columns of a row of `rows`."""


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


class History:
    """The points of one run: the latest one by one, and all of it in steps that double as it gets longer."""

    def __init__(self, run_id: str = "") -> None:
        self.run_id = run_id
        """Of the run that the points are of; empty before the first."""
        self.seen = 0
        """So many points there have been; the last has this number."""
        self._recent: deque[Point] = deque(maxlen=RECENT_POINTS)
        self._course: list[Point] = []
        self._step = 1
        """So many moments are in each point of the course."""
        self._open: list[Point] = []
        """Moments that do not make a whole step yet."""

    def take(self, snapshot: Snapshot) -> None:
        """Add a snapshot of this run."""
        point = point_of(snapshot)
        if self._recent and point.at_s <= self._recent[-1].at_s:
            return  # the clock stands still before a run and after it: nothing new to draw
        self.seen += 1
        self._recent.append(point)
        self._open.append(point)
        if len(self._open) == self._step:
            self._course.append(_all_merged(self._open))
            self._open = []
        if len(self._course) == COURSE_POINTS:
            self._course = [merged(*pair) for pair in zip(self._course[::2], self._course[1::2], strict=True)]
            self._step *= 2

    def recent(self, after: int = 0) -> Sequence[Point]:
        """Return the latest points, those alone whose number is above `after`."""
        wanted = min(max(self.seen - after, 0), len(self._recent))
        return [*self._recent][len(self._recent) - wanted :]

    def course(self) -> Sequence[Point]:
        """Return the whole run, its last moments included."""
        return [*self._course, _all_merged(self._open)] if self._open else [*self._course]


def _all_merged(points: Sequence[Point]) -> Point:
    """Return one point for many, merged in halves, so that each counts about the same."""
    if len(points) == 1:
        return points[0]
    half = len(points) // 2
    return merged(_all_merged(points[:half]), _all_merged(points[half:]))


def rows(points: Iterable[Point]) -> Iterator[list[float | None]]:
    """Yield the points as rows of `NAMES`, rounded to what a chart can show."""
    for point in points:
        plain = (getattr(point, name) for name in NAMES[: -len(OUTCOMES)])
        yield [_short(value) for value in (*plain, *(point.outcomes_per_s or (None,) * len(OUTCOMES)))]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
