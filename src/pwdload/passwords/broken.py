"""Passwords that break one rule of the policy each, for the refusals that a target must get right."""

from enum import StrEnum
from typing import assert_never

from pwdload.errors import UsageError
from pwdload.passwords.policy import PasswordPolicy
from pwdload.passwords.shape import contains, shaped, telling_parts


class BrokenRule(StrEnum):
    """The rule of the policy that a password breaks."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SIMPLE = "too_simple"
    USER_NAME = "user_name"
    REPEATING = "repeating"
    WEAK = "weak"


WEAK_PASSWORDS = (
    *("P@ssw0rd", "Passw0rd", "Admin@123", "Huawei@123", "Password1", "Password123", "Admin123", "Huawei123"),
    *("Abc@1234", "Abcd1234", "Welcome1", "Password1!", "Admin123!", "Password1234"),
)
"""Well-known passwords that most policies would let pass, the best known first."""

_REPEATS_MAX_DOCUMENTED = 10
_NOT_ASCII = "é密"


def broken_password(rule: BrokenRule, user_name: str, good: str, policy: PasswordPolicy) -> str:
    """Return a password that breaks one rule of the policy and, wherever that is possible, no other.

    `good` is one that the policy accepts for this user; the result depends on nothing but the arguments.

    - too_short, too_long: by one character.
    - too_simple: of the usual length, with one class of characters fewer than needed.
    - user_name: contains the user name as it is, or its e-mail prefix where the whole is too long.
    - repeating: one character more often than allowed; at least 11 times where the policy names no limit and has
      room for it, since 10 is the highest limit that the service offers.
    - weak: the first of `WEAK_PASSWORDS` that keeps every other rule.

    Raises `UsageError` where no such password exists, as one that is too short for a minimum of 1.
    """
    classes = policy.classes
    match rule:
        case BrokenRule.TOO_SHORT:
            _require(policy.min_length > 1, rule, f"the minimum length is {policy.min_length}")
            return shaped(good.encode(), b"short", length=policy.min_length - 1, classes=classes, avoid=user_name)
        case BrokenRule.TOO_LONG:
            return longest_password(good, length=policy.max_length + 1, user_name=user_name, policy=policy)
        case BrokenRule.TOO_SIMPLE:
            _require(policy.classes_needed > 1, rule, "one class of characters is enough")
            few = classes[: policy.classes_needed - 1]
            return shaped(good.encode(), b"simple", length=policy.usual_length, classes=few, avoid=user_name)
        case BrokenRule.USER_NAME:
            return _with_user_name(user_name, good, policy)
        case BrokenRule.REPEATING:
            return _repeating(user_name, good, policy)
        case BrokenRule.WEAK:
            return _weak(user_name, policy)
    assert_never(rule)


def unicode_password(good: str, policy: PasswordPolicy) -> str:
    """Return `good` (8 characters or more) with two of them replaced by "é" and "密", which NFC leaves as they are.

    The length in characters and the classes that occur stay, so that only the new characters can be at issue.
    """
    kept = {min((good.index(letter) for letter in pool if letter in good), default=-1) for pool in policy.classes}
    spare = [place for place in range(len(good)) if place not in kept]
    letters = list(good)
    for place, letter in zip(spare[-2:], _NOT_ASCII, strict=True):
        letters[place] = letter
    return "".join(letters)


def longest_password(good: str, *, length: int = 50, user_name: str = "", policy: PasswordPolicy | None = None) -> str:
    """Return a password of `length` characters, which keeps every rule but the maximum length; derived from `good`.

    50 is the most that the service's policy can be set to, whatever it is set to now. No character occurs twice.
    """
    classes = (policy or PasswordPolicy()).classes
    return shaped(good.encode(), b"long", length=length, classes=classes, avoid=user_name)


def _with_user_name(user_name: str, good: str, policy: PasswordPolicy) -> str:
    fitting = [part for part in (user_name, user_name.partition("@")[0]) if 0 < len(part) <= policy.max_length]
    _require(bool(fitting), BrokenRule.USER_NAME, f"{user_name!r} does not fit into {policy.max_length} characters")
    part = fitting[0]
    others = tuple(filter(None, ("".join(c for c in pool if c not in part) for pool in policy.classes)))
    absent = tuple(pool for pool in policy.classes if not any(letter in part for letter in pool))
    length = min(max(policy.usual_length, len(part) + len(absent)), policy.max_length) - len(part)
    filler = shaped(good.encode(), b"name", length=length, classes=others, needed=absent)
    return f"{filler[: length // 2]}{part}{filler[length // 2 :]}"


def _repeating(user_name: str, good: str, policy: PasswordPolicy) -> str:
    times = (policy.max_repeats or _REPEATS_MAX_DOCUMENTED) + 1
    others = max(policy.classes_needed - 1, policy.min_length - times)
    if policy.max_repeats is None:
        times = min(times, policy.max_length - others)
    _require(
        times + others <= policy.max_length,
        BrokenRule.REPEATING,
        f"{policy.max_repeats} times fit into {policy.max_length}",
    )
    # Without the user name's own characters, so that no repetition of one can spell it.
    folded = user_name.casefold()
    classes = tuple(filter(None, ("".join(c for c in pool if c.casefold() not in folded) for pool in policy.classes)))
    head = shaped(good.encode(), b"repeating", length=others + 1, classes=classes)
    return head + head[-1] * (times - 1)


def _weak(user_name: str, policy: PasswordPolicy) -> str:
    # The best known that fits, for every account: the better known it is, the surer the target's list has it.
    fitting = [password for password in WEAK_PASSWORDS if _keeps_every_rule(password, user_name, policy)]
    _require(bool(fitting), BrokenRule.WEAK, "none of the well-known ones keeps its other rules")
    return fitting[0]


def _keeps_every_rule(password: str, user_name: str, policy: PasswordPolicy) -> bool:
    classes = policy.classes
    return (
        policy.min_length <= len(password) <= policy.max_length
        and sum(any(letter in pool for letter in password) for pool in classes) >= policy.classes_needed
        and all(any(letter in pool for pool in classes) for letter in password)
        and (policy.max_repeats is None or max(map(password.count, password)) <= policy.max_repeats)
        and not contains(password, telling_parts(user_name))
    )


def _require(possible: bool, rule: BrokenRule, because: str) -> None:
    if not possible:
        raise UsageError(f"no password can be {rule} under this policy: {because}; leave such cases out of the mix")
