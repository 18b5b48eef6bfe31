"""Where a run's accounts come from: made up for the embedded stand-in, or listed in a CSV file.

A source answers by state and place, so that a process which was handed a range can find its accounts by itself.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pwdload.accounts.account import Account
from pwdload.accounts.listing import EXPIRED, STATES, WARNING, Listing, read_listing
from pwdload.passwords import PasswordBook

_SEED_COLUMNS = ("user_name", "password", "previous_password", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpAccounts:
    """Accounts ``load0000000`` and on, whose every password is derived; the embedded stand-in is given them.

    They begin at generation 1: generation 0 is in their history, so that its reuse can be refused.
    """

    sizes: Mapping[str, int]

    def accounts(self, state: str, places: range) -> Sequence[Account]:
        """Return the accounts of a state at these places; states follow one another in the numbering."""
        first = sum(size for other, size in self.sizes.items() if other < state)
        return [self._account(first + place) for place in places]

    def _account(self, index: int) -> Account:
        return Account(index=index, user_name=f"load{index:07d}", generation=1)

    def seed_csv(self, book: PasswordBook) -> Iterator[str]:
        """Yield the lines of the CSV that the stand-in is seeded from. Holds passwords: for a pipe, never a file."""
        yield ",".join(_SEED_COLUMNS) + "\n"
        for state, size in sorted(self.sizes.items()):
            for account in self.accounts(state, range(size)):
                current, before = (account.password(book, generation) for generation in (1, 0))
                yield _csv_line(account.user_name, current, before, state)


class ListedAccount(NamedTuple):
    """What a list says of one account, but for its passwords."""

    place: int
    """In the file, from 0."""
    user_name: str
    state: str
    tenant: str
    device: str
    tags: str


class ListedPasswords(NamedTuple):
    """The passwords that a list gives for one account. Never to be kept or shown."""

    password: str
    previous: str | None

    def __repr__(self) -> str:
        return "ListedPasswords(...)"


class ListedAccounts:
    """Accounts read from a CSV file, in columns; the index of one is its place in the file, from 0."""

    def __init__(self, listing: Listing) -> None:
        self._columns = listing.columns
        self._by_name = listing.by_name
        codes = np.frombuffer(listing.states, dtype=np.uint8)
        self._states = codes
        self._places = {state: np.flatnonzero(codes == code) for code, state in enumerate(STATES)}

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[ListedAccount]:
        """Yield all accounts, in the order of the file, without passwords: what a ledger takes in."""
        names, *others = (self._columns[name] for name in ("user_name", "tenant", "device", "tags"))
        states = map(STATES.__getitem__, self._states.tolist())
        rest = (column if len(column) else repeat("") for column in others)
        for index, row in enumerate(zip(names, states, *rest, strict=False)):
            yield ListedAccount(index, *row)

    def passwords(self, user_name: str) -> ListedPasswords:
        """Return the passwords that are listed for an account; about 5 us.

        Raises:
            LookupError: the list has no account of that name.
        """
        places = self._by_name.places(user_name)
        if not places:
            raise LookupError(f"{user_name!r} is not in the list of accounts")
        return ListedPasswords(self._columns["password"][places[0]], self._previous(places[0]))

    def _previous(self, place: int) -> str | None:
        column = self._columns["previous_password"]
        return (column[place] or None) if len(column) else None

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many accounts there are in each state."""
        return {state: len(places) for state, places in self._places.items()}

    def accounts(self, state: str, places: range) -> Sequence[Account]:
        """Return the accounts of a state at these places."""
        return [self._account(index) for index in self._places[state][places.start : places.stop].tolist()]

    def _account(self, index: int) -> Account:
        names, passwords = self._columns["user_name"], self._columns["password"]
        return Account(
            index=index,
            user_name=names[index],
            initial_password=passwords[index],
            earlier_password=self._previous(index),
        )

    @property
    def all_have_history(self) -> bool:
        """Whether every account that is expired has a previous password listed."""
        column, expired = self._columns["previous_password"], self._places[EXPIRED]
        return not len(expired) or (len(column) > 0 and column.all_filled(expired))


def made_up_accounts(count: int, warning_share: float) -> MadeUpAccounts:
    """Return `count` accounts of which a share is about to expire and the others are expired."""
    warning = round(count * warning_share)
    return MadeUpAccounts(sizes={EXPIRED: count - warning, WARNING: warning})


def read_accounts_csv(path: Path) -> ListedAccounts:
    """Read a CSV with the columns user_name, password, and optionally previous_password, state, tenant, device, tags.

    State is ``expired`` (where the column is missing or blank) or ``warning``. A million rows take about three seconds.

    Raises:
        AccountsError: the file cannot be read, or lines are wrong; every wrong line is named.
    """
    return ListedAccounts(read_listing(path))


def _csv_line(*fields: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(fields)
    return line.getvalue()
