"""Known truths: closed forms against textbook values, enumeration and independent simulation."""

import math
import random
from itertools import pairwise

import pytest

from pwdload.calibration.realization import realize
from pwdload.calibration.trials import STALL
from pwdload.calibration.truths import QUANTILES, Mmc, Stall, mean_s, nearest_rank_s
from pwdload.errors import UsageError


def even(rate_per_s: float, length_s: float) -> list[float]:
    return [(number + 0.5) / rate_per_s for number in range(round(rate_per_s * length_s))]


def test_the_field_s_stall_has_the_field_s_figures() -> None:
    """100/s for 30 s, held from 10 to 15: n 3000, p50 5 ms, p90 2.00 s, p95 3.50 s, p99 4.70 s, mean 0.42 s."""
    assert [STALL.quantile_s(quantile) for quantile in QUANTILES] == pytest.approx([0.005, 2.0, 3.5, 4.7])
    assert STALL.mean_response_s == pytest.approx(0.4208, abs=0.0001)


@pytest.mark.parametrize("service_s", [0.0, 0.005, 0.3])
@pytest.mark.parametrize(("from_s", "until_s"), [(10.0, 15.0), (0.0, 2.0), (28.0, 30.0)])
def test_the_closed_form_of_a_stall_is_what_enumeration_gives(service_s: float, from_s: float, until_s: float) -> None:
    """With arrivals dense enough, formula and enumeration agree to within half a gap."""
    truth = Stall(length_s=30.0, service_s=service_s, from_s=from_s, until_s=until_s)
    responses_s = [truth.response_s(arrived_s) for arrived_s in even(1000.0, 30.0)]
    assert mean_s(responses_s) == pytest.approx(truth.mean_response_s, rel=1e-4)
    for quantile in (*QUANTILES, 0.999):
        assert nearest_rank_s(responses_s, quantile) == pytest.approx(truth.quantile_s(quantile), abs=0.0006)


@pytest.mark.parametrize("window", [(-1.0, 5.0), (5.0, 5.0), (5.0, 31.0), (5.0, 5.004)])
def test_a_stall_that_is_none_is_refused(window: tuple[float, float]) -> None:
    """A stall outside of the arrivals, or shorter than the service, has other formulas."""
    with pytest.raises(UsageError):
        Stall(length_s=30.0, service_s=0.005, from_s=window[0], until_s=window[1])


def test_erlang_c_gives_the_textbook_s_values() -> None:
    """Single server: C is the load. Two servers: 2 rho^2 / (1 + rho). Five servers at 4 erlangs: 0.5541."""
    assert Mmc(servers=1, service_s_mean=1.0, rate_per_s=0.6).wait_share == pytest.approx(0.6)
    assert Mmc(servers=2, service_s_mean=1.0, rate_per_s=1.5).wait_share == pytest.approx(2 * 0.75**2 / 1.75)
    assert Mmc(servers=5, service_s_mean=1.0, rate_per_s=4.0).wait_share == pytest.approx(0.5541, abs=0.0001)


@pytest.mark.parametrize("load", [0.5, 0.7, 0.9])
def test_one_server_answers_exponentially(load: float) -> None:
    """The response time of M/M/1 is exponential with mean 1 / (mu - lambda), by an elementary proof."""
    truth = Mmc(servers=1, service_s_mean=0.02, rate_per_s=load / 0.02)
    mean = 0.02 / (1 - load)
    assert truth.mean_response_s == pytest.approx(mean)
    for quantile in QUANTILES:
        assert truth.quantile_s(quantile) == pytest.approx(-mean * math.log(1 - quantile))


@pytest.mark.parametrize(
    ("servers", "load"), [(1, 0.5), (2, 0.5), (8, 0.5), (8, 0.7), (8, 0.875), (8, 0.9), (40, 0.95)]
)
def test_the_distribution_has_the_mean_that_the_formula_of_the_mean_gives(servers: int, load: float) -> None:
    """The area under the share beyond t is the mean, also where both rates are equal (8 servers at 7/8)."""
    truth = Mmc(servers=servers, service_s_mean=1.0, rate_per_s=load * servers)
    step_s = 0.002
    heights = [truth.share_beyond(step * step_s) for step in range(round(60 / step_s / (1 - load) ** 0.5))]
    area = step_s * (sum(heights) - heights[0] / 2)
    assert area == pytest.approx(truth.mean_response_s, rel=1e-3)
    assert heights[0] == pytest.approx(1.0)
    assert all(after <= before for before, after in pairwise(heights))
    assert truth.share_beyond(truth.quantile_s(0.95)) == pytest.approx(0.05)


def test_a_long_simulation_that_shares_no_line_agrees() -> None:
    """A queue of 4 servers at 70 %, played event by event with a heap of departures, has the formula's figures."""
    truth = Mmc(servers=4, service_s_mean=1.0, rate_per_s=2.8)
    stream = random.Random(20261123)
    now_s, free_s, responses_s = 0.0, [0.0] * 4, []
    for _ in range(400_000):
        now_s += stream.expovariate(2.8)
        server = min(range(4), key=free_s.__getitem__)
        free_s[server] = max(free_s[server], now_s) + stream.expovariate(1.0)
        responses_s.append(free_s[server] - now_s)
    assert mean_s(responses_s) == pytest.approx(truth.mean_response_s, rel=0.02)
    for quantile in QUANTILES:
        assert nearest_rank_s(responses_s, quantile) == pytest.approx(truth.quantile_s(quantile), rel=0.02)


@pytest.mark.parametrize("rate_per_s", [0.0, 8.0, 9.0])
def test_a_queue_that_never_settles_is_refused(rate_per_s: float) -> None:
    """At 100 % load and beyond there is no steady state to compare with."""
    with pytest.raises(UsageError, match="never settles"):
        Mmc(servers=8, service_s_mean=1.0, rate_per_s=rate_per_s)


def test_slots_make_flows_wait_and_a_full_queue_drops_them() -> None:
    """One slot, one place in line, service of 10: the third and fourth of four arrivals in a row are dropped."""
    played = realize([0.0, 1.0, 2.0, 3.0, 11.0], lambda _: 10.0, slots=1, queue_limit=1)
    assert played.responses_s == (10.0, 19.0, None, None, 19.0)
    assert played.dropped == 2
    assert realize([0.0, 1.0, 2.0], lambda _: 10.0).responses_s == (10.0, 10.0, 10.0)
    assert realize([0.0, 1.0], lambda _: 10.0, slots=1, queue_limit=0).dropped == 1


def test_a_stall_with_20_slots_is_a_little_slower_and_loses_nothing() -> None:
    """What waits for a slot is late by how long 20 slots take to work the line off: within 5 % of the truth."""
    free = realize(even(100.0, 30.0), STALL.response_s).kept_s
    few = realize(even(100.0, 30.0), STALL.response_s, slots=20).kept_s
    assert len(few) == 3000
    for quantile in QUANTILES:
        true_s = nearest_rank_s(free, quantile)
        assert true_s <= nearest_rank_s(few, quantile) <= 1.05 * true_s
    assert realize(even(100.0, 30.0), STALL.response_s, slots=20, queue_limit=100).dropped == 380


def test_a_percentile_is_a_value_that_was_observed() -> None:
    """Nearest rank: nothing is interpolated, and nothing of nothing is not a number."""
    values = [float(value) for value in range(1, 101)]
    assert [nearest_rank_s(values, quantile) for quantile in (0.5, 0.9, 0.95, 0.99, 1.0)] == [50, 90, 95, 99, 100]
    assert nearest_rank_s([3.0], 0.5) == 3.0
    assert math.isnan(nearest_rank_s([], 0.5))
