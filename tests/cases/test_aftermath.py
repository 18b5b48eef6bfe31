"""What a login that went wrong says of its account."""

import json
from collections.abc import Mapping

import pytest

from pwdload.accounts.account import Account
from pwdload.api.contract import Answer, Step
from pwdload.api.http import Exchange
from pwdload.cases.aftermath import Aftermath, aftermath
from pwdload.cases.expectation import accept, judge, judge_no_answer
from pwdload.cases.played import Played


def login(http_status: int | None, body: Mapping[str, object] | None = None, *, step: Step = Step.LOGIN) -> Played:
    """Return a login that had to hand out a state_token, and this answer to it; null: a time-out."""
    expect = accept("PASSWORD_EXPIRED", "PASSWORD_WARN")
    answer = None if http_status is None else Answer.parse(http_status, json.dumps(body).encode())
    outcome = judge_no_answer(anything_sent=True) if answer is None else judge(expect, step, answer)
    exchange = Exchange(started_s=0.0, sent_s=0.0, done_s=1.0)
    return Played(step, expect, exchange, answer, outcome, 0.0, Account(index=1, user_name="ann"))


def refused(code: str) -> Mapping[str, object]:
    """Return the body of a documented refusal."""
    return {"error_code": code, "error_msg": "m"}


@pytest.mark.parametrize(
    ("played", "expected"),
    [
        (login(200, {"status": "PASSWORD_EXPIRED", "state_token": "t"}), None),
        (login(200, {"status": "SUCCESS", "session_token": "s"}), Aftermath.USED),
        (login(200, {"status": "ACCESS_DENIED"}), Aftermath.DISABLED),
        (login(400, refused("LOGIN.0001")), Aftermath.LOCKED),
        (login(400, refused("IDAAS.SDK.LOGIN.1003")), Aftermath.LOCKED),
        (login(400, refused("LOGIN.0002")), Aftermath.SUSPECT),
        (login(400, refused("USER.0001")), Aftermath.SUSPECT),
        (login(400, refused("APP.0001")), None),
        (login(400, refused("PARAM.0003")), None),
        (login(503, {}), None),
        (login(500, {}), None),
        (login(None), None),
        (login(400, refused("LOGIN.0001"), step=Step.UPDATE_PASSWORD), None),
    ],
)
def test_only_what_an_answer_says_of_the_account_changes_it(played: Played, expected: Aftermath | None) -> None:
    """A target in trouble, or a request that no account could make, takes no account out of use."""
    assert aftermath(played) is expected
