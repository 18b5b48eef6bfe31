"""M/M/c: textbook values, and a simulation that shares no formula with them."""

import random
from heapq import heapreplace
from math import log

import pytest

from pwdload.statistics.queues import Queue, erlang_c


def test_erlang_c_has_the_textbook_values() -> None:
    """One server waits with probability rho; two servers with rho 0.75 with 9/14; eight erlangs on ten with 0.409."""
    assert erlang_c(1, 0.7) == pytest.approx(0.7)
    assert erlang_c(2, 1.5) == pytest.approx(9 / 14)
    assert erlang_c(10, 8.0) == pytest.approx(0.4092, abs=1e-4)
    assert erlang_c(4, 4.0) == 1.0


def test_mm1_is_exponential() -> None:
    """With one server the response time is exponential with rate mu - lambda."""
    queue = Queue(servers=1, service_s=0.01)
    assert queue.percentile_s(60.0, 950) == pytest.approx(log(20) / 40)
    assert queue.response_s(60.0) == pytest.approx(1 / 40)
    assert queue.rate_keeping(950, log(20) / 40) == pytest.approx(60.0)


def test_percentile_agrees_with_a_simulation() -> None:
    """p95 of 16 servers at 90 % load, played arrival by arrival, is within 3 % of the formula."""
    queue, rng = Queue(servers=16, service_s=0.1), random.Random(5)
    free_s, at_s, times = [0.0] * 16, 0.0, []
    for _ in range(200_000):
        at_s += rng.expovariate(144.0)
        done_s = max(at_s, free_s[0]) + rng.expovariate(10.0)
        heapreplace(free_s, done_s)
        times.append(done_s - at_s)
    times.sort()
    assert times[int(0.95 * len(times))] == pytest.approx(queue.percentile_s(144.0, 950), rel=0.03)


def test_rate_and_percentile_are_inverse_to_each_other() -> None:
    """At the highest rate that keeps a limit the percentile is the limit."""
    for servers in (1, 2, 4, 16):
        queue = Queue(servers=servers, service_s=0.05)
        assert queue.percentile_s(queue.rate_keeping(950, 0.3), 950) == pytest.approx(0.3, rel=1e-5)


def test_what_never_settles_has_no_percentile() -> None:
    """At and past the capacity every wait is passed in the end; a limit below the service time is never kept."""
    queue = Queue(servers=2, service_s=0.05)
    assert queue.percentile_s(40.0, 950) == float("inf")
    assert queue.share_beyond(41.0, 100.0) == 1.0
    assert queue.rate_keeping(950, 0.1) == 0.0
    with pytest.raises(ValueError, match="at least one server"):
        erlang_c(0, 1.0)
