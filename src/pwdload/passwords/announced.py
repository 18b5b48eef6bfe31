"""The password policy that a target announces itself, held against the one that a scenario states."""

import json
import re
from collections.abc import Iterator
from typing import Final

from pwdload.passwords.policy import PasswordPolicy

_PATTERN_LENGTH_MAX: Final = 1_000
"""A longer regular expression is no policy; a hostile one could take for ever."""


def announced_differences(data: str, policy: PasswordPolicy, example: str) -> tuple[str, ...]:
    """Return in what the announced policy differs from the stated one, in words; empty where nothing does.

    Args:
        data: the field ``data`` of a login's answer: a JSON document with ``minLength``, ``maxLength`` and ``regEx``.
            Of what it leaves out nothing is said, and a text that is none announces nothing.
        policy: as the scenario states it.
        example: a password that was made for it.
    """
    try:
        announced = json.loads(data)
    except ValueError:
        return ()
    return tuple(_differences(announced, policy, example)) if isinstance(announced, dict) else ()


def _differences(announced: dict[str, object], policy: PasswordPolicy, example: str) -> Iterator[str]:
    for name, key, stated in (
        ("minLength", "min_length", policy.min_length),
        ("maxLength", "max_length", policy.max_length),
    ):
        value = announced.get(name)
        if type(value) is int and value != stated:
            yield f"{name} is {value}, and [password_policy] {key} is {stated}"
    pattern = announced.get("regEx")
    if isinstance(pattern, str) and len(pattern) <= _PATTERN_LENGTH_MAX and not _matches(pattern, example):
        yield "a password made by [password_policy] does not match its regEx"


def _matches(pattern: str, example: str) -> bool:
    """Whether a password matches; one that Python cannot read is taken for matched."""
    try:
        return re.search(pattern, example) is not None
    except re.error:
        return True
