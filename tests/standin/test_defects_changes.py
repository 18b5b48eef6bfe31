"""Defects of changes: acknowledged and not made, made and not acknowledged, made too late, or lost."""

import asyncio
import signal
import time
from collections.abc import Callable

import pytest
from tests.standin.broken import SUCCESS, Summary, Worlds, with_and_without
from tests.standin.client import LOGIN, NEW, PASSWORD, PREVIOUS, UPDATE, World
from tests.standin.process import WITHIN_S, Process

EXPIRED, WRONG = (200, "PASSWORD_EXPIRED"), (400, "LOGIN.0002")


def test_change_ignored(make_world: Worlds) -> None:
    """The change is acknowledged, and the password is the old one still."""

    def changed(world: World) -> tuple[Summary, Summary]:
        return world.update(world.state_token()).summary, world.login().summary

    assert with_and_without(make_world, "change_ignored=1", changed) == ((SUCCESS, EXPIRED), (SUCCESS, WRONG))


def test_a_share_strikes_that_share_and_the_same_ones_again(make_world: Worlds) -> None:
    """Of 200 changes about a quarter is ignored, and the same ones in the next run with this seed."""

    def ignored(seed: int) -> list[bool]:
        world = make_world(defects=("change_ignored=0.25",), defects_seed=seed, password_history=0)
        world.seed()
        passwords, struck = [PASSWORD, NEW], []
        for number in range(200):
            token = world.state_token(password=passwords[0])
            passwords[1] = f"Number-{number}-xy"
            assert world.update(token, old=passwords[0], new=passwords[1]).summary == SUCCESS
            account = world.parts.accounts.by_name("zhangsan")
            assert account is not None
            struck.append(not world.hasher.opens(passwords[1], account.password_hash))
            if not struck[-1]:
                passwords[0] = passwords[1]
                world.parts.accounts.replace_password(account, account.password_hash, now_s=0.0)
        return struck

    first = ignored(1)
    assert 30 <= sum(first) <= 70
    assert ignored(1) == first
    assert ignored(2) != first


@pytest.mark.parametrize(("old", "new"), [(PASSWORD, "Sh0rt-p"), ("Nobodys-pw-1", NEW)])
def test_change_applied_although_refused(make_world: Worlds, old: str, new: str) -> None:
    """The refusal is right, and the password is changed all the same."""

    def refused(world: World) -> tuple[int, Summary]:
        http_status = world.update(world.state_token(), old=old, new=new).http_status
        return http_status, world.login(new).summary

    assert with_and_without(make_world, "change_applied_although_refused", refused) == ((400, SUCCESS), (400, WRONG))


def test_a_locked_account_is_left_alone_although_refused(make_world: Worlds) -> None:
    """The lock itself is not broken by change_applied_although_refused."""
    world = make_world(defects=("change_applied_although_refused",), lockout_threshold=1, lockout_s=60.0)
    world.seed()
    token = world.state_token()
    world.login("Nobodys-pw-1")
    assert world.update(token).summary == (400, "LOGIN.0001")
    world.clock.advance(61.0)
    assert world.login().summary == EXPIRED


def test_late_application(make_world: Worlds) -> None:
    """A change that was held back wins over a newer one that was acknowledged meanwhile."""

    def overtaken(world: World) -> tuple[list[Summary], Summary]:
        tokens = [world.state_token(), world.state_token()]
        first = {"old_password": PASSWORD, "new_password": "Held-back-pw-1"}
        second = {"old_password": PASSWORD, "new_password": NEW}

        async def both() -> list[Summary]:
            slow = asyncio.create_task(world.acall("POST", UPDATE, first, {"X-state-token": tokens[0]}))
            await asyncio.sleep(0.05)
            quick = await world.acall("POST", UPDATE, second, {"X-state-token": tokens[1]})
            return [quick.summary, (await slow).summary]

        return asyncio.run(both()), world.login("Held-back-pw-1").summary

    # This seed holds the first of the two back, and not the second.
    broken, healthy = with_and_without(make_world, "late_application=300ms:0.5", overtaken, defects_seed=4)
    assert broken == ([SUCCESS, SUCCESS], SUCCESS)
    assert healthy == ([WRONG, SUCCESS], SUCCESS)


def test_ok_with_access_denied(make_world: Worlds) -> None:
    """The answer denies what has been done."""

    def changed(world: World) -> tuple[Summary, Summary]:
        return world.update(world.state_token()).summary, world.login(NEW).summary

    assert with_and_without(make_world, "ok_with_access_denied=1", changed) == (
        ((200, "ACCESS_DENIED"), SUCCESS),
        (SUCCESS, SUCCESS),
    )


@pytest.mark.parametrize("defect", ["change_lost_on_restart", "change_acked_before_commit=60s"])
def test_a_change_that_is_not_safe_shows_in_nothing(make_world: Worlds, defect: str) -> None:
    """As long as the program lives, login, history, versions and the next change see what was acknowledged."""
    world = make_world(defects=(defect,), password_validity_days=0.0)
    world.seed(state="must_modify")

    async def life() -> None:
        """One event loop for all: its end is the end of the program."""

        async def login(password: str) -> Summary:
            return (
                await world.acall("POST", "/api/v2/sdk/login", {"user_name": "zhangsan", "password": password})
            ).summary

        async def change(old: str, new: str) -> Summary:
            body = {"user_name": "zhangsan", "password": old}
            token = (await world.acall("POST", LOGIN, body)).text("state_token")
            body = {"old_password": old, "new_password": new}
            return (await world.acall("POST", UPDATE, body, {"X-state-token": token})).summary

        assert await change(PASSWORD, NEW) == SUCCESS
        assert [await login(password) for password in (NEW, PASSWORD)] == [SUCCESS, WRONG]
        account = world.parts.accounts.by_name("zhangsan")
        assert account is not None
        with world.store.transaction():
            assert world.parts.change.apply(account, account.password_hash, must_modify=True)
        assert await change(NEW, PASSWORD) == (400, "PWD.0001")
        assert await change(NEW, PREVIOUS) == (400, "PWD.0001")
        assert await change(NEW, "Another-pw-3") == SUCCESS
        assert [await login(password) for password in ("Another-pw-3", NEW)] == [SUCCESS, WRONG]

    asyncio.run(life())
    after = World(world.store.path, password_validity_days=0.0)
    is_lost = defect == "change_lost_on_restart"
    assert after.login("Another-pw-3").summary == (WRONG if is_lost else SUCCESS)
    assert after.login(PASSWORD).summary == (EXPIRED if is_lost else WRONG)
    after.close()


def test_a_share_of_changes_is_lost(make_world: Worlds) -> None:
    """change_lost_on_restart takes a share: the others are as safe as ever."""
    world = make_world(defects=("change_lost_on_restart=0.5",))
    names = [f"user{number}" for number in range(40)]
    for name in names:
        world.seed(name)
        assert world.update(world.state_token(name)).summary == SUCCESS
    after = World(world.store.path)
    kept = [after.login(NEW, name).summary for name in names]
    after.close()
    assert set(kept) == {SUCCESS, WRONG}
    assert 10 <= kept.count(SUCCESS) <= 30


@pytest.mark.e2e
def test_a_client_that_gave_up_is_overtaken_by_its_own_change(start: Callable[..., Process]) -> None:
    """The client times out, asks again and is acknowledged; then the first change comes, and wins."""
    # This seed holds the first change back, and not the second.
    process = start("--defect", "late_application=600ms:0.5", "--set", "defects_seed=4")
    tokens = [str(process.login(1)["state_token"]) for _ in range(2)]
    body = {"old_password": PASSWORD, "new_password": "Held-back-pw-1"}
    with pytest.raises(TimeoutError):
        process.call("POST", UPDATE, body, within_s=0.2, X_state_token=tokens[0])
    body["new_password"] = NEW
    assert process.call("POST", UPDATE, body, X_state_token=tokens[1])["status"] == "SUCCESS"
    assert process.login(1, NEW)["status"] == "SUCCESS"
    deadline_s = time.monotonic() + WITHIN_S
    while process.login(1, "Held-back-pw-1").get("status") != "SUCCESS":
        assert time.monotonic() < deadline_s
        time.sleep(0.2)
    assert process.login(1, NEW)["error_code"] == "LOGIN.0002"


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("defect", "number", "is_lost"),
    [
        ("change_acked_before_commit=30s", signal.SIGKILL, True),
        ("change_acked_before_commit=30s", signal.SIGTERM, False),
        ("change_lost_on_restart", signal.SIGTERM, True),
        ("token_reusable", signal.SIGKILL, False),
    ],
)
def test_what_a_restart_loses(start: Callable[..., Process], defect: str, number: int, is_lost: bool) -> None:
    """A change that was acknowledged too early is gone after a crash, and only then; one in memory in any case."""
    process = start("--db", "kept.db", "--defect", defect)
    assert process.change(1)["status"] == "SUCCESS"
    assert process.login(1, NEW)["status"] == "SUCCESS"
    process.stop(number)
    again = start("--db", "kept.db")
    assert again.login(1, NEW).get("status") == (None if is_lost else "SUCCESS")
    assert again.login(1, PASSWORD).get("status") == ("PASSWORD_EXPIRED" if is_lost else None)
