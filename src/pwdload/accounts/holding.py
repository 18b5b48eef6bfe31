"""The accounts that a process holds under leases, and until when it may use them. Pure: time is passed in.

See `pwdload.accounts.leases` for how the two sides fit together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pwdload.accounts.account import Account
from pwdload.accounts.leases import Ask, Grant, Home, Return, Terms


@dataclass(slots=True)
class _Held:
    until_s: float
    """No new use from then on, by the owner's clock."""
    ready: dict[int, Home]
    """Accounts that can be used, by index, those that came back last at the end.

    One that is in somebody's hands stays there as it was taken: as such it mostly comes back.
    """
    in_hands: dict[int, Account] = field(default_factory=dict)
    """As they were taken, by index."""
    waiting: set[int] = field(default_factory=set)
    """Used up, and to be made ready again by this process."""
    is_over: bool = False

    def may_begin(self, now_s: float) -> bool:
        return not self.is_over and now_s < self.until_s

    def is_done(self, now_s: float) -> bool:
        """Whether nothing is going on under the lease, and nothing will."""
        return not self.in_hands and not (self.may_begin(now_s) and (self.ready or self.waiting))


class Holding:
    """An owner's leases: each account in it is ready, or in one flow's hands, or waits to be made ready again."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._held: dict[int, _Held] = {}
        self._tickets = 0
        self._asked: set[int] = set()
        self._given_up: set[int] = set()
        self._has_ended = False

    def ask(self, state: str, count: int, now_s: float) -> Ask:
        """Return a question for accounts; its answer is to be given to `take`."""
        self._tickets += 1
        self._asked.add(self._tickets)
        return Ask(self._tickets, state, count, now_s)

    def give_up(self, ticket: int) -> None:
        """Wait no more for an answer; if it comes all the same, the grant is given back."""
        if ticket in self._asked:
            self._asked.remove(ticket)
            self._given_up.add(ticket)

    def take(self, grant: Grant, now_s: float) -> Sequence[Account] | None:
        """Take the answer to a question: return the accounts that may be used from now on.

        Null where the answer says nothing: it has come too late, or was given up, or is a double.
        """
        if grant.ticket not in self._asked and grant.ticket not in self._given_up:
            return None  # a double: what is held, or was given back, stays so
        is_wanted = grant.ticket in self._asked and not self._has_ended
        self._asked.discard(grant.ticket)
        self._given_up.discard(grant.ticket)
        if grant.lease:
            ready = {account.index: Home(grant.state, account) for account in grant.accounts}
            held = self._held[grant.lease] = _Held(grant.since_s + self._terms.ttl_s, ready, is_over=not is_wanted)
            return grant.accounts if held.may_begin(now_s) else None
        return () if is_wanted else None

    def holds(self, account: Account, now_s: float) -> bool:
        """Whether something new may be begun with an account that is in its holder's hands."""
        held = self._held.get(account.lease)
        return held is not None and held.may_begin(now_s)

    def begin(self, account: Account, now_s: float) -> bool:
        """Put an account into somebody's hands; false when its lease is over."""
        held = self._held.get(account.lease)
        if held is None or held.is_over or now_s >= held.until_s:  # `may_begin`, without a call in each flow
            return False
        held.in_hands[account.index] = account
        if held.waiting:
            held.waiting.discard(account.index)
        return True

    def put_back(self, state: str, account: Account) -> bool:
        """Take an account out of somebody's hands that can be used again; return whether it was changed there."""
        held, index = self._held[account.lease], account.index
        taken = held.in_hands.pop(index)
        home = held.ready.pop(index, None)
        if home is None or home[1] is not account or home[0] != state:
            home = Home(state, account)
        held.ready[index] = home  # behind those that have come back before it
        return taken is not account and taken.in_force != account.in_force

    def put_aside(self, account: Account) -> None:
        """Take an account out of somebody's hands that is used up, and waits to be made ready again."""
        self._held[account.lease].waiting.add(account.index)
        self.drop(account)

    def drop(self, account: Account) -> None:
        """Take an account out of somebody's hands that is used up, in doubt or retired: its journal tells."""
        held = self._held[account.lease]
        del held.in_hands[account.index]
        held.ready.pop(account.index, None)

    @property
    def in_hands(self) -> int:
        """How many accounts are in somebody's hands."""
        return sum(len(held.in_hands) for held in self._held.values())

    def usable(self, now_s: float) -> set[int]:
        """Return the accounts with which something new may be begun."""
        held = [one for one in self._held.values() if one.may_begin(now_s)]
        return {index for one in held for index in (*one.ready, *one.in_hands, *one.waiting)}

    def to_renew(self, now_s: float) -> list[int]:
        """Return the leases that the owner holds and wants to go on with."""
        return [number for number, held in self._held.items() if held.may_begin(now_s)]

    def renewed(self, numbers: Iterable[int], sent_s: float, now_s: float) -> None:
        """Take the master's answer to the renewal that was sent at `sent_s`; what is over stays over."""
        for number in numbers:
            held = self._held.get(number)
            if held is not None and held.may_begin(now_s):
                held.until_s = max(held.until_s, sent_s + self._terms.ttl_s)

    def end(self) -> None:
        """Begin nothing more with any account."""
        self._has_ended = True
        for held in self._held.values():
            held.is_over = True

    def to_return(self, now_s: float) -> list[Return]:
        """Return the leases that the owner is done with, until the master has said of each that it has it back."""
        return [Return(number, list(held.ready.values())) for number, held in self._held.items() if held.is_done(now_s)]

    def returned(self, lease: int) -> None:
        """Forget a lease that the master has back."""
        self._held.pop(lease, None)

    @property
    def is_empty(self) -> bool:
        """Whether the master has everything back."""
        return not self._held
