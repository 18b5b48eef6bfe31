"""What a client feels of a fault."""

import itertools
import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import ClassVar

from tests.standin.client import LOGIN, NEW, PASSWORD, UPDATE, sdk_headers


class Client:
    """Asks on a new connection each time."""

    _unused: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self, url: str) -> None:
        self._authority = url.removeprefix("http://")

    def call(self, method: str, path: str, body: object = None, within_s: float = 10.0, **headers: str) -> str:
        """Return the status or the error code of the answer, or the name of the exception that there was instead."""
        try:
            fields = self._fields(method, path, body, within_s, headers)
        except (OSError, HTTPException) as error:
            return type(error).__name__
        return str(fields.get("status") or fields.get("error_code"))

    def login(self, number: int, password: str = PASSWORD, within_s: float = 10.0) -> str:
        return self.call("POST", LOGIN, {"user_name": f"user{number}", "password": password}, within_s)

    def token(self) -> tuple[int, str]:
        """Return an account that was not used yet, and a state_token of it."""
        number = next(self._unused)
        body = {"user_name": f"user{number}", "password": PASSWORD}
        return number, str(self._fields("POST", LOGIN, body, 10.0, {})["state_token"])

    def token_of(self, number: int, within_s: float) -> str:
        """Return a state_token of an account; empty when there was none to be had."""
        body = {"user_name": f"user{number}", "password": PASSWORD}
        try:
            return str(self._fields("POST", LOGIN, body, within_s, {}).get("state_token", ""))
        except (OSError, HTTPException):
            return ""

    def opens(self, number: int, password: str) -> bool:
        """Whether a password is the account's."""
        return bool(self._fields("POST", f"/standin/accounts/user{number}", {"password": password}, 10.0, {})["opens"])

    def update(self, token: str, old: str = PASSWORD, new: str = NEW, within_s: float = 10.0) -> str:
        body = {"old_password": old, "new_password": new}
        return self.call("POST", UPDATE, body, within_s, X_state_token=token)

    def _fields(
        self, method: str, path: str, body: object, within_s: float, headers: dict[str, str]
    ) -> dict[str, object]:
        connection = HTTPConnection(self._authority, timeout=within_s)
        try:
            sent = sdk_headers({name.replace("_", "-"): value for name, value in headers.items()})
            connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            fields: dict[str, object] = json.loads(connection.getresponse().read())
            return fields
        finally:
            connection.close()
