"""A lock-out that never comes, comes for somebody else, or tells by its time which names exist."""

import asyncio

from pwdload.standin.accounts import Account, Accounts, Failures
from pwdload.standin.answers import Refusal
from pwdload.standin.assembly import Classes
from pwdload.standin.clock import Clock
from pwdload.standin.defects.defect import Defect, Tuned
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.lockout import PasswordGuard
from pwdload.standin.reasons import Reason
from pwdload.standin.settings import Settings


class _NeverLocks(PasswordGuard):
    """Counts up to the last attempt that remains, and stays there."""

    def _one_more(self, failures: Failures) -> Failures:
        last = max(0, self._settings.lockout_threshold - 1)
        return Failures(min(self._attempts(failures) + 1, last), 0.0)


class _LocksAnother(PasswordGuard):
    """Has the last two accounts that gave a right password pay for what others get wrong."""

    def __init__(self, settings: Settings, accounts: Accounts, hasher: PasswordHasher, clock: Clock) -> None:
        super().__init__(settings, accounts, hasher, clock)
        self._last: list[str] = []

    async def verify(self, account: Account, password: str, *, counts: bool = True) -> None:
        await super().verify(account, password, counts=counts)
        self._last = [account.user_id, *(other for other in self._last if other != account.user_id)][:2]

    def wrong(self, account: Account, *, counts: bool = True) -> Refusal:
        victim = next((other for other in self._last if other != account.user_id), None)
        if counts and victim is not None:
            self._accounts.set_failures(victim, self._one_more(self._accounts.failures(victim)))
        return super().wrong(account, counts=False)


def _leaky(tuned: Tuned) -> Classes:
    class Leaky(PasswordGuard):
        async def verify(self, account: Account, password: str, *, counts: bool = True) -> None:
            try:
                await super().verify(account, password, counts=counts)
            except Refusal as refusal:
                if refusal.reason is not Reason.ACCOUNT_LOCKED:
                    await asyncio.sleep(tuned.time_s)
                raise

    return Classes(guard=Leaky)


DEFECTS = (
    Defect(
        name="lockout_never",
        sentence="Wrong passwords are counted and never lock an account.",
        fit=lambda _: Classes(guard=_NeverLocks),
    ),
    Defect(
        name="lockout_of_another",
        sentence="A wrong password counts for the account that gave a right one last, which is locked for what others"
        " get wrong.",
        fit=lambda _: Classes(guard=_LocksAnother),
    ),
    Defect(
        name="timing_leak",
        sentence="An unknown user name is refused the time VALUE sooner than a wrong password.",
        time_s=0.01,
        fit=_leaky,
    ),
)
