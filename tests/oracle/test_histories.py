"""Good histories pass every check; each bad one fails the checks that it is there for, and no other."""

from dataclasses import replace

import pytest
from tests.oracle.histories import BAD, DOUBTFUL, GOOD

from pwdload.oracle import CHECKS, History, Judgement, judge
from pwdload.oracle.checks.concluding import Check
from pwdload.outcome import Verdict
from pwdload.rundir import AccountsRecord


def with_ledger(history: History) -> Judgement:
    """Return the judgement of a run that has settled all doubt, so that none is left to be told of."""
    record = replace(history.record, ledger=AccountsRecord(reuse="once"))
    return judge(
        History(
            rows=history.rows, files=history.files, record=record, endings=history.endings, settings=history.settings
        )
    )


@pytest.mark.parametrize("name", GOOD)
def test_a_good_history_is_not_accused(name: str) -> None:
    """What a correct service may do, nothing finds fault with."""
    results = with_ledger(GOOD[name]).results
    assert {result.check: result.reason for result in results if result.verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_fails_its_checks(name: str) -> None:
    """Each broken rule is found by the check that it belongs to, named, and told with its culprit."""
    expected, history = BAD[name]
    judgement = with_ledger(history)
    assert judgement.verdict is Verdict.CORRECTNESS_FAILED
    assert {result.check for result in judgement.results if result.verdict is not Verdict.PASS} == set(expected)
    for result in judgement.results:
        if result.check in expected:
            assert {one.rule for one in result.violations} == {expected[result.check]}
            assert result.violations_total == len(result.violations)
            assert all(sum(moment.is_culprit for moment in one.timeline) == 1 for one in result.violations)


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_doubtful_history_is_inconclusive(name: str) -> None:
    """Where something is missing nothing is proved, in either direction, and the reason says what is missing."""
    expected, history = DOUBTFUL[name]
    judgement = judge(history)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    reasons = {result.check: result.reason for result in judgement.results if result.verdict is not Verdict.PASS}
    assert set(reasons) == set(expected)
    assert all(words in reasons[check] for check, words in expected.items())


def test_every_check_but_timing_is_failed_by_a_bad_history() -> None:
    """No check goes untested: timing, which needs many answers, has tests of its own."""
    tested = {check for expected, _ in (*BAD.values(), *DOUBTFUL.values()) for check in expected}
    assert tested == {name for name, _ in CHECKS} - {"timing"}


def test_a_broken_check_does_not_silence_the_others() -> None:
    """A check that crashes is INCONCLUSIVE, says with what, and the others are heard."""

    def broken(history: History) -> object:
        raise ZeroDivisionError("by zero")

    checks = (("broken", Check(look=broken, tell=lambda _, seen: seen)), *CHECKS)  # type: ignore[arg-type, return-value]
    judgement = judge(GOOD["a refused change"], checks)
    first = judgement.results[0]
    assert (first.check, first.verdict) == ("broken", Verdict.INCONCLUSIVE)
    assert "ZeroDivisionError" in first.reason
    assert len(judgement.results) == len(CHECKS) + 1
