"""A request of a flow before it is sent: its bytes, and what is known of what they say."""

from typing import Final, NamedTuple

from pwdload.accounts.account import Account, PasswordRef
from pwdload.api.digest import NO_TOKEN
from pwdload.api.request import DeviceRequests
from pwdload.cases.played import Sent
from pwdload.cases.remarks import Secrets
from pwdload.passwords import PasswordBook

_new: Final = tuple.__new__
"""Makes a NamedTuple out of all of its values in their order, at half of the cost: for what each exchange makes."""


class Asking(NamedTuple):
    """A request that is about to be sent."""

    account: Account
    """Who asks."""
    request: bytes
    sent: Sent
    secrets: Secrets
    """The passwords in it, which no answer may repeat."""
    book: PasswordBook
    """Where they are from."""

    def __repr__(self) -> str:
        return f"Asking(account={self.account!r}, sent={self.sent!r})"  # and no password


def own_login(account: Account, requests: DeviceRequests, book: PasswordBook) -> Asking:
    """Return the login of an account, from its own device, with the password in force.

    It stays the same until the password is changed, so that the last one is kept with the device (1 kB): a pool of
    accounts that goes round makes each once, however many there are.
    """
    kept = requests.kept
    if type(kept) is Asking and kept.account is account and kept.book is book:
        return kept
    requests.kept = asking = login(account, requests, account.in_force, book)
    return asking


def login(account: Account, requests: DeviceRequests, ref: PasswordRef, book: PasswordBook) -> Asking:
    """Return a login of an account with any of its passwords.

    Raises:
        LookupError: the password cannot be derived, and is not listed.
    """
    password = account.password(book, *ref)
    request = requests.login(account.user_name, password)
    return _new(Asking, (account, request, _new(Sent, (ref, None, NO_TOKEN)), ((ref, password),), book))
