"""How often a verdict is wrong: where the truth lies exactly on the limit, each side at most once in twenty."""

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from tests.criteria.seen import Floats, evenly, seen

from pwdload.criteria import Criterion, Metric, Observed, Sense, Span, Standing, judge

Draw = Callable[[np.random.Generator], Observed]
WHOLE = (Span(0.0, 1e6),)
ALLOWED = 0.05
SERVICE_S = 0.02


def times(count: int) -> Draw:
    """Return what draws so many independent exponential times."""
    return lambda rng: seen(evenly(count, 100.0), rng.exponential(size=count))


def queue(count: int, load: float) -> Draw:
    """Return what draws the response times of an M/M/1 queue, whose neighbours wait for one another.

    By Lindley's recursion, in services of 20 ms; response times are exponential with mean 1 / (1 - load) services.
    """

    def draw(rng: np.random.Generator) -> Observed:
        warm_up = 3_000
        service, gap = rng.exponential(size=count + warm_up), rng.exponential(1.0 / load, size=count + warm_up)
        walk = np.concatenate([[0.0], np.cumsum(service[:-1] - gap[1:])])
        response: Floats = (walk - np.minimum.accumulate(walk) + service)[warm_up:]
        return seen(SERVICE_S * np.cumsum(gap[warm_up:]), SERVICE_S * response)

    return draw


def failures(count: int, share: float) -> Draw:
    """Return what draws so many exchanges of which a share fails."""
    return lambda rng: seen(evenly(count), failed=rng.random(count) < share)


def changes(per_s: float, length_s: float) -> Draw:
    """Return what draws changes that come independently of one another."""
    return lambda rng: seen(np.sort(rng.uniform(0.0, length_s, rng.poisson(per_s * length_s))), 0.0)


def at_most(limit: float, permille: int) -> Criterion:
    """Return a percentile at its limit."""
    return Criterion(name="x", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=limit, permille=permille)


def rates(criterion: Criterion, draw: Draw, runs: int, spans: tuple[Span, ...] = WHOLE) -> dict[Standing, float]:
    """Return how often each standing is given."""
    rng = np.random.default_rng(20261130)
    counts = Counter(judge(criterion, draw(rng), spans).standing for _ in range(runs))
    return {standing: counts[standing] / runs for standing in Standing}


def exponential_limit(permille: int, mean: float = 1.0) -> float:
    """Return the true percentile of an exponential distribution."""
    return float(-np.log(1 - permille / 1000) * mean)


def check(criterion: Criterion, draw: Draw, runs: int, spans: tuple[Span, ...] = WHOLE, slack: float = 0.0) -> None:
    """Assert that neither side is told more often than allowed; three spreads of the count are granted to luck."""
    luck = 3.0 * (ALLOWED * (1 - ALLOWED) / runs) ** 0.5
    told = rates(criterion, draw, runs, spans)
    assert told[Standing.KEPT] <= ALLOWED + slack + luck
    assert told[Standing.BROKEN] <= ALLOWED + luck


@pytest.mark.parametrize(("permille", "count"), [(950, 1_000), (990, 1_500)])
def test_a_percentile_at_its_limit_is_seldom_told(permille: int, count: int) -> None:
    """Of 300 runs whose true percentile is the limit, at most 5 % are called kept, and at most 5 % broken."""
    check(at_most(exponential_limit(permille), permille), times(count), 300)


@pytest.mark.slow
@pytest.mark.parametrize(("permille", "count"), [(500, 300), (900, 200), (950, 200), (950, 5_000), (990, 20_000)])
def test_percentiles_of_any_size(permille: int, count: int) -> None:
    """2,000 runs of each: small ones, large ones, in the middle and in the tail."""
    check(at_most(exponential_limit(permille), permille), times(count), 2_000)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "count"), [(0.3, 2_000), (0.5, 5_000), (0.7, 20_000), (0.9, 100_000)])
def test_neighbours_that_wait_for_one_another_are_no_false_proof(load: float, count: int) -> None:
    """The requests of a queue wait for one another: batches see that, and keep false verdicts rare."""
    limit = exponential_limit(950, SERVICE_S / (1.0 - load))
    check(at_most(limit, 950), queue(count, load), 400, slack=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "count", "permille"),
    [
        (0.5, 1_000, 950),
        (0.7, 500, 950),
        (0.7, 1_000, 950),
        (0.7, 2_000, 950),
        (0.7, 5_000, 990),
        (0.9, 2_000, 950),
        (0.9, 5_000, 950),
        (0.9, 20_000, 950),
    ],
)
def test_a_short_run_of_a_queue_keeps_nothing_by_luck(load: float, count: int, permille: int) -> None:
    """A run that is short against its bad spells, and met none, promises nothing: at the limit 5 % at most are kept."""
    limit = exponential_limit(permille, SERVICE_S / (1.0 - load))
    told = rates(at_most(limit, permille), queue(count, load), 400)
    sys.stdout.write(
        f"\nat the limit, p{permille / 10:g} of {count:,} at {load:.0%} load: kept {told[Standing.KEPT]:.1%}, broken "
        f"{told[Standing.BROKEN]:.1%}"
    )
    assert told[Standing.KEPT] <= ALLOWED + 3.0 * (ALLOWED * (1 - ALLOWED) / 400) ** 0.5


def test_a_lucky_run_keeps_nothing() -> None:
    """Of sixty half minutes of a queue, at the limit, hardly one is called kept."""
    limit = exponential_limit(950, SERVICE_S / 0.3)
    assert rates(at_most(limit, 950), queue(1_000, 0.7), 60)[Standing.KEPT] <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize("count", [300, 1_000, 5_000])
def test_failed_shares(count: int) -> None:
    """Of a true share of exactly 1 %; of the 300 that just tell none, 0.99^300 = 4.9 % have none."""
    check(
        Criterion(name="x", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=0.01), failures(count, 0.01), 2_000
    )


@pytest.mark.slow
@pytest.mark.parametrize(("per_s", "length_s"), [(1.0, 20.0), (5.0, 10.0), (50.0, 60.0)])
def test_goodput(per_s: float, length_s: float) -> None:
    """Of changes that come as they like, at exactly the rate that is asked for."""
    criterion = Criterion(name="x", metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=per_s)
    check(criterion, changes(per_s, length_s), 2_000, (Span(0.0, length_s),))


@pytest.mark.slow
def test_a_clear_case_is_told() -> None:
    """A verdict that never tells is never wrong either: 10 % beyond the limit is found in most of all runs."""
    kept = rates(at_most(1.1 * exponential_limit(950), 950), times(10_000), 300)
    broken = rates(at_most(exponential_limit(950) / 1.1, 950), times(10_000), 300)
    assert kept[Standing.KEPT] > 0.95
    assert broken[Standing.BROKEN] > 0.95
