"""Stock and pool: every account in one place at a time."""

from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.accounts.account import Account
from pwdload.accounts.pool import Pool, Stock
from pwdload.errors import AccountsError


def accounts(places: range) -> list[Account]:
    """Return the accounts at these places."""
    return [Account(index=place, user_name=f"u{place}") for place in places]


@given(st.integers(0, 50), st.lists(st.integers(1, 20), min_size=1, max_size=30), st.integers(1, 4))
def test_a_stock_hands_every_place_out_once(size: int, counts: list[int], pools: int) -> None:
    """However many processes draw however much, no account is handed out twice and none is left out."""
    stock = Stock({"expired": size})
    stock.pools = pools
    drawn: list[int] = []
    for count in cycle(counts):
        places = stock.draw("expired", count)
        if not places:
            break
        drawn.extend(places)
    assert drawn == list(range(size))


def test_the_first_of_several_pools_does_not_take_all() -> None:
    """A few accounts are enough for every worker to begin."""
    stock = Stock({"expired": 90})
    stock.pools = 2
    assert [len(stock.draw("expired", 100)) for _ in range(2)] == [22, 17]


def test_a_state_that_nobody_has_gives_nothing() -> None:
    """Asking for accounts in a state that the run has none of is no error of the stock."""
    assert list(Stock({"expired": 3}).draw("warning", 2)) == []


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 7))
def test_no_account_is_ever_in_two_hands(acts: list[bool], at_once: int) -> None:
    """Leases and returns in any order: what is leased is leased once, and what came back is leased again."""
    stock = Stock({"expired": 10})
    pool = Pool(lambda state, count: accounts(stock.draw(state, count)), draw_at_once=at_once)
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
    stock = Stock({"expired": 3})
    pool = Pool(lambda state, count: accounts(stock.draw(state, count)))
    pool.give_back("expired", pool.lease("expired"))
    assert [pool.lease("expired").index for _ in range(3)] == [1, 2, 0]


def test_a_dry_pool_says_which_state_is_out_and_what_to_do() -> None:
    """The run ends with a reason that a person can act on."""
    pool = Pool(lambda _state, _count: [])
    with pytest.raises(AccountsError, match=r"state expired; give the run more accounts"):
        pool.lease("expired")
