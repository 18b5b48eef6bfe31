"""The criteria of a run from its directory: what is found, which findings that gives, and what is left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.analysis.synthetic import CHANGE, STAGES, record_of, samples_of, write_run
from tests.judgements import GOOD

from pwdload.analysis import Analysis, analyse, load_run
from pwdload.analysis.criteria import judge_run, observed_of
from pwdload.criteria import Standing
from pwdload.criteria.live import LiveLoad
from pwdload.criteria.observing import spans_of
from pwdload.injections import FaultsRecord, Injection
from pwdload.outcome import Finding, Group, Verdict
from pwdload.samples import Block, Sample

HEAD = 'title = "x"\n[slo]\n'


def samples() -> list[Sample]:
    """Return two thousand changes of about 20 ms in a hundred seconds."""
    return samples_of(flows=2_000, kinds=[CHANGE])


def analysed(folder: Path, slo: str, made: list[Sample] | None = None, ended_by: str = "schedule") -> Analysis:
    """Return the analysis of a run whose scenario states this."""
    made = samples() if made is None else made
    record = replace(record_of(made), ended_by=ended_by)
    directory = write_run(folder, made, record=record)
    directory.scenario_file.write_text(HEAD + slo, "utf-8")
    return analyse(load_run(directory), GOOD)


def finding(analysis: Analysis, name: str) -> Finding:
    """Return the finding of one criterion."""
    return next(one for one in analysis.findings if one.check == f"slo.{name}")


@pytest.mark.parametrize(
    ("slo", "verdict"),
    [
        ('p95_update_password = "200ms"', Verdict.PASS),
        ('p95_update_password = "25ms"', Verdict.SLO_FAILED),
        ('p99_9_update_password = "200ms"', Verdict.INCONCLUSIVE),
        ('p95_journey = "500ms"', Verdict.PASS),
        ('p95_journey = "30ms"', Verdict.SLO_FAILED),
        ('goodput = "15/s"', Verdict.PASS),
        ('goodput = "25/s"', Verdict.SLO_FAILED),
    ],
)
def test_each_criterion_is_a_finding_of_the_criteria(tmp_path: Path, slo: str, verdict: Verdict) -> None:
    """Kept passes, broken fails, and what cannot be told is inconclusive."""
    found = finding(analysed(tmp_path, slo), slo.partition(" ")[0])
    assert (found.verdict, found.group) == (verdict, Group.CRITERIA)
    assert found.reason.startswith(found.title)


def test_a_run_that_states_nothing_is_not_judged(tmp_path: Path) -> None:
    """No criterion, no finding; and that there was no SLO is said."""
    analysis = analysed(tmp_path, "")
    assert analysis.criteria.judged == ()
    assert any("No SLO was stated" in note.text for note in analysis.caveats)
    assert not any("No SLO" in note.text for note in analysed(tmp_path / "other", 'p95 = "1s"').caveats)


def test_a_scenario_that_cannot_be_read_states_nothing(tmp_path: Path) -> None:
    """A copy that somebody has edited gives a report still."""
    assert analysed(tmp_path, "p95 = 3").criteria.judged == ()


def test_the_criterion_that_ended_the_run_is_its_verdict(tmp_path: Path) -> None:
    """A run that ended early for its own criterion has failed, not been stopped: and that is told first."""
    made = [one for one in samples() if one.done_s < 40.0]
    slo = (
        'p95_login = "1ms"\n[[slo.criteria]]\nname = "slow"\nmetric = "p95"\nat_most = "10ms"\n'
        'window = "5s"\nstop = true\n'
    )
    analysis = analysed(tmp_path, slo, made, "criterion slow: p95 of all exchanges at most 10.0 ms")
    assert analysis.verdict is Verdict.SLO_FAILED
    assert analysis.findings[0].check == "slo.slow"
    assert analysis.findings[0].reason.endswith("That ended the run.")
    end = next(one for one in analysis.findings if one.check == "end")
    assert (end.verdict, "its own criterion slow" in end.reason) == (Verdict.PASS, True)


def test_an_end_that_the_samples_do_not_explain_is_said_to_be_one(tmp_path: Path) -> None:
    """The files have the last word."""
    slo = '[[slo.criteria]]\nname = "slow"\nmetric = "p95"\nat_most = "10s"\nwindow = "5s"\nstop = true\n'
    found = finding(analysed(tmp_path, slo, ended_by="criterion slow: ..."), "slow")
    assert "which the samples do not show" in found.reason


def test_a_run_without_samples_is_told_of_none(tmp_path: Path) -> None:
    """Nothing seen is nothing known, for every kind of criterion."""
    slo = (
        'p95 = "1s"\np95_journey = "1s"\ngoodput = "1/s"\n[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\n'
        'seconds = "90%"\n[[slo.criteria]]\nmetric = "failed_share"\nat_most = "1%"\nwindow = "5s"\n'
    )
    judged = analysed(tmp_path, slo, []).criteria.judged
    assert {one.standing for one in judged} == {Standing.CANNOT_TELL}


def test_files_and_live_load_see_the_same(tmp_path: Path) -> None:
    """What the process in charge sees while the run goes on is what its files hold: one rule, one answer."""
    made = samples_of(flows=500, workers=2)
    run = load_run(write_run(tmp_path, made))
    live = LiveLoad(spans_of(STAGES), processes=2)
    for worker in ("worker-0", "worker-1"):
        own = sorted((one for one in made if one.worker == worker), key=lambda one: one.done_s)
        for number in range(0, len(own), 64):
            live.take(Block.encode(number, own[number : number + 64]))
    from_files, seen = observed_of(run), live.observed(0.0, 1e9)
    for name in ("due_s", "done_s", "flow_due_s", "failed", "changed", "step", "case", "measured"):
        np.testing.assert_array_equal(getattr(from_files, name), getattr(seen, name), err_msg=name)


def test_what_is_under_a_fault_is_left_out_where_the_scenario_says_so(tmp_path: Path) -> None:
    """The same rule as for the failed share of the whole run."""
    made = [one._replace(done_s=one.done_s + 2.0) if 30.0 <= one.intended_s < 40.0 else one for one in samples()]
    slow = 'p95 = "200ms"\n'
    run = load_run(write_run(tmp_path, made))
    fault = Injection(
        fault="slow",
        kind="latency",
        means="proxy",
        planned_start_s=30.0,
        planned_end_s=40.0,
        inject_before_s=30.0,
        inject_after_s=30.0,
        heal_before_s=40.0,
        heal_after_s=40.0,
    )
    faults = FaultsRecord(injections=(fault,))
    excused = replace(run, faults=faults, scenario_source=f'{HEAD}{slow}recover_within = "5s"\n')
    excused = replace(excused, criteria=replace(excused.criteria, recover_within_s=5.0))
    judged = judge_run(excused).judged[0]
    assert judged.standing is Standing.KEPT
    assert "left to the criteria of resilience" in judged.reason
    strict = replace(run, faults=faults, scenario_source=HEAD + slow)
    assert judge_run(strict).judged[0].standing is Standing.BROKEN
