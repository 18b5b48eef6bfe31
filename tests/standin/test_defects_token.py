"""Defects of state_tokens: with each, what must be refused passes; without, it does not."""

import asyncio
import base64
import json
from collections.abc import Callable

import jwt
import pytest
from tests.standin.broken import SUCCESS, Summary, Worlds, with_and_without
from tests.standin.client import NEW, PASSWORD, UPDATE, World

INVALID_TOKEN = (400, "PARAM.0014")


def replayed(world: World) -> Summary:
    token = world.state_token()
    assert world.update(token).summary == SUCCESS
    return world.update(token, old=NEW, new="Another-pw-3").summary


def test_token_reusable(make_world: Worlds) -> None:
    """A token that has served serves again."""
    assert with_and_without(make_world, "token_reusable", replayed) == (SUCCESS, INVALID_TOKEN)


def race(world: World) -> list[Summary]:
    """Send one change five times at once."""
    token = world.state_token()

    async def at_once() -> list[Summary]:
        body = {"old_password": PASSWORD, "new_password": NEW}
        calls = [world.acall("POST", UPDATE, body, {"X-state-token": token}) for _ in range(5)]
        return [reply.summary for reply in await asyncio.gather(*calls)]

    return asyncio.run(at_once())


def test_token_race(make_world: Worlds) -> None:
    """Identical changes within the window are all acknowledged; one that comes later is refused."""
    broken, healthy = make_world(defects=("token_race=20ms",)), make_world()
    for world in (broken, healthy):
        world.seed()
    assert race(broken) == [SUCCESS] * 5
    assert broken.login(NEW).summary == SUCCESS
    assert race(healthy).count(SUCCESS) == 1
    late = make_world(defects=("token_race=1ms",))
    late.seed()
    assert replayed(late) == INVALID_TOKEN


def test_token_reusable_after_restart(make_world: Worlds) -> None:
    """Within one life of the program a token serves once; in the next one it is good again."""
    defects = ("token_reusable_after_restart",)
    world = make_world(defects=defects)
    world.seed()
    token = world.state_token()
    assert world.update(token).summary == SUCCESS
    assert world.update(token, old=NEW, new="Another-pw-3").summary == INVALID_TOKEN
    after = World(world.store.path, defects=defects)
    assert after.update(token, old=NEW, new="Another-pw-3").summary == SUCCESS
    after.close()
    healthy = World(world.store.path)
    assert healthy.update(token, old="Another-pw-3", new="Another-pw-4").summary == SUCCESS
    assert healthy.update(token, old="Another-pw-4", new="Another-pw-5").summary == INVALID_TOKEN
    healthy.close()
    healthy = World(world.store.path)
    assert healthy.update(token, old="Another-pw-4", new="Another-pw-5").summary == INVALID_TOKEN
    healthy.close()


def with_the_token_of_another(world: World) -> Summary:
    """Send a token that another account got on another device, with one's own passwords."""
    world.seed("lisi", password="Lisis-own-pw-1")
    others = {"X-device-fingerprint": "another"}
    token = world.login("Lisis-own-pw-1", "lisi", others).text("state_token")
    return world.update(token).summary


def test_token_of_another_account(make_world: Worlds) -> None:
    """The account that old_password opens is changed, though the token is another's; that one's is as it was."""
    assert with_and_without(make_world, "token_of_another_account", with_the_token_of_another) == (
        SUCCESS,
        INVALID_TOKEN,
    )
    world = make_world(defects=("token_of_another_account",))
    world.seed()
    with_the_token_of_another(world)
    assert world.login(NEW).summary == SUCCESS
    assert world.login("Lisis-own-pw-1", "lisi").summary == (200, "PASSWORD_EXPIRED")
    token = world.login("Lisis-own-pw-1", "lisi").text("state_token")
    assert world.update(token, old="Nobodys-pw-1").summary == (400, "LOGIN.0002")
    assert world.update(token, old="Lisis-own-pw-1", headers={"X-device-fingerprint": "another"}).summary == (
        INVALID_TOKEN
    )


def test_token_of_another_device(make_world: Worlds) -> None:
    """A stolen token serves on the thief's device."""

    def stolen(world: World) -> Summary:
        return world.update(world.state_token(), headers={"X-device-fingerprint": "another"}).summary

    assert with_and_without(make_world, "token_of_another_device", stolen) == (SUCCESS, INVALID_TOKEN)


def test_token_expired_accepted(make_world: Worlds) -> None:
    """A token serves long after its life."""

    def outlived(world: World) -> Summary:
        token = world.state_token()
        world.clock.advance(10_000.0)
        return world.update(token).summary

    assert with_and_without(make_world, "token_expired_accepted", outlived) == (SUCCESS, INVALID_TOKEN)


def forged(token: str) -> str:
    return jwt.encode(jwt.decode(token, options={"verify_signature": False}), "k" * 32, algorithm="HS256")


def altered(token: str) -> str:
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["exp"] += 1000
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


def one_byte_altered(token: str) -> str:
    """Return the token with a control character in the name of its application."""
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    content = json.dumps(claims).encode().replace(b"DRrY", b"DR\x00Y")
    return f"{head}.{base64.urlsafe_b64encode(content).rstrip(b'=').decode()}.{signature}"


@pytest.mark.parametrize("spoil", [forged, altered, one_byte_altered])
def test_token_unsigned(make_world: Worlds, spoil: Callable[[str], str]) -> None:
    """Whoever can write a token is let in; what is no token at all is refused still."""

    def spoilt(world: World) -> Summary:
        return world.update(spoil(world.state_token())).summary

    assert with_and_without(make_world, "token_unsigned", spoilt) == (SUCCESS, INVALID_TOKEN)
    world = make_world(defects=("token_unsigned",))
    world.seed()
    for text in (None, "", "no.such.token", "e30.e30.e30", "e30.W10.e30", "e30.eyJzdWJqZWN0IjoxfQ.e30"):
        assert world.update(text).summary == INVALID_TOKEN
