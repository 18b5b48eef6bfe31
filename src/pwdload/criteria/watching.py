"""Criteria that end a run: looked at second by second while it goes on.

A second is judged once, when nothing that is still on its way can change it for the better. What is on its way longer
than a percentile's limit is beyond it whenever it comes. Failures come back at once where good answers take long, so
that a share of them is only known when the last answer is: by the client's time-out. A change counts when it is done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from pwdload.criteria.breadths import broken_for_too_long
from pwdload.criteria.live import LiveLoad
from pwdload.criteria.population import spans_for
from pwdload.criteria.seconds import Seconds, Streak, by_second
from pwdload.criteria.values import Criterion, Metric, Sense, Span


class Watching:
    """Looks at the criteria that end a run, as far as the load is known; each second once."""

    def __init__(self, criteria: Sequence[Criterion], spans: Sequence[Span], *, timeout_s: float) -> None:
        """Take the criteria whose breadth is a window with stop, the stages without what is spared, and the time-out.

        An exchange is not on its way for much longer than `timeout_s`.
        """
        self._timeout_s = timeout_s
        self._watched = [_Watched(one, _starts(spans_for(one, spans))) for one in criteria]

    def look(self, live: LiveLoad) -> tuple[Criterion, Streak] | None:
        """Judge the seconds that can be judged by now; return what was broken for too long, and when."""
        until_s = live.complete_until_s()
        for one in self._watched:
            settled_s = until_s - self._settles_in_s(one.criterion)
            while one.next_s is not None and one.next_s + 1.0 <= settled_s:
                one.take(self._second(one.criterion, one.next_s, live))
                streak = one.broken()
                if streak is not None:
                    return one.criterion, streak
        return None

    def _second(self, criterion: Criterion, start_s: float, live: LiveLoad) -> Seconds:
        # A change counts when it was done, and may have been due a while before.
        earlier_s = 2.0 * self._timeout_s if criterion.metric is Metric.GOODPUT else 0.0
        observed = live.observed(start_s - earlier_s, start_s + 1.0)
        return by_second(criterion, observed, [Span(start_s, start_s + 1.0, criterion.stage)])

    def _settles_in_s(self, criterion: Criterion) -> float:
        if criterion.metric is Metric.GOODPUT:
            return 0.0
        is_settled_by_limit = criterion.metric is Metric.PERCENTILE and criterion.sense is Sense.AT_MOST
        return criterion.limit if is_settled_by_limit else self._timeout_s


@dataclass(slots=True)
class _Watched:
    """One criterion: its seconds since the last in which it was kept, and the next to be judged."""

    criterion: Criterion
    starts: Iterator[float]
    seconds: list[Seconds] = field(default_factory=list)
    next_s: float | None = None
    last_s: float | None = None

    def __post_init__(self) -> None:
        self.next_s = next(self.starts, None)

    def take(self, second: Seconds) -> None:
        start_s = self.next_s
        if self.last_s is None or start_s is None or start_s > self.last_s + 1.0 + 1e-6:
            self.seconds = []
        if second.known.any() and not second.broken.any():
            self.seconds = []
        elif self.seconds or second.broken.any():
            self.seconds.append(second)
        self.last_s, self.next_s = start_s, next(self.starts, None)

    def broken(self) -> Streak | None:
        return broken_for_too_long(self.criterion, _joined(self.seconds)) if self.seconds else None


def _starts(spans: Sequence[Span]) -> Iterator[float]:
    """Yield when each whole second of spans begins."""
    for span in spans:
        for number in count():
            if span.start_s + number + 1.0 > span.end_s + 1e-6:
                break
            yield span.start_s + number


def _joined(seconds: Sequence[Seconds]) -> Seconds:
    """Return seconds that follow one another as one value."""
    return Seconds(
        start_s=np.concatenate([one.start_s for one in seconds]),
        trials=np.concatenate([one.trials for one in seconds]),
        hits=np.concatenate([one.hits for one in seconds]),
        values=np.concatenate([one.values for one in seconds]),
        broken=np.concatenate([one.broken for one in seconds]),
        follows=np.arange(len(seconds)) > 0,
    )
