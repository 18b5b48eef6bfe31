"""The forced change of a password after expiry, and its postponement."""

from collections.abc import Mapping

from pwdload.standin.accounts import Account
from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.call import Call, text_field
from pwdload.standin.headers import sdk_caller
from pwdload.standin.login import session_answer
from pwdload.standin.parts import Parts
from pwdload.standin.reasons import Reason
from pwdload.standin.sessions import Session
from pwdload.standin.tokens import Caller, Purpose, StateToken


class _OvertakenError(Exception):
    """The password is no longer the one that was compared."""


class ForcedChange:
    """POST /api/v2/sdk/pwd/update, GET /api/v2/sdk/pwd/skip-update and GET /api/v2/sdk/mobile-by-token."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings = parts.settings

    async def update(self, call: Call) -> Answer:
        """Change a password. Checked in this order: headers, application, body, token, lock, old password, policy."""
        call.require_json()
        caller = sdk_caller(call, self._settings)
        old, new = _passwords(call.json_object())
        state_token, account = self._state(call, caller, "PASSWORD_EXPIRED", "PASSWORD_WARN")
        if account.disabled:
            return Answer(fields={"status": "ACCESS_DENIED"})
        if self._settings.state_token_consumed_by == "attempt":  # noqa: S105 - the value of a setting
            self._use_up(state_token)
        await self._parts.guard.verify(account, old, counts=self._settings.wrong_old_password_counts)
        password_hash = await self._parts.change.prepare(account, old=old, new=new)
        try:
            session = self._change_and_open(state_token, account, password_hash, caller)
        except _OvertakenError:
            # Another token changed the password after ours was compared: what was right is now wrong.
            raise self._parts.guard.wrong(account, counts=self._settings.wrong_old_password_counts) from None
        return session_answer(self._parts, account, caller, session)

    async def skip(self, call: Call) -> Answer:
        """Let a user in whose password is only about to expire."""
        caller = sdk_caller(call, self._settings)
        state_token, account = self._state(call, caller, "PASSWORD_WARN")
        if account.disabled:
            return Answer(fields={"status": "ACCESS_DENIED"})
        with self._parts.store.transaction():
            self._use_up(state_token)
            session = self._parts.sessions.open(account.user_id, caller, self._settings.change_session_life_s)
        return session_answer(self._parts, account, caller, session)

    async def mobile(self, call: Call) -> Answer:
        """Tell the mobile number to which a second factor would be sent."""
        caller = sdk_caller(call, self._settings)
        _, account = self._state(call, caller, "MFA_AUTH")
        return Answer(fields={"mobile": account.mobile or ""})

    def _state(self, call: Call, caller: Caller, *purposes: Purpose) -> tuple[StateToken, Account]:
        """Return a state_token that is valid for one of the purposes and not used up, and its account."""
        state_token = self._parts.state_tokens.read(call.header("X-state-token"), caller)
        account = self._parts.accounts.by_id(state_token.user_id)
        if account is None or state_token.purpose not in purposes or self._parts.sessions.has_served(state_token):
            raise Refusal(Reason.STATE_TOKEN_INVALID)
        return state_token, account

    def _use_up(self, state_token: StateToken) -> None:
        if not self._parts.sessions.use_up(state_token):
            raise Refusal(Reason.STATE_TOKEN_INVALID)

    def _change_and_open(
        self, state_token: StateToken, account: Account, password_hash: str, caller: Caller
    ) -> Session:
        """Use the token up, change the password and begin a session: all of it or nothing."""
        with self._parts.store.transaction():
            if self._settings.state_token_consumed_by == "success":  # noqa: S105 - the value of a setting
                self._use_up(state_token)
            if not self._parts.change.apply(account, password_hash):
                raise _OvertakenError
            return self._parts.sessions.open(account.user_id, caller, self._settings.change_session_life_s)


def _passwords(fields: Mapping[str, object]) -> tuple[str, str]:
    old, new = text_field(fields, "old_password"), text_field(fields, "new_password")
    if not old.strip() or not new.strip():
        raise Refusal(Reason.PASSWORD_BLANK)
    return old, new
