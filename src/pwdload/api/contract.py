"""The published contract of the OneAccess calls that this flow makes: names, statuses, and what counts as an answer.

Read from Huawei Cloud's pages "Logging In Using a Username and Password", "Requiring Password Change After Expiry"
and "Skipping Password Change"; where those list nothing, the comment says so.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class Step(StrEnum):
    """What one exchange is for; names its row in every report."""

    LOGIN = "login"
    UPDATE_PASSWORD = "update_password"  # noqa: S105 - a step, not a password
    SKIP_UPDATE = "skip_update"
    VERIFY = "verify"
    """A login whose only purpose is to see which password opens the account."""
    SSO_TICKET = "sso_ticket"
    """The application's server turns a session_token into a one-time ticket."""
    SSO_USER = "sso_user"
    """It turns the ticket into the user whose session it was."""
    REARM = "rearm"
    """An administrator's change of a password, to put a used account back: no part of the load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One documented call: how it is addressed and which ``status`` values its 200 answer may carry."""

    method: str
    path: str
    accepted: frozenset[str]
    """Statuses that grant what was asked for, or the next step towards it."""


_LOGIN = Operation(
    method="POST",
    path="/api/v2/sdk/login",
    accepted=frozenset({"SUCCESS", "PASSWORD_WARN", "PASSWORD_EXPIRED", "MFA_AUTH"}),
)
OPERATIONS: Mapping[Step, Operation] = MappingProxyType(
    {
        Step.LOGIN: _LOGIN,
        Step.VERIFY: _LOGIN,
        Step.UPDATE_PASSWORD: Operation(method="POST", path="/api/v2/sdk/pwd/update", accepted=frozenset({"SUCCESS"})),
        Step.SKIP_UPDATE: Operation(method="GET", path="/api/v2/sdk/pwd/skip-update", accepted=frozenset({"SUCCESS"})),
        # Of the tenant API, whose answers have no status: what they grant is `granted`'s to say.
        Step.SSO_TICKET: Operation(
            method="POST", path="/api/v2/tenant/sso/session-token/sso-ticket", accepted=frozenset()
        ),
        Step.SSO_USER: Operation(method="POST", path="/api/v2/tenant/sso/sso-ticket/verify", accepted=frozenset()),
    }
)

SERVER_DATE_PATH = "/api/v2/sdk/server-date"
CONTENT_TYPE = "application/json;charset=utf8"
MANDATORY_HEADERS = ("X-operating-sys-version", "X-device-fingerprint", "X-agent", "X-client-id")

HANDS_OUT_STATE_TOKEN = frozenset({"PASSWORD_WARN", "PASSWORD_EXPIRED", "MFA_AUTH"})
BUSY_CODES = frozenset({"COM.0002", "SDK.COMMON.1008"})
"""Codes with which the product says that it is overloaded (its own pages list none; upstream documents these)."""
LOCKED_CODES = ("LOGIN.0001", "SDK.LOGIN.1003")
"""How the codes of a locked account end: the page's own, and upstream's."""
WRONG_PASSWORD_CODES = ("LOGIN.0002",)
"""How the codes of a wrong password end; the page documents one."""
PUBLISHED_CODES = frozenset(
    {
        *("APP.0001", "APP.0002", "APP.0003"),
        *("APP_ACCOUNT.0001", "APP_ACCOUNT.0002", "APP_ACCOUNT.0003", "APP_ACCOUNT.0004", "APP_ACCOUNT.0006"),
        *("APP_ACCOUNT.0007", "APP_ACCOUNT.0008", "APP_ACCOUNT.0035", "APP_ACCOUNT.0036"),
        *("CAPTCHA.0002", "CAPTCHA.0003", "CAPTCHA.0004"),
        *("LOGIN.0001", "LOGIN.0002", "LOGIN.0003"),
        *("PARAM.0003", "PARAM.0004", "PARAM.0005"),
        *("PWD.0001", "PWD.0002", "PWD.0007", "PWD.0008"),
        *("SOCIAL.0001", "USER.0037", "USER.0038"),
    }
)
"""Error codes that Huawei Cloud's page "Error Codes" was seen to list. It was not read to its end: a code that is not
among them is no breach of the contract by itself."""
UPSTREAM_CODES = frozenset(
    {
        *("PWD.0003", "PWD.0004", "PWD.0005", "PWD.0006", "PARAM.0014", "PARAM.0016", "COM.0002"),
        *("USER.0001", "USER.0002", "USER.0003", "USER.0004", "USER.0005", "USER.0006"),
        *(f"SDK.COMMON.{number}" for number in range(1001, 1015)),
        *("SDK.LOGIN.1001", "SDK.LOGIN.1002", "SDK.LOGIN.1003"),
    }
)
"""Error codes that only upstream documents, without the prefix ("IDAAS.TENANT.") that it gives some of them."""
SHED_HTTP_STATUSES = frozenset({429, 503})


_bare: Final = object.__new__
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
"""What `raw_decode` calls, and the library's documentation of the module leaves out."""
_NO_JSON: Final = (ValueError, RecursionError, StopIteration)
"""The last is how the scanner says that a value is missing."""


@dataclass(slots=True)
class Answer:
    """A complete HTTP answer, read as far as the contract needs it: made by `Answer.parse`, and not to be changed.

    It is not frozen only because it is made on the hot path, and freezing triples what that costs.
    """

    http_status: int
    fields: Mapping[str, object] | None
    """The body's JSON object; null when the body is not one, which makes it no answer to a documented call."""
    status: str
    """The login process status identifier; empty when there is none."""
    error_code: str
    """The API's error code; empty when there is none."""
    whole: str | None
    """The body as text, where it had to be made into text to be read; null where it was read otherwise, or not at all.
    """

    @classmethod
    def parse(cls, http_status: int, body: bytes) -> "Answer":
        """Read an answer's body. Never raises: a body that is no JSON object gives ``fields`` null."""
        # Nearly every body is one object in UTF-8 with nothing around it. For that, `json.loads` spends more time on
        # looking for another encoding and for white space than on reading.
        answer = _bare(Answer)  # to have its fields taken as arguments costs twice as much
        answer.http_status = http_status
        whole: str | None
        try:
            whole = body.decode()
            fields, end = _scan(whole, 0)
            is_read = end == len(whole)
        except _NO_JSON:
            is_read = False
        if not is_read:
            fields, whole = _loaded(body), None
        if type(fields) is not dict:
            answer.fields = answer.whole = None
            answer.status = answer.error_code = ""
            return answer
        answer.fields, answer.whole = fields, whole
        status = fields.get("status", "")
        answer.status = status if type(status) is str and status.isascii() else _text(status)
        answer.error_code = _text(fields["error_code"]) if "error_code" in fields else ""
        return answer

    def text(self, name: str) -> str:
        """Return a string field; empty when it is absent or of another type.

        JSON can spell half a surrogate pair, which no encoding can write: it comes out escaped.
        """
        return _text(self.fields.get(name)) if self.fields is not None else ""

    @property
    def is_shed(self) -> bool:
        """Whether an overloaded target turned the request away unprocessed."""
        return self.http_status in SHED_HTTP_STATUSES or self.error_code in BUSY_CODES

    @property
    def is_refusal(self) -> bool:
        """Whether this is a documented refusal: HTTP 400 with error_code and error_msg, or 200 with ACCESS_DENIED."""
        if self.http_status == 400:
            return bool(self.error_code) and bool(self.text("error_msg"))
        return self.http_status == 200 and self.status == "ACCESS_DENIED"

    def is_acceptance(self, step: Step) -> bool:
        """Whether this is a documented acceptance of a step: status listed, and the fields it promises, typed right.

        SUCCESS hands out a session_token; the statuses that ask for another step hand out a state_token. ``expire``
        is documented as an Integer; the samples of some calls leave it out, so only a wrong type is wrong.
        """
        if self.http_status != 200 or self.fields is None or self.status not in OPERATIONS[step].accepted:
            return False
        token = token_field(self.status)
        expire = self.fields.get("expire", 0)
        id_token, data = self.fields.get("id_token"), self.fields.get("data")
        return (
            bool(self.text(token))
            and type(expire) is int
            and (id_token is None or isinstance(id_token, str))
            and (data is None or isinstance(data, str))
        )


def token_field(status: str) -> str:
    """Return the field in which an acceptance with this status hands out its token."""
    return "state_token" if status in HANDS_OUT_STATE_TOKEN else "session_token"


def granted(step: Step, answer: Answer) -> str:
    """Return what an answer of the tenant API's SSO calls hands out, a ticket or a user's name; empty if nothing."""
    if answer.http_status != 200:
        return ""
    if step is Step.SSO_TICKET:
        return answer.text("sso_ticket")
    data = answer.fields.get("data") if answer.fields is not None else None
    user = data.get("user") if isinstance(data, dict) else None
    name = user.get("userName") if isinstance(user, dict) else None
    return name if isinstance(name, str) else ""


def breach(step: Step, answer: Answer) -> str:
    """Return what of an answer to a step is not as documented, in a word such as "expire=str" or "error_msg=none".

    For an answer that is neither a documented acceptance nor a documented refusal. A field is told with the type that
    it has, a status or code with itself; a status that is documented for another call only is told as it is.
    """
    if answer.fields is None:
        return "body=not_json"
    if answer.http_status == 400:
        return _mistyped(answer, ("error_code", "error_msg")) or f"error_code={answer.error_code}"
    if answer.http_status != 200:
        return f"http={answer.http_status}"
    if step in (Step.SSO_TICKET, Step.SSO_USER):
        return _mistyped(answer, ("sso_ticket",)) if step is Step.SSO_TICKET else "data.user.userName=none"
    if answer.status not in OPERATIONS[step].accepted:
        return f"status={answer.status}" if answer.status else _mistyped(answer, ("status",))
    token = token_field(answer.status)
    if type(answer.fields.get("expire", 0)) is not int:
        return f"expire={_type_name(answer.fields['expire'])}"
    optional = [name for name in ("id_token", "data") if answer.fields.get(name) is not None]
    return _mistyped(answer, (token, *optional)) or f"status={answer.status}"


def _mistyped(answer: Answer, names: Iterable[str]) -> str:
    """Return the first of the fields that is no text, or an empty one, with what it is instead; empty if none is."""
    fields = answer.fields or {}
    wrong = (name for name in names if not isinstance(fields.get(name), str) or not fields[name])
    return next((f"{name}={_type_name(fields.get(name))}" for name in wrong), "")


def _type_name(value: object) -> str:
    return "none" if value is None else "empty" if value == "" else type(value).__name__


def _text(value: object) -> str:
    """Return a value as `Answer.text` says."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def _loaded(body: bytes) -> object:
    """Return the JSON that a body is; null when it is none."""
    try:
        return json.loads(body)
    except _NO_JSON:
        return None
