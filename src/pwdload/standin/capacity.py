"""The capacity model: `servers` requests are served at a time, each for a drawn time, the others wait in order.

The queue is computed, not enacted. An arrival at a is served from max(a, the earliest time at which a server is free)
for its drawn service time; its answer is held back until then. A timer that fires late delays one answer and never
the queue behind it, so that throughput and waiting follow the model exactly.
With Poisson arrivals and exponential times it is the textbook's M/M/c.
"""

import asyncio
import heapq
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pwdload.standin.settings import Settings

Draw = Callable[[], float]
_Result = TypeVar("_Result")

_TIMER_STEP_S = 0.001


@dataclass(frozen=True, slots=True)
class Slot:
    """When a request is served, on the clock of the arrivals."""

    start_s: float
    finish_s: float


def service_times(settings: Settings) -> Draw:
    """Return a seeded source of service times in seconds, whose mean is `service_mean_s`."""
    mean_s, sigma, seeded = settings.service_mean_s, settings.service_sigma, random.Random(settings.service_seed)  # noqa: S311 - a simulation, not a secret
    match settings.service_time:
        case "constant":
            return lambda: mean_s
        case "exponential":
            return lambda: seeded.expovariate(1.0) * mean_s
        case "lognormal":
            # The mean of exp(N(mu, sigma)) is exp(mu + sigma^2 / 2).
            return lambda: mean_s * math.exp(seeded.gauss(-sigma * sigma / 2, sigma))


class ServerQueue:
    """First come, first served, by a fixed number of servers. Pure: time is what `admit` is told."""

    def __init__(self, servers: int, queue_limit: int, draw: Draw) -> None:
        self._free_at_s = [0.0] * servers
        self._queue_limit = queue_limit
        self._draw = draw
        self._starts_s: deque[float] = deque()

    def admit(self, now_s: float) -> Slot | None:
        """Return when an arrival at this time is served; null when it would have to wait and the queue is full."""
        while self._starts_s and self._starts_s[0] <= now_s:
            self._starts_s.popleft()
        start_s = max(now_s, self._free_at_s[0])
        if start_s > now_s and 0 <= self._queue_limit <= len(self._starts_s):
            return None
        slot = Slot(start_s, start_s + self._draw())
        heapq.heapreplace(self._free_at_s, slot.finish_s)
        if start_s > now_s:
            self._starts_s.append(start_s)
        return slot


class Capacity:
    """Holds requests back as the model says. The work itself is done when the service time begins."""

    def __init__(self, settings: Settings) -> None:
        self._queue = ServerQueue(settings.servers, settings.queue_limit, service_times(settings))

    async def serve(self, work: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Return the result of the work when its service time is over; null at once when the queue is full."""
        loop = asyncio.get_running_loop()
        slot = self._queue.admit(loop.time())
        if slot is None:
            return None
        await _until(slot.start_s)
        result = await work()
        await _until(slot.finish_s)
        return result


async def _until(due_s: float) -> None:
    """Wait until a time on the running loop's clock.

    The loop's timers are rounded up to a millisecond, a bias that would show in every response time. So the last one
    is spent giving way to other requests until the time has come: busy, but exact to some 50 us.
    """
    loop = asyncio.get_running_loop()
    if (delay_s := due_s - loop.time() - _TIMER_STEP_S) > 0:
        await asyncio.sleep(delay_s)
    while loop.time() < due_s:
        await asyncio.sleep(0)
