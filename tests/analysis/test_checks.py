"""Verdict, caveats and reconciliation: each fault of a run is found, named, and weighed as it must be."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.analysis.degenerate import DEGENERATE, cut_short, finished, no_samples, outage
from tests.analysis.synthetic import CHANGE, TIMED_OUT, WRONG_OLD, counts_of, record_of, samples_of, write_run
from tests.judgements import BAD, GOOD, RACES, UNJUDGED, UNSEEN

from pwdload.analysis import Caveat, Run, find, find_caveats, load_run, verdict_of
from pwdload.analysis.checks import CHECKS
from pwdload.analysis.checks.answer import Question
from pwdload.analysis.reconciliation import reconcile
from pwdload.errors import RunDirectoryError
from pwdload.injections import FaultsRecord, Injection, write_faults
from pwdload.oracle import check_run
from pwdload.outcome import Group, Verdict
from pwdload.rundir import RunDirectory, RunRecord, StageRecord, WorkerRecord


def verdict(run: Run) -> Verdict:
    """The verdict of a run."""
    return verdict_of(find(run, UNJUDGED))


def caveats(run: Run) -> set[Caveat]:
    """The caveats of a run."""
    return {note.caveat for note in find_caveats(run, UNJUDGED)}


def test_good_run_passes(tmp_path: Path) -> None:
    """A run in which all went well passes, and every check has said so."""
    findings = find(load_run(finished(tmp_path / "run")), UNJUDGED)
    assert verdict_of(findings) is Verdict.PASS
    assert [finding.check for finding in findings] == [question.check for question in CHECKS]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("wrong_accept", Verdict.CORRECTNESS_FAILED),
        ("contract_violation", Verdict.CORRECTNESS_FAILED),
        ("unknown", Verdict.INCONCLUSIVE),
        ("wrong_reject", Verdict.PASS),
        ("shed", Verdict.PASS),
        ("not_sent", Verdict.PASS),
    ],
)
def test_one_bad_answer_in_a_thousand(tmp_path: Path, outcome: str, expected: Verdict) -> None:
    """A single wrong acceptance fails the run and a single doubt leaves it open; one refusal too many is tolerated."""
    samples = samples_of(flows=500)
    samples[-1] = samples[-1]._replace(outcome=outcome)
    directory = write_run(tmp_path / "run", samples)
    assert verdict_of(find(load_run(directory), check_run(directory))) is expected


def test_a_rule_broken_outranks_whatever_else_is_wrong(tmp_path: Path) -> None:
    """A run whose instrument failed, that was too slow and left doubt, still failed for what was seen to be wrong."""
    directory = cut_short(tmp_path / "run")
    judgement = replace(BAD, results=(*BAD.results, *check_run(directory).results))
    found = find(load_run(directory), judgement)
    assert verdict_of(found) is Verdict.CORRECTNESS_FAILED
    assert verdict_of(find(load_run(directory), GOOD)) is Verdict.INVALID
    assert [one.check for one in found if one.verdict is Verdict.CORRECTNESS_FAILED] == ["tokens"]
    assert {one.group for one in found} == set(Group)


def test_every_check_has_a_name_of_its_own(tmp_path: Path) -> None:
    """A pipeline that goes by a check's name never meets another one under it."""
    directory = finished(tmp_path / "run")
    names = [one.check for one in find(load_run(directory), check_run(directory))]
    assert len(names) == len(set(names)) == len(CHECKS) + len(check_run(directory).results)
    assert all(name.replace("_", "").isalpha() and name.islower() for name in names)


def test_what_a_run_could_not_show_is_a_caveat(tmp_path: Path) -> None:
    """A rule that nothing was held against passes, and is named beside the numbers that lean upon it."""
    run = load_run(finished(tmp_path / "run"))
    notes = {note.caveat: note.text for note in find_caveats(run, GOOD)}
    assert UNSEEN.title in notes[Caveat.NOT_EXAMINED]
    assert RACES.title not in notes[Caveat.NOT_EXAMINED]
    assert Caveat.NOT_EXAMINED not in caveats(run)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [(4, Verdict.PASS), (5, Verdict.INCONCLUSIVE), (15, Verdict.INCONCLUSIVE), (16, Verdict.SLO_FAILED)],
)
def test_failed_share_passes_fails_or_is_not_known(tmp_path: Path, bad: int, expected: Verdict) -> None:
    """Around one per cent of a thousand requests nobody can tell; clearly below passes and clearly above fails."""
    samples = samples_of(flows=500)
    for place in range(bad):
        samples[place] = samples[place]._replace(outcome="shed")
    assert verdict(load_run(write_run(tmp_path / "run", samples))) is expected


@pytest.mark.parametrize(("flows", "expected"), [(10, Verdict.INCONCLUSIVE), (134, Verdict.PASS)])
def test_few_good_requests_prove_nothing(tmp_path: Path, flows: int, expected: Verdict) -> None:
    """Twenty faultless requests do not show that fewer than 1 % fail, and the reason says how many might; 268 do."""
    found = find(load_run(write_run(tmp_path / "run", samples_of(flows=flows))), UNJUDGED)
    assert verdict_of(found) is expected
    if expected is Verdict.INCONCLUSIVE:
        assert found[0].reason.startswith("20 requests are too few to say that fewer than 1.00 % fail")
        assert "at most 11.9" in found[0].reason


RecordChange = Callable[[RunRecord], RunRecord]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda record: replace(record, ended_utc=None), "cut short"),
        (lambda record: replace(record, ended_by="accounts ran dry", duration_s=42.0), "accounts ran dry after 42.0 s"),
        (lambda record: replace(record, ended_by="error: no route"), "no route"),
        (lambda record: replace(record, expected_workers=("local", "worker-7")), "worker-7"),
        (lambda record: replace(record, workers=(WorkerRecord(name="local", samples=400, dropped=2),)), "2 failures"),
        (lambda record: replace(record, workers=(WorkerRecord(name="local", samples=405),)), "5 fewer"),
    ],
    ids=["cut short", "accounts", "error", "worker", "dropped", "fewer on file"],
)
def test_broken_instrument_makes_the_run_invalid(tmp_path: Path, change: RecordChange, words: str) -> None:
    """Whatever was wrong with the harness itself invalidates the run and is named in the reason."""
    samples = samples_of(flows=200)
    run = load_run(write_run(tmp_path / "run", samples, record=change(record_of(samples))))
    worst = find(run, UNJUDGED)[0]
    assert worst.verdict is Verdict.INVALID
    assert words in worst.reason


def test_gap_in_the_sequence_is_found(tmp_path: Path) -> None:
    """A sample that vanished from a file is missed."""
    samples = samples_of(flows=100)
    run = load_run(write_run(tmp_path / "run", [*samples[:50], *samples[51:]]))
    assert find(run, UNJUDGED)[0].verdict is Verdict.INVALID
    assert Caveat.SEQUENCE_GAPS in caveats(run)


def test_damaged_row_is_a_caveat(tmp_path: Path) -> None:
    """A row with an outcome that does not exist reaches no number, and the report says so beside the counts."""
    samples = samples_of(flows=300)
    samples[-1] = samples[-1]._replace(outcome="splendid")
    run = load_run(write_run(tmp_path / "run", samples))
    assert len(run.samples) == len(samples) - 1
    assert Caveat.ROWS_DAMAGED in caveats(run)


def test_killed_process_is_named(tmp_path: Path) -> None:
    """Of a run that was cut short the missing and the unfinished process are told by name."""
    run = load_run(cut_short(tmp_path / "run"))
    notes = {note.caveat: note.text for note in find_caveats(run, UNJUDGED)}
    assert "worker-2" in notes[Caveat.WORKER_MISSING]
    assert "worker-1" in notes[Caveat.WORKER_UNFINISHED]
    assert Caveat.CUT_SHORT in notes


@pytest.mark.parametrize("name", ["no_samples", "killed_at_once", "zero_seconds", "all_unknown"])
def test_nothing_known_is_never_a_pass(tmp_path: Path, name: str) -> None:
    """A run that shows nothing does not pass."""
    assert verdict(load_run(DEGENERATE[name](tmp_path / "run"))) is not Verdict.PASS


def test_only_warm_up_is_inconclusive(tmp_path: Path) -> None:
    """A run that never left its warm-up has measured nothing."""
    samples = [sample for sample in samples_of(flows=1000) if sample.done_s < 8.0]
    run = load_run(write_run(tmp_path / "run", samples, record=replace(record_of(samples), duration_s=8.0)))
    assert verdict(run) is Verdict.INCONCLUSIVE
    assert {Caveat.NOTHING_MEASURED, Caveat.STOPPED_EARLY} <= caveats(run)


def test_broken_check_is_doubt_and_does_not_silence_the_others(tmp_path: Path) -> None:
    """A check that crashes makes the run inconclusive and names its error; the other checks are still heard."""

    def broken(_: Run) -> tuple[Verdict, str]:
        raise ZeroDivisionError("no seconds")

    findings = find(
        load_run(finished(tmp_path / "run")), UNJUDGED, [Question("broken", "nothing broke", broken), *CHECKS]
    )
    assert verdict_of(findings) is Verdict.INCONCLUSIVE
    assert "ZeroDivisionError: no seconds" in findings[0].reason
    assert len(findings) == len(CHECKS) + 1


def test_equal_counts_reconcile(tmp_path: Path) -> None:
    """A target that counted what we recorded is told to have done so, answer by answer."""
    result = reconcile(load_run(finished(tmp_path / "run")))
    assert result is not None
    assert result.is_equal
    assert result.words.startswith("Equal")
    assert result.table["ours"].sum() == result.table["target"].sum() == 4000


def test_lost_answers_explain_a_difference(tmp_path: Path) -> None:
    """What the target applied and we never heard of is explained by our requests without an answer."""
    samples = samples_of(flows=300, kinds=(CHANGE, TIMED_OUT), seed=5)
    applied = [
        sample._replace(http_status=200, status="SUCCESS", error_code="") if sample.outcome == "unknown" else sample
        for sample in samples
    ]
    directory = write_run(tmp_path / "run", samples, counts=counts_of(applied))
    run = load_run(directory)
    result = reconcile(run)
    assert result is not None
    assert not result.is_equal
    assert result.unexplained == 0
    judged = check_run(directory)
    assert verdict_of(find(run, judged)) is judged.verdict is Verdict.INCONCLUSIVE, "the doubt itself still is one"


@pytest.mark.parametrize("side", ["ours", "target"])
def test_difference_that_nothing_explains_is_invalid(tmp_path: Path, side: str) -> None:
    """An answer that only one side knows makes the run invalid, if the target is our own stand-in."""
    samples = samples_of(flows=300)
    less = samples[:-1]
    counts = counts_of(less if side == "ours" else samples)
    recorded = samples if side == "ours" else less
    run = load_run(write_run(tmp_path / "run", recorded, counts=counts))
    assert verdict(run) is Verdict.INVALID
    assert Caveat.RECONCILIATION_DIFFERS in caveats(run)
    elsewhere = load_run(
        write_run(
            tmp_path / "elsewhere",
            recorded,
            record=replace(record_of(recorded), target_is_standin=False),
            counts=counts,
        )
    )
    assert verdict(elsewhere) is Verdict.PASS


def test_what_the_fault_proxy_answered_is_no_answer_of_the_target(tmp_path: Path) -> None:
    """The target has never seen those requests, and is not held against them."""
    samples = samples_of(flows=300)
    turned_away = [sample._replace(http_status=429, remark="not_forwarded") for sample in samples[:20]]
    directory = write_run(tmp_path / "run", [*turned_away, *samples[20:]], counts=counts_of(samples[20:]))
    result = reconcile(load_run(directory))
    assert result is not None
    assert result.is_equal


@pytest.mark.parametrize(("kind", "word"), [("kill", "started anew"), ("duplicate", "more than once")])
def test_counts_of_something_else_are_not_compared(tmp_path: Path, kind: str, word: str) -> None:
    """A target that was killed has counted from zero: that is the fault's doing, and the caveat says so."""
    samples = samples_of(flows=300)
    directory = write_run(tmp_path / "run", samples, counts=counts_of(samples[:50]))
    injection = Injection(
        fault="f", kind=kind, means="process", planned_start_s=1.0, planned_end_s=2.0, inject_after_s=1.0
    )
    write_faults(directory.faults_file, FaultsRecord(injections=(injection,)))
    run = load_run(directory)
    assert reconcile(run) is None
    (finding,) = (one for one in find(run, UNJUDGED) if one.check == "reconciliation")
    assert (finding.verdict, word in finding.reason) == (Verdict.PASS, True)
    assert Caveat.NOT_RECONCILED in caveats(run)


def test_statuses_of_a_log_in_are_compared_apart(tmp_path: Path) -> None:
    """One "expired" that the target calls "about to expire" is a difference, though both are plain HTTP 200."""
    samples = samples_of(flows=300)
    theirs = [samples[0]._replace(status="PASSWORD_WARN"), *samples[1:]]
    result = reconcile(load_run(write_run(tmp_path / "run", samples, counts=counts_of(theirs))))
    assert result is not None
    different = result.table[result.table["difference"] != 0]
    assert dict(zip(different["status"], different["difference"], strict=True)) == {
        "PASSWORD_EXPIRED": -1,
        "PASSWORD_WARN": 1,
    }
    assert result.unexplained == 2


@pytest.mark.parametrize(
    ("lag_s", "connect_s", "is_late"), [(0.030, None, True), (0.030, 0.029, False), (0.0015, None, False)]
)
def test_late_generator_is_told(tmp_path: Path, lag_s: float, connect_s: float | None, is_late: bool) -> None:
    """A generator that sends late on open connections is a caveat; opening connections, or a millisecond, is not."""
    samples = samples_of(flows=1000)
    for place in range(0, len(samples), 20):
        due_s = samples[place].intended_s
        sent_s, done_s = due_s + lag_s, due_s + lag_s + 0.02
        samples[place] = samples[place]._replace(connect_s=connect_s, sent_s=sent_s, first_byte_s=None, done_s=done_s)
    assert (Caveat.GENERATOR_LATE in caveats(load_run(write_run(tmp_path / "run", samples)))) is is_late


def test_other_routes_are_listed_apart(tmp_path: Path) -> None:
    """What the target counted on routes of preparation is no difference."""
    directory = finished(tmp_path / "run")
    document = json.loads(directory.target_counts_file.read_text())
    seeding = {"method": "POST", "route": "/api/v2/tenant/users", "http_status": 201, "error_code": "", "count": 9}
    document["after"]["counts"].append({**seeding, "status": ""})
    directory.target_counts_file.write_text(json.dumps(document))
    result = reconcile(load_run(directory))
    assert result is not None
    assert result.is_equal
    assert result.unmeasured.to_dict("records") == [{"method": "POST", "route": "/api/v2/tenant/users", "count": 9}]


def test_only_the_run_itself_is_compared(tmp_path: Path) -> None:
    """What the target had counted before the run began is taken off."""
    directory = finished(tmp_path / "run")
    document = json.loads(directory.target_counts_file.read_text())
    document["before"] = {"total": 5, "counts": [{**document["after"]["counts"][0], "count": 5}]}
    document["after"]["counts"][0]["count"] += 5
    directory.target_counts_file.write_text(json.dumps(document))
    result = reconcile(load_run(directory))
    assert result is not None
    assert result.is_equal


@pytest.mark.parametrize("text", ["", "[]", '{"before": 1}', '{"before": {"counts": [{}]}, "after": {"counts": []}}'])
def test_unreadable_counts_are_a_caveat_and_no_crash(tmp_path: Path, text: str) -> None:
    """A broken counts file costs the comparison, not the report."""
    directory = finished(tmp_path / "run")
    directory.target_counts_file.write_text(text)
    run = load_run(directory)
    assert run.target_counts is None
    assert {Caveat.UNREADABLE, Caveat.NOT_RECONCILED} <= caveats(run)


@pytest.mark.parametrize(("before", "is_problem"), [("null", False), ('{"counts": []}', True)])
def test_target_that_does_not_count_is_no_problem(tmp_path: Path, before: str, is_problem: bool) -> None:
    """No counts on both ends is a target that does not count; none at the end alone is worth a word."""
    directory = finished(tmp_path / "run")
    directory.target_counts_file.write_text(f'{{"before": {before}, "after": null}}')
    run = load_run(directory)
    assert bool(run.problems) is is_problem


def test_caveats_of_a_clean_long_run_are_few(tmp_path: Path) -> None:
    """Nothing is said against a number that nothing is wrong with."""
    assert caveats(load_run(finished(tmp_path / "run"))) == {
        Caveat.TARGET_IS_STANDIN,
        Caveat.NO_SCENARIO,
        Caveat.CLOSED_MODEL,
        Caveat.NOT_CALIBRATED,
    }


def test_every_caveat_has_a_sentence_and_a_number_it_weakens() -> None:
    """The closed list is complete: each entry says what it weakens, and why."""
    for caveat in Caveat:
        assert caveat.sentence.endswith(".")
        assert caveat.weakens in ("everything", "throughput", "latency", "counts", "correctness", "verdict", "capacity")


@pytest.mark.parametrize(("make", "expected"), [(no_samples, Caveat.TOO_FEW_SAMPLES), (outage, Caveat.UNKNOWN_LEFT)])
def test_weakness_is_named(tmp_path: Path, make: Callable[[Path], RunDirectory], expected: Caveat) -> None:
    """What weakens a run is found."""
    assert expected in caveats(load_run(make(tmp_path / "run")))


def test_directory_without_a_record_is_refused(tmp_path: Path) -> None:
    """What is no run is refused in one line, not read as an empty one."""
    with pytest.raises(RunDirectoryError):
        load_run(RunDirectory(tmp_path))


def test_expected_refusals_are_no_failures(tmp_path: Path) -> None:
    """A run of nothing but expected refusals passes: refusing them was right."""
    assert verdict(load_run(write_run(tmp_path / "run", samples_of(flows=300, kinds=(WRONG_OLD,))))) is Verdict.PASS


def test_a_stand_in_that_was_not_asked_confirms_nothing(tmp_path: Path) -> None:
    """Where the stand-in's own counts were lost, the run does not pass on our word alone."""
    samples = samples_of(flows=200)
    directory = write_run(tmp_path / "run", samples)
    directory.write_record(replace(directory.read_record(), target_is_standin=True))
    assert verdict_of(find(load_run(directory), UNJUDGED)) is Verdict.INCONCLUSIVE


def test_a_schedule_that_was_not_completed_is_no_pass(tmp_path: Path) -> None:
    """Ctrl-C after a second of a minute must not turn a pipeline green."""
    samples = samples_of(flows=200)
    stages = (StageRecord(name="steady", start_s=0.0, end_s=600.0, users=5),)
    record = replace(record_of(samples), stages=stages, ended_by="stopped")
    found = find(load_run(write_run(tmp_path / "run", samples, record=record)), UNJUDGED)
    assert verdict_of(found) is Verdict.INCONCLUSIVE
    assert "was stopped after" in found[0].reason


def test_a_worker_that_never_said_it_was_done_makes_the_run_invalid(tmp_path: Path) -> None:
    """Its file may be there and still lack what came last."""
    samples = samples_of(flows=200)
    record = replace(record_of(samples), workers=())
    assert verdict_of(find(load_run(write_run(tmp_path / "run", samples, record=record)), UNJUDGED)) is Verdict.INVALID


def test_damaged_samples_make_the_run_invalid(tmp_path: Path) -> None:
    """Rows that nobody can have written are left out, and their number is the verdict's reason."""
    samples = samples_of(flows=200)
    directory = write_run(tmp_path / "run", samples)
    (path,) = directory.samples.glob("*.parquet")
    table = pq.read_table(path)
    outcomes = table["outcome"].cast("string").to_pylist()
    outcomes[5] = "banana"
    column = pa.array(outcomes).dictionary_encode()
    pq.write_table(table.set_column(table.schema.get_field_index("outcome"), "outcome", column), path)
    found = find(load_run(directory), UNJUDGED)
    assert verdict_of(found) is Verdict.INVALID
    assert "1 samples are damaged" in found[0].reason
