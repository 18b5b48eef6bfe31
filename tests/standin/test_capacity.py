"""The capacity model against what queueing theory says it must do."""

import asyncio
import itertools
import math
import random
import statistics
from collections.abc import Callable, Iterable

import pytest
from tests.standin.client import PASSWORD, World, request, sdk_headers

from pwdload.standin.capacity import ServerQueue, Slot, service_times
from pwdload.standin.settings import Settings


def play(
    servers: int, arrivals_s: Iterable[float], durations_s: Iterable[float], queue_limit: int = -1
) -> list[Slot | None]:
    """Send arrivals through a queue and return when each was served."""
    durations = iter(durations_s)
    queue = ServerQueue(servers, queue_limit, lambda: next(durations))
    return [queue.admit(arrival_s) for arrival_s in arrivals_s]


def erlang_c_wait_s(servers: int, rate_per_s: float, mean_s: float) -> float:
    """Mean waiting time of M/M/c (Erlang C)."""
    load = rate_per_s * mean_s
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    probability = top / (sum(load**k / math.factorial(k) for k in range(servers)) + top)
    return probability * mean_s / (servers - load)


def test_requests_are_served_in_order_by_whoever_is_free() -> None:
    """Two servers, five arrivals at once: worked out by hand."""
    slots = play(2, [0.0] * 5, [3.0, 1.0, 1.0, 5.0, 1.0])
    assert slots == [Slot(0, 3), Slot(0, 1), Slot(1, 2), Slot(2, 7), Slot(3, 4)]


def test_a_full_queue_refuses_without_using_a_server() -> None:
    """With one server and a queue of one, the third at once is refused; when the queue moves on there is room."""
    slots = play(1, [0.0, 0.1, 0.2, 1.0, 1.1], itertools.repeat(1.0), queue_limit=1)
    assert slots == [Slot(0, 1), Slot(1, 2), None, Slot(2, 3), None]


def test_without_a_queue_only_a_free_server_serves() -> None:
    """A queue limit of 0 is a pure loss system."""
    slots = play(1, [0.0, 0.5, 1.0], itertools.repeat(1.0), queue_limit=0)
    assert slots == [Slot(0, 1), None, Slot(1, 2)]


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.5), (1, 0.7), (4, 0.7), (16, 0.8)])
def test_waiting_follows_erlang_c(servers: int, utilisation: float) -> None:
    """Poisson arrivals and exponential service make M/M/c: a calibration can trust the stand-in."""
    mean_s, count = 0.02, 200_000
    rate_per_s = utilisation * servers / mean_s
    settings = Settings(servers=servers, service_time="exponential", service_mean_s=mean_s)
    seeded = random.Random(7)
    arrivals_s = list(itertools.accumulate(seeded.expovariate(rate_per_s) for _ in range(count)))
    queue = ServerQueue(servers, -1, service_times(settings))
    waits = [slot.start_s - arrival_s for arrival_s in arrivals_s if (slot := queue.admit(arrival_s))]
    assert statistics.fmean(waits) == pytest.approx(erlang_c_wait_s(servers, rate_per_s, mean_s), rel=0.1)


def test_throughput_cannot_pass_the_servers() -> None:
    """Whatever arrives, no more than servers / mean service time leaves."""
    slots = play(4, [n * 0.001 for n in range(4000)], itertools.repeat(0.01))
    last = slots[-1]
    assert last is not None
    assert last.finish_s == pytest.approx(4000 * 0.01 / 4, rel=0.01)


@pytest.mark.parametrize(("kind", "deviation_s"), [("constant", 0.0), ("exponential", 0.02), ("lognormal", 0.0107)])
def test_service_times_have_the_mean_that_is_set(kind: str, deviation_s: float) -> None:
    """Every distribution has the same mean; its spread is its own, and its seed makes it repeatable."""
    settings = Settings(servers=1, service_time=kind, service_mean_s=0.02)  # type: ignore[arg-type]
    draw, again = service_times(settings), service_times(settings)
    drawn = [draw() for _ in range(20_000)]
    assert drawn == [again() for _ in range(20_000)]
    assert statistics.fmean(drawn) == pytest.approx(0.02, rel=0.03)
    assert statistics.pstdev(drawn) == pytest.approx(deviation_s, rel=0.05)


def test_the_service_holds_answers_back_and_refuses_the_overflow(make_world: Callable[..., World]) -> None:
    """Over the application: answers come in the modelled time, the overflow at once as busy, own routes unhindered."""
    world = make_world(servers=1, service_mean_s=0.03, queue_limit=1)
    world.seed()

    async def overload() -> tuple[list[tuple[int, str]], list[float]]:
        loop = asyncio.get_running_loop()
        begun_s, done_s = loop.time(), []

        async def login() -> tuple[int, str]:
            body = {"user_name": "zhangsan", "password": PASSWORD}
            reply = await world.acall("POST", "/api/v2/sdk/login", body)
            done_s.append(loop.time() - begun_s)
            return reply.summary

        async def health() -> tuple[int, str]:
            reply = await request(world.app, "GET", "/standin/health", sdk_headers({}), [])
            return reply.summary

        return list(await asyncio.gather(login(), login(), login(), health())), done_s

    outcomes, done_s = asyncio.run(overload())
    assert outcomes == [(200, "PASSWORD_EXPIRED")] * 2 + [(503, "COM.0002"), (200, "up")]
    assert done_s[0] < 0.03 <= done_s[1] < 0.06 <= done_s[2]
    assert sum(world.counts().values()) == 3
