"""Replacing a password: the checks that every change shares, and the change itself."""

import unicodedata

from pwdload.standin.accounts import Account, Accounts
from pwdload.standin.answers import Refusal
from pwdload.standin.clock import Clock
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.policy import PasswordPolicy
from pwdload.standin.reasons import Reason
from pwdload.standin.settings import Settings


class PasswordChange:
    """Replaces a password by one that the policy and the history allow."""

    def __init__(
        self, *, settings: Settings, accounts: Accounts, hasher: PasswordHasher, policy: PasswordPolicy, clock: Clock
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._hasher = hasher
        self._policy = policy
        self._clock = clock

    async def prepare(self, account: Account, *, old: str, new: str) -> str:
        """Return the hash to store for a new password; `old` is known to be the current one.

        The current password is refused first, so that it gets the code of history even if today's policy would not
        allow it any more.

        Raises:
            Refusal: the new password is the current one, breaks the policy, or is in the history.
        """
        self._refuse_current(old, new)
        self._policy.check(new, account.person)
        await self._refuse_earlier(account, new)
        return await self._hasher.hash_politely(new)

    def apply(self, account: Account, password_hash: str, *, must_modify: bool = False) -> bool:
        """Store a prepared hash, within the caller's transaction; False if another change came first."""
        if not self._accounts.replace_password(account, password_hash, now_s=self._clock(), must_modify=must_modify):
            return False
        self._accounts.forget_history(account, self._settings.password_history)
        return True

    def _refuse_current(self, old: str, new: str) -> None:
        if unicodedata.normalize("NFC", new) == unicodedata.normalize("NFC", old):
            raise Refusal(Reason.PASSWORD_USED_BEFORE)

    async def _refuse_earlier(self, account: Account, new: str) -> None:
        for stored in self._accounts.history(account.user_id, self._settings.password_history):
            if await self._hasher.opens_politely(new, stored):
                raise Refusal(Reason.PASSWORD_USED_BEFORE)
