"""The shape that a new password was given: as the policy wants it, or wrong in one way.

A target must refuse the wrong ones. Should it accept one, the account must still open: so each is a function of the
run secret, the user name, the generation and its shape, and can be named without being written down.
"""

from enum import StrEnum
from typing import assert_never

from pwdload.errors import UsageError
from pwdload.passwords.broken import BrokenRule, broken_password, longest_password, unicode_password
from pwdload.passwords.policy import PasswordPolicy


class Shape(StrEnum):
    """How a password came out of the good one of its generation."""

    PLAIN = ""
    """The good one itself, which the policy accepts."""
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SIMPLE = "too_simple"
    WITH_USER_NAME = "user_name"
    REPEATING = "repeating"
    WEAK = "weak"
    BLANK = "blank"
    UNICODE = "unicode"
    LONGEST = "longest"
    """50 characters, the most that the documented range of the policy allows."""
    UNKNOWABLE = "unknowable"
    """Nobody can say what a target made of it: the request named no new password, or no text as one."""


def variation(shape: Shape, user_name: str, good: str, policy: PasswordPolicy) -> str:
    """Return the password of a shape; `good` is the plain one of the same generation.

    Raises:
        UsageError: there is none of that shape under this policy, or nobody can know it.
    """
    match shape:
        case Shape.PLAIN:
            return good
        case Shape.BLANK:
            return ""
        case Shape.UNICODE:
            return unicode_password(good, policy)
        case Shape.LONGEST:
            return longest_password(good, length=50)
        case Shape.UNKNOWABLE:
            raise UsageError(f"{user_name}: nobody can know its password; set a new one with `pwdload accounts arm`")
        case Shape.TOO_SHORT | Shape.TOO_LONG | Shape.TOO_SIMPLE | Shape.WITH_USER_NAME | Shape.REPEATING | Shape.WEAK:
            return broken_password(BrokenRule(shape.value), user_name, good, policy)
    assert_never(shape)
