"""Defects of answers: tokens of another user, breaches of the contract, and what must not be told."""

import jwt
from tests.standin.broken import SUCCESS, Summary, Worlds, with_and_without
from tests.standin.client import NEW, PASSWORD, World


def let_in(world: World, name: str) -> dict[str, object]:
    """Return what a user gets who changes the password."""
    return world.update(world.state_token(name)).fields


def test_session_of_another_user(make_world: Worlds) -> None:
    """The session_token is one of the user before, as the SSO chain tells."""

    def owners(world: World) -> list[str]:
        world.seed("lisi")
        fingerprint = "156aysdna213sac"
        tokens = [str(let_in(world, name)["session_token"]) for name in ("zhangsan", "lisi")]
        ids = [world.parts.sessions.user_of(token, fingerprint) for token in tokens]
        accounts = [world.parts.accounts.by_id(str(user_id)) for user_id in ids]
        return [account.user_name for account in accounts if account is not None]

    assert with_and_without(make_world, "session_of_another_user=1", owners) == (
        ["zhangsan", "zhangsan"],
        ["zhangsan", "lisi"],
    )


def test_id_token_of_another_user(make_world: Worlds) -> None:
    """The id_token names the user before, and is signed all the same."""

    def owners(world: World) -> list[bool]:
        world.seed("lisi")
        named = []
        for name in ("zhangsan", "lisi"):
            claims = jwt.decode(str(let_in(world, name)["id_token"]), options={"verify_signature": False})
            account = world.parts.accounts.by_name(name)
            assert account is not None
            named.append(claims["sub"] == account.user_id)
        return named

    assert with_and_without(make_world, "id_token_of_another_user=1", owners, id_token=True) == (
        [True, False],
        [True, True],
    )


def test_ok_with_error_body(make_world: Worlds) -> None:
    """A refusal with HTTP 200 is a success to whoever looks at the status alone; a change may be made with an error."""

    def answers(world: World) -> list[Summary]:
        token = world.state_token()
        return [world.update(token, new="Sh0rt-p").summary, world.update(token).summary, world.login(NEW).summary]

    broken, healthy = with_and_without(make_world, "ok_with_error_body=1", answers)
    assert broken == [(200, "PWD.0007"), (200, "LOGIN.0003"), SUCCESS]
    assert healthy == [(400, "PWD.0007"), SUCCESS, SUCCESS]


def test_wrong_field_types(make_world: Worlds) -> None:
    """A good change is acknowledged with a text for a number and a number for a text."""

    def types(world: World) -> list[type]:
        fields = let_in(world, "zhangsan")
        assert world.login(NEW).summary == SUCCESS
        return [type(fields["expire"]), type(fields["session_token"])]

    assert with_and_without(make_world, "wrong_field_types=1", types) == ([str, int], [int, str])


def test_password_echoed(make_world: Worlds) -> None:
    """Whoever reads error messages, in a log or over a shoulder, reads passwords."""

    def messages(world: World) -> str:
        replies = [world.login("Mistyped-pw-1"), world.update(world.state_token(), new="Sh0rt-p")]
        assert [reply.http_status for reply in replies] == [400, 400]
        return " ".join(reply.text("error_msg") for reply in replies)

    broken, healthy = with_and_without(make_world, "password_echoed", messages)
    for password in ("Mistyped-pw-1", "Sh0rt-p", PASSWORD):
        assert password in broken
        assert password not in healthy


def test_skip_when_expired(make_world: Worlds) -> None:
    """The change that is due is put off."""

    def skipped(world: World) -> Summary:
        return world.skip(world.state_token()).summary

    assert with_and_without(make_world, "skip_when_expired", skipped) == (SUCCESS, (400, "PARAM.0014"))
