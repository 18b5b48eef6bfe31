"""Logging in as an account, as its own device does, to see which password opens it."""

from collections.abc import Callable
from typing import Protocol, Self

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Entry
from pwdload.accounts.reading import Reading, read_login
from pwdload.api.connections import Connections, SharedClients
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests, probe_request
from pwdload.devices import DevicePopulation
from pwdload.errors import UsageError
from pwdload.passwords import PasswordBook

Seen = Callable[[Entry, Exchange], object]
"""Is told of each login, for whoever keeps samples."""


class Door(Protocol):
    """Where passwords are tried."""

    def text(self, entry: Entry, ref: PasswordRef) -> str | None:
        """Return the password; null when nobody can know it."""

    def knock(self, entry: Entry, password: str) -> Reading:
        """Log in once, and return what the answer says."""

    def probe(self) -> bool:
        """Whether the target answers, by a request that counts for nothing."""


class LoginDoor:
    """The login call of a target. Safe for several threads: each login has a connection to itself."""

    def __init__(
        self,
        connections: Connections,
        book: PasswordBook,
        population: DevicePopulation,
        *,
        tenant_id: str | None = None,
        account: Callable[[Entry], Account] = Entry.account,
        seen: Seen | None = None,
    ) -> None:
        """Take what a login needs; nothing is sent yet.

        Args:
            connections: to the target.
            book: derives passwords.
            population: an account's device is the one of its index, as in a run.
            tenant_id: as in the scenario.
            account: adds to an entry the passwords that were listed.
            seen: is told of each login.
        """
        self._clients = SharedClients(connections)
        self._book = book
        self._population = population
        self._tenant_id = tenant_id
        self._account = account
        self._seen = seen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def text(self, entry: Entry, ref: PasswordRef) -> str | None:
        """Return the password; null when nobody can know it."""
        try:
            return self._account(entry).password(self._book, *ref)
        except (LookupError, UsageError):
            return None

    def knock(self, entry: Entry, password: str) -> Reading:
        """Log in once, and return what the answer says."""
        device = self._population.device(entry.index)
        requests = DeviceRequests(self._clients.authority, device, self._tenant_id)
        exchange = self._clients.exchange(requests.login(entry.user_name, password))
        if self._seen is not None:
            self._seen(entry, exchange)
        if exchange.interrupted is not None:
            raise exchange.interrupted
        return read_login(exchange)

    def probe(self) -> bool:
        """Whether the target answers a question for its date."""
        request = probe_request(self._clients.authority, self._population.device(0), self._tenant_id)
        exchange = self._clients.exchange(request)
        if exchange.interrupted is not None:
            raise exchange.interrupted
        return exchange.http_status == 200
