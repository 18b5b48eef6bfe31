"""A state_token that is accepted although it is not what it has to be."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from pwdload.standin.accounts import Account
from pwdload.standin.answers import Refusal
from pwdload.standin.assembly import Classes
from pwdload.standin.call import Call
from pwdload.standin.defects.defect import Defect
from pwdload.standin.forced_change import ForcedChange, Update
from pwdload.standin.headers import sdk_caller
from pwdload.standin.reasons import Reason
from pwdload.standin.tokens import Caller, StateToken, StateTokens

_PAGE = 500


class _Unsigned(StateTokens):
    """Reads what it can of a token, without a look at its signature or at the application it names."""

    def _claims(self, token: str) -> Mapping[str, Any]:
        _, payload, _ = token.split(".")
        claims = _leniently(base64.urlsafe_b64decode(payload + "==").decode(errors="replace"))
        return {**claims, "subject": json.dumps(_leniently(claims["subject"]))}

    def _is_of_client(self, caller: Caller, token: StateToken) -> bool:  # noqa: ARG002 - that is the defect
        return True


class _Undying(StateTokens):
    """Does not look at the time."""

    def _is_expired(self, claims: Mapping[str, Any]) -> bool:  # noqa: ARG002 - that is the defect
        return False


class _AnyDevice(StateTokens):
    """Does not look at the device."""

    def _is_of_device(self, caller: Caller, token: StateToken) -> bool:  # noqa: ARG002 - that is the defect
        return True


class _WhoseeverPassword(ForcedChange):
    """Takes a token as a ticket to come in, and the account from old_password."""

    async def _wanted(self, call: Call) -> Update:
        call.require_json()
        caller = sdk_caller(call, self._settings)
        old, new = self._passwords(call.json_object())
        state_token = self._parts.state_tokens.opened(call.header("X-state-token"))
        if self._parts.sessions.has_served(state_token):
            raise Refusal(Reason.STATE_TOKEN_INVALID)
        meant = self._parts.accounts.by_id(state_token.user_id)
        if meant is not None and not await self._opens(meant, old):
            account = await self._opened_by(old)
            if account is not None:
                return Update(state_token=state_token, account=account, caller=caller, old=old, new=new)
        return await super()._wanted(call)

    async def _opened_by(self, password: str) -> Account | None:
        """Return an account that the password opens, giving way to other requests after each page of them."""
        accounts = self._parts.accounts
        for number in range(accounts.count() // _PAGE + 1):
            for account in accounts.page(number, _PAGE):
                if await self._opens(account, password):
                    return account
            await asyncio.sleep(0)
        return None

    async def _opens(self, account: Account, password: str) -> bool:
        return await self._parts.hasher.opens_politely(password, account.password_hash)


def _leniently(text: str) -> dict[str, Any]:
    """Return an object in JSON that may have control characters in its texts, as one altered byte makes them."""
    document: dict[str, Any] = json.loads(text, strict=False)
    return document


DEFECTS = (
    Defect(
        name="token_of_another_account",
        sentence="Any genuine state_token opens pwd/update; the account that is changed is the one that old_password"
        " opens, whosever the token is.",
        fit=lambda _: Classes(forced_change=_WhoseeverPassword),
    ),
    Defect(
        name="token_of_another_device",
        sentence="A state_token serves on any device, not only on the one that logged in.",
        fit=lambda _: Classes(state_tokens=_AnyDevice),
    ),
    Defect(
        name="token_expired_accepted",
        sentence="A state_token serves after its life.",
        fit=lambda _: Classes(state_tokens=_Undying),
    ),
    Defect(
        name="token_unsigned",
        sentence="Neither the signature of a state_token is checked nor which application it names: forged and altered"
        " ones pass where their content still reads.",
        fit=lambda _: Classes(state_tokens=_Unsigned),
    ),
)
