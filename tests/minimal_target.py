"""A second target, written from the published pages alone: `python -m tests.minimal_target --port 0 --accounts FILE`.

It shares no code with the stand-in, so that harness and stand-in cannot agree on one misreading. It does what the pages
on login, on the forced change of a password and its postponement, on error codes and on the password policy say. Where
they are silent it does the least: a state_token is not bound to a device, a body may be of any size, and what has no
published code has one that ends in 9999.
"""

import argparse
import csv
import json
import secrets
import string
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

CLIENT_ID = "DRrYIqauawN0I8myTMoDTPys6ezGZxnm"
MANDATORY = ("X-operating-sys-version", "X-device-fingerprint", "X-agent")
LENGTH_MIN, LENGTH_MAX, KINDS_MIN, REPEATS_MAX = 8, 18, 3, 10
LOCKED_AFTER, LOCKED_S = 10, 180.0
LOGIN_EXPIRE_S, CHANGE_EXPIRE_S = 604_800, 43_200
SPECIAL = "~!#$%&+-"
WEAK = frozenset({"password", "p@ssw0rd", "passw0rd", "password1", "password123", "admin@123", "huawei@123"})
JWT_HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
NO_CODE_FOR_PARAMETER, NO_CODE_FOR_PASSWORD = "PARAM.9999", "PWD.9999"

Fields = dict[str, object]


class RefusedError(Exception):
    """Status code 400, with error_code and error_msg."""


@dataclass(slots=True)
class Account:
    """One user."""

    user_name: str
    password: str
    status: str
    """What login answers: PASSWORD_EXPIRED or PASSWORD_WARN, after a change SUCCESS."""
    earlier: list[str] = field(default_factory=list)
    failures: int = 0
    locked_until_s: float = 0.0


class Token(NamedTuple):
    """What a state_token stands for."""

    account: Account
    status: str
    ends_s: float


class Service:
    """The accounts and the state_tokens; one call at a time."""

    def __init__(self, accounts: Mapping[str, Account], token_life_s: float) -> None:
        self._accounts = accounts
        self._token_life_s = token_life_s
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Fields:
        """Answer a call."""
        match method, path:
            case "POST", "/api/v2/sdk/login":
                return self.login(headers, body)
            case "POST", "/api/v2/sdk/pwd/update":
                return self.update(headers, body)
            case "GET", "/api/v2/sdk/pwd/skip-update":
                return self.skip(headers)
        raise RefusedError(NO_CODE_FOR_PARAMETER, "There is no such call.")

    def login(self, headers: Mapping[str, str], body: bytes) -> Fields:
        """Answer SUCCESS with a session_token; PASSWORD_WARN or PASSWORD_EXPIRED with a state_token."""
        check_headers(headers, has_body=True)
        name, password = texts(body, "user_name", "password")
        account = self._accounts.get(name)
        with self._lock:
            if account is None:
                raise wrong_password(1)
            self._check_password_at_login(account, password)
            if account.status == "SUCCESS":
                return success(LOGIN_EXPIRE_S)
            token = f"{JWT_HEADER}.{secrets.token_urlsafe(60)}.{secrets.token_urlsafe(32)}"
            self._tokens[token] = Token(account, account.status, time.monotonic() + self._token_life_s)
            return {"status": account.status, "state_token": token}

    def update(self, headers: Mapping[str, str], body: bytes) -> Fields:
        """Change the password of the account that a state_token stands for."""
        check_headers(headers, has_body=True)
        old, new = texts(body, "old_password", "new_password")
        with self._lock:
            account = self._token(headers).account
            if old != account.password:
                raise wrong_password(account.failures)
            check_new_password(account, new)
            account.earlier.append(account.password)
            account.password, account.status = new, "SUCCESS"
            del self._tokens[headers["x-state-token"]]
        return success(CHANGE_EXPIRE_S)

    def skip(self, headers: Mapping[str, str]) -> Fields:
        """Let a user in whose password is about to expire."""
        check_headers(headers, has_body=False)
        with self._lock:
            if self._token(headers).status != "PASSWORD_WARN":
                raise RefusedError(NO_CODE_FOR_PARAMETER, "The password has expired.")
            del self._tokens[headers["x-state-token"]]
        return success(CHANGE_EXPIRE_S)

    def _check_password_at_login(self, account: Account, password: str) -> None:
        now_s = time.monotonic()
        if now_s < account.locked_until_s:
            raise RefusedError("LOGIN.0001", f"Locked for {account.locked_until_s - now_s:.0f} more seconds.")
        if password == account.password:
            account.failures = 0
            return
        account.failures += 1
        if account.failures < LOCKED_AFTER:
            raise wrong_password(account.failures)
        account.failures, account.locked_until_s = 0, now_s + LOCKED_S
        raise RefusedError("LOGIN.0001", "Locked for 3 minutes.")

    def _token(self, headers: Mapping[str, str]) -> Token:
        token = self._tokens.get(headers.get("x-state-token", ""))
        if token is None or time.monotonic() >= token.ends_s:
            raise RefusedError(NO_CODE_FOR_PARAMETER, "Invalid state token.")
        return token


def check_headers(headers: Mapping[str, str], *, has_body: bool) -> None:
    """Check what is mandatory of every call."""
    for name in MANDATORY:
        if not headers.get(name.lower()):
            raise RefusedError(NO_CODE_FOR_PARAMETER, f"{name} is mandatory.")
    if not headers.get("x-client-id"):
        raise RefusedError("PARAM.0003", "clientId must not be empty.")
    if headers["x-client-id"] != CLIENT_ID:
        raise RefusedError("APP.0001", "Application does not exist.")
    if has_body and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(NO_CODE_FOR_PARAMETER, "Set Content-Type to application/json;charset=utf8.")


def texts(body: bytes, first: str, second: str) -> tuple[str, str]:
    """Return two mandatory fields of type String."""
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise RefusedError(NO_CODE_FOR_PARAMETER, "The body is no JSON object.")
    one, two = fields.get(first, ""), fields.get(second, "")
    if not isinstance(one, str) or not isinstance(two, str):
        raise RefusedError(NO_CODE_FOR_PARAMETER, f"{first} and {second} must be of type String.")
    if not one.strip() or not two.strip():
        raise RefusedError("PWD.0008" if "password" in first else NO_CODE_FOR_PARAMETER, "Password required.")
    return one, two


def check_new_password(account: Account, new: str) -> None:
    """Check a new password: history, length, kinds of characters, user information, repeats, dictionary."""
    if new in (account.password, *account.earlier):
        raise RefusedError("PWD.0001", "Historical passwords cannot be used.")
    if not LENGTH_MIN <= len(new) <= LENGTH_MAX:
        raise RefusedError("PWD.0007", f"The password must contain {LENGTH_MIN}~{LENGTH_MAX} characters.")
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIAL)
    is_broken = (
        sum(any(letter in kind for letter in new) for kind in kinds) < KINDS_MIN,
        account.user_name.lower() in new.lower(),
        max(map(new.count, new)) > REPEATS_MAX,
        new.lower() in WEAK,
    )
    if any(is_broken):
        raise RefusedError(NO_CODE_FOR_PASSWORD, "The password breaks a rule of the policy.")


def success(expire_s: int) -> Fields:
    """Let a user in."""
    return {"status": "SUCCESS", "expire": expire_s, "session_token": secrets.token_hex(16)}


def wrong_password(failures: int) -> RefusedError:
    """Return the refusal of a wrong password."""
    left = LOCKED_AFTER - failures
    return RefusedError("LOGIN.0002", f"Invalid account name or password. Remaining attempts: {left}.")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write
    service: Service

    def _answer(self) -> None:
        headers = {name.lower(): value.strip() for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        try:
            status, fields = 200, self.service.answer(self.command, self.path, headers, body)
        except RefusedError as refused:
            status, fields = 400, dict(zip(("error_code", "error_msg"), refused.args, strict=True))
        content = json.dumps(fields).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def read_accounts(path: Path) -> Mapping[str, Account]:
    """Read user_name, password, previous_password and state of each account."""
    accounts = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            status = "PASSWORD_WARN" if row.get("state") == "warning" else "PASSWORD_EXPIRED"
            earlier = [row["previous_password"]] if row.get("previous_password") else []
            accounts[row["user_name"]] = Account(row["user_name"], row["password"], status, earlier)
    return accounts


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--accounts", type=Path, required=True)
    parser.add_argument("--token-life", metavar="SECONDS", type=float, default=300.0)
    arguments = parser.parse_args()
    Handler.service = Service(read_accounts(arguments.accounts), arguments.token_life)
    ThreadingHTTPServer.request_queue_size = 256
    with ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - for whoever has started it
        server.serve_forever()


if __name__ == "__main__":
    main()
