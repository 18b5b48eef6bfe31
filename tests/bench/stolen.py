"""What the machine itself takes from programs that keep all cores busy: a virtual one gives some of it to others.

A loop on each core reads the clock, over and over, and nothing else. Where two readings are far apart it was stopped;
whatever is measured on such a machine was stopped as well.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from tests.bench.cpu import all_cores, pinned

_STOPPED_FROM_S = 0.0005
_FOR_S = 3.0


class Stolen(NamedTuple):
    """Of the core that was stopped for longest."""

    share: float
    """Which part of the time it stood still."""
    longest_s: float


def stolen() -> Stolen:
    """Keep all cores busy for three seconds, and return what was taken of them."""
    commands = [pinned([sys.executable, "-m", "tests.bench.stolen"], [core]) for core in all_cores()]
    loops = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    return max(Stolen(*map(float, loop.communicate()[0].split())) for loop in loops)


def _stops_s(for_s: float) -> Sequence[float]:
    """Return how long each stop was."""
    begun_s = before_s = time.perf_counter()
    found = []
    while before_s - begun_s < for_s:
        now_s = time.perf_counter()
        if now_s - before_s > _STOPPED_FROM_S:
            found.append(now_s - before_s)
        before_s = now_s
    return found


if __name__ == "__main__":
    stops_s = _stops_s(_FOR_S)
    sys.stdout.write(f"{sum(stops_s) / _FOR_S} {max(stops_s, default=0.0)}\n")
