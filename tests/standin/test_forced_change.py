"""The forced change of a password, from token to new password."""

import asyncio
import base64
import itertools
import json
import unicodedata
from collections.abc import Callable

import jwt
import pytest
from tests.standin.client import NEW, PASSWORD, PREVIOUS, START_S, UPDATE, World

from pwdload.standin.seed import State

INVALID_TOKEN = (400, "PARAM.0014")


@pytest.mark.parametrize("state", ["expired", "warning", "must_modify"])
def test_a_change_replaces_the_password(make_world: Callable[..., World], state: State) -> None:
    """After an acknowledged change the new password opens the account, the old one does not."""
    world = make_world()
    world.seed(state=state)
    reply = world.update(world.state_token())
    assert reply.summary == (200, "SUCCESS")
    assert reply.fields["expire"] == 43_200
    assert set(reply.fields) == {"status", "session_token", "expire"}
    assert world.login(NEW).summary == (200, "SUCCESS")
    assert world.login(PASSWORD).summary == (400, "LOGIN.0002")


def test_a_warned_user_may_put_the_change_off(make_world: Callable[..., World]) -> None:
    """skip-update lets a warned user in, once per token, and leaves the password as it was."""
    world = make_world()
    world.seed(state="warning")
    token = world.state_token()
    assert world.skip(token).summary == (200, "SUCCESS")
    assert world.skip(token).summary == INVALID_TOKEN
    assert world.update(token).summary == INVALID_TOKEN
    assert world.login().summary == (200, "PASSWORD_WARN")


def test_an_expired_password_cannot_be_skipped(world: World) -> None:
    """skip-update is for PASSWORD_WARN alone; refused, it does not use the token up."""
    token = world.state_token()
    assert world.skip(token).summary == INVALID_TOKEN
    assert world.update(token).summary == (200, "SUCCESS")


def altered(token: str) -> str:
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["exp"] += 1000
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


def forged(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, "k" * 32, algorithm="HS256")


def unsigned(token: str) -> str:
    return jwt.encode(jwt.decode(token, options={"verify_signature": False}), "", algorithm="none")


@pytest.mark.parametrize("spoil", [altered, forged, unsigned, lambda _: None, lambda _: "", lambda _: "no.such.token"])
def test_a_token_that_is_not_ours_opens_nothing(world: World, spoil: Callable[[str], str | None]) -> None:
    """Missing, blank, altered, forged and unsigned tokens are refused before any password is looked at."""
    assert world.update(spoil(world.state_token()), old="wrong").summary == INVALID_TOKEN
    assert world.login().summary == (200, "PASSWORD_EXPIRED")


def test_a_token_carries_one_subject_in_json(world: World) -> None:
    """The token looks like the published sample: HS256, a claim `subject` that holds JSON as text."""
    token = world.state_token()
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    assert set(claims) == {"subject", "jti", "exp"}
    assert claims["exp"] == START_S + 300
    assert isinstance(json.loads(claims["subject"]), dict)


def test_a_token_lives_as_long_as_it_says(make_world: Callable[..., World]) -> None:
    """A state_token serves until the end of its life and not a moment longer."""
    world = make_world(state_token_life_s=60.0)
    world.seed()
    token = world.state_token()
    world.clock.advance(59.99)
    assert world.update(token, new="short").summary == (400, "PWD.0007")
    world.clock.advance(0.01)
    assert world.update(token).summary == INVALID_TOKEN


def test_a_token_serves_once(world: World) -> None:
    """A replayed state_token is refused, even with passwords that would be right by then."""
    token = world.state_token()
    assert world.update(token).summary == (200, "SUCCESS")
    assert world.update(token, old=NEW, new="Another-pw-3").summary == INVALID_TOKEN


def test_a_refused_attempt_leaves_the_token_usable(world: World) -> None:
    """By default a typing mistake does not force the user to log in again."""
    token = world.state_token()
    assert world.update(token, old="Mistyped-pw-1").summary == (400, "LOGIN.0002")
    assert world.update(token, new="short").summary == (400, "PWD.0007")
    assert world.update(token).summary == (200, "SUCCESS")


def test_a_token_may_be_used_up_by_any_attempt(make_world: Callable[..., World]) -> None:
    """The stricter reading of "single use" is a setting: the first attempt at the passwords ends the token."""
    world = make_world(state_token_consumed_by="attempt")
    world.seed()
    token = world.state_token()
    assert world.update(token, new="short").summary == (400, "PWD.0007")
    assert world.update(token).summary == INVALID_TOKEN
    assert world.update(world.state_token()).summary == (200, "SUCCESS")


@pytest.mark.parametrize(
    ("setting", "header", "value"),
    [
        ("state_token_bound_to_device", "X-device-fingerprint", "another"),
        ("state_token_bound_to_client", "X-client-id", "second"),
    ],
)
def test_a_token_is_bound_to_device_and_application(
    make_world: Callable[..., World], setting: str, header: str, value: str
) -> None:
    """A stolen state_token is worth nothing elsewhere, unless the setting says that the target does not check."""
    for is_bound in (True, False):
        world = make_world(client_ids=("DRrYIqauawN0I8myTMoDTPys6ezGZxnm", "second"), **{setting: is_bound})
        world.seed()
        reply = world.update(world.state_token(), headers={header: value})
        assert reply.summary == (INVALID_TOKEN if is_bound else (200, "SUCCESS"))


def test_the_token_of_a_deleted_account_is_worth_nothing(world: World) -> None:
    """An account that is gone cannot be changed."""
    token = world.state_token()
    user_id = world.call("GET", "/standin/accounts/zhangsan").text("user_id")
    assert world.tenant("DELETE", f"/api/v2/tenant/users/{user_id}").http_status == 204
    assert world.update(token).summary == INVALID_TOKEN


def test_a_disabled_account_is_denied_in_mid_flow(world: World) -> None:
    """A user who is disabled after login gets HTTP 200 with ACCESS_DENIED, and no new password."""
    token = world.state_token()
    user_id = world.call("GET", "/standin/accounts/zhangsan").text("user_id")
    world.tenant("PUT", f"/api/v2/tenant/users/{user_id}/disable")
    assert world.update(token).fields == {"status": "ACCESS_DENIED"}
    world.tenant("PUT", f"/api/v2/tenant/users/{user_id}/enable")
    assert world.login().summary == (200, "PASSWORD_EXPIRED")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"new_password": NEW}, "PWD.0008"),
        ({"old_password": PASSWORD}, "PWD.0008"),
        ({"old_password": "  ", "new_password": NEW}, "PWD.0008"),
        ({"old_password": PASSWORD, "new_password": ""}, "PWD.0008"),
        ({"old_password": 12345678, "new_password": NEW}, "PARAM.0002"),
        ({"old_password": PASSWORD, "new_password": [True]}, "PARAM.0002"),
        ("text", "PARAM.0002"),
        (b"{", "PARAM.0002"),
        (b"", "PARAM.0002"),
    ],
    ids=str,
)
def test_a_body_that_is_no_change_is_refused(world: World, body: object, code: str) -> None:
    """Wrong bodies are refused before the token is looked at, and leave it usable."""
    token = world.state_token()
    assert world.call("POST", UPDATE, body, {"X-state-token": token}).summary == (400, code)
    assert world.update(token).summary == (200, "SUCCESS")


def test_unknown_fields_of_a_change_are_ignored(world: World) -> None:
    """A newer app that sends more fields is served."""
    body = {"old_password": PASSWORD, "new_password": NEW, "x": {"y": []}}
    assert world.call("POST", UPDATE, body, {"X-state-token": world.state_token()}).summary == (200, "SUCCESS")


def test_the_same_letters_typed_differently_are_one_password(world: World) -> None:
    """A password with an accent opens the account whether the keyboard sends one code point or two."""
    composed = "Café-Zürich-1"
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert world.update(world.state_token(), new=decomposed).summary == (200, "SUCCESS")
    assert world.login(composed).summary == (200, "SUCCESS")


@pytest.mark.parametrize("hash_algorithm", ["sha256", "scrypt"])
def test_of_sixteen_racers_with_one_token_exactly_one_wins(
    make_world: Callable[..., World], hash_algorithm: str
) -> None:
    """Whatever the hash costs, one token makes one change, and the winner's password is the one that opens."""
    world = make_world(hash_algorithm=hash_algorithm, hash_cost=16)
    world.seed()
    token = world.state_token()

    async def race() -> list[tuple[int, str]]:
        bodies = [{"old_password": PASSWORD, "new_password": f"Racer-number-{n}"} for n in range(16)]
        calls = [world.acall("POST", UPDATE, body, {"X-state-token": token}) for body in bodies]
        return [reply.summary for reply in await asyncio.gather(*calls)]

    outcomes = asyncio.run(race())
    assert sorted(set(outcomes)) == [(200, "SUCCESS"), INVALID_TOKEN]
    assert outcomes.count((200, "SUCCESS")) == 1
    assert world.login(f"Racer-number-{outcomes.index((200, 'SUCCESS'))}").summary == (200, "SUCCESS")


def test_of_racers_with_a_token_each_one_wins_and_the_others_were_too_late(make_world: Callable[..., World]) -> None:
    """Concurrent changes of one account behave as if one came after the other: the later old password is wrong."""
    world = make_world(hash_algorithm="scrypt", hash_cost=16, lockout_threshold=0)
    world.seed()
    tokens = [world.state_token() for _ in range(4)]

    async def race() -> list[tuple[int, str]]:
        calls = [
            world.acall(
                "POST",
                UPDATE,
                {"old_password": PASSWORD, "new_password": f"Racer-number-{n}"},
                {"X-state-token": token},
            )
            for n, token in enumerate(tokens)
        ]
        return [reply.summary for reply in await asyncio.gather(*calls)]

    outcomes = asyncio.run(race())
    assert sorted(outcomes) == [(200, "SUCCESS"), *[(400, "LOGIN.0002")] * 3]
    loser = next(n for n, outcome in enumerate(outcomes) if outcome[0] == 400)
    winner = f"Racer-number-{outcomes.index((200, 'SUCCESS'))}"
    # The loser's token was not used up by a change that did not happen.
    assert world.update(tokens[loser], old=winner, new="After-the-race-1").summary == (200, "SUCCESS")


def test_history_reaches_as_deep_as_the_setting(make_world: Callable[..., World]) -> None:
    """With a depth of 2 the last two passwords are refused, an older one may come back, the current one never."""
    world = make_world(password_history=2, password_validity_days=1.0)
    world.seed(previous_password="")
    passwords = [PASSWORD, *(f"Generation-pw-{n}" for n in range(1, 4))]
    for old, new in itertools.pairwise(passwords):
        assert world.update(world.state_token(password=old), old=old, new=new).summary == (200, "SUCCESS")
        world.clock.advance(2 * 86_400)
    token, current = world.state_token(password=passwords[3]), passwords[3]
    codes = [world.update(token, old=current, new=new).summary[1] for new in (passwords[3], passwords[2], passwords[1])]
    assert codes == ["PWD.0001"] * 3
    assert world.update(token, old=current, new=passwords[0]).summary == (200, "SUCCESS")


def test_without_history_an_earlier_password_may_come_back(make_world: Callable[..., World]) -> None:
    """Depth 0 looks at the current password only, and nothing is kept for longer than the policy asks."""
    world = make_world(password_history=0)
    world.seed()
    assert world.update(world.state_token(), new=PREVIOUS).summary == (200, "SUCCESS")
    assert world.store.connection.execute("SELECT count(*) FROM password_history").fetchone() == (0,)


def test_a_seeded_previous_password_is_history(world: World) -> None:
    """The password that an account had before it was seeded cannot be used again."""
    assert world.update(world.state_token(), new=PREVIOUS).summary == (400, "PWD.0001")
