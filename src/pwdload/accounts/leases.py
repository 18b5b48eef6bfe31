"""Which process may use which account, and until when. Pure: time is passed in, messages are values.

The master's `LeaseBook` grants some accounts at a time under a lease, which has a number and one owner; the owner
(`pwdload.accounts.holding`) acknowledges it by renewing it, goes on renewing, and gives it back. No two clocks need
agree:

    owner    asks or renews at a ....... answer comes ............ a + ttl: it begins no new use
    master         hears it at b >= a, answers .......................... b + ttl + use: the accounts are free

`use` is how long an exchange that was begun in time may go on. Only a renewal that was answered counts for the owner,
each that was heard counts for the master, so whatever is lost, late or doubled, the owner stops first. It looks at its
lease after each intent is in its journal and before the request is sent: whoever reads the journal of a lease that has
run out sees the intent, or can be sure that nothing follows.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, NamedTuple

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Entry, Event, Record, Status
from pwdload.errors import AccountsError
from pwdload.passwords import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long leases last."""

    ttl_s: float = 15.0
    """How long an owner may use its accounts after it sent the last renewal that was answered, by its own clock."""
    use_s: float = 30.0
    """The longest that one exchange may last."""
    clock_error: float = 0.01
    """By which share the speeds of two machines' clocks may differ."""

    @property
    def patience_s(self) -> float:
        """How long after the last renewal that it heard the master takes the accounts for free."""
        return (self.ttl_s + self.use_s) * (1.0 + self.clock_error)


FOR_EVER = Terms(ttl_s=inf)
"""For a process that grants to itself: nothing can come between the two."""


class Ask(NamedTuple):
    """A process asks for accounts. Asked again with the same ticket it gets the same answer."""

    ticket: int
    state: str
    how_many: int
    sent_s: float
    """When it was asked first, on the owner's clock."""


class Grant(NamedTuple):
    """Accounts that a process may use from now on."""

    ticket: int
    lease: int
    """0 where there is no account."""
    state: str
    since_s: float
    """`Ask.sent_s`."""
    accounts: Sequence[Account]


class Home(NamedTuple):
    """An account that comes back and can be used again."""

    state: str
    account: Account


class Stocked(NamedTuple):
    """How many accounts there are at one moment."""

    ready: int
    """That nobody holds, and a flow may have."""
    leased: int
    """In the hands of a flow, or of a process."""


class Return(NamedTuple):
    """An owner is done with a lease. Of accounts that are not named, its journal tells."""

    lease: int
    ready: Sequence[Home]


class Lapse(NamedTuple):
    """A lease has run out, and was not given back."""

    lease: int
    owner: int
    ready: int
    """How many of its accounts are known to be ready, and were put back."""
    others: int


class Evidence(NamedTuple):
    """What a journal tells of one lease."""

    records: Sequence[Record]
    is_complete: bool
    """Whether it holds every record that its process ever wrote: not so where the last ones may be on the way."""


class Stock:
    """The accounts that nobody holds, by state: fresh ones first, then those that came back, which rest longer so."""

    def __init__(self, sizes: Mapping[str, int], fetch: Callable[[str, range], Sequence[Account]]) -> None:
        """Take how many fresh accounts there are in each state, and how to get those at some places."""
        self.pools = 1
        """How many pools draw from it."""
        self._sizes = sizes
        self._fetch = fetch
        self._handed_out = dict.fromkeys(sizes, 0)
        self._back: dict[str, deque[Account]] = {}

    def left(self, state: str) -> int:
        """Return how many accounts of a state there are."""
        return self._fresh(state) + len(self._back.get(state, ()))

    @property
    def left_in_all(self) -> int:
        """How many accounts there are, whatever their state."""
        return sum(map(self.left, {*self._sizes, *self._back}))

    def _fresh(self, state: str) -> int:
        return self._sizes.get(state, 0) - self._handed_out.get(state, 0)

    def draw(self, state: str, how_many: int) -> list[Account]:
        """Take up to so many accounts of a state, none only when none is left.

        One pool gets at most its part of half of what is left, so that the last accounts are spread over all pools.
        """
        left = self.left(state)
        wanted = min(how_many, left, max(left // (2 * self.pools), 1))
        fresh = min(wanted, self._fresh(state))
        accounts: list[Account] = []
        if fresh:
            begin = self._handed_out[state]
            accounts.extend(self._fetch(state, range(begin, begin + fresh)))
            self._handed_out[state] = begin + fresh
        accounts.extend(self._back[state].popleft() for _ in range(wanted - fresh))
        return accounts

    def put_back(self, state: str, account: Account) -> None:
        """Take in an account that can be used again."""
        self._back.setdefault(state, deque()).append(account)


@dataclass(slots=True)
class _Lease:
    number: int
    owner: int
    ask: Ask
    accounts: dict[int, Account]
    """As they were granted, by index."""
    heard_s: float
    """When it was granted, or last renewed, on the master's clock."""
    is_acknowledged: bool = False

    def grant(self) -> Grant:
        ask = self.ask
        return Grant(ask.ticket, self.number, ask.state, ask.sent_s, list(self.accounts.values()))


class LeaseBook:
    """The master's side: every account is in the stock, or under one lease, or out of use in this run."""

    def __init__(
        self, stock: Stock, *, first_lease: int, terms: Terms, journal: Callable[[Sequence[Record]], object]
    ) -> None:
        """Take what keeps records; it raises `AccountsError` where it cannot, and then nothing is granted.

        `first_lease` must be above the number of every lease of earlier runs: of two records of one account, the one
        under the higher lease is the later.
        """
        self._stock = stock
        self._terms = terms
        self._journal = journal
        self._next = first_lease
        self._open: dict[int, _Lease] = {}
        self._lapsed: dict[int, _Lease] = {}
        """With the accounts that are in doubt for the master, of which the owner may still give word."""
        self._answers: dict[tuple[int, int], int] = {}
        """Number of the lease that answers an owner's ticket; 0 where there was no account."""

    @property
    def open_leases(self) -> int:
        """How many leases there are that were not given back and have not run out."""
        return len(self._open)

    @property
    def stocked(self) -> Stocked:
        """How many accounts nobody holds, and how many are under such a lease."""
        return Stocked(self._stock.left_in_all, sum(len(lease.accounts) for lease in self._open.values()))

    def owners(self) -> set[int]:
        """Return who has such a lease."""
        return {lease.owner for lease in self._open.values()}

    @property
    def unacknowledged(self) -> int:
        """How many of them their owners have never renewed."""
        return sum(not lease.is_acknowledged for lease in self._open.values())

    def holders(self) -> Mapping[int, int]:
        """Return the lease of every account that is under one, by index."""
        return {index: lease.number for lease in self._open.values() for index in lease.accounts}

    def awaited(self) -> set[int]:
        """Return the accounts of leases that have run out, of which only their owner or `settle` can tell."""
        return {index for lease in self._lapsed.values() for index in lease.accounts}

    def grant(self, owner: int, ask: Ask, now_s: float) -> Grant | None:
        """Answer a process that asks for accounts; null to a question whose answer was taken, and is over.

        Raises:
            AccountsError: the grant cannot be kept in the journal.
        """
        number = self._answers.get((owner, ask.ticket))
        if number is not None:
            return self._again(number, ask)
        accounts = self._stock.draw(ask.state, ask.how_many)
        number = self._open_lease(owner, ask, accounts, now_s) if accounts else 0
        self._answers[owner, ask.ticket] = number
        return self._again(number, ask)

    def _again(self, number: int, ask: Ask) -> Grant | None:
        if not number:
            return Grant(ask.ticket, 0, ask.state, ask.sent_s, ())
        lease = self._open.get(number)
        return lease.grant() if lease is not None else None

    def _open_lease(self, owner: int, ask: Ask, accounts: Sequence[Account], now_s: float) -> int:
        number = self._next
        self._next += 1  # before the journal, which may wait for the disk while others ask
        try:
            self._journal([Record(Event.LEASED, account=one.index, lease=number, note=owner) for one in accounts])
        except AccountsError:
            for account in accounts:
                self._stock.put_back(ask.state, account)
            raise
        held = {account.index: replace(account, lease=number) for account in accounts}
        self._open[number] = _Lease(number, owner, ask, held, now_s)
        return number

    def renew(self, owner: int, numbers: Iterable[int], now_s: float) -> list[int]:
        """Take note that a process holds these leases; return those which it may go on with."""
        renewed = []
        for number in numbers:
            lease = self._open.get(number)
            if lease is not None and lease.owner == owner:
                lease.heard_s, lease.is_acknowledged = now_s, True
                renewed.append(number)
        return renewed

    def take_back(self, owner: int, returned: Return) -> None:
        """Close a lease whose owner is done with it; said twice, or after all is known already, it changes nothing.

        Raises:
            AccountsError: that cannot be kept in the journal.
        """
        leases = self._open if returned.lease in self._open else self._lapsed
        lease = leases.get(returned.lease)
        if lease is None or lease.owner != owner:
            return
        self._bring_home(lease, [home for home in returned.ready if home.account.index in lease.accounts])
        del leases[returned.lease]

    def _bring_home(self, lease: _Lease, homes: Sequence[Home]) -> None:
        if homes:
            self._journal([Record(Event.RETURNED, account=home.account.index, lease=lease.number) for home in homes])
        for state, account in homes:
            self._stock.put_back(state, replace(account, lease=0))

    def lapse(self, now_s: float, evidence: Callable[[int, int], Evidence]) -> list[Lapse]:
        """Take the accounts of leases that have run out; return what became of each lease.

        `evidence(owner, lease)` is what the owner's journal tells. Where it is complete, accounts that were not
        touched, or are ready again, come back at once. All others wait: for their owner's word, or for `settle`.

        Raises:
            AccountsError: that cannot be kept in the journal.
        """
        over = [lease for lease in self._open.values() if now_s > lease.heard_s + self._terms.patience_s]
        return [self._lapse(lease, evidence(lease.owner, lease.number)) for lease in over]

    def _lapse(self, lease: _Lease, told: Evidence) -> Lapse:
        homes = reckon(lease.ask.state, lease.accounts, told.records) if told.is_complete else []
        self._bring_home(lease, homes)
        del self._open[lease.number]
        for home in homes:
            del lease.accounts[home.account.index]
        if lease.accounts:
            self._lapsed[lease.number] = lease
        return Lapse(lease.number, lease.owner, len(homes), len(lease.accounts))


def reckon(state: str, accounts: Mapping[int, Account], records: Iterable[Record]) -> list[Home]:
    """Return which accounts of a lease are ready after all that its owner's journal says of them."""
    entries = {
        index: Entry(
            index=index,
            user_name=account.user_name,
            state=state,
            in_force=account.in_force,
            newest=max(account.newest, account.generation),
            before=account.before,
            user_id=account.user_id,
            is_ours=not account.is_listed,
        )
        for index, account in accounts.items()
    }
    for record in records:
        if record.account in entries:
            entries[record.account] = entries[record.account].after(record)
    return [Home(entry.state, entry.account()) for entry in entries.values() if entry.status is Status.READY]


Row = tuple[int, str, int, str, int, Sequence[Any] | None, str, bool]
"""What a message says of an account: no secret, and nothing that its receiver has at home."""


def row_of(account: Account) -> Row:
    """Return an account as a row."""
    name, before = account.user_name, account.before
    told = account.index, name, account.generation, account.shape, account.newest, before
    return *told, account.user_id, account.is_listed


def account_of(row: Row, lease: int) -> Account:
    """Return the account of a row; passwords that are listed for it are its receiver's to add."""
    index, user_name, generation, shape, newest, before, user_id, is_listed = row
    return Account(
        index=index,
        user_name=user_name,
        generation=generation,
        shape=Shape(shape),
        newest=newest,
        before=PasswordRef(before[0], Shape(before[1])) if before is not None else None,
        is_listed=is_listed,
        lease=lease,
        user_id=user_id,
    )
