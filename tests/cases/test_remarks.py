"""Remarks: what an answer shows beyond its status, where its text and the passwords are at hand."""

import base64
import json

import pytest

from pwdload.accounts.account import Account, PasswordRef
from pwdload.api.contract import Answer, Step
from pwdload.cases.remarks import remark_on
from pwdload.passwords import Shape

ANN = Account(index=1, user_name="ann.example")
OLD, NEW = "aB3$eFgH9", 'x<Y"4zzzQ'
SENT = ((PasswordRef(0), OLD), (PasswordRef(1), NEW))


def remark(fields: object, http_status: int = 200, *, is_breach: bool = False, secrets: object = SENT) -> str:
    """Return the remark on an answer to ann's update."""
    body = json.dumps(fields).encode()
    answer = Answer.parse(http_status, body)
    return remark_on(Step.UPDATE_PASSWORD, answer, body, ANN, secrets, is_breach=is_breach)  # type: ignore[arg-type]


def id_token(claims: object) -> str:
    """Return a JWT with these claims, as the published sample spells them."""
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{middle}.c2lnbmF0dXJl"


def test_an_ordinary_answer_is_not_remarkable() -> None:
    """Neither success nor refusal says a word."""
    assert remark({"status": "SUCCESS", "session_token": "bts...2VO", "expire": 43200}) == ""
    assert remark({"error_code": "PWD.0001", "error_msg": "Historical passwords cannot be used."}, 400) == ""


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (f"Password {OLD} is wrong.", "echo:password"),
        (f"The password {NEW} is too weak.", "echo:new_password"),  # JSON escapes the quotation mark
        (f"{OLD} or {NEW}", "echo:password echo:new_password"),
        (f"{OLD[:-1]}", ""),
    ],
)
def test_a_password_that_an_answer_repeats_is_seen(message: str, word: str) -> None:
    """Whichever it was, and however the message had to be escaped."""
    assert remark({"error_code": "PWD.0004", "error_msg": message}, 400) == word


@pytest.mark.parametrize(
    "secret", [(PasswordRef(1, Shape.TOO_SHORT), "aB3"), (PasswordRef(1, Shape.WEAK), "Password1")]
)
def test_what_may_stand_in_a_sentence_by_chance_is_no_echo(secret: tuple[PasswordRef, str]) -> None:
    """A few letters, or a word that everybody uses."""
    fields = {"error_code": "PWD.0005", "error_msg": "aB3: Password1 and the like are not allowed."}
    assert remark(fields, 400, secrets=(secret,)) == ""


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"sub": "17", "api": json.dumps({"id": "17", "userName": "ann.example"})}, ""),
        ({"sub": "ann.example"}, ""),
        ({"sub": "18", "api": json.dumps({"id": "18", "userName": "bob.example"})}, "id_token:another"),
        ({"sub": "ann.example2"}, "id_token:another"),
    ],
)
def test_the_owner_of_an_id_token_is_compared(claims: object, word: str) -> None:
    """By its user name, wherever the claims spell it."""
    assert remark({"status": "SUCCESS", "session_token": "s", "id_token": id_token(claims)}) == word


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.!!.c", "a..c"])
def test_an_id_token_that_is_none_is_said_to_be(token: str) -> None:
    """Nobody can say whose it is."""
    assert remark({"status": "SUCCESS", "session_token": "s", "id_token": token}) == "id_token:unreadable"


@pytest.mark.parametrize(
    ("fields", "http_status", "word"),
    [
        ({"status": "SUCCESS", "session_token": 17}, 200, "breach:session_token=int"),
        ({"status": "SUCCESS", "session_token": "s", "expire": "43200"}, 200, "breach:expire=str"),
        ({"status": "SUCCESS", "session_token": "s", "id_token": 1}, 200, "breach:id_token=int"),
        ({"status": "SUCCESS"}, 200, "breach:session_token=none"),
        ({"status": "WELCOME"}, 200, "breach:status=WELCOME"),
        ({"error_code": "PWD.0004", "error_msg": "m"}, 200, "breach:status=none"),
        ({"error_code": "PWD.0004"}, 400, "breach:error_msg=none"),
        ({"error_code": "PWD.0004", "error_msg": "m"}, 400, "breach:error_code=PWD.0004"),
        ({"error_code": "PWD.0004", "error_msg": "m"}, 404, "breach:http=404"),
    ],
)
def test_a_breach_of_the_contract_is_named(fields: object, http_status: int, word: str) -> None:
    """By the field, and what it is instead."""
    assert remark(fields, http_status, is_breach=True) == word
