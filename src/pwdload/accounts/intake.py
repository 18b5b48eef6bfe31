"""Listed accounts, taken into a ledger; and their listed passwords, found again when they are needed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Entry
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.source import ListedAccounts, read_accounts_csv

_PROGRESS_EVERY = 10_000


def take_in(
    ledger: Ledger, listed: ListedAccounts, path: Path, progress: Callable[[int], object] = lambda _count: None
) -> int:
    """Add the listed accounts that a ledger does not know yet, and return how many; those it knows stay as they are.

    An account of an empty ledger has the index of its place in the file. `progress` is told how many more have been
    looked at, now and then.

    Raises:
        AccountsError: its accounts are those of another list, or it cannot be written; nothing was added.
    """
    ledger.bind_source(str(path.resolve()))
    return ledger.add(_entries(listed, ledger.next_index, progress), skip_known=True)


def _entries(listed: ListedAccounts, first_index: int, progress: Callable[[int], object]) -> Iterator[Entry]:
    for place, user_name, state, tenant, device, tags in listed:
        if place % _PROGRESS_EVERY == _PROGRESS_EVERY - 1:
            progress(_PROGRESS_EVERY)
        yield Entry(
            index=first_index + place, user_name=user_name, state=state, tenant=tenant, device=device, tags=tags
        )


class ListedPasswordBook:
    """Adds to an entry the passwords that it came with, from the list; which is read when the first is needed."""

    def __init__(self, path: Path | None) -> None:
        """Take where the accounts are listed; null where all were made."""
        self._path = path

    @cached_property
    def _listed(self) -> ListedAccounts | None:
        return None if self._path is None else read_accounts_csv(self._path)

    def account(self, entry: Entry) -> Account:
        """Return an account, with its listed passwords where logins may try them: where it is in doubt.

        Raises:
            LookupError: the list has it no more. A password that is made up instead would be a wrong one, and bring
                the account nearer to its lock.
            AccountsError: the list cannot be read.
        """
        account = entry.account()
        if entry.is_ours or entry.doubt is None or min(entry.in_force.generation, entry.doubt.generation) > 0:
            return account
        if self._listed is None:
            raise LookupError(f"{entry.user_name!r} came with a password that no list tells")
        found = self._listed.passwords(entry.user_name)
        return replace(account, initial_password=found.password, earlier_password=found.previous)
