"""How hard the target is pressed beside the load: an even distance between requests, whoever sends them."""

import threading
from collections.abc import Callable


class Spacing:
    """Lets requests through one at a time, at equal distances; shared by threads.

    No burst follows a pause: who comes late does not make up for it.
    """

    def __init__(self, rate_per_s: float, *, clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
        """Take the rate (more than 0), a clock in seconds, and what lets time pass, which may return early."""
        self._distance_s = 1.0 / rate_per_s
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_s = clock()

    def wait(self) -> None:
        """Return when it is this caller's turn; turns are given in the order of asking."""
        with self._lock:
            now_s = self._clock()
            turn_s = max(now_s, self._next_s)
            self._next_s = turn_s + self._distance_s
        if turn_s > now_s:
            self._sleep(turn_s - now_s)


class Gate:
    """Holds everybody back while the target does not answer, so that no request is spent on finding that out.

    Whoever has met silence says so; then one caller at a time probes, with growing pauses, until the target answers or
    the patience is over. A probe is a request that changes nothing and counts for nothing.
    """

    def __init__(
        self,
        probe: Callable[[], bool],
        *,
        patience_s: float,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
        stopped: Callable[[], bool],
    ) -> None:
        self.is_shut = False
        """Whether the patience is over: for good."""
        self._probe = probe
        self._patience_s = patience_s
        self._clock = clock
        self._sleep = sleep
        self._stopped = stopped
        self._lock = threading.Lock()
        self._is_suspect = False

    def suspect(self) -> None:
        """Have the target probed before the next request."""
        self._is_suspect = True

    def passes(self) -> bool:
        """Return whether a request may be sent, once that is clear; false when the patience is over, or on a stop."""
        if not self._is_suspect:
            return not self._stopped()
        with self._lock:
            since_s, pause_s = self._clock(), 0.2
            while self._is_suspect and not self.is_shut and not self._stopped():
                if self._probe():
                    self._is_suspect = False
                elif self._clock() - since_s >= self._patience_s:
                    self.is_shut = True
                else:
                    self._sleep(pause_s)
                    pause_s = min(2 * pause_s, 5.0)
        return not self.is_shut and not self._stopped()
