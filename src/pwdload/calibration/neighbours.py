"""How much of this machine other programs took while something was measured.

An instrument that had to wait for the processor measures its neighbours. What they took is what the processors did in
all (``/proc/stat``) without what this process and its children, which have ended, did themselves.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

OTHERS_SHARE_MAX: Final = 0.05
"""Of all processors together. Above it a measurement says nothing certain of the instrument."""
_IDLE, _IOWAIT, _GUEST = 3, 4, 8


class Look(NamedTuple):
    """The clocks of a machine, at one moment; in seconds."""

    at_s: float
    busy_s: float | None
    """Of all processors together, since the machine's start; null where the system does not tell."""
    own_s: float
    """Of them used by this process, and by its children that have ended."""
    processors: int


def look() -> Look:
    """Return the clocks as they are now."""
    times = os.times()
    own_s = times.user + times.system + times.children_user + times.children_system
    return Look(time.monotonic(), _busy_s(), own_s, os.cpu_count() or 1)


class Neighbours:
    """Watches, from its making on, what others do. Children that are still running when it is asked count as others."""

    def __init__(self, clocks: Callable[[], Look] = look) -> None:
        self._clocks = clocks
        self._before = clocks()

    def share(self) -> float | None:
        """Return the share of all processors that others have taken; null where this system does not tell."""
        now, before = self._clocks(), self._before
        lasted_s = now.at_s - before.at_s
        if now.busy_s is None or before.busy_s is None or lasted_s <= 0.0:
            return None
        others_s = now.busy_s - before.busy_s - (now.own_s - before.own_s)
        return min(max(others_s / lasted_s / now.processors, 0.0), 1.0)


def busy_ticks(stat: str) -> int:
    """Return the ticks for which processors were busy, or stolen by others, by the text of ``/proc/stat``.

    Raises:
        ValueError: it is no such text.
    """
    name, *words = stat.partition("\n")[0].split()
    ticks = [int(word) for word in words[:_GUEST]]  # a guest's time is in that of its user as well
    if name != "cpu" or len(ticks) <= _IOWAIT:
        raise ValueError("not /proc/stat")
    return sum(ticks) - ticks[_IDLE] - ticks[_IOWAIT]


def _busy_s() -> float | None:
    try:
        return busy_ticks(Path("/proc/stat").read_text("ascii")) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):  # not Linux, or a sandbox without it
        return None
