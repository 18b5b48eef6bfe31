"""What an answer shows beyond its status and code, seen where its text and the passwords are at hand, kept in a word.

Samples hold no secret, so what needs one is looked at here, once, and the oracle judges by the words:

    echo:password  echo:new_password   the answer repeats a password that was sent
    id_token:another                   the id_token names another user than the one who asked
    id_token:unreadable                it is no JWT whose claims can be read
    session:another                    the session that a change opened belongs to another user than the one who asked
    not_forwarded                      a proxy that injects faults has made the answer: the target never saw the request
    breach:...                         what of the answer the contract does not allow (`contract.breach`)
"""

import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pwdload.accounts.account import Account, PasswordRef
from pwdload.api.contract import Answer, Step, breach
from pwdload.passwords import Shape

Secrets = Sequence[tuple[PasswordRef, str]]
"""The passwords that a request carried, with their names: the one in force, then the one asked for."""

NOT_FORWARDED: Final = "not_forwarded"
SESSION_OF_ANOTHER: Final = "session:another"
_ECHOES: Final = ("echo:password", "echo:new_password")
_LENGTH_MIN: Final = 8
"""A shorter password may stand in a token or a sentence by chance."""
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
"""From the alphabet of base64 in URLs to the usual one."""


def remark_on(step: Step, answer: Answer, body: bytes, account: Account, secrets: Secrets, *, is_breach: bool) -> str:
    """Return what is remarkable about an answer, words apart by blanks; empty where nothing is.

    Args:
        step: what was asked.
        answer: the answer as it was read.
        body: the same as it came.
        account: who asked.
        secrets: the passwords that were sent.
        is_breach: whether the answer was found not to be one that the contract allows.
    """
    whole, fields = answer.whole, answer.fields
    if whole is None or fields is None or is_breach or answer.error_code:
        return _remark(step, answer, body, account, secrets, is_breach=is_breach)
    # Nearly every answer: nothing to be seen but an id_token, found out in a quarter of a microsecond.
    for _, password in secrets:
        if password in whole:
            return _remark(step, answer, body, account, secrets, is_breach=is_breach)
    return _on_id_token(fields, account)[1:] if "id_token" in fields else ""


def _remark(step: Step, answer: Answer, body: bytes, account: Account, secrets: Secrets, *, is_breach: bool) -> str:
    words = ""
    for echo, (_, password) in zip(_ECHOES, secrets, strict=False):
        if password.encode() in body and _is_telling(password, secrets):
            words += f" {echo}"
    if answer.error_code:  # a message may spell special characters as JSON or HTML wants them
        words += _echoes_in(answer.text("error_msg"), secrets, words)
    if answer.fields is not None:
        words += _on_id_token(answer.fields, account)
    if is_breach:
        words += f" breach:{breach(step, answer)}"
    return words[1:]


def _echoes_in(text: str, secrets: Secrets, found: str) -> str:
    return "".join(
        f" {echo}"
        for echo, (_, password) in zip(_ECHOES, secrets, strict=False)
        if password in text and echo not in found and _is_telling(password, secrets)
    )


def _is_telling(password: str, secrets: Secrets) -> bool:
    """Whether a password in an answer can only come from the request: not a short one, nor a well-known word."""
    return len(password) >= _LENGTH_MIN and all(
        ref.shape is not Shape.WEAK for ref, secret in secrets if secret == password
    )


def _on_id_token(fields: Mapping[str, object], account: Account) -> str:
    id_token = fields.get("id_token")
    return _of_id_token(id_token, account.user_name) if isinstance(id_token, str) and id_token else ""


def _of_id_token(id_token: str, user_name: str) -> str:
    payload = _payload(id_token)
    # Nearly always the name stands there as it is; only where it does not, the claims are read.
    if payload is not None and f'"{user_name}"' in payload.replace("\\", ""):
        return ""
    try:
        names = set(_texts(json.loads(payload or "")))
    except ValueError:
        return " id_token:unreadable"
    return "" if user_name in names else " id_token:another"


def _payload(id_token: str) -> str | None:
    """Return the claims of a JWT as text; null where it is none. Its signature is not looked at."""
    parts = id_token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1].encode("ascii") + b"=" * (-len(parts[1]) % 4)
        return binascii.a2b_base64(padded.translate(_STANDARD)).decode()  # text takes ten times as long
    except ValueError:
        return None


def _texts(value: object) -> Iterator[str]:
    """Yield every text of a JSON document, and those of documents that are spelled out in its texts."""
    match value:
        case str():
            yield value
            if value.startswith("{"):
                yield from _texts(_read(value))
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
