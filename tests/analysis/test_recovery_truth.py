"""Recovery against the truth in virtual time: targets that fail and recover at exact times."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.analysis.recovery_worlds import CALL_S, QUICK_S, Fault, World, schedules

from pwdload.analysis.recovery import Load, Measured, Planned, RecoveryThresholds, State, load_of, measure
from pwdload.analysis.windows import Window

THRESHOLDS = RecoveryThresholds()
SCHEDULES = tuple(schedules(30))


def measured(world: World, load: Load) -> Measured:
    """Measure the one fault of a world."""
    (one,) = measure(load, world.record, THRESHOLDS, world.timeout_s).measured
    return one


def asked_s(load: Load, from_s: float) -> float:
    """When the target was first asked for anything from a time on: users who wait for an answer ask for nothing."""
    return float(load.requests.due_s[load.requests.due_s >= from_s].min())


def detection_s(world: World, load: Load) -> float:
    """The time to detect that follows from the script: an answer at once, or none before the client's time-out."""
    (fault,) = world.faults
    quick_s = sum(QUICK_S) / 2
    if fault.way == "black_hole":
        return world.timeout_s
    asked = asked_s(load, fault.inject_s) - fault.inject_s
    answer_s = min(quick_s + (fault.recover_s - fault.inject_s) * 0.6, world.timeout_s)
    return asked + (answer_s if fault.way == "drain" else quick_s)


@pytest.mark.parametrize("world", SCHEDULES, ids=[f"{w.faults[0].way}-{w.arrivals}-{w.seed}" for w in SCHEDULES])
def test_times_are_within_one_window_of_the_truth(world: World) -> None:
    """Errors, black holes, partial failures, slow returns, retries; open and closed: each time is the script's."""
    (fault,) = world.faults
    load = world.load()
    found = measured(world, load)
    assert found.state is State.MEASURED
    assert found.window_s is not None
    tolerance_s = found.window_s + CALL_S
    back_s = max(fault.recover_s, asked_s(load, fault.recover_s)) - fault.heal_s
    assert found.sustained.value_s == pytest.approx(back_s, abs=tolerance_s)
    assert found.detected.value_s == pytest.approx(detection_s(world, load), abs=tolerance_s)
    served_s = fault.heal_s if fault.way in ("partial", "drain") else fault.recover_s
    if fault.way != "drain":  # while it drains, the first answers come after the time-out: no success
        assert found.first.value_s == pytest.approx(asked_s(load, served_s) - fault.heal_s, abs=tolerance_s)
    assert found.first.value_s is not None
    assert found.first.value_s <= back_s + tolerance_s


def test_a_drain_has_its_first_success_before_it_is_over() -> None:
    """One answer is not recovery: the first success comes long before service is as good as it was."""
    fault = Fault(way="drain", inject_s=10.0, heal_s=12.0, recover_s=15.0)
    world = World(faults=(fault,), timeout_s=10.0)
    found = measured(world, world.load())
    assert found.first.value_s == pytest.approx(0.0, abs=0.02)
    assert found.sustained.value_s == pytest.approx(3.0, abs=0.25)


def test_a_black_hole_starves_a_closed_loop_and_not_an_open_one() -> None:
    """In 3 s of silence with a time-out of 1 s users of a closed loop send a fraction of what was due; arrivals all."""
    fault = Fault(way="black_hole", inject_s=12.0, heal_s=15.0, recover_s=15.0)
    closed = World(faults=(fault,), arrivals="closed", users=20, think_s=0.2)
    loop = measured(closed, closed.load()).offered
    assert loop is not None
    assert loop.basis == "baseline"
    assert loop.sent == pytest.approx(20 * 3 / (closed.timeout_s + closed.think_s), rel=0.2)
    assert loop.due == pytest.approx(3 * 20 * 2 / (0.2 + 2 * 0.005), rel=0.05)
    world = World(faults=(fault,))
    found = measured(world, world.load())
    assert found.offered is not None
    assert found.offered.basis == "schedule"
    assert found.offered.unsent == pytest.approx(0.0, abs=1.0)
    assert found.offered_planned_share == pytest.approx(1.0, abs=0.01)


def test_failures_count_by_when_they_were_due() -> None:
    """What times out after the healing was due before it: nothing of it is held against the recovery."""
    fault = Fault(way="black_hole", inject_s=12.0, heal_s=14.0, recover_s=14.0)
    world = World(faults=(fault,), timeout_s=5.0)
    load = world.load()
    late = load.exchanges.is_failed & (load.exchanges.done_s > fault.heal_s)
    assert late.sum() >= 200  # all of them
    found = measured(world, load)
    assert found.sustained.value_s == 0.0
    assert found.effect is not None
    assert found.effect.failed_share == pytest.approx(1.0, abs=0.01)


def test_retries_turn_failures_into_slow_successes_and_are_counted() -> None:
    """With two retries a third of failures leaves a thirtieth of the requests; each costs its extra exchanges."""
    fault = Fault(way="partial", inject_s=12.0, heal_s=20.0, recover_s=20.0)
    world = World(faults=(fault,), retries=2)
    found = measured(world, world.load())
    assert found.effect is not None
    assert found.effect.failed_share == pytest.approx(0.3**3, abs=0.02)
    assert found.effect.failed_exchanges / found.effect.exchanges == pytest.approx(0.3, abs=0.03)
    assert found.amplification is not None
    assert found.amplification.before == 1.0
    assert found.amplification.during == pytest.approx(1 + 0.3 + 0.09, abs=0.05)
    assert found.amplification.after == pytest.approx(1.0, abs=0.02)


def test_the_interval_holds_the_true_share() -> None:
    """Of twenty partial faults of 30 % the 95 % interval holds the truth in nearly all."""
    held = 0
    for seed in range(20):
        world = World(faults=(Fault(way="partial", inject_s=6.0, heal_s=9.0, recover_s=9.0),), seed=seed, length_s=10.0)
        effect = measured(world, world.load()).effect
        assert effect is not None
        held += effect.lower <= 0.3 <= effect.upper
    assert held >= 17


def test_lost_goodput_and_budget_are_what_failed() -> None:
    """An outage of two seconds at 100 flows a second loses 200 changes, and spends 200 of the 1 % that may fail."""
    fault = Fault(way="error", inject_s=12.0, heal_s=14.0, recover_s=14.0)
    world = World(faults=(fault,))
    load = world.load()
    found = measured(world, load)
    assert found.lost_changes == pytest.approx(200, abs=2)
    assert found.budget_spent == pytest.approx(200 / (0.01 * len(load.requests.due_s)), rel=0.02)


def test_a_target_that_stays_bad_is_censored_and_did_not_come_back() -> None:
    """A queue that never drains: longer than it was watched, and the metastable question is answered with no."""
    fault = Fault(way="error", inject_s=12.0, heal_s=14.0, recover_s=99.0)
    world = World(faults=(fault,))
    found = measured(world, world.load())
    assert (found.sustained.value_s, found.came_back) == (None, False)
    assert found.sustained.seen_s == pytest.approx(26.0, abs=0.3)
    assert found.watched_s == pytest.approx(26.0, abs=0.01)


def test_a_run_that_ends_too_soon_says_until_when() -> None:
    """Good again for less than the windows that it takes: not recovered, not lost, and since when it was good."""
    fault = Fault(way="error", inject_s=12.0, heal_s=14.0, recover_s=37.0)
    world = World(faults=(fault,))
    found = measured(world, world.load())
    assert (found.sustained.value_s, found.came_back) == (None, None)
    assert found.sustained.seen_s == pytest.approx(23.0, abs=0.3)
    assert found.good_since_s == pytest.approx(23.0, abs=0.3)


def test_failures_that_were_there_before_do_not_hide_the_recovery() -> None:
    """A target that fails one request in two hundred at all times is as good as before when it does so again."""
    fault = Fault(way="error", inject_s=12.0, heal_s=15.0, recover_s=16.0)
    world = World(faults=(fault,), background=0.005, seed=3)
    assert measured(world, world.load()).sustained.value_s == pytest.approx(1.0, abs=0.26)


def test_repeats_take_their_baseline_where_the_target_was_clean() -> None:
    """The piece before a repeat counts from where the one before had recovered; too short a pause falls back."""
    spans = ((10.0, 12.0, 13.0), (22.0, 24.0, 25.0), (32.0, 34.0, 34.0), (36.0, 37.0, 37.0))
    faults = tuple(Fault(way="error", inject_s=a, heal_s=b, recover_s=c) for a, b, c in spans)
    world = World(faults=faults, length_s=50.0)
    found = measure(world.load(), world.record, THRESHOLDS).measured
    bases = [one.baseline for one in found if one.baseline is not None]
    assert [base.is_own for base in bases] == [True, True, True, False]
    assert [base.start_s for base in bases[:3]] == pytest.approx([0.0, 13.0, 25.0], abs=0.26)
    assert bases[3].start_s == bases[2].start_s
    assert [one.sustained.value_s for one in found] == pytest.approx([1.0, 1.0, None, 0.0], abs=0.26)
    assert found[2].watched_s == pytest.approx(2.0, abs=0.01)


def _million() -> Iterator[Fault]:
    ways = ("black_hole", "error", "drain", "partial")
    for number in range(20):
        at_s = 60.0 + number * 45
        yield Fault(way=ways[number % 4], inject_s=at_s, heal_s=at_s + 10, recover_s=at_s + 12)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_million_samples_and_twenty_faults_take_less_than_three_seconds() -> None:
    """A long run is analysed while its reader waits."""
    world = World(faults=tuple(_million()), length_s=1000.0, rate_per_s=560.0, retries=1)
    samples = world.samples()
    assert len(samples) > 1_000_000
    begun_s = time.process_time()
    due_s = np.sort(samples.drop_duplicates("flow")["intended_s"].to_numpy())
    load = load_of(samples, Planned(due_s=due_s, rates=_Flat()), [Window(0.0, 1000.0)], 1000.0)
    found = measure(load, world.record, THRESHOLDS)
    assert time.process_time() - begun_s < 3.0
    assert all(one.sustained.value_s == pytest.approx(2.0, abs=0.26) for one in found.measured[:3])


class _Flat:
    def expected(self, t_s: float, /) -> float:
        return t_s * 560.0


def test_samples_without_attempts_are_first_tries() -> None:
    """A run of an earlier version has no column of attempts, and gives the same as one in which nobody tried again."""
    world = World(faults=(Fault(way="error", inject_s=12.0, heal_s=14.0, recover_s=15.0),))
    samples = world.samples()
    results = []
    for frame in (samples, samples.drop(columns="attempt")):
        load = load_of(frame, None, [Window(0.0, 40.0)], 40.0)
        results.append(replace(measured(world, load), injection=world.faults[0].injection))
    assert results[0] == results[1]
