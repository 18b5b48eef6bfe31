"""The run's clock, and a worker's clock against the master's."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.clock import ClockComparison, Reading, RunClock, clock_name, owed_s


def test_the_clock_stands_at_zero_until_it_is_started() -> None:
    """Nothing is due before the run begins."""
    clock = RunClock()
    assert (clock.runs, clock.now()) == (False, 0.0)
    clock.start(time.perf_counter() + 100.0)
    assert clock.runs
    assert clock.now() < -99.0


def test_two_processes_with_an_offset_tell_the_same_time() -> None:
    """A worker whose own clock is 1,000 s behind agrees with the master to the microsecond."""
    zero_s = time.perf_counter() + 1_000.0
    master, worker = RunClock(), RunClock(offset_s=1_000.0)
    worker.start(zero_s)
    master.start(zero_s - 1_000.0)
    assert worker.now() == pytest.approx(master.now(), abs=0.01)
    assert worker.own(5.0) == pytest.approx(zero_s - 1_000.0 + 5.0)


@given(
    offset_s=st.floats(-1e6, 1e6),
    ways=st.lists(st.tuples(st.floats(0.0, 0.5), st.floats(0.0, 0.5)), min_size=4, max_size=30),
)
def test_the_offset_is_right_to_within_its_stated_error(offset_s: float, ways: list[tuple[float, float]]) -> None:
    """However long the messages take, there or back: the true offset is no further away than the error says."""
    comparison = ClockComparison()
    for n, (there_s, back_s) in enumerate(ways):
        left_s = 10.0 * n
        comparison.add(Reading(left_s, left_s + there_s + offset_s, left_s + there_s + back_s), "another clock")
    assert comparison.is_known
    found_s = comparison.settle()
    error_s = comparison.record().error_s
    assert abs(found_s - offset_s) <= error_s + 1e-6
    assert error_s <= min((there_s + back_s) / 2 for there_s, back_s in ways[-16:]) + 1e-6


def test_on_the_masters_own_clock_the_offset_is_exactly_zero() -> None:
    """Processes of one machine share a clock, whatever the messages between them take."""
    comparison = ClockComparison()
    comparison.add(Reading(1.0, 500.0, 1.5), clock_name())
    assert comparison.is_known
    assert comparison.settle() == 0.0
    assert comparison.record().error_s == 0.0


def test_a_clock_that_drifts_is_found_out() -> None:
    """What the offset is at the end, against what the run was measured with."""
    comparison = ClockComparison()
    for n in range(4):
        comparison.add(Reading(float(n), n + 7.0, float(n)), "another clock")
    assert comparison.settle() == 7.0
    comparison.add(Reading(100.0, 107.25, 100.0), "another clock")
    assert comparison.record().drift_s == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("planned_s", "at_s", "lasted_s", "owed"),
    [
        (2.0, 0.6, 2.0, 1.4),  # getting ready took 1.4 s of Locust's time
        (2.0, 2.0, 2.01, 0.0),
        (2.0, 0.6, 1.9, 1.4),  # its timer began before we were asked
        (20.0, 3.0, 4.4, 0.0),  # Ctrl-C
        (None, 3.0, 4.4, 0.0),
    ],
)
def test_a_load_lasts_as_long_as_was_asked_for(
    planned_s: float | None, at_s: float, lasted_s: float, owed: float
) -> None:
    """What processes take to get ready is no load; who stops it earlier has it stopped."""
    assert owed_s(planned_s, at_s, lasted_s) == pytest.approx(owed)
