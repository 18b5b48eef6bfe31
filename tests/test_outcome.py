"""Outcomes and verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.outcome import Outcome, Verdict, merge

verdicts = st.lists(st.sampled_from(Verdict))


def test_only_what_the_case_expects_is_success() -> None:
    """Doubt, shedding and violations never count as success."""
    assert {outcome for outcome in Outcome if outcome.is_as_expected} == {Outcome.RIGHT_ACCEPT, Outcome.RIGHT_REJECT}


def test_every_verdict_has_its_own_exit_code() -> None:
    """A pipeline can tell the verdicts apart, and none is mistaken for a usage error (2)."""
    codes = {verdict: verdict.exit_code for verdict in Verdict}
    assert codes == {
        Verdict.PASS: 0,
        Verdict.SLO_FAILED: 1,
        Verdict.INVALID: 3,
        Verdict.CORRECTNESS_FAILED: 4,
        Verdict.INCONCLUSIVE: 5,
    }


def test_nothing_to_judge_is_inconclusive() -> None:
    """A run without any check must not pass."""
    assert merge([]) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("other", Verdict)
def test_a_correctness_violation_outranks_everything(other: Verdict) -> None:
    """Whatever the SLOs or the instrument say, one violation is the verdict."""
    assert merge([other, Verdict.CORRECTNESS_FAILED]) is Verdict.CORRECTNESS_FAILED


def test_a_definite_failure_outranks_doubt_and_a_broken_instrument_outranks_both() -> None:
    """The order that the report explains: INVALID numbers cannot fail an SLO, doubt cannot excuse a failure."""
    assert merge([Verdict.INCONCLUSIVE, Verdict.SLO_FAILED, Verdict.PASS]) is Verdict.SLO_FAILED
    assert merge([Verdict.INVALID, Verdict.SLO_FAILED]) is Verdict.INVALID


@given(verdicts, verdicts)
def test_merging_does_not_depend_on_order_or_grouping(some: list[Verdict], others: list[Verdict]) -> None:
    """Verdicts of parts can be merged in any order, per worker or per check, to the same end."""
    assert merge(some + others) is merge(others + some)
    if some and others:
        assert merge([merge(some), merge(others)]) is merge(some + others)
