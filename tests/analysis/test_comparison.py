"""Comparisons tell better, worse and equivalent apart, say so when they cannot, and raise no false alarm."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.analysis.open_runs import plan_of
from tests.analysis.simulated_sides import World, run_of, side_of

from pwdload.analysis.comparison.compare import compare, overall
from pwdload.analysis.comparison.mismatches import Mismatch, find_mismatches
from pwdload.analysis.comparison.values import Compared, Comparison, Result, Side, SideRun
from pwdload.outcome import Verdict
from pwdload.rundir import RateRecord, StageRecord
from pwdload.samples import SampleFile


def compared(seed: int, world: World, other: World | None = None, *, runs: int = 1) -> Comparison:
    """Draw two sides and compare them."""
    rng = np.random.default_rng(seed)
    base = side_of(rng, world, runs=runs)
    new = side_of(rng, other or world, name="new", runs=runs, first=1)
    return compare(base, [new], seed=seed)[0]


def results(count: int, world: World, other: World | None = None, *, runs: int = 1, told: str = "") -> Counter[Result]:
    """How many of so many comparisons come to what."""
    found = Counter(compared(20_261_130 + seed, world, other, runs=runs).result for seed in range(count))
    if told:
        words = ", ".join(f"{result.value} {found[result]}" for result in Result)
        sys.stdout.write(f"\n{told}, {count} comparisons: {words}\n")
    return found


def test_a_regression_is_found_and_sameness_shown() -> None:
    """A glimpse of the proofs below: 5 % slower is worse, the same is never better or worse, 10 % faster is better."""
    assert compared(1, World(), World(factor=1.05)).result is Result.WORSE
    assert compared(1, World(updates=30_000)).result is Result.EQUIVALENT
    assert compared(2, World(), World(factor=0.9)).result is Result.BETTER
    wide = World(shape="exponential")
    assert compared(1, wide, replace(wide, factor=1.05)).result is Result.WORSE
    assert compared(1, wide).result in (Result.EQUIVALENT, Result.CANNOT_TELL)
    same = results(2, World(updates=1000, between=0.03), runs=3)
    assert same[Result.BETTER] + same[Result.WORSE] <= 1


def test_no_number_is_told_of_too_few_samples() -> None:
    """Fifty updates have no p95: nothing is known, and the reason says which number is missing."""
    found = compared(3, World(updates=50))
    assert found.result is Result.CANNOT_TELL
    assert "p95 of update_password" in found.reason
    assert next(one for one in found.numbers if one.quantity.name == "update_password_p95").base is None


def test_more_failures_are_worse_however_fast() -> None:
    """A target that turns 3 % away is worse, although its answers got quicker; the reason tells of both."""
    found = compared(4, World(), World(factor=0.9, failed_share=0.03))
    assert found.result is Result.WORSE
    assert "failed share" in found.reason
    assert "better" in found.reason


def test_runs_that_differ_are_in_the_interval() -> None:
    """The same two pairs of runs: samples alone are sure of a difference that runs apart from one another explain."""
    rng = np.random.default_rng(12)
    world = World(updates=5000, between=0.1)
    base, new = side_of(rng, world, runs=4), side_of(rng, world, name="new", runs=4, first=1)
    together = compare(base, [new])[0]
    alone = compare(Side(name="base", runs=base.runs[:1]), [Side(name="new", runs=new.runs[:1])])[0]
    width = [one.numbers[0].relative_upper - one.numbers[0].relative_lower for one in (together, alone)]  # type: ignore[operator]
    assert together.numbers[0].basis == "runs"
    assert alone.numbers[0].basis == "samples"
    assert width[0] > 2 * width[1]


def test_all_times_are_a_number_of_their_own() -> None:
    """A twentieth more is 1.05 times the base's own times, with an interval that holds it, of several runs too."""
    one = factor_in(compared(1, World(), World(factor=1.05)))
    assert one.quantity.is_primary
    assert (one.base, one.basis) == (1.0, "samples")
    assert one.new == pytest.approx(1.05, rel=0.02)
    assert one.relative_lower < 0.05 < one.relative_upper  # type: ignore[operator]
    several = factor_in(compared(1, World(updates=1000, between=0.1), World(updates=1000, between=0.1), runs=3))
    assert several.basis == "runs"
    assert several.relative_upper - several.relative_lower > 0.2  # type: ignore[operator]
    few = factor_in(compared(1, World(updates=150)))
    assert (few.base, few.new, few.difference, few.result) == (None, None, None, Result.CANNOT_TELL)


def factor_in(found: Comparison) -> Compared:
    """Return the factor of all times of update_password."""
    return next(one for one in found.numbers if one.quantity.name == "update_password_factor")


def test_several_new_sides_share_one_correction() -> None:
    """More looks need a clearer difference in each: a p-value counts for more of them."""
    rng = np.random.default_rng(5)
    base, one, two = (side_of(rng, World(updates=3000), name=name) for name in ("base", "new 1", "new 2"))
    alone, both = compare(base, [one])[0], compare(base, [one, two])
    assert both[0].primary[0].p_adjusted >= alone.primary[0].p_adjusted  # type: ignore[operator]
    assert overall(both) in {row.result for row in both}


def test_same_runs_same_numbers() -> None:
    """Whatever is drawn is drawn from the seed."""
    rng = np.random.default_rng(6)
    base, new = side_of(rng, World(updates=2000)), side_of(rng, World(updates=2000), name="new")
    assert compare(base, [new], seed=9) == compare(base, [new], seed=9)


def altered(change: Callable[[SideRun], SideRun]) -> tuple[Side, Side]:
    """Two sides of one run each, alike but for a change to the second."""
    rng = np.random.default_rng(7)
    run = run_of(rng, World(updates=100))
    later = replace(run.record, started_utc="2026-11-23T10:00:00.000+00:00", ended_utc="2026-11-23T10:02:00.000+00:00")
    base = SideRun(shown="a", run=replace(run, measured=run.measured), verdict=Verdict.PASS)
    new = SideRun(shown="b", run=replace(run, record=later), verdict=Verdict.PASS)
    return Side(name="base", runs=(base,)), Side(name="new", runs=(change(new),))


def on_record(**values: Any) -> Callable[[SideRun], SideRun]:
    """A change of a run's record."""
    return lambda one: replace(one, run=replace(one.run, record=replace(one.run.record, **values)))


def in_run(**values: Any) -> Callable[[SideRun], SideRun]:
    """A change of what a run holds."""
    return lambda one: replace(one, run=replace(one.run, **values))


TORN = SampleFile(worker="local", name="local.arrows", rows=5, finished=False, missing=0)
OTHER_STAGE = (StageRecord(name="steady", start_s=0.0, end_s=100.0, users=40),)
CHANGES: list[tuple[Mismatch, Callable[[SideRun], SideRun]]] = [
    (Mismatch.INVALID_RUN, lambda one: replace(one, verdict=Verdict.INVALID)),
    (Mismatch.SAMPLES_LOST, in_run(files=(TORN,))),
    (Mismatch.CUT_SHORT, on_record(ended_utc=None)),
    (Mismatch.OTHER_SCENARIO, on_record(scenario="spike")),
    (Mismatch.OTHER_LOAD, on_record(stages=OTHER_STAGE)),
    (Mismatch.OTHER_LOAD, on_record(users=41)),
    (Mismatch.OTHER_LOAD, on_record(arrivals=plan_of((RateRecord("all", 0.0, 30.0, 100.0, 100.0),)))),
    (Mismatch.STANDIN_AGAINST_REAL, on_record(target_is_standin=True)),
    (Mismatch.SAME_TIME, on_record(started_utc="2026-11-23T07:00:00+00:00", ended_utc="2026-11-23T09:00:00+00:00")),
    (Mismatch.RUN_NOT_PASSED, lambda one: replace(one, verdict=Verdict.SLO_FAILED)),
    (Mismatch.OTHER_TARGET, on_record(target="http://10.0.0.2")),
    (Mismatch.OTHER_MACHINE, on_record(generator={"cores": "64", "system": "Linux"})),
    (Mismatch.OTHER_VERSIONS, on_record(versions={"python": "3.11.2", "pwdload": "0.2.0", "locust": "2.47.0"})),
    (Mismatch.OTHER_SEED, on_record(seed=1)),
    (Mismatch.OTHER_ACCOUNTS, on_record(accounts=1)),
    (Mismatch.OTHER_PROCESSES, in_run(files=(replace(TORN, finished=True), replace(TORN, finished=True, worker="x")))),
]


@pytest.mark.parametrize(("mismatch", "change"), CHANGES, ids=lambda value: getattr(value, "name", ""))
def test_every_way_to_be_unlike_is_told(mismatch: Mismatch, change: Callable[[SideRun], SideRun]) -> None:
    """Two runs that are alike have no such caveat, and with one thing changed they have it."""
    base, new = altered(lambda one: one)
    whole = SampleFile(worker="local", name="local.parquet", rows=5, finished=True, missing=0)
    workers: dict[str, Any] = {"expected_workers": (), "workers": ()}
    base, new = (
        Side(name=side.name, runs=tuple(on_record(**workers)(in_run(files=(whole,))(one)) for one in side.runs))
        for side in (base, new)
    )
    changed = Side(name="new", runs=(change(new.runs[0]),))
    assert mismatch not in {note.mismatch for note in find_mismatches(base, [new])}
    assert mismatch in {note.mismatch for note in find_mismatches(base, [changed])}


def test_scenarios_differ_by_what_makes_load() -> None:
    """Another title, seed, SLO or address of the target is no other load; another mix is, and is named."""
    text = 'title = "a"\nseed = 1\n[target]\nhost = "http://a"\n[mix]\nvalid_change = 1\n'
    words = 'title = "b"\nseed = 2\n[slo]\nfailed_share = "1%"\n[target]\nhost = "http://b"\n[mix]\nvalid_change = 1\n'
    for other, expected in ((words, []), (text.replace("valid_change = 1", "valid_change = 2"), ["[mix]"])):
        base, new = altered(in_run(scenario_source=other))
        base = Side(name="base", runs=(in_run(scenario_source=text)(base.runs[0]),))
        found = [note.text for note in find_mismatches(base, [new]) if note.mismatch is Mismatch.OTHER_LOAD]
        assert len(found) == len(expected)
        assert all(word in line for word, line in zip(expected, found, strict=True))


def test_runs_that_were_not_made_in_turn_are_told() -> None:
    """All of one side before the other: what drifted is in the difference; in turn it is not."""
    rng = np.random.default_rng(8)
    base, new = (
        side_of(rng, World(updates=50), name=name, runs=2, first=first) for name, first in (("base", 0), ("new", 1))
    )
    after = side_of(rng, World(updates=50), name="new", runs=2, first=10)
    assert Mismatch.NOT_INTERLEAVED not in {note.mismatch for note in find_mismatches(base, [new])}
    assert Mismatch.NOT_INTERLEAVED in {note.mismatch for note in find_mismatches(base, [after])}
    assert Mismatch.ONE_RUN not in {note.mismatch for note in find_mismatches(base, [new])}


AT_MOST_5_PERCENT = {100: 13, 200: 21}
"""Of so many comparisons without a difference, how many alarms a rate of 5 % makes at most in 999 of 1,000 draws."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "world", "runs", "count"),
    [
        ("A/A, 10,000 independent updates", World(), 1, 200),
        ("A/A, 10,000 updates in a queue at 70 %", World(load=0.7), 1, 100),
        ("A/A, 10,000 exponential updates", World(shape="exponential"), 1, 200),
        ("A/A, 10,000 updates of exponential service in a queue at 70 %", World(shape="exponential", load=0.7), 1, 100),
        ("A/A, 3 runs a side that differ by 3 %", World(updates=3000, between=0.03), 3, 100),
        ("A/A, 5 runs a side that differ by 10 %", World(updates=2000, between=0.1), 5, 100),
    ],
    ids=["independent", "queue", "exponential", "exponential-queue", "three-runs", "five-runs"],
)
def test_no_false_alarm_between_runs_of_the_same(told: str, world: World, runs: int, count: int) -> None:
    """Of many comparisons of a target with itself at most 5 % say better or worse."""
    found = results(count, world, runs=runs, told=told)
    assert found[Result.BETTER] + found[Result.WORSE] <= AT_MOST_5_PERCENT[count]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "count"),
    [(World(), 100), (World(shape="exponential"), 200), (World(load=0.5), 100)],
    ids=["independent", "exponential", "queue"],
)
def test_five_per_cent_slower_is_found(world: World, count: int) -> None:
    """At 10,000 samples a target that is 5 % slower is found to be worse in at least 90 % of comparisons."""
    told = f"+5 %, 10,000 updates, {world.shape}, load {world.load:.0%}"
    found = results(count, world, replace(world, factor=1.05), told=told)
    assert found[Result.WORSE] >= 0.9 * count


@pytest.mark.slow
def test_the_same_is_shown_to_be_the_same() -> None:
    """At 10,000 samples and a margin of 5 % the same target is equivalent most of the time; with more, always."""
    for updates, least in ((10_000, 0.5), (20_000, 0.85), (40_000, 0.95)):
        found = results(50, World(updates=updates), told=f"A/A, {updates:,} updates, margin 5 %")
        assert found[Result.EQUIVALENT] >= 50 * least
