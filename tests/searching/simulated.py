"""Targets in virtual time: requests in the order of their arrival, so many servers, no clock and no network.

Departures follow Lindley's recursion with one server (D. V. Lindley, "The theory of queues with a single server", 1952)
and that of Kiefer and Wolfowitz with several.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np
import numpy.typing as npt

from pwdload.criteria import Criterion, Metric, Observed, Sense
from pwdload.searching import Done, Result, Settings, Step, counts_of, next_step, wants_more_time

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]


def exponential(mean_s: float) -> Draw:
    """Return service times of M/M/c."""
    return lambda random, count: random.exponential(mean_s, count)


def lognormal(mean_s: float, sigma: float = 0.8) -> Draw:
    """Return service times whose logarithm is normal."""
    return lambda random, count: mean_s * random.lognormal(-sigma * sigma / 2, sigma, count)


def deterministic(mean_s: float) -> Draw:
    """Return service times that are all the same."""
    return lambda _, count: np.full(count, mean_s)


def p95_at_most(limit_s: float) -> Criterion:
    """Return the objective that most of the tests are about."""
    return Criterion(name="p95", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=limit_s, permille=950)


@dataclass(kw_only=True)
class Target:
    """First come, first served; a queue longer than `queue_limit` is refused at once."""

    servers: int
    service: Draw
    queue_limit: int | None = None

    def answers(self, arrived_s: Floats, random: np.random.Generator) -> Floats:
        """Return when each request is answered; NaN for one that was refused."""
        service_s = self.service(random, len(arrived_s))
        if self.servers == 1 and self.queue_limit is None:
            return _lindley(arrived_s, service_s)
        return _kiefer_wolfowitz(arrived_s, service_s, self.servers, self.queue_limit)


def _lindley(arrived_s: Floats, service_s: Floats) -> Floats:
    done = np.cumsum(service_s)
    before: Floats = np.maximum.accumulate(arrived_s - (done - service_s))
    return done + before


def _kiefer_wolfowitz(arrived_s: Floats, service_s: Floats, servers: int, queue_limit: int | None) -> Floats:
    free = [0.0] * servers
    heapify(free)
    left = np.empty(len(arrived_s))
    starts: list[float] = []
    first = 0
    for place, (at_s, takes_s) in enumerate(zip(arrived_s.tolist(), service_s.tolist(), strict=True)):
        start_s = max(at_s, free[0])
        if queue_limit is not None:
            while first < len(starts) and starts[first] <= at_s:
                first += 1
            if start_s > at_s and len(starts) - first >= queue_limit:
                left[place] = np.nan
                continue
            starts.append(start_s)
        left[place] = start_s + takes_s
        heapreplace(free, left[place])
    return left


def search(target: Target, criteria: tuple[Criterion, ...], settings: Settings, seed: int) -> tuple[list[Result], Done]:
    """Search for the capacity of a target, as the harness does, in virtual time."""
    random, history = np.random.default_rng(seed), list[Result]()
    now_s = settings.start_s
    while isinstance(step := next_step(history, settings), Step):
        for held in range(1, settings.hold_longer + 1):
            result = play(target, criteria, settings, step, held, np.random.default_rng(random.integers(2**62)), now_s)
            if not wants_more_time(result, held, settings):
                break
        history.append(result)
        now_s = result.end_s + settings.gap_s
    return history, step


def play(
    target: Target,
    criteria: tuple[Criterion, ...],
    settings: Settings,
    step: Step,
    held: int,
    random: np.random.Generator,
    now_s: float,
) -> Result:
    """Play one level from an empty queue."""
    counted_s = settings.hold_s * held
    length_s = settings.settle_s + counted_s
    due_s = np.sort(random.uniform(0.0, length_s, random.poisson(step.rate_per_s * length_s)))
    observed = observe(due_s, target.answers(due_s, random))
    start_s = settings.settle_s
    counts = counts_of(criteria, observed, start_s, length_s)
    return Result(
        role=step.role,
        rate_per_s=step.rate_per_s,
        offered_per_s=float((due_s >= start_s).sum() / counted_s),
        start_s=now_s + start_s,
        end_s=now_s + length_s,
        counts=counts,
    )


def observe(due_s: Floats, done_s: Floats, *, shed: Flags | None = None) -> Observed:
    """Return requests as criteria see them; those that are shed failed too."""
    away = np.zeros(len(due_s), bool) if shed is None else shed
    failed, word = np.isnan(done_s) | away, np.full(len(due_s), "login", object)
    return Observed(
        due_s=due_s,
        sent_s=due_s,
        done_s=np.where(np.isnan(done_s), due_s + 0.001, done_s),
        failed=failed,
        shed=away,
        changed=~failed,
        step=word,
        case=word,
        stage=word,
        flow_due_s=due_s,
        measured=np.ones(len(due_s), bool),
    )


def share_over(servers: int, service: Draw, rate_per_s: float, limit_s: float, *, seed: int) -> float:
    """Return the share of response times over a limit, from many queues side by side: an independent simulation.

    Each queue forgets its empty start over 3,000 arrivals and is looked at over 2,000: 4,000,000 response times.
    """
    random, lanes, warm, looked = np.random.default_rng(seed), 2000, 3000, 2000
    left, over = np.zeros((lanes, servers)), 0
    for step in range(warm + looked):
        service_s = service(random, lanes)
        if step >= warm:
            over += int((left[:, 0] + service_s > limit_s).sum())
        left[:, 0] += service_s
        left = np.maximum(left - random.exponential(1 / rate_per_s, lanes)[:, None], 0.0)
        if servers > 1:
            left.sort(axis=1)
    return over / (lanes * looked)


def capacity_by_simulation(servers: int, service: Draw, limit_s: float, near_per_s: float) -> float:
    """Return where the share over a limit is what is allowed, by a straight line in logarithms through two rates.

    With the same seed both rates have the same luck, so that the slope is known well.
    """
    rates = np.array([0.99 * near_per_s, 1.01 * near_per_s])
    shares = np.array([share_over(servers, service, rate, limit_s, seed=7) for rate in rates])
    slope = np.diff(np.log(shares))[0] / np.diff(np.log(rates))[0]
    return float(rates[0] * np.exp(np.log(0.05 / shares[0]) / slope))
