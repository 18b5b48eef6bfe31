"""Doubts settled at a real stand-in, over a line that loses answers, by a process that is killed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.accounts.faulty import CARRIED_OUT, NOT_CARRIED_OUT, Fault, at_random
from tests.accounts.world import BOOK, World, later, running_world

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Event, Record, Status
from pwdload.accounts.provision import names, to_be_made
from pwdload.api.tenant import _user_id

pytestmark = pytest.mark.e2e

COUNT = 40
OLDER, NEWER = PasswordRef(0), PasswordRef(1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a stand-in with accounts that are all in doubt: about half of the changes were carried out."""
    entries = to_be_made(names("load-", COUNT), first_index=0)
    with running_world(tmp_path, "lockout_s=3", entries=entries) as world:
        created = world.create()
        world.books.keep_user_ids(created.made)
        world.books.append(*(Record(Event.INTENT, account=index, ref=NEWER) for index in range(COUNT)))
        yield world


def carry_out(world: World, chance: random.Random) -> dict[int, PasswordRef]:
    """Carry out about half of the changes; return which password is in force."""
    client, truth = world.client(), {}
    for entry in world.books.all:
        truth[entry.index] = chance.choice([OLDER, NEWER])
        if truth[entry.index] == NEWER:
            client.set_password(entry.user_id, BOOK.password(entry.user_name, 1), must_modify=chance.random() < 0.5)
    return truth


def assert_settled(world: World, truth: dict[int, PasswordRef], but: Sequence[int] = ()) -> None:
    """The ledger says what the stand-in says, of every account, and none is locked."""
    for entry in (entry for entry in world.books.all if entry.index not in but):
        assert entry.status is (Status.CHANGED if truth[entry.index] == NEWER else Status.READY), entry
        assert entry.in_force == truth[entry.index]
        assert world.opens(entry)
        assert not world.is_locked(entry)


def test_settle_tells_what_was_carried_out_with_two_logins_at_most(world: World) -> None:
    """Over a good line: none unknown, and no account is tried a third time."""
    truth = carry_out(world, random.Random(1))
    settled = world.settle()
    assert not settled.neither
    assert not settled.still_unknown
    assert [told.entry.index for told in settled.applied] == [n for n, ref in truth.items() if ref == NEWER]
    assert_settled(world, truth)
    assert max(world.answered.values()) <= 2
    again = world.settle()
    assert not again.applied
    assert not again.not_applied


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_settle_resumes_over_a_bad_line(world: World, seed: int) -> None:
    """Logins are lost on their way and on the way back, the process is killed six times: nothing is lost, or locked."""
    chance = random.Random(seed)
    truth = carry_out(world, chance)
    world.relay.plan = at_random(seed, 0.15, *CARRIED_OUT, *NOT_CARRIED_OUT, about=b"/login")
    world.resume(world.settle, [chance.randrange(1, 2 * COUNT) for _ in range(6)])
    for _ in range(4):
        settled = world.settle()
        assert not any(world.is_locked(entry) for entry in world.books.all)
    # An account that was under way at nearly every kill has had as many attempts as may be, counted or not.
    assert all("might lock" in told.why for told in settled.still_unknown)
    spent = [told.entry.index for told in settled.still_unknown]
    assert len(spent) <= COUNT // 10
    assert_settled(world, truth, but=spent)
    world.relay.plan = lambda request: Fault.NONE
    assert len(world.arm(only=spent, even_unsettled=True).armed) == len(spent)
    assert all(world.opens(entry) for entry in world.books.all)


def test_settle_waits_for_locks_and_for_a_target_that_is_down(world: World) -> None:
    """Locked by somebody else's wrong passwords, then killed and started again: all are settled in one call."""
    truth = carry_out(world, random.Random(7))
    door = world.door()
    for entry in world.books.all[:3]:
        for _ in range(10):
            door.knock(entry, "Wrong-password-1")
        assert world.is_locked(entry)

    def restart() -> None:
        world.standin.start()
        world.relay.target_port = world.standin.port

    timers = later(0.1, world.standin.kill), later(1.5, restart)
    settled = world.settle()
    for timer in timers:
        timer.join()
    assert [told.why for told in settled.still_unknown] == []
    assert_settled(world, truth)


def test_a_change_that_is_carried_out_late_is_seen_after_a_quiet_time(world: World) -> None:
    """The request was given up, and is carried out a second later: settled before, it would be told wrong."""
    entry = world.books.all[0]
    new = BOOK.password(entry.user_name, 1)
    world.manner = replace(world.manner, quiet_s=2.0)
    client = world.client()
    timer = later(1.0, lambda: client.set_password(entry.user_id, new, must_modify=False))
    settled = world.settle()
    timer.join()
    assert [told.entry.index for told in settled.applied] == [0]


def test_an_account_that_neither_password_opens_is_mended_by_arm(world: World) -> None:
    """An administrator's new password in between: neither opens the account, and `arm` mends it."""
    carry_out(world, random.Random(2))
    stranger = world.books.all[5]
    world.client().set_password(stranger.user_id, "Somebody-elses-1", must_modify=False)
    settled = world.settle()
    assert [told.entry.index for told in settled.neither] == [5]
    assert world.arm(only=[5]).armed
    assert world.opens(world.books.all[5])


def test_disabled_accounts_are_told_by_the_other_password(world: World) -> None:
    """The stand-in says access denied to the right password only; both are retired, and `arm` puts them back."""
    truth = carry_out(world, random.Random(4))
    for entry in world.books.all[:8]:
        disable(world, entry)
    settled = world.settle()
    assert not settled.neither
    assert not settled.still_unknown
    for entry in world.books.all[:8]:
        assert (entry.status, entry.in_force) == (Status.RETIRED, truth[entry.index])
        assert world.opens(entry)
    assert len(world.arm(only=range(8)).armed) == 8
    assert all(world.opens(entry) and entry.status is Status.READY for entry in world.books.all[:8])


def test_a_login_that_is_never_answered_is_given_up_before_it_locks(world: World) -> None:
    """However often the command is called: attempts that may have been counted are remembered."""
    carry_out(world, random.Random(5))
    world.relay.plan = at_random(1, 1.0, Fault.LOST, about=b"/login")
    before = world.relay.met[Fault.LOST]
    for _ in range(5):
        settled = world.settle()
        assert len(settled.still_unknown) == COUNT
    assert not any(world.is_locked(entry) for entry in world.books.all)
    assert world.relay.met[Fault.LOST] - before == COUNT * 6
    assert "might lock" in settled.still_unknown[0].why


def disable(world: World, entry: Entry) -> None:
    """Disable a user, which none of our commands does."""
    world.client()._call("disable", "PUT", f"/api/v2/tenant/users/{entry.user_id}/disable", None, _user_id)
