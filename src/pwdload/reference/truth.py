"""When each answer is due: three truths, each a few lines.

Times are on the target's clock, which the first login sets: it arrives at `--first-at` by definition.
"""

from collections.abc import Callable
from heapq import heapify, heapreplace
from math import log
from random import Random

Departs = Callable[[float], float]
"""Gives, for a request that arrived at a time, when its answer leaves. Called once per request, in their order."""


def floor() -> Departs:
    """Answer at once: what is left is the cost of asking."""
    return lambda arrived_s: arrived_s


def stall(service_s: float, from_s: float, until_s: float) -> Departs:
    """Take a fixed time for each answer, but hold what arrives in [from_s, until_s) until the end of that."""

    def departs(arrived_s: float) -> float:
        served_s = arrived_s + service_s
        return max(served_s, until_s) if from_s <= arrived_s < until_s else served_s

    return departs


def queue(servers: int, service_s_mean: float, seed: int) -> Departs:
    """Serve in the order of arrival by so many servers, each taking an exponentially distributed time.

    The n-th request takes ``-log(1 - u_n) * service_s_mean``, u_n being the n-th number of `random.Random` seeded with
    the text ``service:SEED``. Departures follow the recursion of Kiefer and Wolfowitz ("On the theory of queues with
    many servers", 1955): a request begins when it is there and the server that is free first is free.
    """
    random = Random(f"service:{seed}").random  # noqa: S311 - no secret
    free_s = [0.0] * servers
    heapify(free_s)

    def departs(arrived_s: float) -> float:
        departure_s = max(arrived_s, free_s[0]) - log(1.0 - random()) * service_s_mean
        heapreplace(free_s, departure_s)
        return departure_s

    return departs
