"""The short ways of a flow for what is usual say the same as the long ways, whatever a target answers."""

import base64
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cases.test_play import ANN, BOB, BOOK, DEVICES, party
from tests.nothing_kept import NothingKept

from pwdload.accounts.account import Account, PasswordRef
from pwdload.api.contract import Answer, Step
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests
from pwdload.cases import play as played_by
from pwdload.cases import remarks
from pwdload.cases.asking import login, own_login
from pwdload.cases.catalogue import CASES
from pwdload.cases.expectation import Expectation, accept, accept_or_refuse, judge, refuse, tokens_granted, usual_token
from pwdload.cases.play import Flow, Party, Settings
from pwdload.cases.played import Played
from pwdload.outcome import Outcome
from pwdload.passwords import PasswordBook, Shape

OLD, NEW = (BOOK.password("ann.example", generation) for generation in (1, 2))
CASES_PLAYED = ("login_only", "valid_change", "change_then_login", "skip_when_warned", "new_password_too_short")


def jwt(claims: Mapping[str, str]) -> str:
    """Return what looks like an id_token."""
    return f"e.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"


STATUSES = ("PASSWORD_EXPIRED", "PASSWORD_WARN", "SUCCESS", "MFA_AUTH", "ACCESS_DENIED", "LOCKED")
ODD = (None, True, 0, 5, -1.5, float("nan"), "", "t", "tökén", "\ud800", OLD, NEW, f"your {OLD}", ["t"], {"t": OLD})
"""What may stand in any field."""
VALUES: Mapping[str, Sequence[object]] = {
    "status": STATUSES,
    "state_token": (),
    "session_token": (),
    "expire": (1800, 2**70),
    "data": ("{}",),
    "id_token": (jwt({"sub": "ann.example"}), jwt({"sub": "bob.example"}), "e.y.J"),
    "error_code": ("PWD.0001", "COM.0002", "LOGIN.0002", "PARAM.0014", "IDAAS.TENANT.PWD.0004"),
    "error_msg": (html.escape(OLD),),
    "x": (),
}
"""What may stand in this one besides."""
CHANGES = [(name, value) for name, values in VALUES.items() for value in (*values, *ODD)]
AROUND = (b"", b"", b"", b" ", b"\n")


def documented(step: Step, status: str) -> dict[str, object]:
    """Return an acceptance of a step as it is documented."""
    token = "session_token" if status == "SUCCESS" else "state_token"
    return {"status": status, token: f"{step}.b.c", "expire": 300}


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw the body of an answer: mostly one as documented with some fields changed, at times cut, or none at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=60) | st.sampled_from([b"", b"<html>", b"[" * 3000, b'"SUCCESS"', b"{}", b"12"]))
    fields = documented(Step.LOGIN, draw(st.sampled_from(STATUSES)))
    fields |= dict(draw(st.lists(st.sampled_from(CHANGES), max_size=3)))
    for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=1)):
        del fields[name]
    text = json.dumps(fields, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    body = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig"])), "surrogatepass")
    before, after = draw(st.sampled_from(AROUND)), draw(st.sampled_from([*AROUND, b"x"]))
    body = before + body + after
    return body[: draw(st.sampled_from([10_000, 10_000, 10_000, 40, len(body) - 1]))]


HTTP_STATUSES = st.sampled_from([200, 200, 200, 200, 201, 400, 400, 401, 429, 500, 503])
ANSWERS = st.tuples(HTTP_STATUSES, bodies())


class _Wire:
    """Answers with these answers in turn."""

    def __init__(self, answers: Sequence[tuple[int, bytes]]) -> None:
        self._answers = iter(answers)
        self.requests: list[bytes] = []

    def send(self, request: bytes) -> Exchange:
        self.requests.append(request)
        http_status, body = next(self._answers)
        return Exchange(started_s=1.0, sent_s=1.0, done_s=2.0, http_status=http_status, body=body)

    def send_together(self, requests: Sequence[bytes]) -> list[Exchange]:
        return [self.send(request) for request in requests]

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def now(self) -> float:
        return 1.0


@contextmanager
def the_long_way() -> Iterator[None]:
    """Let nothing pass for usual: every answer is judged in general, and each field of it looked at for remarks."""
    with (
        patch.object(played_by, "usual_token", lambda answer, tokens: ""),
        patch.object(played_by, "remark_on", remarks._remark),
        patch.object(played_by, "own_login", lambda me, device, book: login(me, device, me.in_force, book)),
    ):
        yield


def play(case: str, answers: Sequence[tuple[int, bytes]], me: Party) -> tuple[list[bytes], list[Played], Account]:
    """Play a case and return its requests, its exchanges, and the account as it is then."""
    wire = _Wire(answers)
    plain = Settings(book=BOOK, changes=NothingKept(), state_token_life_s=300.0)
    flow = Flow(CASES[case], me, party(BOB), wire, plain, 9.5)
    return wire.requests, list(flow), flow.account


def comparable(played: Played) -> tuple[object, ...]:
    """Return all of an exchange: its answer by what it says, since NaN is not itself."""
    return repr(played.answer), played.outcome, played.error_code, played.remark, *played[6:]


ME = party(ANN)
"""Its device keeps the login from one example to the next, as it does from flow to flow."""


def both_ways(case: str, answers: Sequence[tuple[int, bytes]]) -> None:
    """Play a case with and without its short ways, and hold all that it says and does against each other."""
    requests, exchanges, account = play(case, answers, ME)
    with the_long_way():
        expected_requests, expected, expected_account = play(case, answers, party(ANN))
    assert requests == expected_requests
    assert [comparable(one) for one in exchanges] == [comparable(one) for one in expected]
    assert account == expected_account


@pytest.mark.parametrize("http_status", [200, 201, 400, 429, 500])
@pytest.mark.parametrize("case", ["login_only", "valid_change", "new_password_too_short"])
def test_a_flow_goes_the_same_way_whichever_field_of_an_answer_is_odd(case: str, http_status: int) -> None:
    """Requests, outcomes, codes, remarks, tokens and sessions are the same, and so is the account in the end."""
    login_answer = documented(Step.LOGIN, "PASSWORD_EXPIRED")
    before = [] if case == "login_only" else [(200, json.dumps(login_answer).encode())]
    usual = documented(Step.UPDATE_PASSWORD, "SUCCESS") if before else login_answer
    for name, value in CHANGES:
        body = json.dumps({**usual, name: value}, ensure_ascii=value == "\ud800").encode()
        both_ways(case, [*before, (http_status, body)])


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(CASES_PLAYED), st.tuples(ANSWERS, ANSWERS, ANSWERS), st.booleans())
def test_a_flow_goes_the_same_way_whatever_a_target_answers(
    case: str, answers: tuple[tuple[int, bytes], ...], begins_well: bool
) -> None:
    """As above, with whole flows of answers, some of which are no JSON."""
    if begins_well:
        status = "PASSWORD_WARN" if case == "skip_when_warned" else "PASSWORD_EXPIRED"
        answers = ((200, json.dumps(documented(Step.LOGIN, status)).encode()), *answers)
    both_ways(case, answers)


EXPECTATIONS = (
    accept("PASSWORD_EXPIRED"),
    accept("SUCCESS"),
    accept_or_refuse("SUCCESS", "PWD.0001"),
    refuse("PWD.0001"),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(EXPECTATIONS), st.sampled_from([Step.LOGIN, Step.UPDATE_PASSWORD, Step.SKIP_UPDATE]), ANSWERS)
def test_a_token_at_first_sight_is_that_of_an_answer_judged_right(
    expect: Expectation, step: Step, answered: tuple[int, bytes]
) -> None:
    """What passes for usual is RIGHT_ACCEPT by the judgement of any answer, and the token is the one it hands out."""
    answer = Answer.parse(*answered)
    tokens = tokens_granted(expect, step)
    token = usual_token(answer, tokens)
    if token:
        assert judge(expect, step, answer) is Outcome.RIGHT_ACCEPT
        assert token == answer.text(tokens[answer.status])


@pytest.mark.parametrize("step", [Step.LOGIN, Step.UPDATE_PASSWORD])
def test_the_published_samples_pass_for_usual(step: Step) -> None:
    """The short way is taken: with and without what the documentation leaves out now and then."""
    status, name = ("PASSWORD_EXPIRED", "state_token") if step is Step.LOGIN else ("SUCCESS", "session_token")
    tokens = tokens_granted(accept(status), step)
    for more in ({}, {"expire": 1800}, {"data": "{}"}, {"expire": 1, "id_token": "e.y.J"}):
        answer = Answer.parse(200, json.dumps({"status": status, name: "t", **more}).encode())
        assert usual_token(answer, tokens) == "t"


@settings(deadline=None)
@given(bodies())
def test_the_text_of_an_answer_is_its_body(body: bytes) -> None:
    """Where an answer keeps its text, that is the body, so that a password is in the one if it is in the other."""
    answer = Answer.parse(200, body)
    assert answer.whole is None or (answer.fields is not None and answer.whole.encode() == body)


def test_a_kept_login_is_that_of_the_password_in_force() -> None:
    """It is kept while the account stays what it is, and made anew for another password, account or secret."""
    device = DeviceRequests("t", DEVICES.device(1))
    first = own_login(ANN, device, BOOK)
    assert own_login(ANN, device, BOOK) is first
    other_book = PasswordBook(b"another secret of the test", BOOK.policy)
    changed = ANN.changed(PasswordRef(2))
    for account, book in ((changed, BOOK), (ANN, BOOK), (ANN, other_book), (BOB, BOOK)):
        made = own_login(account, device, book)
        assert made == login(account, DeviceRequests("t", DEVICES.device(1)), account.in_force, book)
        assert made.secrets[0][1] not in repr(made)
        assert made.secrets == ((account.in_force, account.password(book, *account.in_force)),)


@given(
    st.builds(
        Account,
        index=st.integers(0, 9),
        user_name=st.text(),
        generation=st.integers(0, 5),
        shape=st.sampled_from(Shape),
        newest=st.integers(-1, 5),
        before=st.none() | st.builds(PasswordRef, st.integers(-1, 5), st.sampled_from(Shape)),
        initial_password=st.none() | st.text(),
        earlier_password=st.none() | st.text(),
        is_listed=st.booleans(),
        lease=st.integers(0, 5),
        user_id=st.text(),
    ),
    st.builds(PasswordRef, st.integers(0, 9), st.sampled_from(Shape)),
)
def test_a_changed_account_differs_in_its_password_alone(account: Account, new: PasswordRef) -> None:
    """Every other field is as it was, and it is as frozen as any account."""
    newest = max(account.generation, account.newest, new.generation)
    changed = account.changed(new)
    assert changed == replace(
        account, generation=new.generation, shape=new.shape, newest=newest, before=account.in_force
    )
    assert (type(changed), hash(changed) == hash(account)) == (Account, changed == account)
    with pytest.raises(AttributeError):
        changed.generation = 7  # type: ignore[misc]
