"""What a login answers."""

import json
import re
from collections.abc import Callable

import pytest
from tests.standin.client import NEW, PASSWORD, World

from pwdload.standin.seed import State

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("valid", "SUCCESS"),
        ("warning", "PASSWORD_WARN"),
        ("expired", "PASSWORD_EXPIRED"),
        ("must_modify", "PASSWORD_EXPIRED"),
        ("disabled", "ACCESS_DENIED"),
        ("mfa", "MFA_AUTH"),
    ],
)
def test_every_documented_status_can_be_had(make_world: Callable[..., World], state: State, status: str) -> None:
    """All five login statuses come with HTTP 200, so that a client which trusts the HTTP status is found out."""
    world = make_world()
    world.seed(state=state)
    assert world.login().summary == (200, status)


def test_success_hands_out_a_session_and_nothing_else(make_world: Callable[..., World]) -> None:
    """A SUCCESS has the documented fields: an opaque session_token of 32 letters and digits, and its life."""
    world = make_world()
    world.seed(state="valid")
    fields = world.login().fields
    assert set(fields) == {"status", "session_token", "expire"}
    assert re.fullmatch("[A-Za-z0-9]{32}", str(fields["session_token"]))
    assert fields["expire"] == 604_800


@pytest.mark.parametrize("state", ["warning", "expired"])
def test_a_forced_change_comes_with_the_policy_as_text(make_world: Callable[..., World], state: State) -> None:
    """An app can tell the user the rules: `data` is a JSON document inside a string."""
    world = make_world(password_length_max=50)
    world.seed(state=state)
    reply = world.login()
    policy = json.loads(reply.text("data"))
    assert (policy["minLength"], policy["maxLength"]) == (8, 50)
    assert re.match(policy["regEx"], NEW)
    assert set(reply.fields) == {"status", "state_token", "data"}


def test_a_password_ages_from_valid_to_warning_to_expired(make_world: Callable[..., World]) -> None:
    """Validity and warning days turn the same login from SUCCESS to PASSWORD_WARN to PASSWORD_EXPIRED on time."""
    world = make_world(password_validity_days=90.0, password_warning_days=7.0)
    world.seed(state="valid")
    seen = []
    for days in (82.9, 0.2, 6.8, 0.2):
        world.clock.advance(days * DAY_S)
        seen.append(world.login().text("status"))
    assert seen == ["SUCCESS", "PASSWORD_WARN", "PASSWORD_WARN", "PASSWORD_EXPIRED"]


def test_without_validity_no_password_expires(make_world: Callable[..., World]) -> None:
    """Validity 0 means for ever."""
    world = make_world(password_validity_days=0.0)
    world.seed(state="valid")
    world.clock.advance(10_000 * DAY_S)
    assert world.login().text("status") == "SUCCESS"


def test_without_warning_days_a_password_expires_unannounced(make_world: Callable[..., World]) -> None:
    """Warning 0 means that PASSWORD_WARN never comes."""
    world = make_world(password_warning_days=0.0)
    world.seed(state="valid")
    world.clock.advance(89.999 * DAY_S)
    assert world.login().text("status") == "SUCCESS"
    world.clock.advance(0.001 * DAY_S)
    assert world.login().text("status") == "PASSWORD_EXPIRED"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"password": PASSWORD}, "USER.0002"),
        ({"user_name": " ", "password": PASSWORD}, "USER.0002"),
        ({"user_name": "zhangsan"}, "PWD.0008"),
        ({"user_name": "zhangsan", "password": ""}, "PWD.0008"),
        ({"user_name": None, "password": PASSWORD}, "USER.0002"),
        ({"user_name": 7, "password": PASSWORD}, "PARAM.0002"),
        ({"user_name": "zhangsan", "password": ["a"]}, "PARAM.0002"),
        ({"user_name": "zhangsan", "password": "\ud800"}, "PARAM.0002"),
        ([], "PARAM.0002"),
        (b"user_name=zhangsan", "PARAM.0002"),
        (b"\xff\xfe", "PARAM.0002"),
        (b"[" * 50_000, "PARAM.0002"),
    ],
    ids=str,
)
def test_a_body_that_is_no_login_is_refused(world: World, body: object, code: str) -> None:
    """Missing, blank, ill-typed and unreadable bodies are told apart, and none is a server error."""
    assert world.call("POST", "/api/v2/sdk/login", body).summary == (400, code)


def test_a_disabled_account_may_be_hidden(make_world: Callable[..., World]) -> None:
    """A target may answer a disabled account like a wrong password; the right one is then not counted."""
    world = make_world(disabled_login="password_wrong")
    world.seed(state="disabled")
    assert world.login().text("error_msg").endswith("Remaining attempts: 10.")


def test_unknown_fields_are_ignored(world: World) -> None:
    """A newer app that sends more fields is served."""
    body = {"user_name": "zhangsan", "password": PASSWORD, "remember": True}
    assert world.call("POST", "/api/v2/sdk/login", body).summary == (200, "PASSWORD_EXPIRED")


def test_the_mobile_of_a_second_factor_is_told(make_world: Callable[..., World]) -> None:
    """An MFA state_token leads to the mobile number, and never to a change of the password."""
    world = make_world()
    world.seed(state="mfa", mobile="13800000000")
    token = world.state_token()
    reply = world.call("GET", "/api/v2/sdk/mobile-by-token", headers={"X-state-token": token})
    assert reply.fields == {"mobile": "13800000000"}
    assert world.update(token).summary == (400, "PARAM.0014")
    assert world.skip(token).summary == (400, "PARAM.0014")


@pytest.mark.parametrize(("setting", "status"), [("expired", "PASSWORD_EXPIRED"), ("warning", "PASSWORD_WARN")])
def test_what_an_ordered_change_shows_as_is_a_setting(
    make_world: Callable[..., World], setting: str, status: str
) -> None:
    """pwd_must_modify has no status of its own; a change ends it either way."""
    world = make_world(must_modify_status=setting)
    world.seed(state="must_modify")
    assert world.login().summary == (200, status)
    assert world.update(world.state_token()).summary == (200, "SUCCESS")
    assert world.login(NEW).summary == (200, "SUCCESS")


def test_an_ordered_change_does_not_make_an_expired_password_less_expired(make_world: Callable[..., World]) -> None:
    """Ordered changes that only warn: put off, the order stands, and when the password gets too old it is expired."""
    world = make_world(must_modify_status="warning")
    world.seed(state="must_modify")
    assert world.skip(world.state_token()).summary == (200, "SUCCESS")
    assert world.login().summary == (200, "PASSWORD_WARN")
    world.clock.advance(90 * 86_400)
    assert world.login().summary == (200, "PASSWORD_EXPIRED")
