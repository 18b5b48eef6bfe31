"""The run's clock in one process, and how a worker finds out by how much its own clock differs from the master's.

    run time = own monotonic clock + offset - zero

Zero is the master's affair, on the master's monotonic clock. On one machine all processes share that clock, and the
offset is exactly 0. A worker elsewhere sends a message and gets the master's time back (Cristian's algorithm): the
master read its clock somewhere between the message's leaving and the answer's coming, so the middle of the two is off
by half of that time at most. Of several tries the shortest counts.
"""

import platform
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from pwdload.rundir import ClockRecord

ON_TIME_S = 1.0
"""A load that ends this early has ended on schedule."""
_KEPT = 16
"""Of so many last readings the shortest is taken, so that one long way does not spoil the measurement."""
_NEEDED = 4


class RunClock:
    """Tells the time of the run in this process. Before zero is known the time is 0, always."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s
        self._shift_s: float | None = None

    @property
    def runs(self) -> bool:
        """Whether zero is known; it may still lie ahead."""
        return self._shift_s is not None

    def start(self, zero_s: float) -> None:
        """Set zero, on the master's monotonic clock."""
        self._shift_s = self.offset_s - zero_s

    def now(self) -> float:
        """Return the time on the run's clock, in seconds; negative while zero lies ahead."""
        shift_s = self._shift_s
        return 0.0 if shift_s is None else time.perf_counter() + shift_s

    def own(self, run_s: float) -> float:
        """Return a time of the run on this process's own monotonic clock."""
        return run_s - (self._shift_s or 0.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One message there and back: own clock at its leaving and at the answer's coming, the master's in between."""

    left_s: float
    master_s: float
    came_s: float

    @property
    def offset_s(self) -> float:
        """What to add to the own clock to get the master's."""
        return self.master_s - (self.left_s + self.came_s) / 2

    @property
    def error_s(self) -> float:
        """The offset is right to plus or minus this."""
        return (self.came_s - self.left_s) / 2


class ClockComparison:
    """A worker's readings of the master's clock."""

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque(maxlen=_KEPT)
        self._same = False
        self._used: Reading | None = None

    @property
    def is_known(self) -> bool:
        """Whether enough is known of the master's clock to begin a run."""
        return self._same or len(self._readings) >= _NEEDED

    def add(self, reading: Reading, master_clock: str) -> None:
        """Take one reading, and the name of the master's clock (`clock_name`)."""
        self._same = master_clock == clock_name()
        self._readings.append(reading)

    def settle(self) -> float:
        """Return the offset that a run is to use from now on, in seconds."""
        self._used = self._best()
        self._readings.clear()
        return self._used.offset_s

    def record(self) -> ClockRecord:
        """Return what was used, and how far the offset has moved since, as far as known."""
        used, latest = self._used or self._best(), self._best() if self._readings else None
        drift_s = latest.offset_s - used.offset_s if latest is not None else 0.0
        return ClockRecord(offset_s=used.offset_s, error_s=used.error_s, drift_s=drift_s)

    def _best(self) -> Reading:
        if self._same or not self._readings:
            return Reading(0.0, 0.0, 0.0)
        return min(self._readings, key=lambda reading: reading.error_s)


def clock_name() -> str:
    """Return a name that two processes share exactly when they share one monotonic clock.

    That is one machine since its last start, and within it one time namespace.
    """
    return _name_of("time")


def network_name() -> str:
    """Return a name that two processes share exactly when the loopback of one is that of the other."""
    return _name_of("net")


def _name_of(namespace: str) -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path(f'/proc/self/ns/{namespace}').readlink()}"
    except OSError:  # not Linux
        return platform.node()


def owed_s(planned_s: float | None, at_s: float, lasted_s: float) -> float:
    """Return for how long a load must go on that Locust's timer (-t) ends before its time.

    That timer begins before the run's clock does: on a busy machine seconds before, while processes get ready.

    Args:
        planned_s: how long the load was to last; null: until it is stopped.
        at_s: the time on the run's clock.
        lasted_s: for how long Locust has been at it.
    """
    if planned_s is None or lasted_s < planned_s - ON_TIME_S:  # somebody has stopped it before
        return 0.0
    return max(planned_s - at_s, 0.0)
