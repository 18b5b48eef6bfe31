"""Accounts made, armed and removed at a real stand-in, over a line that loses answers, by a process that is killed."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.accounts.faulty import CARRIED_OUT, NOT_CARRIED_OUT, Fault, at_random
from tests.accounts.world import World, later, running_world

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Event, Kind, Reason, Record, Status
from pwdload.accounts.provision import names, to_be_made
from pwdload.api.tenant import _user_id
from pwdload.errors import AccountsError

pytestmark = pytest.mark.e2e

COUNT = 40
ANY_FAULT = (*CARRIED_OUT, *NOT_CARRIED_OUT)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a stand-in, and a ledger that wants accounts made."""
    with running_world(tmp_path, entries=to_be_made(names("load-", COUNT), first_index=0)) as world:
        yield world


def kills(seed: int) -> list[int]:
    """Return after how many records a process is killed, time and again."""
    chance = random.Random(seed)
    return [chance.randrange(1, 2 * COUNT) for _ in range(6)]


def made_world(world: World) -> World:
    """Make all accounts, over a good line."""
    created = world.create()
    assert len(created.made) == COUNT
    world.books.keep_user_ids(created.made)
    return world


def assert_there_once_each(world: World) -> None:
    assert sorted(user.user_name for user in world.users()) == list(names("load-", COUNT))


@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.slow), 1, pytest.param(2, marks=pytest.mark.slow)])
def test_create_makes_each_account_once(world: World, seed: int) -> None:
    """Answers are lost before and after the user was made, the process is killed six times, and each is there once."""
    world.relay.plan = at_random(seed, 0.3, *ANY_FAULT, about=b"/tenant/")
    world.resume(world.create, kills(seed))
    for _ in range(3):
        world.create()
    assert_there_once_each(world)
    assert {entry.status for entry in world.books.all} == {Status.READY}
    assert all(world.opens(entry) for entry in world.books.all)
    assert {world.state(entry)["login_status"] for entry in world.books.all} == {"PASSWORD_EXPIRED"}
    assert sum(world.relay.met[fault] for fault in CARRIED_OUT) > 3


def test_a_name_that_is_somebody_elses_is_told_and_not_touched(world: World) -> None:
    """Neither a name that was there before, nor one that was there before a create that never got an answer."""
    other = world.client()
    other.create_user("load-000003", "13800000003", "Somebody-elses-1", must_modify=False)
    other.create_user("load-000004", "13800000004", "Somebody-elses-1", must_modify=False)
    asked = Record(Event.INTENT, Kind.CREATE, account=4, ref=PasswordRef(0), at=1.0)
    world.books.append(asked)
    for _ in range(2):
        created = world.create()
        assert [told.entry.user_name for told in created.conflicts] == ["load-000003", "load-000004"]
    armed = world.arm()
    assert len(armed.armed) == COUNT - 2
    deleted = world.delete()
    assert len(deleted.deleted) == COUNT - 2
    assert sorted(user.user_name for user in world.users()) == ["load-000003", "load-000004"]
    for index in (3, 4):
        entry = world.books.all[index]
        assert (entry.status, entry.reason) == (Status.RETIRED, Reason.TAKEN)
        answer = world.standin.ask("POST", f"/standin/accounts/{entry.user_name}", {"password": "Somebody-elses-1"})
        assert answer == {"opens": True}


@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.slow), 1, pytest.param(2, marks=pytest.mark.slow)])
def test_arm_loses_no_account(world: World, seed: int) -> None:
    """Twice over a bad line, killed at random: the ledger names the password in force, and nobody is locked."""
    made_world(world)
    for generation in (1, 2):
        world.relay.plan = at_random(seed + generation, 0.25, *ANY_FAULT)

        def arm(generation: int = generation) -> object:
            return world.arm(below=generation)

        world.resume(arm, kills(seed))
        for _ in range(4):
            arm()
        # What is left had too many logins without an answer for one more to be safe.
        world.relay.plan = lambda request: Fault.NONE
        world.arm(below=generation, even_unsettled=True)
    kept = [entry for entry in world.books.all if entry.status is Status.READY]
    assert len(kept) >= COUNT * 0.9, "only five doubtful changes retire one"
    assert {entry.in_force for entry in kept} == {PasswordRef(2)}
    assert all(entry.reason is Reason.DOUBTS for entry in world.books.all if entry not in kept)
    assert all(world.opens(entry) for entry in world.books.all)
    assert not any(world.is_locked(entry) for entry in world.books.all)
    assert {world.state(entry)["login_status"] for entry in kept} == {"PASSWORD_EXPIRED"}


def test_delete_removes_what_it_made_and_nothing_else(world: World) -> None:
    """Over a bad line, killed at random; accounts that were there before the ledger stay."""
    made_world(world)
    world.client().create_user("director", "13900000001", "Not-a-test-user-1", must_modify=False)
    world.relay.plan = at_random(5, 0.3, *ANY_FAULT, about=b"/tenant/")
    world.resume(world.delete, kills(5))
    for _ in range(3):
        world.delete()
    assert {entry.status for entry in world.books.all} == {Status.DELETED}
    assert [user.user_name for user in world.users()] == ["director"]


def test_accounts_can_be_made_again_after_they_were_deleted(world: World) -> None:
    """Under the same names, with passwords that were never in force before."""
    made_world(world)
    world.delete()
    made_world(world)
    assert_there_once_each(world)
    assert {entry.in_force for entry in world.books.all} == {PasswordRef(1)}
    assert all(world.opens(entry) for entry in world.books.all)


def test_create_waits_for_a_target_that_is_down(world: World) -> None:
    """Killed in the middle and started again elsewhere: nothing is doubled, nothing is missing."""

    def restart() -> None:
        world.standin.start()
        world.relay.target_port = world.standin.port

    killer = later(0.1, world.standin.kill)
    starter = later(2.0, restart)
    created = world.create()
    killer.join()
    starter.join()
    created = created if len(created.made) == COUNT else world.create()
    assert not created.left
    assert_there_once_each(world)
    assert all(world.opens(entry) for entry in world.books.all)


def test_arm_enables_and_unlocks(world: World) -> None:
    """An account that an administrator has disabled, or that was locked, is ready again."""
    made_world(world)
    disabled, locked = world.books.all[0], world.books.all[1]
    client = world.client()
    world.standin.ask("GET", "/standin/health")
    disable(world, disabled.user_id)
    for _ in range(10):
        world.door().knock(locked, "Wrong-password-1")
    assert world.is_locked(locked)
    for entry, reason in ((disabled, Reason.DISABLED), (locked, Reason.LOCKED)):
        world.books.append(Record(Event.RETIRED, account=entry.index, note=reason))
    armed = world.arm(only=(0, 1))
    assert len(armed.armed) == 2
    assert not world.is_locked(locked)
    found = client.user_by_name(disabled.user_name)
    assert found is not None
    assert not found.disabled


def disable(world: World, user_id: str) -> None:
    """Disable a user, which none of our commands does."""
    world.client()._call("disable", "PUT", f"/api/v2/tenant/users/{user_id}/disable", None, _user_id)


def test_nothing_is_sent_once_the_journal_cannot_be_written(world: World) -> None:
    """A full disk ends the command before the request that it cannot keep."""
    world.books.is_full = True
    with pytest.raises(AccountsError, match="disk full"):
        world.create()
    assert world.users() == []


def test_an_unanswering_target_is_given_up_after_the_patience(world: World) -> None:
    """Every account is told as left, with the reason; no thread stays behind."""
    world.standin.kill()
    world.manner = type(world.manner)(rate_per_s=2_000.0, threads=4, patience_s=0.5)
    before = threading.active_count()
    created = world.create()
    assert len(created.left) == COUNT
    assert "does not answer" in created.left[-1].why or "transport" in created.left[-1].why
    assert {entry.doubt for entry in world.books.all} <= {None, PasswordRef(0)}
    assert threading.active_count() <= before + 1
    world.standin.start()
    world.relay.target_port = world.standin.port
    assert world.relay.met[Fault.NONE] > 0
