"""The management ("tenant") API, as far as test accounts need it: make, find, change and remove users.

Read from Huawei Cloud's pages "Obtaining an access token", "Creating a User", "Modifying a User", "Changing a
Password", "Querying Users" and their neighbours. Each call returns a small value or raises `TenantCallError`, which
says whether the target may have carried it out. Safe for several threads: each exchange has a connection to itself.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode

from pwdload.api.connections import Connections, SharedClients
from pwdload.api.contract import BUSY_CODES, CONTENT_TYPE, SERVER_DATE_PATH, Answer
from pwdload.api.http import Exchange
from pwdload.api.request import json_body
from pwdload.errors import TargetError, UsageError
from pwdload.secrecy import given

CLIENT_ID_VARIABLE: Final = "PWDLOAD_TENANT_CLIENT_ID"
CLIENT_SECRET_VARIABLE: Final = "PWDLOAD_TENANT_CLIENT_SECRET"  # noqa: S105 - the name of a variable

_USERS: Final = "/api/v2/tenant/users"
_TOKEN: Final = "/api/v2/tenant/token"  # noqa: S105 - a path
_FORM: Final = "application/x-www-form-urlencoded"
_UNKNOWN_USER_CODES: Final = frozenset({"USER.0001", "SDK.COMMON.1013"})
"""The product's pages list no code for a name that nobody has; the first is upstream's. Others are learnt."""
_TOKEN_LIFE_S: Final = 300.0
"""Assumed where the answer does not say; documented are 1800 s."""
_TOKEN_MARGIN_S: Final = 60.0
_MESSAGE_MAX: Final = 200
T = TypeVar("T")
Seen = Callable[[str, str, Exchange], object]
"""Is told what an exchange was for ("set password"), the path that it went to, and the exchange itself."""


class Trouble(StrEnum):
    """Why a call has not done what it was for, and so whether it may have been carried out."""

    REFUSED = "refused"
    """A documented error: not carried out."""
    SHED = "shed"
    """An overloaded target turned it away: not carried out, and worth another try later."""
    NOT_SENT = "not sent"
    """No byte went out."""
    UNKNOWN = "unknown"
    """Sent, and not answered as documented: a time-out, a reset, a 5xx. It may have been carried out, or may be yet."""


class TenantCallError(TargetError):
    """A call of the tenant API has not done what it was for."""

    def __init__(self, trouble: Trouble, what: str, code: str, message: str = "") -> None:
        self.trouble = trouble
        self.code = code
        """The API's error code, ``transport:...``, or ``http:...`` for an answer that is not documented."""
        self.message = message
        """The API's own words, without secrets."""
        super().__init__(trouble, what, code, message)

    def __str__(self) -> str:
        _, what, code, message = self.args
        return f"tenant API: {what}: {self.trouble.value} ({code}{': ' if message else ''}{message})"

    @property
    def may_have_been_done(self) -> bool:
        """Whether the target may have carried the call out."""
        return self.trouble is Trouble.UNKNOWN

    @property
    def is_passing(self) -> bool:
        """Whether the same call may be made again at once without doing anything twice, and may succeed then."""
        return self.trouble in (Trouble.SHED, Trouble.NOT_SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who calls the tenant API; never shown."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the credentials that the environment gives.

        Raises:
            UsageError: one of the two variables is not set, or empty, or names a file that cannot be used.
        """
        found = {name: given(name, environment) or "" for name in (CLIENT_ID_VARIABLE, CLIENT_SECRET_VARIABLE)}
        missing = [name for name, value in found.items() if not value]
        if missing:
            raise UsageError(
                f"{' and '.join(missing)}: not set; the tenant API wants the client id and secret of an application "
                "that may manage users, and both are read from the environment, or from files that variables name "
                "with _FILE after them"
            )
        return cls(client_id=found[CLIENT_ID_VARIABLE], client_secret=found[CLIENT_SECRET_VARIABLE])


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantUser:
    """A user as the tenant API describes it; a field that it leaves out is empty."""

    user_id: str
    user_name: str
    mobile: str = ""
    must_modify: bool = False
    disabled: bool = False
    locked: bool = False

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> Self | None:
        """Return the user that a JSON object describes; null when it names none."""
        user_id, user_name, mobile = (fields.get(name) for name in ("user_id", "user_name", "mobile"))
        if not isinstance(user_id, str) or not user_id:
            return None
        return cls(
            user_id=user_id,
            user_name=user_name if isinstance(user_name, str) else "",
            mobile=mobile if isinstance(mobile, str) else "",
            must_modify=fields.get("pwd_must_modify") is True,
            disabled=fields.get("disabled") is True,
            locked=fields.get("locked") is True,
        )


class TenantClient:
    """Calls the tenant API of one target.

    The access token is fetched when first needed, kept, and renewed before it ends or when the target does not know it
    any more (401, upon which the call is made once again: it was not carried out).
    """

    def __init__(
        self,
        connections: Connections,
        credentials: Credentials,
        *,
        clock: Callable[[], float],
        tenant_id: str | None = None,
        seen: Seen | None = None,
    ) -> None:
        """Take what it needs; nothing is sent yet.

        Args:
            connections: to the target.
            credentials: who calls.
            clock: gives seconds, for the life of the access token.
            tenant_id: as in the scenario.
            seen: is told of each exchange.
        """
        self._clients = SharedClients(connections)
        self._credentials = credentials
        self._clock = clock
        self._seen = seen
        tenant = f"X-tenant-id: {tenant_id}\r\n" if tenant_id else ""
        self._common = f"Host: {self._clients.authority}\r\n{tenant}"
        self._renewing = threading.Lock()
        self._token = ""
        self._token_until_s = 0.0
        self._unknown_user_codes = set(_UNKNOWN_USER_CODES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def access_token(self) -> str:
        """Return a token that is valid for a while; one thread at a time fetches a new one.

        Raises:
            TenantCallError: none was to be had; `NOT_SENT`, since the call that wanted it was not made.
            TargetError: the target does not take the credentials.
        """
        with self._renewing:
            if self._clock() >= self._token_until_s:
                self._renew()
            return self._token

    def forget(self, token: str) -> None:
        """Fetch another token when the next is needed: the target does not know this one any more."""
        with self._renewing:
            if token == self._token:
                self._token_until_s = 0.0

    def create_user(self, user_name: str, mobile: str, password: str, *, must_modify: bool) -> str:
        """Make a user and return its user_id.

        Raises:
            TenantCallError: see `Trouble`; a name or mobile number that is taken is `REFUSED`.
        """
        fields: dict[str, str | bool] = {"user_name": user_name, "mobile": mobile, "password": password}
        fields["pwd_must_modify"] = must_modify
        return self._call("create user", "POST", _USERS, fields, _user_id)

    def set_password(self, user_id: str, password: str, *, must_modify: bool) -> None:
        """Set a user's password as an administrator. Raises `TenantCallError`."""
        fields: dict[str, str | bool] = {"password": password, "pwd_must_modify": must_modify}
        self._call("set password", "PUT", f"{_user_path(user_id)}/change-password", fields, _user_id)

    def enable_user(self, user_id: str) -> None:
        """Let a disabled user in again. Raises `TenantCallError`."""
        self._call("enable user", "PUT", f"{_user_path(user_id)}/enable", None, _user_id)

    def delete_user(self, user_id: str) -> bool:
        """Remove a user; return whether there was one. Raises `TenantCallError`."""
        try:
            self._call("delete user", "DELETE", _user_path(user_id), None, _nothing)
        except TenantCallError as failed:
            if failed.trouble is Trouble.REFUSED and self._means_unknown_user(failed.code):
                return False
            raise
        return True

    def user_by_name(self, user_name: str) -> TenantUser | None:
        """Return the user of that name; null when the target says that there is none. Raises `TenantCallError`."""
        try:
            return self._by_name(user_name)
        except TenantCallError as failed:
            if failed.trouble is Trouble.REFUSED and self._means_unknown_user(failed.code):
                return None
            raise

    def users(self, page_size: int = 100) -> Iterator[TenantUser]:
        """Yield all users, page by page. Raises `TenantCallError`."""
        for page in range(1_000_000):
            query = urlencode({"org_id": "", "offset": page, "limit": page_size})
            users = self._call("list users", "GET", f"{_USERS}?{query}", None, _users)
            yield from users
            if len(users) < page_size:
                return

    def answers(self) -> bool:
        """Whether the target answers at all, by a question for its date, which changes nothing."""
        request = f"GET {SERVER_DATE_PATH} HTTP/1.1\r\n{self._common}\r\n".encode()
        try:
            answer = self._exchange("server date", SERVER_DATE_PATH, request)
        except TenantCallError:
            return False
        return answer.http_status < 500 and answer.http_status != 429

    def _by_name(self, user_name: str) -> TenantUser:
        return self._call("find user", "POST", f"{_USERS}/user-by-username", {"user_name": user_name}, _user)

    def _means_unknown_user(self, code: str) -> bool:
        """Whether a code says that nobody has a name: a listed one, or what a name gets that nobody can have."""
        if code in self._unknown_user_codes:
            return True
        try:
            self._by_name(f"nobody-{secrets.token_hex(16)}")
        except TenantCallError as failed:
            if failed.trouble is Trouble.REFUSED:
                self._unknown_user_codes.add(failed.code)
        return code in self._unknown_user_codes

    def _call(
        self,
        what: str,
        method: str,
        path: str,
        fields: Mapping[str, str | bool] | None,
        read: Callable[[Answer], T | None],
    ) -> T:
        """Make a call and return what `read` makes of its 2xx answer; null from it is an answer not as documented."""
        hidden = str(fields["password"]) if fields is not None and "password" in fields else ""
        body = b"" if fields is None else json_body(fields)
        for token in (self.access_token(), None):
            request = self._request(method, path, body, token or self.access_token())
            answer = self._exchange(what, path, request)
            if answer.http_status != 401 or token is None:
                break
            self.forget(token)
        result = read(answer) if 200 <= answer.http_status < 300 else None
        if result is None:
            raise _failed(what, answer, hidden)
        return result

    def _request(self, method: str, path: str, body: bytes, token: str) -> bytes:
        content = f"Content-Type: {CONTENT_TYPE}\r\n" if body else ""
        length = f"Content-Length: {len(body)}\r\n" if method != "GET" else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._common}Authorization: Bearer {token}\r\n{content}{length}\r\n"
        return head.encode() + body

    def _exchange(self, what: str, path: str, request: bytes) -> Answer:
        exchange = self._clients.exchange(request)
        if self._seen is not None:
            self._seen(what, path, exchange)
        if exchange.interrupted is not None:
            raise exchange.interrupted
        if exchange.http_status is None:
            trouble = Trouble.NOT_SENT if exchange.sent_s is None else Trouble.UNKNOWN
            raise TenantCallError(trouble, what, f"transport:{exchange.transport}")
        return Answer.parse(exchange.http_status, exchange.body)

    def _renew(self) -> None:
        asked_s = self._clock()
        try:
            answer = self._exchange("access token", _TOKEN, self._token_request())
        except TenantCallError as failed:
            raise TenantCallError(Trouble.NOT_SENT, "access token", failed.code) from None
        token = answer.text("access_token")
        if answer.http_status != 200 or not token.isascii() or not token.isprintable() or not token:
            raise self._token_refusal(answer)
        life_s = answer.fields.get("expires_in") if answer.fields else None
        life_s = float(life_s) if isinstance(life_s, int | float) and life_s > 0 else _TOKEN_LIFE_S
        self._token, self._token_until_s = token, asked_s + life_s - min(_TOKEN_MARGIN_S, life_s / 10)

    def _token_request(self) -> bytes:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
        }
        body = urlencode(form).encode()
        head = f"POST {_TOKEN} HTTP/1.1\r\n{self._common}Content-Type: {_FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    @staticmethod
    def _token_refusal(answer: Answer) -> TargetError:
        """Return the error for an answer without a token. Its text is not repeated: it may hold what we sent."""
        code = answer.text("error") or answer.error_code or f"http:{answer.http_status}"
        if 400 <= answer.http_status < 500 and answer.http_status != 429 and answer.fields is not None:
            return TargetError(
                f"tenant API: no access token ({code[:_MESSAGE_MAX]}); check {CLIENT_ID_VARIABLE} and "
                f"{CLIENT_SECRET_VARIABLE}, and that the application may manage users"
            )
        return TenantCallError(Trouble.NOT_SENT, "access token", code[:_MESSAGE_MAX])


def _failed(what: str, answer: Answer, hidden: str) -> TenantCallError:
    """Return what an answer means that grants nothing; `hidden` is kept out of its words."""
    code = answer.error_code or f"http:{answer.http_status}"
    message = answer.text("error_msg")
    if hidden:
        message = message.replace(hidden, "***")
    if answer.http_status == 429 or answer.error_code in BUSY_CODES:
        trouble = Trouble.SHED
    elif 400 <= answer.http_status < 500 and answer.error_code and message:
        trouble = Trouble.REFUSED
    else:
        trouble = Trouble.UNKNOWN  # a gateway's 503 among them: it may follow a change that went through
    return TenantCallError(trouble, what, code[:_MESSAGE_MAX], message[:_MESSAGE_MAX])


def _user_path(user_id: str) -> str:
    return f"{_USERS}/{quote(user_id, safe='')}"


def _user_id(answer: Answer) -> str | None:
    return answer.text("user_id") or None


def _nothing(answer: Answer) -> bool | None:
    return True if answer.http_status in (200, 204) else None


def _user(answer: Answer) -> TenantUser | None:
    return TenantUser.read(answer.fields) if answer.fields is not None else None


def _users(answer: Answer) -> list[TenantUser] | None:
    """Return the users of a page; null if even one of them has no user_id: a list with gaps would be believed."""
    listed = answer.fields.get("users") if answer.fields is not None else None
    if not isinstance(listed, list):
        return None
    users = [user for one in listed if isinstance(one, dict) and (user := TenantUser.read(one)) is not None]
    return users if len(users) == len(listed) else None
