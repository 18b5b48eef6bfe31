"""The accounts of a ledger as a run draws them, with the passwords that only a list can tell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Entry
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.listing import STATES
from pwdload.accounts.source import ListedAccounts, MadeUpAccounts


class LedgerAccounts:
    """Those that are ready, by state and place, as they were when the ledger was looked at last."""

    def __init__(self, ledger: Ledger, listed: ListedAccounts | None = None) -> None:
        """Take the list whose passwords the ledger does not hold; null where every password is derived."""
        self.ledger = ledger
        self._listed = listed
        self.look()

    def look(self) -> None:
        """Look at the ledger again: which accounts are ready now."""
        self._ready = {state: self.ledger.ready(state) for state in STATES}

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many there are in each state."""
        return {state: len(indices) for state, indices in self._ready.items()}

    def accounts(self, state: str, places: range) -> Sequence[Account]:
        """Return the accounts of a state at these places."""
        indices = self._ready[state][places.start : places.stop]
        return [with_listed(account, self._listed) for account in self.ledger.accounts(indices)]

    def account(self, entry: Entry) -> Account:
        """Return the account of an entry, with the passwords that are listed for it."""
        return with_listed(entry.account(), self._listed)

    @property
    def all_have_history(self) -> bool:
        """Whether of every account that is ready an earlier password is known."""
        indices = (index for ready in self._ready.values() for index in ready)
        return all(_has_history(self.account(self.ledger.entry(index))) for index in indices)


def with_listed(account: Account, listed: ListedAccounts | None) -> Account:
    """Return an account with the passwords that are listed for it, where a list has any."""
    if listed is None:
        return account
    try:
        passwords = listed.passwords(account.user_name)
    except LookupError:
        return account
    return replace(account, initial_password=passwords.password, earlier_password=passwords.previous)


def made_up_entries(made_up: MadeUpAccounts) -> Iterator[Entry]:
    """Yield the entries of accounts that were made up for the embedded stand-in."""
    for state, size in sorted(made_up.sizes.items()):
        for account in made_up.accounts(state, range(size)):
            yield Entry(
                index=account.index,
                user_name=account.user_name,
                state=state,
                in_force=account.in_force,
                newest=account.generation,
                is_ours=True,
            )


def _has_history(account: Account) -> bool:
    first = account.initial_password is not None or not account.is_listed
    return account.earlier_password is not None if account.generation == 0 else account.generation > 1 or first
