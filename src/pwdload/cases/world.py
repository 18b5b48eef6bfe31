"""What a flow needs of the world around it."""

from collections.abc import Sequence
from typing import Protocol

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event
from pwdload.api.http import Exchange


class Wire(Protocol):
    """What a flow needs of the world."""

    def send(self, request: bytes) -> Exchange:
        """Send a request and return its exchange; nothing of the network escapes as an exception."""

    def send_together(self, requests: Sequence[bytes]) -> list[Exchange]:
        """Send requests as closely together as can be, each over an open connection of its own.

        Their exchanges come in the order of sending, and begin when all connections are open.
        """

    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def now(self) -> float:
        """Return the time on the run's clock, in seconds."""


class Changes(Protocol):
    """Who must know of every change of a password: before it is asked for, and what came of it."""

    def intend(self, account: Account, new: PasswordRef, token_digest: bytes) -> None:
        """Keep that a password is about to be asked for; return when that is kept.

        Raises:
            AccountsError: it cannot be kept, so that the request must not be sent.
        """

    def conclude(self, account: Account, new: PasswordRef, event: Event) -> None:
        """Keep what came of it: `Event.APPLIED`, `REFUSED` or `UNKNOWN`."""


class TenantAccess(Protocol):
    """Who has the access_token of the tenant API."""

    def access_token(self) -> str:
        """Return one that is valid; empty when none is to be had, which has been told by then."""

    def forget(self, token: str) -> None:
        """Note that the target does not know a token any more."""
