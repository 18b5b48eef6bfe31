"""Recovery where something is missing: each such case has a name, and none a NaN or a traceback."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
from tests.analysis.recovery_worlds import Fault, World

from pwdload.analysis.recovery import Elapsed, Measured, RecoveryCriteria, RecoveryThresholds, State, load_of, measure
from pwdload.analysis.recovery.in_time import failures_in_time, oldest_s, recovery_in_time, suitable_width_s
from pwdload.analysis.recovery.load import Floats, Spells
from pwdload.analysis.recovery.repeats import numbers, times
from pwdload.analysis.recovery.tolerated import tolerated, tolerated_spans
from pwdload.analysis.windows import Window
from pwdload.injections import FaultsRecord, Injection

OUTAGE = Fault(way="error", inject_s=12.0, heal_s=14.0, recover_s=15.0)
THRESHOLDS = RecoveryThresholds()


def found(world: World, *injections: Injection) -> tuple[Measured, ...]:
    """Measure injections of which the record says something else than the script."""
    record = FaultsRecord(injections=injections or world.record.injections)
    return measure(world.load(), record, THRESHOLDS).measured


def has_no_nan(value: object) -> bool:
    """Whether no number in a value is a NaN or infinite."""
    if isinstance(value, dict):
        return all(has_no_nan(one) for one in value.values())
    if isinstance(value, list | tuple):
        return all(has_no_nan(one) for one in value)
    return not isinstance(value, float) or math.isfinite(value)


WORLD = World(faults=(OUTAGE,))
DONE = OUTAGE.injection
CASES: dict[str, tuple[World, Injection, State]] = {
    "skipped": (
        WORLD,
        replace(DONE, inject_before_s=None, inject_after_s=None, heal_before_s=None, heal_after_s=None, skipped="no."),
        State.SKIPPED,
    ),
    "call failed": (WORLD, replace(DONE, inject_after_s=None, heal_after_s=None, error="no."), State.NOT_INJECTED),
    "not healed": (WORLD, replace(DONE, heal_before_s=None, heal_after_s=None, error="no."), State.NOT_HEALED),
    "too early": (
        World(faults=(Fault(way="error", inject_s=2.0, heal_s=4.0, recover_s=4.0),)),
        Fault(way="error", inject_s=2.0, heal_s=4.0, recover_s=4.0).injection,
        State.NO_BASELINE,
    ),
    "down before": (
        World(faults=(Fault(way="error", inject_s=0.0, heal_s=14.0, recover_s=15.0),)),
        DONE,
        State.TARGET_WAS_DOWN,
    ),
    "nothing due": (
        World(faults=(), rate_per_s=4.0),
        replace(DONE, inject_before_s=12.1, inject_after_s=12.1, heal_before_s=12.2, heal_after_s=12.2),
        State.NO_REQUESTS,
    ),
    "after the end": (
        WORLD,
        replace(DONE, inject_before_s=41.0, inject_after_s=41.0, heal_before_s=42.0, heal_after_s=42.0),
        State.NO_REQUESTS,
    ),
    "healed at the end": (WORLD, replace(DONE, heal_before_s=39.9, heal_after_s=40.0), State.MEASURED),
    "of no length": (WORLD, replace(DONE, heal_before_s=11.998, heal_after_s=11.998), State.NO_REQUESTS),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_told_has_a_name(name: str) -> None:
    """Never injected, never healed, nothing before it, nothing during it: a state each, and numbers or nothing."""
    world, injection, state = CASES[name]
    (one,) = found(world, injection)
    assert one.state is state
    assert has_no_nan(asdict(one))
    if state not in (State.MEASURED, State.NO_REQUESTS):
        assert one.sustained == Elapsed()
        assert one.came_back is None


def test_no_samples_at_all() -> None:
    """A run that sent nothing has faults, and nothing to say of them."""
    load = load_of(WORLD.samples().head(0), None, [], 0.0)
    (one,) = measure(load, WORLD.record, THRESHOLDS).measured
    assert one.state is State.NO_BASELINE
    assert has_no_nan(asdict(one))
    assert len(recovery_in_time(load, 1, suitable_width_s(load, 0.0))) == 1
    assert failures_in_time(load, 1, 0.5) == {}


def test_what_is_known_of_a_fault_that_was_not_healed_is_told() -> None:
    """Its failures and the time to notice it are there; its recovery is not, and it lasts until the end."""
    world = World(faults=(replace(OUTAGE, heal_s=99.0, recover_s=99.0),))
    (one,) = found(world, replace(DONE, heal_before_s=None, heal_after_s=None))
    assert one.detected.value_s == pytest.approx(0.01, abs=0.02)
    assert one.effect is not None
    assert one.effect.requests == pytest.approx(2800, abs=5)
    assert one.watched_s is None


def test_of_overlapping_faults_the_last_one_healed_tells_the_recovery() -> None:
    """Two faults at once: each has its own window; the recovery is that of the one that was healed last."""
    long = Fault(way="error", inject_s=12.0, heal_s=18.0, recover_s=19.0)
    short = replace(
        DONE, fault="short", inject_before_s=14.0, inject_after_s=14.0, heal_before_s=15.0, heal_after_s=15.0
    )
    world = World(faults=(long,))
    outer, inner = found(world, long.injection, short)
    assert (inner.state, inner.together_with, inner.came_back) == (State.OVERLAPPED, ("error",), None)
    assert (outer.state, outer.together_with) == (State.MEASURED, ("short",))
    assert outer.sustained.value_s == pytest.approx(1.0, abs=0.26)
    assert inner.baseline == replace(outer.baseline, is_own=False) if outer.baseline is not None else False


def test_a_fault_that_nobody_felt_is_not_noticed() -> None:
    """No failure while it was on: not noticed within that time, nothing lost, back at once."""
    world = World(faults=())
    (one,) = found(world, DONE)
    assert (one.detected.value_s, one.sustained.value_s) == (None, 0.0)
    assert one.detected.seen_s == pytest.approx(2.0, abs=0.01)
    assert one.lost_flows == pytest.approx(0.0, abs=2.0)
    assert one.budget_spent == 0.0


def test_a_baseline_is_of_measured_stages_and_of_the_load_that_was_on() -> None:
    """Warm-up is in no baseline; an earlier stage only where the one that the fault fell into is too short."""
    world = World(faults=(OUTAGE,))
    samples, record = world.samples(), world.record

    def base(*windows: Window) -> tuple[float, float] | None:
        (one,) = measure(load_of(samples, None, windows, 40.0), record, THRESHOLDS).measured
        return None if one.baseline is None else (one.baseline.start_s, one.baseline.length_s)

    assert base(Window(0.0, 5.0), Window(5.0, 40.0)) == pytest.approx((5.0, 6.998))
    assert base(Window(0.0, 9.0), Window(9.0, 40.0)) == pytest.approx((0.0, 11.998))
    assert base(Window(8.0, 40.0)) is None
    assert base() is None


def test_median_and_range_have_what_never_came_at_their_end() -> None:
    """A censored time is longer than every other; a median that falls on one is censored too."""

    def of(*values: Elapsed) -> list[Measured]:
        return [Measured(injection=DONE, state=State.MEASURED, sustained=value) for value in values]

    def spread(ones: Sequence[Measured]) -> tuple[Elapsed, Elapsed] | None:
        found = times(ones, lambda one: one.sustained)
        return None if found is None else (found.median, found.most)

    one, two, never = Elapsed(value_s=1.0), Elapsed(value_s=2.0), Elapsed.not_within(9.0)
    assert spread(of(two, never, one)) == (two, never)
    assert spread(of(one, two)) == (Elapsed(value_s=1.5), two)
    assert spread(of(one, never)) == (Elapsed.not_within(5.0), never)
    assert spread(of(Elapsed(), Elapsed())) is None
    assert numbers(of(one), lambda _: None) is None


def test_oldest_in_flight_is_the_longest_wait_so_far() -> None:
    """At each moment: how long the one that is due longest, and not over, has been waiting."""
    spells = Spells(
        due_s=_floats(0.0, 1.0, 2.0, 5.0), done_s=_floats(0.5, 4.0, 2.5, 5.5), is_failed=_floats(0, 0, 0, 0) > 0
    )
    assert oldest_s(spells, _floats(0.4, 0.7, 3.0, 4.5, 5.2, 9.0)).tolist() == pytest.approx([0.4, 0, 2, 0, 0.2, 0])


def test_failures_are_left_to_the_criteria_only_where_there_are_some() -> None:
    """What was on its way under a fault, or due while it may recover, is excused by a criterion and by nothing else."""
    record = FaultsRecord(injections=(DONE, replace(DONE, skipped="not steady")))
    assert tolerated_spans(record, RecoveryCriteria(data_correct=True), 40.0) == ()
    assert tolerated_spans(None, RecoveryCriteria(recover_within_s=1.0), 40.0) == ()
    spans = tolerated_spans(record, RecoveryCriteria(recover_within_s=3.0), 40.0)
    assert [(span.start_s, span.end_s) for span in spans] == [pytest.approx((11.998, 17.002))]
    flags = tolerated(spans, _floats(11.0, 11.0, 13.0, 16.9, 17.1), _floats(11.5, 12.5, 13.1, 20.0, 17.2))
    assert flags.tolist() == [False, True, True, True, False]
    unhealed = replace(record, injections=(replace(DONE, heal_after_s=None),))
    assert tolerated_spans(unhealed, RecoveryCriteria(max_failed_share_during=0.5), 40.0) == (Window(11.998, 40.0),)


def _floats(*values: float) -> Floats:
    return np.array(values, dtype=float)
