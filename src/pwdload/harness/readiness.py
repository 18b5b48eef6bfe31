"""Waiting until a connection can be read: the inner loop of every exchange.

gevent's own sockets serve any program: each wait tries to read first, arms a timer, asks for the descriptor anew, and
takes all of it back. Here the descriptor is watched for as long as the connection is open, one timer serves exchange
after exchange, and nothing is read before there is something: half of what an exchange takes is saved.

What comes is read, and the time noted, before anybody works on it. A turn of the loop is

    1  users go on with answers that were read, for a moment
    2  the loop says which descriptors can be read; what is there is read from each, and stamped

When five hundred answers come at once, as after a stall, working on all of them takes 30 ms. An answer that was there
at the beginning must not be said to have come at the end.
"""

import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from gevent import getcurrent
from gevent.hub import get_hub
from gevent.monkey import get_original

_READ = 1
_READABLE_OR_ENDED = select.POLLIN | select.POLLRDHUP
_WORK_S = 0.0002
"""For how long users go on before the loop looks again for what has come, and for arrivals that are due: some answers
each time, for the microsecond that a look costs."""
_BEFORE_ALL_ELSE = 2
"""libev's highest priority: without it, users would never go on where something is always to be done."""


class Inflow:
    """What has come for the users of a process, until each of them goes on with it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take the clock by which it is stamped when something came."""
        self.clock = clock
        self.come: deque[Readiness] = deque()
        """Those that have read something, in that order; `call` is to follow when one is added."""
        self._loop = get_hub().loop
        self.is_called = False
        """Whether the loop is to call `_work`."""
        # Called in each of the loop's turns, which do not sleep while it is wanted.
        self._again = self._loop.idle(priority=_BEFORE_ALL_ELSE)

    def watch(self, descriptor: int) -> "Readiness":
        """Return what waits for one descriptor."""
        return Readiness(descriptor, self)

    def call(self) -> None:
        """Let whoever has come go on when it is time for work."""
        if not self.is_called:
            self.is_called = True
            self._loop.run_callback(self._work)  # at the beginning of its next turn, which is when all has been read

    def _work(self) -> None:
        come = self.come
        until_s = time.perf_counter() + _WORK_S
        while come:
            come.popleft().go_on()
            if come and time.perf_counter() > until_s:
                if not self._again.active:
                    self._again.start(self._work)
                return
        self.is_called = False
        if self._again.active:
            self._again.stop()


class Readiness:
    """Waits until one descriptor can be read, and reads it, for one greenlet at a time."""

    __slots__ = (
        *("_armed_s", "_data", "_deadline_s", "_error", "_has_come", "_hub", "_inflow", "_poll", "_read", "_timer"),
        *("_waiting", "_watcher", "came_s"),
    )

    def __init__(self, descriptor: int, inflow: Inflow) -> None:
        self.came_s = 0.0
        """When what `receive` gave last was there."""
        self._inflow = inflow
        self._hub = get_hub()
        self._watcher = self._hub.loop.io(descriptor, _READ)
        self._timer: Any = None
        self._deadline_s = 0.0
        self._armed_s = 0.0
        """When the timer goes off."""
        self._waiting: Any = None
        self._has_come = False
        """Whether something was read that whoever waits has not got yet."""
        self._read: Callable[[], bytes] = bytes
        self._data = b""
        self._error: OSError | None = None
        poller = get_original("select", "poll")()
        poller.register(descriptor, _READABLE_OR_ENDED)
        self._poll = poller.poll

    def now(self) -> bool:
        """Whether there is something to read, the end included. Never waits, and lets nobody else run."""
        return bool(self._poll(0))

    def receive(self, read: Callable[[], bytes], timeout_s: float | None) -> bytes:
        """Return what `read` gives as soon as there is something; `came_s` is then when that was.

        Raises:
            TimeoutError: there is nothing, in time.
            OSError: as `read`.
        """
        assert timeout_s is not None  # noqa: S101 - every wait of an exchange has a limit
        self._deadline_s = time.perf_counter() + timeout_s
        self._read = read
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
            self._has_come = False
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._data

    def close(self) -> None:
        """Watch no longer; to be called before the descriptor is closed."""
        self._watcher.close()
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def go_on(self) -> None:
        """Let whoever waits have what has come, unless it was killed meanwhile."""
        if self._has_come:
            waiting, self._waiting = self._waiting, None
            waiting.switch()

    # What the event loop calls.

    def _readable(self) -> None:
        if self._waiting is None or self._has_come:
            self._watcher.stop()  # the end, or more than was waited for: `now` tells, or the next wait
            return
        try:
            self._data = self._read()
        except BlockingIOError:
            return  # what came was damaged on its way, and the kernel has dropped it
        except OSError as error:
            self._error = error
        inflow = self._inflow
        self.came_s = inflow.clock()
        self._has_come = True
        inflow.come.append(self)
        if not inflow.is_called:
            inflow.call()

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
        if waiting is None or self._has_come:
            return
        left_s = self._deadline_s - time.perf_counter()
        if left_s > 0:
            self._arm(left_s)
        else:
            self._waiting = None
            waiting.throw(TimeoutError())
