"""Checking a password, and the lock-out after too many wrong ones.

The wrong password that reaches the threshold is answered with the lock itself. An account that does not exist is
treated like one that does, so that the answers do not tell which names exist.
"""

import math
from collections import OrderedDict

from pwdload.standin.accounts import Account, Accounts, Failures
from pwdload.standin.answers import Refusal
from pwdload.standin.clock import Clock
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.reasons import Reason
from pwdload.standin.settings import Settings

_UNKNOWN_NAMES_MAX = 10_000


class PasswordGuard:
    """Tells whether a password is right, and counts when it is not."""

    def __init__(self, settings: Settings, accounts: Accounts, hasher: PasswordHasher, clock: Clock) -> None:
        self._settings = settings
        self._accounts = accounts
        self._hasher = hasher
        self._clock = clock
        self._unknown: OrderedDict[str, Failures] = OrderedDict()

    async def verify(self, account: Account, password: str, *, counts: bool = True) -> None:
        """Return if the password opens the account; earlier failures are then forgotten.

        Raises:
            Refusal: it is wrong, or the account is locked. A wrong one that `counts` counts towards the lock-out.
        """
        self.refuse_if_locked(account.failures)
        is_right = await self._hasher.opens_politely(password, account.password_hash)
        failures = self._accounts.failures(account.user_id)  # again: others may have failed meanwhile
        self.refuse_if_locked(failures)
        if not is_right:
            raise self.wrong(account, counts=counts)
        if failures.attempts:
            self._accounts.set_failures(account.user_id, Failures())

    async def refuse_unknown(self, user_name: str, password: str) -> Refusal:
        """Return the refusal for a name that no account has, in the time that a wrong password takes."""
        if self._is_locked(failures := self._unknown.get(user_name, Failures())):
            return self._locked(failures)
        await self._hasher.opens_politely(password, None)
        if self._is_locked(failures := self._unknown.get(user_name, Failures())):
            return self._locked(failures)
        failures = self._unknown[user_name] = self._one_more(failures)
        self._unknown.move_to_end(user_name)
        if len(self._unknown) > _UNKNOWN_NAMES_MAX:
            self._unknown.popitem(last=False)
        return self._refusal(failures)

    def wrong(self, account: Account, *, counts: bool = True) -> Refusal:
        """Return the refusal of a wrong password; one that `counts` brings the lock nearer."""
        failures = self._accounts.failures(account.user_id)
        if counts:
            failures = self._one_more(failures)
            self._accounts.set_failures(account.user_id, failures)
        return self._refusal(failures)

    def _one_more(self, failures: Failures) -> Failures:
        attempts = self._attempts(failures) + 1
        is_full = 0 < self._settings.lockout_threshold <= attempts
        return Failures(attempts, self._clock() + self._settings.lockout_s if is_full else 0.0)

    def _attempts(self, failures: Failures) -> int:
        """Return how many attempts still count: none once a lock has run out."""
        return 0 if failures.locked_until and not self._is_locked(failures) else failures.attempts

    def _refusal(self, failures: Failures) -> Refusal:
        if self._is_locked(failures):
            return self._locked(failures)
        if not self._settings.lockout_threshold:
            return Refusal(Reason.PASSWORD_WRONG_UNCOUNTED)
        return Refusal(Reason.PASSWORD_WRONG, self._settings.lockout_threshold - self._attempts(failures))

    def refuse_if_locked(self, failures: Failures) -> None:
        """Return if wrong passwords have not locked the account.

        Raises:
            Refusal: they have.
        """
        if self._is_locked(failures):
            raise self._locked(failures)

    def _is_locked(self, failures: Failures) -> bool:
        return self._clock() < failures.locked_until

    def _locked(self, failures: Failures) -> Refusal:
        minutes, seconds = divmod(math.ceil(failures.locked_until - self._clock()), 60)
        return Refusal(Reason.ACCOUNT_LOCKED, minutes, seconds)
