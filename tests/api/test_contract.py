"""What counts as a documented answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.api.contract import OPERATIONS, Answer, Step


def answer(http_status: int, **fields: object) -> Answer:
    """Return an answer with this JSON body."""
    return Answer.parse(http_status, json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        (Step.LOGIN, {"status": "SUCCESS", "session_token": "s", "expire": 604800}),
        (Step.LOGIN, {"status": "PASSWORD_EXPIRED", "state_token": "t", "data": "{}"}),
        (Step.LOGIN, {"status": "PASSWORD_WARN", "state_token": "t"}),
        (Step.LOGIN, {"status": "MFA_AUTH", "state_token": "t"}),
        (Step.UPDATE_PASSWORD, {"status": "SUCCESS", "session_token": "s", "expire": 43200, "id_token": "e.y.J"}),
        (Step.SKIP_UPDATE, {"status": "SUCCESS", "session_token": "s", "expire": 43200}),
    ],
)
def test_the_published_samples_are_acceptances(step: Step, fields: dict[str, object]) -> None:
    """The answers that the documentation prints are taken for what they are."""
    assert answer(200, **fields).is_acceptance(step)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"status": "SUCCESS"},
        {"status": "SUCCESS", "session_token": ""},
        {"status": "SUCCESS", "session_token": 5},
        {"status": "SUCCESS", "session_token": "s", "expire": "43200"},
        {"status": "SUCCESS", "session_token": "s", "expire": True},
        {"status": "SUCCESS", "session_token": "s", "id_token": 5},
        {"status": "PASSWORD_EXPIRED", "state_token": "t"},
        {"status": "success", "session_token": "s"},
        {"status": ["SUCCESS"], "session_token": "s"},
        {"status": "ACCESS_DENIED", "session_token": "s"},
    ],
)
def test_http_200_alone_is_never_success(fields: dict[str, object]) -> None:
    """A change is acknowledged by the status and the token that the documentation promises, typed as it says."""
    assert not answer(200, **fields).is_acceptance(Step.UPDATE_PASSWORD)


def test_success_under_another_http_status_is_no_acceptance() -> None:
    """Only HTTP 200 is documented for a success."""
    assert not answer(201, status="SUCCESS", session_token="s").is_acceptance(Step.UPDATE_PASSWORD)


@pytest.mark.parametrize(
    ("http_status", "fields", "is_refusal"),
    [
        (400, {"error_code": "PWD.0001", "error_msg": "Historical passwords cannot be used."}, True),
        (200, {"status": "ACCESS_DENIED"}, True),
        (400, {"error_code": "PWD.0001"}, False),
        (400, {"error_code": 1, "error_msg": "m"}, False),
        (400, {"error": "invalid_grant"}, False),
        (401, {"error_code": "X", "error_msg": "m"}, False),
        (200, {"error_code": "X", "error_msg": "m"}, False),
    ],
)
def test_a_refusal_has_the_documented_form(http_status: int, fields: dict[str, object], is_refusal: bool) -> None:
    """HTTP 400 with code and message, or 200 with ACCESS_DENIED; nothing else is a documented refusal."""
    assert answer(http_status, **fields).is_refusal is is_refusal


@pytest.mark.parametrize(
    ("http_status", "code", "is_shed"),
    [(429, "", True), (503, "", True), (500, "COM.0002", True), (400, "SDK.COMMON.1008", True), (500, "", False)],
)
def test_an_overloaded_target_is_recognised(http_status: int, code: str, is_shed: bool) -> None:
    """Being turned away is told apart from being refused and from breaking down."""
    assert answer(http_status, error_code=code, error_msg="m").is_shed is is_shed


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_body_escapes_as_an_exception(http_status: int, body: bytes) -> None:
    """A body that is no JSON object is no answer, whatever it is."""
    parsed = Answer.parse(http_status, body)
    assert parsed.fields is None or isinstance(parsed.fields, dict)
    for step in OPERATIONS:
        assert not (parsed.is_acceptance(step) and parsed.is_refusal)


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans())), st.integers(0, 400))
def test_a_body_is_read_as_the_library_reads_it_wherever_it_is_cut(fields: dict[str, object], length: int) -> None:
    """The short way for the usual body takes nothing for an answer that is none, and reads what is one alike."""
    body = json.dumps(fields, separators=(",", ":")).encode()[:length]
    try:
        expected = json.loads(body)
    except ValueError:
        expected = None
    assert Answer.parse(200, body).fields == (expected if isinstance(expected, dict) else None)


def test_a_body_nested_without_end_is_no_answer() -> None:
    """A hostile body cannot bring the generator down."""
    assert Answer.parse(200, b"[" * 100_000).fields is None
