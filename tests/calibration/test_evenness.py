"""Evenness of arrivals: what must pass does, what must not does not."""

import random

import pytest

from pwdload.calibration.evenness import count_slots, fit_poisson, kolmogorov_beyond
from pwdload.pacing import Arrivals, RatePlan, Schedule


def plan(*rates: float) -> RatePlan:
    return RatePlan.of([(f"stage {n}", 10.0 * n, 10.0 * n + 10.0, rate, rate) for n, rate in enumerate(rates)])


def due_s(kind: Arrivals, rates: RatePlan, seed: int = 1) -> list[float]:
    return [arrival.due_s for arrival in Schedule(plan=rates, arrivals=kind, seed=seed)]


def test_even_arrivals_fill_each_slot_alike() -> None:
    """100/s even: 10 in each 100 ms."""
    slots = count_slots(due_s("even", plan(100.0)), from_s=0.0, until_s=10.0)
    assert (slots.slots, slots.fewest, slots.most) == (100, 10, 10)
    assert slots.words == "10 to 10 arrivals in each of 100 slots of 100 ms"


def test_bursts_of_a_second_are_seen_as_what_they_are() -> None:
    """Stock Locust's pacing at 100/s: all hundred in one slot of ten, nothing in the other nine."""
    bursts = [float(second) + 0.001 * place for second in range(10) for place in range(100)]
    slots = count_slots(bursts, from_s=0.0, until_s=10.0)
    assert (slots.fewest, slots.most) == (0, 100)


def test_arrivals_outside_are_not_counted() -> None:
    """What is sent after the end belongs to no slot."""
    assert count_slots([-0.01, 0.05, 0.2, 5.0], from_s=0.0, until_s=0.2).most == 1


@pytest.mark.parametrize("rates", [(100.0,), (20.0, 200.0, 50.0)])
def test_poisson_arrivals_pass_whatever_their_plan(rates: tuple[float, ...]) -> None:
    """Carried over to the axis of counts, a plan of several rates is one Poisson process."""
    p_values = [fit_poisson(due_s("poisson", plan(*rates), seed), plan(*rates)).p_value for seed in range(40)]
    assert sum(p_value < 0.05 for p_value in p_values) <= 6
    assert max(p_values) > 0.5


def test_even_arrivals_are_not_poisson() -> None:
    """The test can fail: even arrivals, paced bursts and a wrong rate are told from a Poisson process."""
    assert fit_poisson(due_s("even", plan(100.0)), plan(100.0)).p_value < 1e-6
    assert fit_poisson(due_s("poisson", plan(100.0)), plan(130.0)).p_value < 1e-3
    stream = random.Random(1)
    in_step = [second + stream.uniform(0.0, 0.01) for second in range(10) for _ in range(100)]
    assert fit_poisson(in_step, plan(100.0)).p_value < 1e-6


def test_a_gap_needs_two_arrivals() -> None:
    """One arrival says nothing about gaps."""
    with pytest.raises(ValueError, match="two arrivals"):
        fit_poisson([1.0], plan(1.0))


@pytest.mark.parametrize(("statistic", "beyond"), [(1.2238, 0.10), (1.3581, 0.05), (1.6276, 0.01), (0.1, 1.0)])
def test_kolmogorov_s_distribution_has_the_tabled_values(statistic: float, beyond: float) -> None:
    """The critical values of every table: 1.224, 1.358 and 1.628 for 10, 5 and 1 %."""
    assert kolmogorov_beyond(statistic) == pytest.approx(beyond, abs=1e-4)
