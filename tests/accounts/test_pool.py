"""Stock and pool: every account in one place at a time."""

from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event, Record, Status
from pwdload.accounts.leases import Stock, Stocked
from pwdload.accounts.own import own_pool
from pwdload.accounts.pool import Pool
from pwdload.errors import AccountsError


def stock_of(size: int) -> Stock:
    """Return a stock of expired accounts."""
    return Stock({"expired": size}, lambda _state, places: accounts(places))


def pool_of(size: int, *, at_once: int = 100, rearms: bool = False, kept: list[Record] | None = None) -> Pool:
    """Return the pool of a process that plays alone, and keep its records in a list."""
    records: list[Record] = [] if kept is None else kept
    return own_pool(stock_of(size), records.extend, first_lease=7, rearms=rearms, draw_at_once=at_once)


def accounts(places: range) -> list[Account]:
    """Return the accounts at these places."""
    return [Account(index=place, user_name=f"u{place}") for place in places]


@given(st.integers(0, 50), st.lists(st.integers(1, 20), min_size=1, max_size=30), st.integers(1, 4))
def test_a_stock_hands_every_place_out_once(size: int, counts: list[int], pools: int) -> None:
    """However many processes draw however much, no account is handed out twice and none is left out."""
    stock = stock_of(size)
    stock.pools = pools
    drawn: list[int] = []
    for count in cycle(counts):
        places = stock.draw("expired", count)
        if not places:
            break
        drawn.extend(account.index for account in places)
    assert drawn == list(range(size))


def test_the_first_of_several_pools_does_not_take_all() -> None:
    """A few accounts are enough for every worker to begin."""
    stock = stock_of(90)
    stock.pools = 2
    assert [len(stock.draw("expired", 100)) for _ in range(2)] == [22, 17]


def test_whoever_watches_sees_how_many_accounts_are_left() -> None:
    """Those that were not drawn yet are ready as well; those in a flow's hands are not, and what is changed is gone."""
    pool = pool_of(50, at_once=10)
    assert pool.stocked == Stocked(ready=50, leased=0)
    first, second = pool.lease("expired"), pool.lease("expired")
    assert pool.stocked == Stocked(ready=48, leased=2)
    pool.give_back("expired", first, Status.CHANGED)
    pool.give_back("expired", second)
    assert pool.stocked == Stocked(ready=49, leased=0)


def test_a_state_that_nobody_has_gives_nothing() -> None:
    """Asking for accounts in a state that the run has none of is no error of the stock."""
    assert list(stock_of(3).draw("warning", 2)) == []


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 7))
def test_no_account_is_ever_in_two_hands(acts: list[bool], at_once: int) -> None:
    """Leases and returns in any order: what is leased is leased once, and what came back is leased again."""
    pool = pool_of(10, at_once=at_once)
    leased: list[Account] = []
    for lease in acts:
        if lease and len(leased) < 10:
            leased.append(pool.lease("expired"))
        elif leased:
            pool.give_back("expired", leased.pop(0))
        indices = [account.index for account in leased]
        assert len(indices) == len(set(indices))


def test_a_returned_account_rests_behind_the_others() -> None:
    """One account is not used again while others are waiting."""
    pool = pool_of(3)
    pool.give_back("expired", pool.lease("expired"))
    assert [pool.lease("expired").index for _ in range(3)] == [1, 2, 0]


def test_a_dry_pool_says_which_state_is_out_and_what_to_do() -> None:
    """The run ends with a reason that a person can act on."""
    pool = pool_of(0)
    with pytest.raises(AccountsError, match=r"state expired; give the run more accounts"):
        pool.lease("expired")


def test_what_is_granted_is_kept_first() -> None:
    """Which accounts a process may use is on record before it uses one, under a lease above all earlier ones."""
    kept: list[Record] = []
    account = pool_of(3, kept=kept).lease("expired")
    assert account.lease == 7
    assert {(one.event, one.lease) for one in kept} == {(Event.LEASED, 7)}
    assert account.index in {one.account for one in kept}


@pytest.mark.parametrize("status", [Status.CHANGED, Status.UNKNOWN, Status.RETIRED])
def test_an_account_that_is_used_up_never_comes_again(status: Status) -> None:
    """Changed, in doubt or retired: the next flow gets another one, and in the end none."""
    pool = pool_of(2)
    used = pool.lease("expired")
    pool.give_back("expired", used.changed(PasswordRef(1)), status)
    assert pool.lease("expired").index != used.index
    with pytest.raises(AccountsError):
        pool.lease("expired")
    assert pool.lease_changed() is None


def test_a_changed_account_waits_to_be_put_back_and_is_ready_then() -> None:
    """With re-arming it is nobody's to use meanwhile, and comes back with its new password."""
    pool = pool_of(1, rearms=True)
    used = pool.lease("expired").changed(PasswordRef(1))
    pool.give_back("expired", used, Status.CHANGED)
    with pytest.raises(AccountsError):
        pool.lease("expired")
    waiting = pool.lease_changed()
    assert waiting == used
    assert pool.lease_changed() is None
    pool.give_back("expired", used.changed(PasswordRef(2)), Status.READY)
    assert pool.lease("expired").in_force == PasswordRef(2)
