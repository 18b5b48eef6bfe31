"""What a login's answer says of the password."""

import json

import pytest

from pwdload.accounts.reading import Reading, Says, read_login
from pwdload.api.http import Exchange


def exchange(status: int | None, body: object = None, *, sent: bool = True, transport: str = "") -> Exchange:
    content = json.dumps(body).encode() if not isinstance(body, bytes) else body
    return Exchange(started_s=0.0, sent_s=0.0 if sent else None, http_status=status, body=content, transport=transport)


def refused(code: str, message: str) -> Exchange:
    return exchange(400, {"error_code": code, "error_msg": message})


@pytest.mark.parametrize("status", ["SUCCESS", "PASSWORD_WARN", "PASSWORD_EXPIRED", "MFA_AUTH"])
def test_every_status_that_lets_in_says_that_the_password_is_right(status: str) -> None:
    """Whatever the service wants next, and whatever else is missing from its answer."""
    assert read_login(exchange(200, {"status": status})) == Reading(says=Says.OPENS, code=status)


@pytest.mark.parametrize(
    ("met", "says"),
    [
        (exchange(200, {"status": "ACCESS_DENIED"}), Says.DENIED),
        (exchange(200, {"status": "SOMETHING"}), Says.SILENCE),
        (exchange(200, b"<html>"), Says.SILENCE),
        (exchange(500, b"<html>"), Says.SILENCE),
        (exchange(503, b"<html>"), Says.SILENCE),
        (exchange(500, {"error_code": "COM.0002", "error_msg": "busy"}), Says.AWAY),
        (exchange(429, b""), Says.AWAY),
        (exchange(400, {"error_code": "LOGIN.0002"}), Says.SILENCE),
        (exchange(None, transport="timeout"), Says.SILENCE),
        (exchange(None, transport="refused", sent=False), Says.AWAY),
        (refused("APP.0003", "Application disabled."), Says.REFUSED),
    ],
)
def test_what_is_no_answer_to_the_question_is_not_taken_for_one(met: Exchange, says: Says) -> None:
    """Only a documented answer says anything of the password."""
    assert read_login(met).says is says


@pytest.mark.parametrize(
    ("text", "remaining"),
    [
        ("Invalid account name or password. Remaining attempts: 8.", 8),
        ("账号或密码错误，剩余尝试次数：8", 8),
        ("Remaining attempts: 8. Locked for 3 minutes after that.", 8),
        ("Noch 4 von 10 Versuchen", 4),
        ("Invalid account name or password.", None),
    ],
)
def test_remaining_attempts_are_read_in_whatever_language(text: str, remaining: int | None) -> None:
    """In words that nobody has seen before, the lowest number is the safe one."""
    reading = read_login(refused("LOGIN.0002", text))
    assert (reading.says, reading.remaining) == (Says.WRONG, remaining)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("It will be unlocked in 2 minutes and 59 seconds.", 179.0),
        ("用户因多次登录失败已被锁定，将在0分7秒后解锁", 7.0),
        ("Locked.", 180.0),
    ],
)
def test_the_rest_of_a_lock_is_read_in_whatever_language(text: str, seconds: float) -> None:
    """Where the text does not say, the documented default is taken."""
    reading = read_login(refused("IDAAS.SDK.LOGIN.0001", text))
    assert (reading.says, reading.locked_s) == (Says.LOCKED, seconds)
