"""Waiting until a connection can be read: the inner loop of every exchange.

gevent's own sockets serve any program: each wait tries to read first, arms a timer, asks for the descriptor anew, and
takes all of it back. Here the descriptor is watched for as long as the connection is open, one timer serves exchange
after exchange, and nothing is read before there is something: half of what an exchange takes is saved.
"""

import select
import time
from typing import Any

from gevent import getcurrent
from gevent.hub import get_hub
from gevent.monkey import get_original

_READ = 1
_READABLE_OR_ENDED = select.POLLIN | select.POLLRDHUP


class Readiness:
    """Tells whether one descriptor can be read, and waits until it can, for one greenlet at a time."""

    __slots__ = ("_armed_s", "_deadline_s", "_hub", "_poll", "_timer", "_waiting", "_watcher")

    def __init__(self, descriptor: int) -> None:
        self._hub = get_hub()
        self._watcher = self._hub.loop.io(descriptor, _READ)
        self._timer: Any = None
        self._deadline_s = 0.0
        self._armed_s = 0.0
        """When the timer goes off."""
        self._waiting: Any = None
        poller = get_original("select", "poll")()
        poller.register(descriptor, _READABLE_OR_ENDED)
        self._poll = poller.poll

    def now(self) -> bool:
        """Whether there is something to read, the end included. Never waits, and lets nobody else run."""
        return bool(self._poll(0))

    def wait(self, timeout_s: float | None) -> None:
        """Return when there is something to read.

        Raises:
            TimeoutError: there is not, in time.
        """
        assert timeout_s is not None  # noqa: S101 - every wait of an exchange has a limit
        self._deadline_s = time.perf_counter() + timeout_s
        self._waiting = getcurrent()
        if not self._watcher.active:
            self._watcher.start(self._readable)
        if self._timer is None or self._deadline_s < self._armed_s:
            self._arm(timeout_s)
        try:
            while self._waiting is not None:  # only what follows may wake it
                self._hub.switch()
        finally:
            self._waiting = None  # also when the user is killed

    def close(self) -> None:
        """Watch no longer; to be called before the descriptor is closed."""
        self._watcher.close()
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    # What the event loop calls.

    def _readable(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.switch()
        else:
            self._watcher.stop()  # the end, or an answer that nobody asked for: `now` tells, when it matters

    def _arm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.close()
        self._armed_s = time.perf_counter() + seconds
        self._timer = self._hub.loop.timer(seconds)
        self._timer.start(self._timer_is_over)

    def _timer_is_over(self) -> None:
        """Time out, or go on where the timer was set for an earlier exchange than the one that waits now."""
        self._timer.close()
        self._timer = None
        waiting = self._waiting
        if waiting is None:
            return
        left_s = self._deadline_s - time.perf_counter()
        if left_s > 0:
            self._arm(left_s)
        else:
            self._waiting = None
            waiting.throw(TimeoutError())
