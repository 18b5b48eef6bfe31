"""For flows whose accounts end with the process: nobody need know of their changes."""

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event


class NothingKept:
    """Keeps nothing (`pwdload.cases.world.Changes`)."""

    def intend(self, account: Account, new: PasswordRef, token_digest: bytes) -> None:
        """Do nothing."""

    def conclude(self, account: Account, new: PasswordRef, event: Event) -> None:
        """Do nothing."""
