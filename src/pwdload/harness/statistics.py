"""Locust's own statistics, told of many requests at a time.

Locust adds each request up twice, for its name and for the total, and that costs as much as reading its answer. Here
requests are gathered for a tenth of a second and handed over the way in which a master takes a worker's report over.
Counts, sums, extremes, histogram and requests of each second come out as if each had been told by itself; what waits
is handed over when a second ends, before the statistics are reset, and at the end of the run.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from locust import stats as locust_stats
from locust.env import Environment
from locust.stats import StatsEntry

_EVERY_S = 0.1
_OWN_LISTENER = ("locust.runners", "Runner.__init__.<locals>.on_request")
"""Locust's listener of its request event that feeds its statistics."""


def own_listener(environment: Environment) -> Callable[..., Any] | None:
    """Return the listener by which Locust feeds its statistics; null where it is not known by its name."""
    listeners = environment.events.request._handlers
    names = ((getattr(one, "__module__", ""), getattr(one, "__qualname__", "")) for one in listeners)
    return next((one for one, name in zip(listeners, names, strict=True) if name == _OWN_LISTENER), None)


class _Waiting:
    """Requests of one method and name, all in one second."""

    __slots__ = ("last_s", "lengths", "times_ms")

    def __init__(self) -> None:
        self.times_ms: list[float] = []
        self.lengths: list[int] = []
        self.last_s = 0.0


class Statistics:
    """Requests without an error that Locust's statistics are still to be told of."""

    def __init__(self, environment: Environment) -> None:
        self._stats = environment.stats
        self._event = environment.events.reset_stats
        self._event.add_listener(self.flush)
        self._waiting: dict[tuple[str, str], _Waiting] = {}
        """By method and name."""
        self._second_ends_s = 0.0
        self._flusher = gevent.spawn(self._flush_regularly)

    def add(self, kind: tuple[str, str], response_ms: float, length: int) -> None:
        """Take a request of a kind: its method and its name."""
        now_s = time.time()
        if now_s >= self._second_ends_s:
            self.flush()
            self._second_ends_s = int(now_s) + 1.0
        waiting = self._waiting.get(kind)
        if waiting is None:
            waiting = self._waiting[kind] = _Waiting()
        waiting.times_ms.append(response_ms)
        waiting.lengths.append(length)
        waiting.last_s = now_s

    def flush(self, **_: object) -> None:
        """Hand over what waits."""
        together, self._waiting = self._waiting, {}
        for (method, name), waiting in together.items():
            batch = self._batch(method, name, waiting)
            self._stats.total.extend(batch)
            self._stats.entries[name, method].extend(batch)

    def _batch(self, method: str, name: str, waiting: _Waiting) -> StatsEntry:
        times_ms = waiting.times_ms
        batch: Any = StatsEntry(self._stats, name, method)
        batch.num_requests = len(times_ms)
        batch.total_response_time = sum(times_ms)
        batch.min_response_time, batch.max_response_time = min(times_ms), max(times_ms)
        # By its place in the module: Locust's documentation allows it to be replaced.
        batch.response_times = Counter(map(locust_stats.bucket_response_time, times_ms))
        batch.total_content_length = sum(waiting.lengths)
        batch.last_request_timestamp = waiting.last_s
        batch.num_reqs_per_sec = {int(waiting.last_s): len(times_ms)}
        entry: StatsEntry = batch
        return entry

    def _flush_regularly(self) -> None:
        while True:
            gevent.sleep(_EVERY_S)
            self.flush()

    def close(self) -> None:
        """Hand over what is left."""
        self._flusher.kill()
        self.flush()
        with suppress(ValueError):  # Locust's events may have been cleared meanwhile
            self._event.remove_listener(self.flush)
