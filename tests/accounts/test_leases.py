"""The protocol of leases, one rule at a time; `test_lease_machine` has them all at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event, Kind, Record
from pwdload.accounts.holding import Holding
from pwdload.accounts.leases import (
    Ask,
    Evidence,
    Home,
    LeaseBook,
    Return,
    Stock,
    Stocked,
    Terms,
    account_of,
    reckon,
    row_of,
)
from pwdload.errors import AccountsError
from pwdload.passwords import Shape

TERMS = Terms(ttl_s=10.0, use_s=5.0, clock_error=0.0)
OWNER, OTHER = 1, 2


def stock_of(size: int) -> Stock:
    """Return so many expired accounts."""
    return Stock({"expired": size}, lambda _state, places: [Account(index=n, user_name=f"u{n}") for n in places])


def book_of(stock: Stock, records: list[Record] | None = None) -> LeaseBook:
    """Return a book that keeps its records in a list."""
    kept: list[Record] = [] if records is None else records
    return LeaseBook(stock, first_lease=7, terms=TERMS, journal=kept.extend)


def nothing_written(_owner: int, _lease: int) -> Evidence:
    """Tell that a process has written nothing."""
    return Evidence((), is_complete=True)


def test_a_grant_is_in_the_journal_before_it_is_answered() -> None:
    """Whatever becomes of the master then, it is known who has the accounts."""
    records: list[Record] = []
    grant = book_of(stock_of(8), records).grant(OWNER, Ask(1, "expired", 3, 0.0), 0.0)
    assert grant is not None
    assert [account.lease for account in grant.accounts] == [7, 7, 7]
    assert records == [Record(Event.LEASED, account=index, lease=7, note=OWNER) for index in range(3)]


def test_a_full_disk_grants_nothing_and_loses_nothing() -> None:
    """What cannot be written down is not done; the accounts are still there for the next."""

    def full(_records: object) -> None:
        raise AccountsError("no space")

    stock = stock_of(4)
    with pytest.raises(AccountsError, match="no space"):
        LeaseBook(stock, first_lease=7, terms=TERMS, journal=full).grant(OWNER, Ask(1, "expired", 9, 0.0), 0.0)
    assert stock.left("expired") == 4


def test_whoever_watches_sees_what_is_left_and_what_is_lent() -> None:
    """An account is in the stock or under a lease, and what comes back is in the stock again."""
    book = book_of(stock_of(40))
    grant = book.grant(OWNER, Ask(1, "expired", 3, 0.0), 0.0)
    assert grant is not None
    assert book.stocked == Stocked(ready=37, leased=3)
    book.take_back(OWNER, Return(grant.lease, [Home("expired", grant.accounts[0])]))
    assert book.stocked == Stocked(ready=38, leased=0)


def test_a_question_asked_again_gets_the_same_answer() -> None:
    """A lost answer costs no accounts."""
    book = book_of(stock_of(40))
    ask = Ask(1, "expired", 3, 0.0)
    assert book.grant(OWNER, ask, 0.0) == book.grant(OWNER, ask, 2.0)
    assert book.open_leases == 1
    assert book.grant(OTHER, ask, 2.0) != book.grant(OWNER, ask, 2.0), "tickets are each owner's own"


def test_a_question_from_long_ago_is_not_answered() -> None:
    """Its lease is over: the answer would be about accounts that others have."""
    book = book_of(stock_of(4))
    grant = book.grant(OWNER, Ask(1, "expired", 1, 0.0), 0.0)
    assert grant is not None
    book.take_back(OWNER, Return(grant.lease, ()))
    assert book.grant(OWNER, Ask(1, "expired", 1, 0.0), 9.0) is None


def test_a_lease_is_acknowledged_by_its_first_renewal_and_only_by_its_owner() -> None:
    """Who does not have it cannot keep it alive."""
    book = book_of(stock_of(4))
    grant = book.grant(OWNER, Ask(1, "expired", 1, 0.0), 0.0)
    assert grant is not None
    assert book.renew(OTHER, [grant.lease], 1.0) == []
    assert book.unacknowledged == 1
    assert book.renew(OWNER, [grant.lease, 99], 1.0) == [grant.lease]
    assert book.unacknowledged == 0


@pytest.mark.parametrize(("now_s", "lapsed"), [(15.9, 0), (16.1, 1)])
def test_the_master_waits_for_the_last_renewal_and_the_longest_exchange(now_s: float, lapsed: int) -> None:
    """Heard at 1 s, ten seconds of lease, and five for what was begun at their end."""
    book = book_of(stock_of(4))
    grant = book.grant(OWNER, Ask(1, "expired", 1, 0.0), 0.0)
    assert grant is not None
    book.renew(OWNER, [grant.lease], 1.0)
    assert len(book.lapse(now_s, nothing_written)) == lapsed


def test_of_a_lease_that_has_run_out_only_what_is_known_to_be_ready_comes_back() -> None:
    """A change that was asked for and not answered waits for `settle`; a used account is used."""
    stock = stock_of(6)
    book = book_of(stock)
    grant = book.grant(OWNER, Ask(1, "expired", 9, 0.0), 0.0)
    assert grant is not None
    told = [
        Record(Event.INTENT, account=0, lease=7, ref=PasswordRef(1)),
        Record(Event.INTENT, account=1, lease=7, ref=PasswordRef(1)),
        Record(Event.APPLIED, account=1, lease=7, ref=PasswordRef(1)),
    ]
    (lapse,) = book.lapse(100.0, lambda _owner, _lease: Evidence(told, is_complete=True))
    assert (lapse.ready, lapse.others) == (1, 2)
    assert book.awaited() == {0, 1}
    book.take_back(OWNER, Return(7, [Home("expired", grant.accounts[0])]))
    assert book.awaited() == set(), "its owner has found its way back, and knows better"
    assert stock.left("expired") == 5


def test_of_a_journal_that_may_lack_its_end_nothing_is_believed() -> None:
    """The last records may be on a disk that is gone."""
    book = book_of(stock_of(4))
    book.grant(OWNER, Ask(1, "expired", 9, 0.0), 0.0)
    (lapse,) = book.lapse(100.0, lambda _owner, _lease: Evidence((), is_complete=False))
    assert (lapse.ready, lapse.others) == (0, 2)


def test_an_account_put_back_by_an_administrator_comes_home_with_its_new_password() -> None:
    """Whoever is given it next must know what opens it."""
    records = [
        Record(Event.APPLIED, account=0, ref=PasswordRef(1)),
        Record(Event.INTENT, Kind.REARM, account=0, ref=PasswordRef(2)),
        Record(Event.APPLIED, Kind.REARM, account=0, ref=PasswordRef(2)),
    ]
    (home,) = reckon("warning", {0: Account(index=0, user_name="u0")}, records)
    assert (home.state, home.account.in_force) == ("expired", PasswordRef(2))


def held(sent_s: float = 0.0) -> tuple[Holding, Account]:
    """Return a holding with one account, granted upon a question of that time."""
    holding, book = Holding(TERMS), book_of(stock_of(1))
    grant = book.grant(OWNER, holding.ask("expired", 1, sent_s), 3.0)
    assert grant is not None
    taken = holding.take(grant, 3.0)
    assert taken
    return holding, taken[0]


def test_the_owner_counts_from_when_it_asked() -> None:
    """The answer may have taken long, and the master counts from when it heard the question."""
    holding, account = held()
    assert holding.begin(account, 9.9)
    assert holding.holds(account, 9.9)
    assert not holding.holds(account, 10.0)


def test_only_an_answered_renewal_counts_and_from_when_it_was_sent() -> None:
    """What the master has not heard prolongs nothing, and what is over stays over."""
    holding, account = held()
    holding.renewed([account.lease], sent_s=4.0, now_s=9.0)
    assert holding.holds(account, 13.9)
    assert not holding.holds(account, 14.0)
    holding.renewed([account.lease], sent_s=12.0, now_s=14.5)
    assert not holding.holds(account, 14.5)


def test_a_grant_that_is_waited_for_no_more_is_given_back_untouched() -> None:
    """Its accounts are back with the master at once."""
    holding, book = Holding(TERMS), book_of(stock_of(1))
    ask = holding.ask("expired", 1, 0.0)
    holding.give_up(ask.ticket)
    grant = book.grant(OWNER, ask, 1.0)
    assert grant is not None
    assert holding.take(grant, 1.0) is None
    assert [home.account.index for _, homes in holding.to_return(1.0) for home in homes] == [0]


def test_a_doubled_grant_is_neither_taken_nor_given_back() -> None:
    """Its accounts may be in use, or changed by now."""
    holding, book = Holding(TERMS), book_of(stock_of(1))
    grant = book.grant(OWNER, holding.ask("expired", 1, 0.0), 1.0)
    assert grant is not None
    assert holding.take(grant, 1.0)
    assert holding.take(grant, 1.0) is None
    assert holding.to_return(1.0) == []


def test_a_lease_goes_home_only_when_nothing_of_it_is_in_anybodys_hands() -> None:
    """However long it has run out."""
    holding, account = held()
    assert holding.begin(account, 5.0)
    assert holding.to_return(50.0) == []
    holding.put_back("expired", account)
    assert holding.to_return(50.0) == [Return(account.lease, [Home("expired", account)])]
    holding.returned(account.lease)
    assert holding.is_empty


def test_accounts_go_home_in_the_order_in_which_they_came_back() -> None:
    """So that one rests as long as possible: untouched ones first, each as it is by now, and none that is used up."""
    holding, book = Holding(TERMS), book_of(stock_of(12))
    grant = book.grant(OWNER, holding.ask("expired", 6, 0.0), 0.0)
    assert grant is not None
    accounts = holding.take(grant, 0.0)
    assert accounts is not None
    for account in accounts[:5]:
        assert holding.begin(account, 1.0)
    changed = accounts[1].changed(accounts[1].next)
    holding.put_aside(accounts[0])
    assert not holding.put_back("expired", accounts[2])
    assert holding.put_back("warning", changed)
    holding.drop(accounts[3])
    assert holding.to_return(50.0) == []  # one is in somebody's hands
    assert holding.usable(1.0) == {account.index for account in accounts} - {accounts[3].index}
    assert not holding.put_back("expired", accounts[4])
    homes = ("expired", accounts[5]), ("expired", accounts[2]), ("warning", changed), ("expired", accounts[4])
    assert holding.to_return(50.0) == [Return(grant.lease, [Home(*home) for home in homes])]


@given(
    st.builds(
        Account,
        index=st.integers(0, 2**31),
        user_name=st.text(min_size=1),
        generation=st.integers(-1, 9),
        shape=st.sampled_from(Shape),
        newest=st.integers(-1, 9),
        before=st.none() | st.builds(PasswordRef, st.integers(-1, 9), st.sampled_from(Shape)),
        is_listed=st.booleans(),
        lease=st.integers(1, 2**31),
        user_id=st.text(),
    )
)
def test_an_account_survives_its_message(account: Account) -> None:
    """A worker knows of an account what the master knows."""
    row = row_of(account)
    assert account_of(row, account.lease) == account
