"""From a keyed hash to a password: the one place where characters are drawn."""

from hashlib import sha256
from math import perm

from pwdload.errors import UsageError

_ATTEMPTS_MAX = 2_000
_HMAC_BLOCK = 64
"""Bytes of a block of SHA-256: what HMAC fills its key up to."""
_NOTHING = frozenset({""})


class Shaper:
    """Draws passwords of one length out of the same characters under one key.

    What all of them share is worked out once: a run draws one for each change, in half of the time.
    """

    __slots__ = ("_absent_max", "_alphabet", "_inner", "_lefts", "_length", "_needed", "_outer", "_ways")

    def __init__(
        self, key: bytes, *, length: int, classes: tuple[str, ...], needed: tuple[str, ...] | None = None
    ) -> None:
        """Take what `shaped` takes."""
        alphabet = "".join(classes)
        alphabet *= max(1, -(-length // len(alphabet)))
        needed = classes if needed is None else needed
        self._length = length
        self._alphabet = list(alphabet)
        self._lefts = range(len(alphabet), len(alphabet) - length, -1)
        self._ways = perm(len(alphabet), length)
        self._needed = tuple(map(frozenset, needed))
        self._absent_max = len(needed) - min(len(needed), length)
        # HMAC (RFC 2104) with its key taken in once: at less than half of what `hmac.digest` needs to begin anew.
        block = (sha256(key).digest() if len(key) > _HMAC_BLOCK else key).ljust(_HMAC_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def drawn(self, message: bytes, avoid: str = "") -> str:
        """Return the password of a message: see `shaped`, which is the same for a single one."""
        telling = telling_parts(avoid)
        for attempt in range(_ATTEMPTS_MAX):
            candidate = self._different_characters(self._hashed(b"%d\0%b" % (attempt, message)))
            if self._has_needed(candidate) and not contains(candidate, telling):
                return candidate
        raise UsageError(
            f"no password of {self._length} characters found for the user name {avoid!r}; use another user name"
        )

    def _hashed(self, message: bytes) -> int:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return int.from_bytes(outer.digest(), "big")

    def _has_needed(self, candidate: str) -> bool:
        letters, absent = frozenset(candidate), 0
        for pool in self._needed:
            if letters.isdisjoint(pool):
                absent += 1
        return absent <= self._absent_max

    def _different_characters(self, number: int) -> str:
        """Read a number as characters in order, drawn from the alphabet without putting any back.

        The places of the number are in base n, n - 1, n - 2 and so on (factorial number system), so that two numbers
        below n!/(n - length)! never give the same text. What is above that is read by none of the places.
        """
        number %= self._ways
        rest, drawn = self._alphabet.copy(), []
        for left in self._lefts:
            place = number % left
            number //= left
            drawn.append(rest[place])
            rest[place] = rest[left - 1]
        return "".join(drawn)


def shaped(
    key: bytes,
    message: bytes,
    *,
    length: int,
    classes: tuple[str, ...],
    needed: tuple[str, ...] | None = None,
    avoid: str = "",
) -> str:
    """Return `length` different characters out of `classes`, every class `needed` (by default all) among them.

    A candidate is a keyed hash read as a number; one that breaks a rule makes way for the next. Rejection leaves every
    allowed password equally likely, which repairing a candidate would not.

    Where fewer characters are wanted than classes are needed, as many classes occur as fit; where more are wanted than
    the classes have, some occur twice. Raises `UsageError` when 2,000 candidates in a row break a rule.
    """
    return Shaper(key, length=length, classes=classes, needed=needed).drawn(message, avoid)


def telling_parts(user_name: str) -> frozenset[str]:
    """Return what a password must not contain: user name and e-mail prefix, both ways round, in folded case."""
    folded = user_name.casefold()
    prefix = folded.partition("@")[0]
    return frozenset((folded, folded[::-1], prefix, prefix[::-1])) - _NOTHING


def contains(password: str, parts: frozenset[str]) -> bool:
    """Whether any of the parts, which are in folded case, occurs in the password in whatever case."""
    folded = password.casefold()
    for part in parts:  # noqa: SIM110 - `any` and its generator take twice as long
        if part in folded:
            return True
    return False
