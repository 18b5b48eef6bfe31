"""What faults mean for the verdict: those that went wrong, those that were left out, and the criteria of resilience."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.recovery_worlds import Fault, Way, World
from tests.judgements import BAD, GOOD, UNJUDGED
from tests.report.faulty import REPEATED, open_run, repeated

from pwdload.analysis import Run, analyse, load_run
from pwdload.analysis.checks.resilience import criteria_findings
from pwdload.analysis.recovery import RecoveryCriteria, RecoveryThresholds, measure
from pwdload.analysis.recovery.stated import client_timeout_s, stated_criteria
from pwdload.injections import FaultsRecord, Injection
from pwdload.oracle.judgement import Judgement
from pwdload.outcome import Finding, Group, Verdict

SHORT = Fault(way="error", inject_s=20.0, heal_s=22.0, recover_s=22.5)
SKIPPED = replace(
    SHORT.injection,
    inject_before_s=None,
    inject_after_s=None,
    heal_before_s=None,
    heal_after_s=None,
    skipped="The failed share was 4.00 %.",
)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with one outage of two seconds, from which the target needs half a second to recover."""
    return load_run(open_run(tmp_path_factory.mktemp("runs") / "short", [SHORT]))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with three faults, recoveries of 0.5 s, 1.5 s and 3 s."""
    return load_run(open_run(tmp_path_factory.mktemp("runs") / "three", REPEATED))


def finding(run: Run, check: str, judgement: Judgement = UNJUDGED) -> Finding:
    """What a check has found of a run."""
    (one,) = [one for one in analyse(run, judgement).findings if one.check == check]
    return one


def with_injections(run: Run, *injections: Injection, lost_s: float | None = None) -> Run:
    """The run with another record of what was done."""
    return replace(run, faults=FaultsRecord(injections=injections, lost_s=lost_s))


def with_criteria(
    run: Run, within_s: float | None = None, most: float | None = None, data_correct: bool | None = None
) -> Run:
    """The run with criteria."""
    criteria = RecoveryCriteria(recover_within_s=within_s, max_failed_share_during=most, data_correct=data_correct)
    return replace(run, criteria=criteria)


def test_faults_that_went_well_are_nothing_to_hold_against_a_run(short: Run) -> None:
    """Injected, healed, nothing left out: both checks say so, and no criterion is there that was not stated."""
    findings = {one.check: one for one in analyse(short, UNJUDGED).findings}
    assert findings["faults"].verdict is findings["steady_before"].verdict is Verdict.PASS
    assert not {"recover_within", "max_failed_share_during", "data_correct"} & set(findings)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"inject_after_s": None, "error": "no such port."}, "error could not be injected: no such port."),
        ({"heal_after_s": None, "error": "gone."}, "error was not healed, as far as anybody knows: gone."),
        ({"heal_after_s": None}, "error was not healed, as far as anybody knows."),
        ({"error": "healed at the second try."}, "error did not go as it should: healed at the second try."),
    ],
)
def test_a_fault_that_went_wrong_makes_the_run_invalid(short: Run, changed: dict[str, object], words: str) -> None:
    """What could not be injected or healed: the run is not the one that was planned, and the reason is named."""
    found = finding(with_injections(short, replace(SHORT.injection, **changed)), "faults")  # type: ignore[arg-type]
    assert (found.verdict, found.group, found.reason) == (Verdict.INVALID, Group.INSTRUMENT, words)


def test_a_dead_proxy_makes_the_run_invalid(short: Run) -> None:
    """After the proxy has died everything fails for that reason alone."""
    found = finding(with_injections(short, SHORT.injection, lost_s=31.0), "faults")
    assert found.verdict is Verdict.INVALID
    assert "found dead at 31.0 s" in found.reason


def test_a_fault_left_out_leaves_the_run_open(short: Run) -> None:
    """The steady state was not met: nothing was injected, nothing is known, and no other check speaks of it."""
    run = with_injections(short, SHORT.injection, replace(SKIPPED, repeat=2))
    found = finding(run, "steady_before")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "1 of 2 faults left out" in found.reason
    assert "4.00 %" in found.reason
    assert finding(run, "faults").verdict is Verdict.PASS


def test_a_damaged_record_makes_the_run_invalid(tmp_path: Path) -> None:
    """Nobody knows what was done to the target: one sentence, without a path of this machine."""
    directory = open_run(tmp_path / "run", [SHORT])
    directory.faults_file.write_text("{")
    found = finding(load_run(directory), "faults")
    assert found.verdict is Verdict.INVALID
    assert "faults.json: not a record of faults" in found.reason
    assert str(tmp_path) not in found.reason


@pytest.mark.parametrize(("within_s", "expected"), [(5.0, Verdict.PASS), (2.0, Verdict.SLO_FAILED)])
def test_recover_within_holds_for_every_time(three: Run, within_s: float, expected: Verdict) -> None:
    """The slowest of the recoveries decides, and is named with its time."""
    found = finding(with_criteria(three, within_s), "recover_within")
    assert (found.verdict, found.group) == (expected, Group.CRITERIA)
    assert "3.00 s" in found.reason


def criterion(fault: Fault, criteria: RecoveryCriteria, length_s: float = 60.0) -> Finding:
    """What the one criterion that is stated comes to in a world with this fault."""
    world = World(faults=(fault,), rate_per_s=40.0, length_s=length_s)
    recovery = measure(world.load(), world.record, RecoveryThresholds())
    (found,) = criteria_findings(recovery, criteria, None)
    return found


@pytest.mark.parametrize(
    ("recover_s", "within_s", "expected", "words"),
    [
        (99.0, 10.0, Verdict.SLO_FAILED, "was not back within 37.8 s"),
        (99.0, 50.0, Verdict.INCONCLUSIVE, "watched for 38.0 s, and it was not back by then"),
        (57.0, 36.0, Verdict.INCONCLUSIVE, "good since 35.0 s, which is too short to count"),
    ],
)
def test_what_was_not_seen_is_failed_only_when_it_is_proved(
    recover_s: float, within_s: float, expected: Verdict, words: str
) -> None:
    """Not back for longer than is allowed fails; not back yet, or not for long enough, is not known."""
    fault = Fault(way="error", inject_s=20.0, heal_s=22.0, recover_s=recover_s)
    found = criterion(fault, RecoveryCriteria(recover_within_s=within_s))
    assert found.verdict is expected
    assert words in found.reason


@pytest.mark.parametrize(
    ("injections", "words"),
    [
        ((), "No fault was injected"),
        ((SKIPPED,), "No fault was injected"),
        ((replace(SHORT.injection, heal_after_s=None),), "it was not healed"),
        ((replace(SHORT.injection, inject_before_s=2.0, inject_after_s=2.0),), "too little came before it"),
    ],
)
def test_without_a_recovery_to_look_at_nothing_is_known(
    short: Run, injections: Sequence[Injection], words: str
) -> None:
    """Nothing injected, nothing healed, nothing to compare with: INCONCLUSIVE, and why."""
    found = finding(with_criteria(with_injections(short, *injections), 5.0, 0.5), "recover_within")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert words in found.reason


@pytest.mark.parametrize(
    ("way", "most", "expected"),
    [
        ("error", 1.0, Verdict.PASS),
        ("partial", 0.5, Verdict.PASS),
        ("partial", 0.1, Verdict.SLO_FAILED),
        ("partial", 0.36, Verdict.INCONCLUSIVE),
        ("partial", 0.0, Verdict.SLO_FAILED),
    ],
)
def test_the_failed_share_during_a_fault_is_held_with_confidence(way: Way, most: float, expected: Verdict) -> None:
    """Clearly more than is allowed fails, clearly less passes; a share that so few requests cannot tell is open."""
    fault = Fault(way=way, inject_s=10.0, heal_s=13.0, recover_s=13.0)
    assert criterion(fault, RecoveryCriteria(max_failed_share_during=most), 20.0).verdict is expected


@pytest.mark.parametrize(
    ("judgement", "expected"),
    [(GOOD, Verdict.PASS), (BAD, Verdict.CORRECTNESS_FAILED), (Judgement(results=()), Verdict.INCONCLUSIVE)],
)
def test_data_correct_is_what_the_oracle_says(short: Run, judgement: Judgement, expected: Verdict) -> None:
    """Right data pass, a violation fails, and an oracle that could not tell leaves it open."""
    assert finding(with_criteria(short, data_correct=True), "data_correct", judgement).verdict is expected


def test_a_fault_breaks_the_run_wide_limit_only_where_nothing_else_is_asked(short: Run) -> None:
    """Failures that a criterion of resilience is about are not failed a second time; without one, all count."""
    assert finding(short, "failed_share").verdict is Verdict.SLO_FAILED
    assert finding(with_criteria(short, data_correct=True), "failed_share").verdict is Verdict.SLO_FAILED
    found = finding(with_criteria(short, within_s=2.0), "failed_share")
    assert found.verdict is Verdict.PASS
    assert "are left to the criteria of resilience" in found.reason


def test_what_fails_after_the_time_to_recover_counts_again(short: Run, tmp_path: Path) -> None:
    """A criterion excuses what it allows, and no second more."""
    fault = Fault(way="error", inject_s=20.0, heal_s=22.0, recover_s=30.0)
    run = load_run(open_run(tmp_path / "run", [fault]))
    assert finding(with_criteria(run, within_s=2.0), "failed_share").verdict is Verdict.SLO_FAILED


def test_repeats_are_numbered() -> None:
    """What is on record of a fault says the how many-th time it was."""
    assert [one.repeat for one in repeated(REPEATED)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("source", "criteria", "timeout_s"),
    [
        ("", RecoveryCriteria(), None),
        ("title = 'x'", RecoveryCriteria(), 10.0),
        ("[target]\ntimeout = '2s'\nphase_timeouts = { first_byte = '500ms' }", RecoveryCriteria(), 0.5),
        (
            "[slo]\nrecover_within = '5s'\nfailed_share = '2%'",
            RecoveryCriteria(recover_within_s=5.0, failed_share=0.02),
            10.0,
        ),
        (
            "[slo]\nmax_failed_share_during = 0.5\ndata_correct = true",
            RecoveryCriteria(max_failed_share_during=0.5, data_correct=True),
            10.0,
        ),
        ("[slo]\nno_such_key = 1\n[target]\ntimeout = 3", RecoveryCriteria(), None),
        ("not TOML", RecoveryCriteria(), 10.0),
    ],
)
def test_criteria_are_those_of_the_scenario(source: str, criteria: RecoveryCriteria, timeout_s: float | None) -> None:
    """[slo] says what is asked for, [target] how long a client waits; a damaged copy says nothing."""
    assert stated_criteria(source) == criteria
    assert client_timeout_s(source) == timeout_s
