"""Login with a password: who is let in, who must change the password first, who is turned away."""

from collections.abc import Mapping
from typing import Literal

from pwdload.standin.accounts import Account
from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.call import Call, text_field
from pwdload.standin.headers import sdk_caller
from pwdload.standin.parts import Parts
from pwdload.standin.reasons import Reason
from pwdload.standin.sessions import Session
from pwdload.standin.settings import Settings
from pwdload.standin.tokens import Caller, Purpose

Status = Literal["SUCCESS", "ACCESS_DENIED"] | Purpose

_DAY_S = 86_400.0


def login_status(account: Account, settings: Settings, now_s: float) -> Status:
    """Return what the right password gets.

    The second factor is asked for before anything is said about the password. An administrator's order to change the
    password has no status of its own; which one it shows as is a setting, and a password that is too old is expired
    either way.
    """
    if account.disabled:
        return "ACCESS_DENIED"
    if account.mfa:
        return "MFA_AUTH"
    if account.must_modify and settings.must_modify_status == "expired":
        return "PASSWORD_EXPIRED"
    by_age = _status_by_age(account, settings, now_s)
    return "PASSWORD_WARN" if account.must_modify and by_age == "SUCCESS" else by_age


def _status_by_age(account: Account, settings: Settings, now_s: float) -> Status:
    if not settings.password_validity_days:
        return "SUCCESS"
    left_s = account.password_changed_at + settings.password_validity_days * _DAY_S - now_s
    if left_s <= 0:
        return "PASSWORD_EXPIRED"
    return "PASSWORD_WARN" if left_s <= settings.password_warning_days * _DAY_S else "SUCCESS"


def session_answer(parts: Parts, account: Account, caller: Caller, session: Session) -> Answer:
    """Return the answer that lets a user in: SUCCESS with the session and, where they are on, an id_token."""
    fields: dict[str, object] = {"status": "SUCCESS", "expire": session.life_s, "session_token": session.token}
    if parts.settings.id_token:
        fields["id_token"] = parts.id_tokens.issue(account.identity, caller.client_id)
    return Answer(fields=fields)


class Login:
    """POST /api/v2/sdk/login."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._policy_document = parts.policy.document()

    async def login(self, call: Call) -> Answer:
        """Answer a login."""
        call.require_json()
        caller = sdk_caller(call, self._settings)
        user_name, password = _credentials(call.json_object())
        account = self._parts.accounts.by_name(user_name)
        if account is None:
            raise await self._parts.guard.refuse_unknown(user_name, password)
        await self._verify(account, password)
        return self._answer(account, caller)

    async def _verify(self, account: Account, password: str) -> None:
        await self._parts.guard.verify(account, password)

    def _answer(self, account: Account, caller: Caller) -> Answer:
        status = login_status(account, self._settings, self._parts.clock())
        match status:
            case "SUCCESS":
                session = self._parts.sessions.open(account.user_id, caller, self._settings.login_session_life_s)
                return session_answer(self._parts, account, caller, session)
            case "ACCESS_DENIED":
                if self._settings.disabled_login == "password_wrong":
                    raise self._parts.guard.wrong(account, counts=False)
                return Answer(fields={"status": status})
        fields = {"status": status, "state_token": self._parts.state_tokens.issue(account.user_id, status, caller)}
        if status != "MFA_AUTH":
            fields["data"] = self._policy_document
        return Answer(fields=fields)


def _credentials(fields: Mapping[str, object]) -> tuple[str, str]:
    user_name, password = text_field(fields, "user_name"), text_field(fields, "password")
    if not user_name.strip():
        raise Refusal(Reason.USER_NAME_MISSING)
    if not password.strip():
        raise Refusal(Reason.PASSWORD_BLANK)
    return user_name, password
