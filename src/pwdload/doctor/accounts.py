"""One account of the target, taken from its ledger under a lease and written down as a run does.

Whatever becomes of the doctor, the ledger knows which passwords may be in force, and how many logins may have failed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Final

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Entry, Event, Kind, Reason
from pwdload.accounts.intake import take_in
from pwdload.accounts.journal import first_lease
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.ledgered import LedgerAccounts
from pwdload.accounts.listing import EXPIRED, WARNING
from pwdload.accounts.ready import is_ledger, ledger_directory
from pwdload.accounts.scribe import Scribe
from pwdload.accounts.source import read_accounts_csv
from pwdload.errors import AccountsError
from pwdload.passwords import PasswordBook, Shape, ledger_secret, password_policy
from pwdload.scenario import Scenario

_LOOKED_AT: Final = 1_000
"""Of so many accounts that are ready, the one with the fewest failed logins is taken."""
REFUSED_FOR: Final = Shape.TOO_SHORT
"""What is wrong with the password that the target must refuse: it is one character too short, and costs nothing."""


@dataclass(slots=True)
class Borrowed:
    """An account in the doctor's hands."""

    entry: Entry
    account: Account
    book: PasswordBook
    scribe: Scribe

    @property
    def password(self) -> str:
        """The one that is in force. A secret."""
        return self.account.password(self.book, *self.account.in_force)

    @property
    def broken(self) -> PasswordRef:
        """The one that the target must refuse."""
        return PasswordRef(self.entry.next.generation, REFUSED_FOR)

    @property
    def broken_password(self) -> str:
        """Its text. A secret, should it be accepted."""
        return self.account.password(self.book, *self.broken)

    def will_log_in(self) -> None:
        """Write down, before it is sent, that a login may count as a failed one."""
        self._note(Event.TRIED, Kind.SETTLE, self.entry.in_force)

    def was_let_in(self) -> None:
        """Write down that the login was no failed one: its password is right, or was not looked at."""
        self._note(Event.NOT_TRIED, Kind.SETTLE, self.entry.in_force)

    def is_suspect(self) -> None:
        """Write down that the password which should be in force is wrong: `settle` finds out what is."""
        refused = self.entry.in_force
        self._note(Event.INTENT, Kind.CHANGE, self.entry.next)
        self._note(Event.UNKNOWN, Kind.CHANGE, self.entry.doubt or refused)
        self._note(Event.WRONG, Kind.SETTLE, refused)

    def asks_for_nothing(self) -> None:
        """Write down that it asks for no change any more."""
        self._note(Event.USED, Kind.CHANGE, self.entry.in_force)

    def is_disabled(self) -> None:
        """Write down that the target lets nobody in with it."""
        self.entry = self.scribe.note(self.entry, Event.RETIRED, Kind.CHANGE, self.entry.in_force, Reason.DISABLED)

    def will_change(self) -> None:
        """Write down, before it is sent, that the broken password is asked for."""
        self._note(Event.INTENT, Kind.CHANGE, self.broken)

    def has_changed(self, event: Event, asked: PasswordRef) -> None:
        """Write down what came of it."""
        self._note(event, Kind.CHANGE, asked)

    def _note(self, event: Event, kind: Kind, ref: PasswordRef) -> None:
        self.entry = self.scribe.note(self.entry, event, kind, ref)


@contextmanager
def borrowed(scenario: Scenario, url: str) -> Iterator[Borrowed]:
    """Lend an account that is ready, and take what was written of it into the ledger.

    Args:
        scenario: names list or ledger of the accounts in `[accounts] source`.
        url: base URL of the target, which the ledger is for from now on.

    Raises:
        PwdloadError: list, ledger or secret cannot be used, none is ready, or the journal cannot be written.
    """
    path = scenario.accounts.source
    if path is None:
        raise AccountsError("no accounts are named")
    directory = ledger_directory(path, scenario.accounts.ledger)
    listed = None if path.is_dir() else read_accounts_csv(path)
    is_new = listed is not None and not is_ledger(directory)
    if not is_new and not is_ledger(directory):
        Ledger.read(directory)  # says that there is none, before anything is said of its secret
    secret = ledger_secret(directory, os.environ, create=is_new)
    book = PasswordBook(secret, password_policy(scenario))
    ledger = Ledger.open(directory, secret_digest=book.digest, create=is_new)
    try:
        ledger.bind_host(url.rstrip("/"))
        if listed is not None:
            take_in(ledger, listed, path)
        elif ledger.meta.source:
            listed = read_accounts_csv(Path(ledger.meta.source))
        accounts = LedgerAccounts(ledger, listed)
        entry = _chosen(ledger, scenario)
        with _writing(ledger, entry, scenario) as scribe:
            yield Borrowed(entry=entry, account=accounts.account(entry), book=book, scribe=scribe)
    finally:
        ledger.close()


def _chosen(ledger: Ledger, scenario: Scenario) -> Entry:
    states = (WARNING, EXPIRED) if scenario.accounts.reuse == "warn" else (EXPIRED, WARNING)
    for state in states:
        ready = ledger.entries_of(islice(ledger.ready(state), _LOOKED_AT)).values()
        if ready:
            return min(ready, key=attrgetter("tries"))
    raise AccountsError(f"{ledger.path}: no account is ready")


@contextmanager
def _writing(ledger: Ledger, entry: Entry, scenario: Scenario) -> Iterator[Scribe]:
    """Keep a lease on one account, and what is done under it, in a journal of its own."""
    run = ledger.begin_run(may_rearm=False)
    lease = first_lease(run)
    journal = ledger.journal(0, "doctor", fsync=scenario.accounts.fsync)
    try:
        journal.leased([entry.index], lease, 0)
        yield Scribe(journal, lease=lease, holds_leases=True)
        journal.returned([entry.index], lease, 0)
    finally:
        journal.end()
        ledger.merge()
