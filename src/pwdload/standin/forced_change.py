"""The forced change of a password after expiry, and its postponement."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A change that is asked for with a valid state_token."""

    state_token: StateToken
    account: Account
    caller: Caller
    old: str = field(repr=False)
    new: str = field(repr=False)


class ForcedChange:
    """POST /api/v2/sdk/pwd/update, GET /api/v2/sdk/pwd/skip-update and GET /api/v2/sdk/mobile-by-token."""

    skippable: tuple[Purpose, ...] = ("PASSWORD_WARN",)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings = parts.settings

    async def update(self, call: Call) -> Answer:
        """Change a password. Checked in this order: headers, application, body, token, lock, old password, policy."""
        update = await self._wanted(call)
        if update.account.disabled:
            return Answer(fields={"status": "ACCESS_DENIED"})
        if self._settings.state_token_consumed_by == "attempt":  # noqa: S105 - the value of a setting
            self._use_up(update.state_token)
        return await self._carry_out(update, await self._approved(update))

    async def skip(self, call: Call) -> Answer:
        """Let a user in whose password is only about to expire."""
        caller = sdk_caller(call, self._settings)
        state_token, account = self._state(call, caller, *self.skippable)
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

    async def _wanted(self, call: Call) -> Update:
        """Return what a call asks for, after headers, application, body and token have been checked."""
        call.require_json()
        caller = sdk_caller(call, self._settings)
        old, new = self._passwords(call.json_object())
        state_token, account = self._state(call, caller, "PASSWORD_EXPIRED", "PASSWORD_WARN")
        return Update(state_token=state_token, account=account, caller=caller, old=old, new=new)

    async def _approved(self, update: Update) -> str:
        """Return the hash to store, after lock, old password and policy have been checked."""
        await self._parts.guard.verify(update.account, update.old, counts=self._settings.wrong_old_password_counts)
        return await self._parts.change.prepare(update.account, old=update.old, new=update.new)

    async def _carry_out(self, update: Update, password_hash: str) -> Answer:
        try:
            session = self._change_and_open(update, password_hash)
        except _OvertakenError:
            # Another token changed the password after ours was compared: what was right is now wrong.
            raise self._parts.guard.wrong(update.account, counts=self._settings.wrong_old_password_counts) from None
        return session_answer(self._parts, update.account, update.caller, session)

    def _passwords(self, fields: Mapping[str, object]) -> tuple[str, str]:
        old, new = text_field(fields, "old_password"), text_field(fields, "new_password")
        if not old.strip() or not new.strip():
            raise Refusal(Reason.PASSWORD_BLANK)
        return old, new

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

    def _change_and_open(self, update: Update, password_hash: str) -> Session:
        """Use the token up, change the password and begin a session: all of it or nothing."""
        with self._parts.store.transaction():
            if self._settings.state_token_consumed_by == "success":  # noqa: S105 - the value of a setting
                self._use_up(update.state_token)
            if not self._apply(update, password_hash):
                raise _OvertakenError
            user_id, life_s = update.account.user_id, self._settings.change_session_life_s
            return self._parts.sessions.open(user_id, update.caller, life_s)

    def _apply(self, update: Update, password_hash: str) -> bool:
        return self._parts.change.apply(update.account, password_hash)
