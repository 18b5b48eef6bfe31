"""What a login says of the password that it was made with. Pure."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pwdload.api.contract import BUSY_CODES, LOCKED_CODES, OPERATIONS, WRONG_PASSWORD_CODES, Answer, Step
from pwdload.api.http import Exchange

_LOCK_S_GUESSED: Final = 180.0
"""Life of a lock whose text names none: the documented default."""
_NUMBERS = re.compile(r"\d+")
_REMAINING = re.compile(r"(?:Remaining attempts|剩余尝试次数)\D*(\d+)", re.IGNORECASE)


class Says(Enum):
    """What was learnt."""

    OPENS = "opens"
    """The password is right, whatever the service wants next."""
    WRONG = "wrong"
    LOCKED = "locked"
    """Nothing about the password: the account is closed for a while."""
    DENIED = "access denied"
    """By itself nothing about the password: the page does not say whether it was looked at."""
    REFUSED = "refused"
    """A documented refusal that is not about this account's password."""
    AWAY = "away"
    """Nothing was sent, or it was turned away unread: no attempt can have been counted."""
    SILENCE = "silence"
    """No answer that says anything; the attempt may have been counted as a failed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One login, read."""

    says: Says
    code: str = ""
    """The API's error code, its status, or ``transport:...``."""
    remaining: int | None = None
    """After a wrong password: how many more lock the account; null where the text names no number."""
    locked_s: float = 0.0
    """How long the lock lasts by its text, or by the documented default."""


def read_login(exchange: Exchange) -> Reading:
    """Return what a login's exchange says of its password."""
    if exchange.http_status is None:
        says = Says.AWAY if exchange.sent_s is None else Says.SILENCE
        return Reading(says=says, code=f"transport:{exchange.transport}")
    answer = Answer.parse(exchange.http_status, exchange.body)
    if answer.http_status == 200:
        return _read_status(answer)
    code = answer.error_code or f"http:{answer.http_status}"
    if answer.http_status == 429 or answer.error_code in BUSY_CODES:
        return Reading(says=Says.AWAY, code=code)
    if not answer.is_refusal:
        return Reading(says=Says.SILENCE, code=code)
    text = answer.text("error_msg")
    if code.endswith(LOCKED_CODES):
        return Reading(says=Says.LOCKED, code=code, locked_s=_lock_s(text))
    if code.endswith(WRONG_PASSWORD_CODES):
        return Reading(says=Says.WRONG, code=code, remaining=_remaining(text))
    return Reading(says=Says.REFUSED, code=code)


def _read_status(answer: Answer) -> Reading:
    if answer.status in OPERATIONS[Step.LOGIN].accepted:
        # Even without the token that is promised: the service says that the password has expired, or is right.
        return Reading(says=Says.OPENS, code=answer.status)
    says = Says.DENIED if answer.status == "ACCESS_DENIED" else Says.SILENCE
    return Reading(says=says, code=answer.status or "http:200")


def _remaining(text: str) -> int | None:
    """Return the number of "Remaining attempts: 8."; in a text of other words the lowest, to be on the safe side."""
    known = _REMAINING.search(text)
    numbers = [known[1]] if known else _NUMBERS.findall(text)
    return min(map(int, numbers), default=None)


def _lock_s(text: str) -> float:
    """Return the time of "unlocked in 2 minutes and 59 seconds" in whatever language."""
    numbers = [int(number) for number in _NUMBERS.findall(text)]
    if len(numbers) < 2:
        return _LOCK_S_GUESSED
    return numbers[-2] * 60.0 + numbers[-1]
