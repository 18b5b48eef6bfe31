"""The stand-in's own routes, which the product does not have: health, counts, faults, and a look into accounts."""

import os
from collections.abc import Mapping

from pwdload.standin.accounts import Account
from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.call import Call, mandatory_field
from pwdload.standin.counts import Counts
from pwdload.standin.login import login_status
from pwdload.standin.parts import Parts
from pwdload.standin.reasons import Reason


class Control:
    """/standin/... These requests are not counted, and the capacity model does not hold them up."""

    def __init__(self, parts: Parts, counts: Counts) -> None:
        self._settings = parts.settings
        self._accounts = parts.accounts
        self._hasher = parts.hasher
        self._clock = parts.clock
        self._faults = parts.faults
        self._counts = counts

    async def health(self, call: Call) -> Answer:  # noqa: ARG002 - a handler's signature
        """Say that the program is up, and what is broken in it on purpose."""
        return Answer(
            fields={
                "status": "up",
                "now": self._clock(),
                "pid": os.getpid(),
                "accounts": self._accounts.count(),
                "defects": self._settings.defects,
            }
        )

    async def counts(self, call: Call) -> Answer:  # noqa: ARG002 - a handler's signature
        """Tell what has been answered so far."""
        return Answer(fields=self._counts.snapshot().fields())

    async def reset_counts(self, call: Call) -> Answer:  # noqa: ARG002 - a handler's signature
        """Tell what has been answered so far, and begin again."""
        snapshot = self._counts.snapshot()
        self._counts.reset()
        return Answer(fields=snapshot.fields())

    async def faults(self, call: Call) -> Answer:  # noqa: ARG002 - a handler's signature
        """Tell which faults there are at present."""
        return Answer(fields=self._faults.fields())

    async def set_faults(self, call: Call) -> Answer:
        """Set the faults that are named, leave the others, and tell all of them."""
        call.require_json()
        try:
            self._faults.set(call.json_object())
        except ValueError as error:
            raise Refusal(Reason.BODY_INVALID, error) from None
        return Answer(fields=self._faults.fields())

    async def end_faults(self, call: Call) -> Answer:  # noqa: ARG002 - a handler's signature
        """End all faults."""
        self._faults.end()
        return Answer(fields=self._faults.fields())

    async def account(self, call: Call) -> Answer:
        """Tell what state an account is in."""
        return Answer(fields=self._described(self._account(call)))

    async def try_password(self, call: Call) -> Answer:
        """Tell whether a password is the account's; neither the lock-out nor the account's state matter."""
        account = self._account(call)
        call.require_json()
        password = mandatory_field(call.json_object(), "password")
        return Answer(fields={"opens": await self._hasher.opens_politely(password, account.password_hash)})

    def _account(self, call: Call) -> Account:
        account = self._accounts.by_name(call.path_parameters["user_name"])
        if account is None:
            raise Refusal(Reason.USER_UNKNOWN)
        return account

    def _described(self, account: Account) -> Mapping[str, object]:
        return {
            "user_name": account.user_name,
            "user_id": account.user_id,
            "login_status": login_status(account, self._settings, self._clock()),
            "password_version": account.password_version,
            "password_changed_at": account.password_changed_at,
            "earlier_passwords": len(self._accounts.history(account.user_id, self._settings.password_history)),
            "failed_attempts": account.failed_attempts,
            "locked_until": account.locked_until,
        }
