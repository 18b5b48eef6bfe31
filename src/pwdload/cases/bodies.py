"""What the body and the token of an update look like when something is wrong with them."""

import base64
import hashlib
import hmac
import json
from typing import Final

from pwdload.api.request import update_body
from pwdload.cases.steps import Body

_JSON: Final = Body.JSON  # a global is at hand at a quarter of what a member of an enum costs


def body_of(body: Body, old: str, new: str) -> bytes:
    """Return the body of an update, right or wrong."""
    if body is _JSON:  # nearly always
        return update_body(old, new)
    match body:
        case Body.NOT_JSON:
            return b"old_password=" + old.encode() + b"&new_password=" + new.encode()
        case Body.WRONG_TYPES:
            return b'{"old_password":12345678,"new_password":[true]}'
        case Body.WITHOUT_OLD:
            return json.dumps({"new_password": new}).encode()
        case Body.WITHOUT_NEW:
            return json.dumps({"old_password": old}).encode()
        case Body.EXTRA_FIELDS:
            return json.dumps({"old_password": old, "new_password": new, "remember_me": True, "x": {"y": []}}).encode()
        case Body.ONE_MEGABYTE:
            return json.dumps({"old_password": old, "new_password": new, "filler": "x" * 1_000_000}).encode()


def forged(token: str) -> str:
    """Return the token with its content as it was, signed with a key that is not the target's."""
    signed, _, _ = token.rpartition(".")
    signature = hmac.digest(b"not the key of the target", signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def altered(token: str) -> str:
    """Return the token with one character of its payload changed, under the old signature."""
    head, dot, tail = token.partition(".")
    middle = len(tail.partition(".")[0]) // 2
    character = "A" if tail[middle : middle + 1] != "A" else "B"
    return f"{head}{dot}{tail[:middle]}{character}{tail[middle + 1 :]}"
