"""From a keyed hash to a password: the one place where characters are drawn."""

from hmac import digest as hmac_digest

from pwdload.errors import UsageError

_ATTEMPTS_MAX = 2_000


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
    alphabet = "".join(classes)
    alphabet *= max(1, -(-length // len(alphabet)))
    needed = classes if needed is None else needed
    hits, telling = min(len(needed), length), telling_parts(avoid)
    for attempt in range(_ATTEMPTS_MAX):
        number = int.from_bytes(hmac_digest(key, b"%d\0%b" % (attempt, message), "sha256"), "big")
        candidate = _different_characters(number, alphabet, length)
        letters = frozenset(candidate)
        if sum(not letters.isdisjoint(pool) for pool in needed) >= hits and not contains(candidate, telling):
            return candidate
    raise UsageError(f"no password of {length} characters found for the user name {avoid!r}; use another user name")


def _different_characters(number: int, alphabet: str, length: int) -> str:
    """Read a number as `length` characters in order, drawn from the alphabet without putting any back.

    The places of the number are in base n, n - 1, n - 2 and so on (factorial number system), so that two numbers
    below n!/(n - length)! never give the same text.
    """
    rest = list(alphabet)
    drawn = []
    for left in range(len(rest), len(rest) - length, -1):
        number, place = divmod(number, left)
        drawn.append(rest[place])
        rest[place] = rest[left - 1]
    return "".join(drawn)


def telling_parts(user_name: str) -> frozenset[str]:
    """Return what a password must not contain: user name and e-mail prefix, both ways round, in folded case."""
    folded = user_name.casefold()
    parts = {folded, folded.partition("@")[0]} - {""}
    return frozenset(parts | {part[::-1] for part in parts})


def contains(password: str, parts: frozenset[str]) -> bool:
    """Whether any of the parts, which are in folded case, occurs in the password in whatever case."""
    folded = password.casefold()
    return any(part in folded for part in parts)
