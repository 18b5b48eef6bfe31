"""An old password that is not looked at, or that opens the account for too long."""

from pwdload.standin.accounts import Account
from pwdload.standin.assembly import Classes
from pwdload.standin.defects.defect import Defect
from pwdload.standin.forced_change import ForcedChange, Update
from pwdload.standin.login import Login


class _AnyOldPassword(ForcedChange):
    """Looks at the lock and the policy alone."""

    async def _approved(self, update: Update) -> str:
        self._parts.guard.refuse_if_locked(update.account.failures)
        return await self._parts.change.prepare(update.account, old=update.old, new=update.new)


class _LastOneToo(Login):
    """Lets the last password but one in as well."""

    async def _verify(self, account: Account, password: str) -> None:
        for stored in self._parts.accounts.history(account.user_id, 1):
            if await self._parts.hasher.opens_politely(password, stored):
                return
        await super()._verify(account, password)


DEFECTS = (
    Defect(
        name="old_password_still_valid",
        sentence="At login, the password before the last change opens the account like the current one.",
        fit=lambda _: Classes(login=_LastOneToo),
    ),
    Defect(
        name="old_password_unchecked",
        sentence="pwd/update accepts any old_password.",
        fit=lambda _: Classes(forced_change=_AnyOldPassword),
    ),
)
