"""Too many wrong passwords."""

import asyncio
from collections.abc import Callable

import pytest
from tests.standin.client import LOGIN, PASSWORD, World

LOCKED = (400, "LOGIN.0001")
WRONG = (400, "LOGIN.0002")


def fail(world: World, times: int, user_name: str = "zhangsan") -> list[str]:
    return [world.login("Wrong-pw-1", user_name).text("error_msg") for _ in range(times)]


def test_remaining_attempts_count_down(world: World) -> None:
    """After two wrong tries of ten the message says 8, as in the published example."""
    assert fail(world, 2)[-1] == "Invalid account name or password. Remaining attempts: 8."


def test_the_tenth_wrong_password_locks_for_three_minutes(world: World) -> None:
    """At the threshold the account is locked, even for the right password, and the message says for how long."""
    assert fail(world, 9)[-1].endswith("Remaining attempts: 1.")
    assert world.login("Wrong-pw-1").summary == LOCKED
    world.clock.advance(54.5)
    reply = world.login()
    assert reply.summary == LOCKED
    assert reply.text("error_msg").endswith("It will be unlocked in 2 minutes and 6 seconds.")
    world.clock.advance(180 - 54.5)
    assert world.login().summary == (200, "PASSWORD_EXPIRED")


def test_a_lock_that_has_run_out_begins_a_new_count(world: World) -> None:
    """After the unlock a user has all attempts again, not one."""
    fail(world, 10)
    world.clock.advance(180)
    assert fail(world, 1) == ["Invalid account name or password. Remaining attempts: 9."]


def test_tries_while_locked_do_not_prolong_the_lock(world: World) -> None:
    """A client that keeps knocking is let in when the lock runs out."""
    fail(world, 10)
    world.clock.advance(179)
    fail(world, 20)
    world.clock.advance(1)
    assert world.login().summary == (200, "PASSWORD_EXPIRED")


def test_the_right_password_forgives(world: World) -> None:
    """Failures in a row lock an account, not failures in a life."""
    for _ in range(3):
        fail(world, 9)
        assert world.login().summary == (200, "PASSWORD_EXPIRED")


def test_an_unknown_name_answers_like_a_known_one(world: World) -> None:
    """Nobody can find out which names exist: count, lock and unlock look the same."""
    texts = fail(world, 12, "nobody")
    assert texts == fail(world, 12)
    world.clock.advance(180)
    assert fail(world, 1, "nobody") == fail(world, 1)


def test_a_wrong_old_password_counts(world: World) -> None:
    """pwd/update is no way around the lock-out."""
    token = world.state_token()
    for _ in range(9):
        assert world.update(token, old="Wrong-pw-1").summary == WRONG
    assert world.update(token, old="Wrong-pw-1").summary == LOCKED
    assert world.update(token).summary == LOCKED
    assert world.login().summary == LOCKED
    world.clock.advance(180)
    assert world.update(token).summary == (200, "SUCCESS")


def test_a_wrong_old_password_may_be_left_uncounted(make_world: Callable[..., World]) -> None:
    """Whether it counts is undocumented, and so a setting."""
    world = make_world(wrong_old_password_counts=False)
    world.seed()
    token = world.state_token()
    for _ in range(12):
        assert world.update(token, old="Wrong-pw-1").summary == WRONG
    assert world.update(token).summary == (200, "SUCCESS")


def test_an_uncounted_mistake_after_a_lock_promises_all_attempts(make_world: Callable[..., World]) -> None:
    """A lock that has run out is forgotten wherever attempts are told."""
    world = make_world(wrong_old_password_counts=False)
    world.seed()
    token = world.state_token()
    fail(world, 10)
    world.clock.advance(180)
    assert world.update(token, old="Wrong-pw-1").text("error_msg").endswith("Remaining attempts: 10.")


def test_without_a_threshold_nothing_locks(make_world: Callable[..., World]) -> None:
    """Threshold 0 is off, and then no remaining attempts are promised."""
    world = make_world(lockout_threshold=0)
    world.seed()
    assert fail(world, 30)[-1] == "Invalid account name or password."
    assert world.login().summary == (200, "PASSWORD_EXPIRED")


@pytest.mark.parametrize("user_name", ["zhangsan", "nobody"])
def test_parallel_guesses_are_all_counted(make_world: Callable[..., World], user_name: str) -> None:
    """Guessing in parallel while hashes are being computed gives no more guesses than one after the other."""
    world = make_world(hash_algorithm="scrypt", hash_cost=16, lockout_threshold=5)
    world.seed()

    async def guess() -> list[tuple[int, str]]:
        bodies = [{"user_name": user_name, "password": f"Guess-number-{n}"} for n in range(12)]
        return [reply.summary for reply in await asyncio.gather(*(world.acall("POST", LOGIN, body) for body in bodies))]

    outcomes = asyncio.run(guess())
    assert outcomes.count(WRONG) == 4
    assert outcomes.count(LOCKED) == 8
    assert world.login(PASSWORD, user_name).summary == LOCKED
