"""Defects of passwords and the lock-out: with each, what must be refused passes; without, it does not."""

import time

import pytest
from tests.standin.broken import SUCCESS, Summary, Worlds, with_and_without
from tests.standin.client import LOGIN, NEW, PASSWORD, PREVIOUS, UPDATE, World

WRONG, LOCKED, BLANK = (400, "LOGIN.0002"), (400, "LOGIN.0001"), (400, "PWD.0008")


@pytest.mark.parametrize(
    ("defect", "new", "code"),
    [
        ("policy_length_unchecked", "Sh0rt-p", "PWD.0007"),
        ("policy_length_unchecked", "Much-longer-than-18-it-is", "PWD.0007"),
        ("policy_complexity_unchecked", "onlylettersinit", "PWD.0004"),
        ("policy_user_name_unchecked", "My-zhangsan-1", "PWD.0003"),
        ("policy_user_name_unchecked", "My-nasgnahz-1", "PWD.0002"),
        ("policy_repeats_unchecked", "Rrepeat-55555", "PWD.0006"),
        ("policy_weak_unchecked", "P@ssw0rd", "PWD.0005"),
        ("policy_blank_unchecked", "   ", "PWD.0008"),
        ("policy_blank_unchecked", "", "PWD.0008"),
        ("history_unchecked", PASSWORD, "PWD.0001"),
        ("history_unchecked", PREVIOUS, "PWD.0001"),
    ],
)
def test_a_rule_that_is_not_checked(make_world: Worlds, defect: str, new: str, code: str) -> None:
    """The password that breaks the rule is accepted and becomes the account's; the other rules hold."""

    def changed(world: World) -> Summary:
        return world.update(world.state_token(), new=new).summary

    assert with_and_without(make_world, defect, changed) == (SUCCESS, (400, code))
    world = make_world(defects=(defect,))
    world.seed()
    other = "onlylettersinit" if code == "PWD.0007" else "Sh0rt-p"
    assert world.update(world.state_token(), new=other).http_status == 400
    assert changed(world) == SUCCESS
    if new.strip():
        assert world.login(new).http_status == 200


def test_a_new_password_that_is_missing_is_no_blank_one(make_world: Worlds) -> None:
    """policy_blank_unchecked takes blanks, not a body without the field."""
    world = make_world(defects=("policy_blank_unchecked",))
    world.seed()
    headers = {"X-state-token": world.state_token()}
    assert world.call("POST", UPDATE, {"old_password": PASSWORD}, headers).summary == BLANK


def test_old_password_still_valid(make_world: Worlds) -> None:
    """After a change both passwords open the account; after the next one, the first no longer does."""

    def opened(world: World) -> Summary:
        assert world.update(world.state_token()).summary == SUCCESS
        assert world.login(NEW).summary == SUCCESS
        return world.login(PASSWORD).summary

    assert with_and_without(make_world, "old_password_still_valid", opened) == (SUCCESS, WRONG)
    world = make_world(defects=("old_password_still_valid",), password_validity_days=0.0)
    world.seed(state="must_modify")
    assert world.login("Nobodys-pw-1").summary == WRONG
    assert world.update(world.state_token()).summary == SUCCESS
    assert world.login(PREVIOUS).summary == WRONG


def test_old_password_unchecked(make_world: Worlds) -> None:
    """Whoever has a token may change the password without knowing it; a lock still holds."""

    def unknown(world: World) -> Summary:
        return world.update(world.state_token(), old="Nobodys-pw-1").summary

    assert with_and_without(make_world, "old_password_unchecked", unknown) == (SUCCESS, WRONG)
    world = make_world(defects=("old_password_unchecked",), lockout_threshold=1)
    world.seed()
    token = world.state_token()
    assert world.login("Nobodys-pw-1").summary == LOCKED
    assert world.update(token, old="Nobodys-pw-1").summary == LOCKED


def test_lockout_never(make_world: Worlds) -> None:
    """However many passwords are tried, the right one opens the account."""

    def tried(world: World) -> Summary:
        replies = [world.login("Nobodys-pw-1") for _ in range(5)]
        assert "Remaining attempts: -" not in str([reply.fields for reply in replies])
        return world.login().summary

    assert with_and_without(make_world, "lockout_never", tried, lockout_threshold=3) == (
        (200, "PASSWORD_EXPIRED"),
        LOCKED,
    )


def test_lockout_of_another(make_world: Worlds) -> None:
    """Somebody who did nothing wrong is locked out; the one who did is not."""

    def mistyped(world: World) -> tuple[Summary, Summary]:
        world.seed("lisi")
        assert world.login(user_name="zhangsan").http_status == 200
        for _ in range(3):
            world.login("Nobodys-pw-1", "lisi")
        return world.login(user_name="zhangsan").summary, world.login(user_name="lisi").summary

    let_in = (200, "PASSWORD_EXPIRED")
    assert with_and_without(make_world, "lockout_of_another", mistyped, lockout_threshold=3) == (
        (LOCKED, let_in),
        (let_in, LOCKED),
    )


def test_timing_leak(make_world: Worlds) -> None:
    """How long a refusal takes tells whether the name exists; how it reads does not."""

    def difference_s(world: World) -> float:
        took: dict[str, float] = {}
        for name in ("zhangsan", "nobody"):
            body = {"user_name": name, "password": "Nobodys-pw-1"}
            begun_s = time.perf_counter()
            assert world.call("POST", LOGIN, body).summary == WRONG
            took[name] = time.perf_counter() - begun_s
        return took["zhangsan"] - took["nobody"]

    broken_s, healthy_s = with_and_without(make_world, "timing_leak=300ms", difference_s)
    assert broken_s > 0.15
    assert abs(healthy_s) < 0.15
