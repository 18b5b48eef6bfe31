"""A run whose instrument failed is INVALID, by the check that must find it, in words that say what to do."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.open_runs import FLAT, Played, plan_of, play, stalling
from tests.analysis.synthetic import easy_seconds, record_of, samples_of, write_health, write_run
from tests.judgements import UNJUDGED

from pwdload.analysis import Caveat, Run, find, find_caveats, load_run, verdict_of
from pwdload.analysis.checks.generator import (
    CPU_SECONDS_SHARE,
    CPU_SHARE_MAX,
    DRIFT_S_MAX,
    LAG_S_MAX,
    LOOP_LAG_S_MAX,
    SECONDS_LEAST,
)
from pwdload.analysis.generators import lost_table, process_table
from pwdload.health import HealthRow
from pwdload.outcome import Finding, Verdict
from pwdload.rundir import ClockRecord, RateRecord
from pwdload.samples import Sample

Spoil = Callable[[Played], Played]


def good(**plan: int) -> Played:
    """A run with open arrivals in two processes in which nothing went wrong."""
    return play(plan_of(FLAT, slots=plan.get("slots", 60), queue_limit=plan.get("queue_limit", 1000)), workers=2)


def findings(played: Played, folder: Path) -> tuple[Finding, ...]:
    """What the checks find, the worst first."""
    return find(load_run(played.write(folder / "run")), UNJUDGED)


def invalid(found: tuple[Finding, ...]) -> list[str]:
    """The checks that found the run to be invalid."""
    return [finding.check for finding in found if finding.verdict is Verdict.INVALID]


def caveats(run: Run) -> dict[Caveat, str]:
    """The caveats of a run, with their words."""
    return {note.caveat: note.text for note in find_caveats(run, UNJUDGED)}


def dropped(_: Played) -> Played:
    """A queue that was too short for a stall."""
    return play(plan_of(FLAT, slots=20, queue_limit=100), workers=2, service=stalling, steps=1)


def never_begun(run: Played) -> Played:
    """Arrivals that nobody began, and nobody speaks of."""
    less = run.without(lambda one: one.flow in (700, 702))
    return less.with_counts("worker-1", due=-2, begun=-2)


def unrecorded(run: Played) -> Played:
    """A flow that was begun and left nothing."""
    return run.without(lambda one: one.flow == 700)


def begun_twice(run: Played) -> Played:
    """An arrival that two processes took for their turn."""
    again = [one._replace(worker="worker-2") for one in run.samples if one.flow == 700]
    return run.with_samples([*run.samples, *again]).with_counts("worker-2", due=1, begun=1)


def not_planned(run: Played) -> Played:
    """A flow with a number that the schedule does not have."""
    return run.with_samples(one._replace(flow=99_999) if one.flow == 2999 else one for one in run.samples)


def moved(run: Played) -> Played:
    """An arrival whose intended time is not the schedule's: it looks faster than it was."""
    return run.with_samples(
        one._replace(intended_s=one.intended_s - 0.001) if one.flow == 700 and one.step == "login" else one
        for one in run.samples
    )


def contradicting(run: Played) -> Played:
    """A process whose own counts do not add up."""
    return run.with_counts("worker-1", due=3)


def late(run: Played) -> Played:
    """A generator that sent every fiftieth request 30 ms late."""
    return run.with_samples(_later(one, 0.030) if one.flow % 50 == 7 else one for one in run.samples)


def _later(one: Sample, by_s: float) -> Sample:
    assert one.sent_s is not None
    sent_s, done_s = one.sent_s + by_s, one.done_s + by_s
    due_s = one.intended_s if one.step == "login" else one.intended_s + by_s
    return one._replace(intended_s=due_s, sent_s=sent_s, first_byte_s=done_s, done_s=done_s)


def worn_out(run: Played) -> Played:
    """A process that had no CPU left for three seconds of thirty."""
    return run.with_health(_if_second(range(10, 13), lambda row: row._replace(cpu_share=0.97)))


def held_up(run: Played) -> Played:
    """A process whose event loop stood still for a quarter of a second, three times."""
    return run.with_health(_if_second(range(10, 13), lambda row: row._replace(loop_lag_s_max=0.25)))


def _if_second(seconds: range, change: Callable[[HealthRow], HealthRow]) -> Callable[[HealthRow], HealthRow]:
    return lambda row: change(row) if row.worker == "worker-2" and int(row.at_s - 0.5) in seconds else row


def broken(run: Played) -> Played:
    """A listener that raised."""
    return run.with_worker("worker-2", lambda one: replace(one, errors=("the recorder raised OSError: disk full",)))


def clock_set(run: Played) -> Played:
    """A worker whose clock was set during the run."""
    clock = ClockRecord(offset_s=3.0, error_s=0.0002, drift_s=-0.0205)
    return run.with_worker("worker-2", lambda one: replace(one, clock=clock))


def given_up(run: Played) -> Played:
    """Arrivals that still waited when the schedule was over."""
    return (
        run.without(lambda one: one.flow >= 2998)
        .with_counts("worker-2", begun=-1, abandoned=1)
        .with_counts("worker-1", begun=-1, abandoned=1)
    )


def killed(run: Played) -> Played:
    """A worker that died at 12 s."""
    return run.losing("worker-2", 12.0)


BAD: tuple[tuple[Spoil, list[str], str], ...] = (
    (dropped, ["arrivals_dropped"], "380 of 3,000 arrivals were dropped, the first at 11.2 s: all 20 slots"),
    (never_begun, ["arrivals_begun"], "2 of 3,000 planned arrivals are in no sample, due from 7.0 s"),
    (unrecorded, ["arrivals_begun"], "1 arrival was begun and left no sample"),
    (begun_twice, ["arrivals_begun"], "1 arrival begun twice, the first one number 700"),
    (not_planned, ["arrivals_begun"], "1 flow begun that the schedule does not have"),
    (moved, ["arrivals_begun"], "1 arrival begun for another time"),
    (contradicting, ["arrivals_begun"], "worker-1 counted 1,503 arrivals as its turn"),
    (late, ["arrivals_late"], "p99 of the arrivals' lag is 30."),
    (worn_out, ["cpu"], "worker-2 was saturated: it used 95 % of a core in 3 of 30"),
    (held_up, ["event_loop"], "loop of worker-2 was held up for 250 ms or more in 3 of 30"),
    (
        broken,
        ["errors"],
        "Something broke in worker-2: the recorder raised OSError: disk full",
    ),
    (clock_set, ["clocks"], "clock of worker-2 moved by 20.5 ms"),
    (given_up, ["arrivals_dropped"], "2 arrivals were waiting for a slot"),
    (
        killed,
        ["workers", "arrivals_begun"],
        "worker-2 was lost: noticed at 15.0 s, last heard of at 11.5 s.",
    ),
)


def test_good_run_passes_every_check(tmp_path: Path) -> None:
    """Nothing is held against a run in which nothing went wrong."""
    found = findings(good(), tmp_path)
    assert {finding.verdict for finding in found} == {Verdict.PASS}
    told = {finding.check: finding.reason for finding in found}
    assert told["arrivals_begun"].startswith("3,000 of 3,000 planned arrivals begun")
    assert "p99" in told["arrivals_late"]


@pytest.mark.parametrize(("spoil", "checks", "words"), BAD, ids=[spoil.__name__ for spoil, _, _ in BAD])
def test_what_went_wrong_is_found_by_its_check(tmp_path: Path, spoil: Spoil, checks: list[str], words: str) -> None:
    """Each fault of the instrument makes the run INVALID through the check that is meant for it, and no other."""
    found = findings(spoil(good()), tmp_path)
    assert invalid(found) == checks
    assert verdict_of(found) is Verdict.INVALID
    assert found[0].check == checks[0], "the most telling reason is the verdict's"
    assert words in found[0].reason


def test_lost_worker_is_told_with_what_is_missing(tmp_path: Path) -> None:
    """Who, when, how much of it is there, and which arrivals are in no sample: counted, and bounded in time."""
    played = good().losing("worker-2", 12.0)
    run = load_run(played.write(tmp_path / "run", unfinished=frozenset({"worker-2"})))
    kept = [one for one in played.samples if one.worker == "worker-2"]
    missing = [number for number in range(1, 3000, 2) if number not in {one.flow for one in kept}]
    found = find(run, UNJUDGED)
    assert f"{len(kept):,} samples of it are there, the last one due at 12.0 s" in found[0].reason
    assert f"of the arrivals due from 12.0 s to 30.0 s {len(missing):,} are in no sample" in found[0].reason
    assert invalid(found) == ["workers", "arrivals_begun"]
    (row,) = lost_table(run).to_dict("records")
    assert (row["worker"], row["samples"], row["not_begun"]) == ("worker-2", len(kept), len(missing))


def test_lost_worker_whose_first_samples_are_gone_is_no_comfort(tmp_path: Path) -> None:
    """Where only the beginning of its file is lost, the reason counts what is missing there."""
    played = good().without(lambda one: one.worker == "worker-2" and one.flow < 500).losing("worker-2", 40.0)
    found = findings(played, tmp_path)
    assert found[0].check == "workers"
    assert "of the arrivals due from 0.0 s to 5.0 s 250 are in no sample, begun or not" in found[0].reason


def test_worker_lost_with_nothing_missing_is_lost_all_the_same(tmp_path: Path) -> None:
    """A worker whose disk still held all of its samples was lost, and the reason says that no arrival is missing."""
    played = good().losing("worker-2", 40.0)
    found = findings(played, tmp_path)
    assert invalid(found) == ["workers"]
    assert found[0].reason.endswith("no arrival is missing.")


def test_samples_that_the_master_had_of_a_lost_worker_must_be_there(tmp_path: Path) -> None:
    """What was received and is not on file any more was lost on our side, and that is another finding."""
    played = good().losing("worker-2", 12.0)
    lost = tuple(replace(one, samples_received=one.samples_received + 5) for one in played.record.lost_workers)
    found = findings(replace(played, record=replace(played.record, lost_workers=lost)), tmp_path)
    assert "samples" in invalid(found)


def test_lost_worker_of_a_closed_run_is_told_too(tmp_path: Path) -> None:
    """Without a schedule nobody can count what is missing; the reason says since when."""
    played = good().losing("worker-2", 12.0)
    record = replace(played.record, arrivals=None)
    found = findings(replace(played, record=record), tmp_path)
    assert invalid(found) == ["workers"]
    assert "what it did after that is missing" in found[0].reason


@pytest.mark.parametrize("verdict", [Verdict.INVALID, Verdict.INCONCLUSIVE])
def test_what_waited_at_a_stop_leaves_the_run_open_and_at_the_end_invalid(tmp_path: Path, verdict: Verdict) -> None:
    """Arrivals given up because somebody stopped the run leave it open; given up at the schedule's end they void it."""
    played = given_up(good())
    if verdict is Verdict.INCONCLUSIVE:
        played = replace(played, record=replace(played.record, ended_by="stopped"))
    assert verdict_of(findings(played, tmp_path)) is verdict


def _measured(seconds: int, **changed: float) -> tuple[HealthRow, ...]:
    rows = easy_seconds("local", 100, random.Random(3))
    return tuple(row._replace(**changed) if 20 <= place < 20 + seconds else row for place, row in enumerate(rows))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (_measured(4, cpu_share=CPU_SHARE_MAX), Verdict.PASS),
        (_measured(5, cpu_share=CPU_SHARE_MAX), Verdict.INVALID),
        (_measured(50, cpu_share=CPU_SHARE_MAX - 0.01), Verdict.PASS),
        (_measured(SECONDS_LEAST - 1, loop_lag_s_max=9.0), Verdict.PASS),
        (_measured(SECONDS_LEAST, loop_lag_s_max=LOOP_LAG_S_MAX), Verdict.INVALID),
        (_measured(50, loop_lag_s_max=LOOP_LAG_S_MAX - 0.001), Verdict.PASS),
    ],
    ids=["4 busy", "5 busy", "almost busy", "2 late", "3 late", "almost late"],
)
def test_limits_of_health_are_where_they_are_said_to_be(
    tmp_path: Path, rows: tuple[HealthRow, ...], expected: Verdict
) -> None:
    """In 90 measured seconds of a closed run 4 at the limit are few enough and 5 are not; two stalls happen to all."""
    assert 4 / 90 < CPU_SECONDS_SHARE < 5 / 90
    directory = write_run(tmp_path / "run", samples_of(flows=1000))
    write_health(directory, rows)
    assert verdict_of(find(load_run(directory), UNJUDGED)) is expected


def test_strain_in_the_warm_up_does_not_count(tmp_path: Path) -> None:
    """A generator that was busy before the measured time has not spoilt it."""
    directory = write_run(tmp_path / "run", samples_of(flows=1000))
    rows = easy_seconds("local", 100, random.Random(3))
    write_health(directory, [row._replace(cpu_share=1.0) if row.at_s < 10.5 else row for row in rows])
    assert verdict_of(find(load_run(directory), UNJUDGED)) is Verdict.PASS


@pytest.mark.parametrize(("lag_s", "expected"), [(LAG_S_MAX - 0.001, Verdict.PASS), (LAG_S_MAX, Verdict.INVALID)])
def test_few_late_arrivals_are_judged_by_what_is_known(tmp_path: Path, lag_s: float, expected: Verdict) -> None:
    """With too few arrivals for a p99 the highest percentile that can be told is held against the limit."""
    played = play(plan_of((RateRecord("all", 0.0, 30.0, 10.0, 10.0),), slots=10))
    slow = played.with_samples(_later(one, lag_s) if one.flow % 10 == 7 else one for one in played.samples)
    found = findings(slow, tmp_path)
    assert verdict_of(found) is expected
    told = {finding.check: finding.reason for finding in found}
    assert "p95 of the arrivals' lag" in told["arrivals_late"]


def test_slow_target_allows_for_more_lag(tmp_path: Path) -> None:
    """Where the target takes a second, 30 ms of lag are within a tenth of it, and only a caveat when above p99's."""
    slow = late(play(plan_of(FLAT, slots=600), workers=2, service=lambda *_: 0.4))
    run = load_run(slow.write(tmp_path / "run"))
    assert verdict_of(find(run, UNJUDGED)) is Verdict.PASS
    assert Caveat.GENERATOR_LATE not in caveats(run)


def test_caveats_of_open_arrivals(tmp_path: Path) -> None:
    """An open run without a flaw is not called closed, and slots that ran out are told with count and longest wait."""
    clean = caveats(load_run(good().write(tmp_path / "clean")))
    assert not {Caveat.CLOSED_MODEL, Caveat.SLOTS_RAN_OUT, Caveat.HEALTH_NOT_ON_RECORD, Caveat.CLOCKS_APART} & set(
        clean
    )
    run = load_run(play(plan_of(FLAT, slots=20), service=stalling, steps=1).write(tmp_path / "slots"))
    told = caveats(run)
    assert "493 waited, the longest 4.80 s" in told[Caveat.SLOTS_RAN_OUT]
    assert Caveat.GENERATOR_LATE not in told, "what waited for a slot is not the generator's fault"
    assert verdict_of(find(run, UNJUDGED)) is Verdict.PASS


def test_lag_below_the_limit_is_a_caveat(tmp_path: Path) -> None:
    """A generator that is late, but not so late that the run is void, is told beside the response times."""
    played = good()
    some = played.with_samples(_later(one, 0.012) if one.flow % 50 == 7 else one for one in played.samples)
    run = load_run(some.write(tmp_path / "run"))
    assert verdict_of(find(run, UNJUDGED)) is Verdict.PASS
    assert "without waits for a slot, 12." in caveats(run)[Caveat.GENERATOR_LATE]


def test_clocks_apart_are_a_caveat(tmp_path: Path) -> None:
    """Clocks known to within a tenth of a millisecond are as good as one; to two milliseconds, that is said."""
    for error_s, is_told in ((0.0001, False), (0.002, True)):
        clock = ClockRecord(offset_s=-40.0, error_s=error_s, drift_s=DRIFT_S_MAX / 100)
        played = good().with_worker("worker-2", lambda one, clock=clock: replace(one, clock=clock))  # type: ignore[misc]
        run = load_run(played.write(tmp_path / str(error_s)))
        assert verdict_of(find(run, UNJUDGED)) is Verdict.PASS
        assert (Caveat.CLOCKS_APART in caveats(run)) is is_told


def test_process_without_health_is_named(tmp_path: Path) -> None:
    """Health that is missing of one process only is missing all the same."""
    played = good()
    some = replace(played, health=tuple(row for row in played.health if row.worker == "worker-1"))
    assert "worker-2" in caveats(load_run(some.write(tmp_path / "some")))[Caveat.HEALTH_NOT_ON_RECORD]
    none = replace(played, health=())
    assert Caveat.HEALTH_NOT_ON_RECORD in caveats(load_run(none.write(tmp_path / "none")))


def test_process_table_has_the_worst_of_each(tmp_path: Path) -> None:
    """The table of processes shows the most CPU, the latest loop and the longest queue, each of its own process."""
    played = worn_out(held_up(good()))
    run = load_run(clock_set(played).write(tmp_path / "run"))
    table = process_table(run).set_index("worker")
    assert table["cpu_share_max"]["worker-2"] == 0.97
    assert table["cpu_share_max"]["worker-1"] == max(r.cpu_share for r in played.health if r.worker == "worker-1")
    assert table["loop_lag_max_s"]["worker-2"] == 0.25
    assert table["seconds"].tolist() == [30, 30]
    assert table["offset_s"].isna().tolist() == [True, False]


def test_plan_that_cannot_be_read_makes_the_run_invalid(tmp_path: Path) -> None:
    """Where nobody can say which arrivals were planned, nobody can say that none is missing."""
    played = good()
    gap = plan_of((RateRecord("a", 0.0, 10.0, 1.0, 1.0), RateRecord("b", 20.0, 30.0, 1.0, 1.0)))
    found = findings(replace(played, record=replace(played.record, arrivals=gap)), tmp_path)
    assert invalid(found) == ["arrivals_begun"]


def test_closed_run_has_no_arrivals_to_miss(tmp_path: Path) -> None:
    """The checks of arrivals say of a closed run that there were none planned."""
    samples = samples_of(flows=1000)
    found = find(load_run(write_run(tmp_path / "run", samples, record=record_of(samples))), UNJUDGED)
    told = {finding.check: finding.reason for finding in found}
    assert told["arrivals_dropped"] == "The load was closed: no arrivals were planned."
