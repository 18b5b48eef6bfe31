"""The target's truths and ours, which share no line, are the same."""

import random

import pytest

from pwdload.calibration.realization import mmc_realization, queue_responds, realize, schedule_of, service_times_s
from pwdload.calibration.trials import STALL, mmc_trial


def test_what_the_target_dictates_is_what_virtual_time_expects() -> None:
    """The same arrivals and seed give the same response times on both sides, which were written twice."""
    from pwdload.reference import truth as target  # noqa: PLC0415 - only a test may know both sides

    plan = mmc_trial(0.9, 7, for_s=20.0).plan()
    departs = target.queue(8, 0.05, 7)
    dictated = [departs(arrival.due_s) - arrival.due_s for arrival in schedule_of(plan)]
    ours = mmc_realization(plan, servers=8, service_s_mean=0.05, seed=7).kept_s
    assert list(ours) == pytest.approx(dictated, abs=1e-12)
    held = target.stall(0.005, 10.0, 15.0)
    stream = random.Random(1)
    for arrived_s in sorted(stream.uniform(0.0, 30.0) for _ in range(2000)):
        assert held(arrived_s) - arrived_s == pytest.approx(STALL.response_s(arrived_s), abs=1e-12)
    assert target.floor()(3.0) == 3.0


def test_service_times_are_exponential_and_seeded() -> None:
    """Their mean is the one asked for, the same seed gives the same, another gives others."""
    times = [time for time, _ in zip(service_times_s(0.05, 3), range(50_000), strict=False)]
    assert sum(times) / len(times) == pytest.approx(0.05, rel=0.02)
    assert sum(time > 0.05 for time in times) / len(times) == pytest.approx(0.3679, abs=0.01)
    assert times[:3] == [next(again) for again in [service_times_s(0.05, 3)] for _ in range(3)]
    assert times[0] != next(service_times_s(0.05, 4))


def test_a_queue_serves_in_the_order_of_arrival() -> None:
    """Two servers, five arrivals, worked out by hand."""
    played = realize([0.0, 0.0, 1.0, 1.0, 9.0], queue_responds(2, [4.0, 2.0, 3.0, 1.0, 1.0]))
    assert played.responses_s == (4.0, 2.0, 4.0, 4.0, 1.0)
