"""The judgement of answers."""

import json

import pytest

from pwdload.api.contract import Answer, Step
from pwdload.cases.expectation import Expectation, accept, judge, judge_no_answer, refuse, refuse_documented
from pwdload.outcome import Outcome

GRANTED = (200, {"status": "SUCCESS", "session_token": "s", "expire": 1})
DENIED = (200, {"status": "ACCESS_DENIED"})
REFUSED = (400, {"error_code": "PWD.0001", "error_msg": "m"})
CHANGE = accept("SUCCESS")


def outcome(expect: Expectation, http_status: int, fields: object, step: Step = Step.UPDATE_PASSWORD) -> Outcome:
    """Judge an answer with this body."""
    return judge(expect, step, Answer.parse(http_status, json.dumps(fields).encode()))


@pytest.mark.parametrize(
    ("expect", "answer", "expected"),
    [
        (CHANGE, GRANTED, Outcome.RIGHT_ACCEPT),
        (CHANGE, REFUSED, Outcome.WRONG_REJECT),
        (CHANGE, DENIED, Outcome.WRONG_REJECT),
        (refuse("PWD.0001"), REFUSED, Outcome.RIGHT_REJECT),
        (refuse("PWD.0001"), DENIED, Outcome.RIGHT_REJECT),
        (refuse("PWD.0001"), GRANTED, Outcome.WRONG_ACCEPT),
        (refuse_documented("PWD.0001"), REFUSED, Outcome.RIGHT_REJECT),
        (refuse_documented("PWD.0001"), GRANTED, Outcome.WRONG_ACCEPT),
        (refuse_documented("ACCESS_DENIED"), DENIED, Outcome.RIGHT_REJECT),
    ],
)
def test_what_was_expected_decides(expect: Expectation, answer: tuple[int, object], expected: Outcome) -> None:
    """The same answer is right in one case and wrong in another."""
    assert outcome(expect, *answer) is expected


def test_an_undocumented_code_is_judged_mildly_and_a_documented_one_strictly() -> None:
    """Where the documentation is silent another code of the family is a surprise, where it speaks a violation."""
    assert outcome(refuse("PWD.0004"), *REFUSED) is Outcome.RIGHT_REJECT
    assert outcome(refuse_documented("PWD.0008"), *REFUSED) is Outcome.CONTRACT_VIOLATION


@pytest.mark.parametrize("expect", [CHANGE, refuse("PWD.0001"), refuse_documented("PWD.0001")])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {"status": "SUCCESS"}), Outcome.CONTRACT_VIOLATION),
        ((200, {"status": "LOCKED"}), Outcome.CONTRACT_VIOLATION),
        ((400, {"message": "no"}), Outcome.CONTRACT_VIOLATION),
        ((404, {"error_code": "X", "error_msg": "m"}), Outcome.CONTRACT_VIOLATION),
        ((200, ["SUCCESS"]), Outcome.UNKNOWN),
        ((500, {"error_code": "X", "error_msg": "m"}), Outcome.UNKNOWN),
        ((502, "Bad Gateway"), Outcome.UNKNOWN),
        ((429, {}), Outcome.SHED),
        ((503, "x"), Outcome.SHED),
    ],
)
def test_what_the_contract_does_not_know_is_never_success(
    expect: Expectation, answer: tuple[int, object], expected: Outcome
) -> None:
    """Undocumented answers are violations, server errors are doubt, overload is shedding, whatever was expected."""
    assert outcome(expect, *answer) is expected


@pytest.mark.parametrize("code", ["PARAM.0014", "LOGIN.0002", "SDK.COMMON.1005"])
def test_a_refusal_for_another_reason_is_not_the_one_that_was_due(code: str) -> None:
    """A policy case whose token had expired shows nothing about the policy."""
    assert outcome(refuse("PWD.0004"), 400, {"error_code": code, "error_msg": "m"}) is Outcome.WRONG_REJECT


def test_upstreams_longer_codes_belong_to_the_same_families() -> None:
    """IDAAS.TENANT.PWD.0004 is the same refusal as PWD.0004 under the product's older name."""
    answer = {"error_code": "IDAAS.TENANT.PWD.0007", "error_msg": "m"}
    assert outcome(refuse("PWD.0004"), 400, answer) is Outcome.RIGHT_REJECT


def test_a_refusal_by_a_layer_below_counts_where_it_is_expected() -> None:
    """A 405 from a gateway, with a page instead of JSON, is the refusal that a wrong method must get."""
    expect = refuse("PARAM.0405", http=(400, 405))
    page = Answer.parse(405, b"<html>Not Allowed</html>")
    assert judge(expect, Step.UPDATE_PASSWORD, page) is Outcome.RIGHT_REJECT
    assert judge(refuse("PARAM.0405"), Step.UPDATE_PASSWORD, page) is Outcome.UNKNOWN


def test_a_login_that_asks_for_no_change_is_not_what_was_due() -> None:
    """An account that was not expired after all is no security hole, but the flow cannot go on."""
    expect = accept("PASSWORD_EXPIRED", "PASSWORD_WARN")
    assert outcome(expect, *GRANTED, step=Step.LOGIN) is Outcome.WRONG_REJECT


def test_no_answer_leaves_doubt_unless_nothing_was_sent() -> None:
    """After the first byte nobody knows; before it nothing can have happened."""
    assert judge_no_answer(anything_sent=True) is Outcome.UNKNOWN
    assert judge_no_answer(anything_sent=False) is Outcome.NOT_SENT
