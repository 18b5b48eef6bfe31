"""The password policy: which new passwords are refused, and with which reason.

The order decides which code a password gets that breaks several rules, and is chosen so that the obvious mistake is
named first: blank, length, user info, reversed user name, repeats, weak, complexity. History comes last, elsewhere,
since it needs the stored hashes. "Weak" precedes "complexity" because most well-known passwords are also simple.
"""

import itertools
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from string import ascii_lowercase, ascii_uppercase, digits

from pwdload.standin.answers import Refusal
from pwdload.standin.reasons import Reason
from pwdload.standin.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a password must not contain."""

    user_name: str
    mobile: str = ""
    email: str = ""


class PasswordPolicy:
    """Checks a new password against everything but history. Length counts code points in NFC."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._weak = frozenset(_weak_passwords(settings))
        self._classes = tuple(
            frozenset(listed) for listed in (ascii_lowercase, ascii_uppercase, digits, settings.special_characters)
        )
        self._listed = frozenset().union(*self._classes)
        self._run_too_long = re.compile(rf"(.)\1{{{settings.password_repeats_max}}}", re.DOTALL)

    def check(self, password: str, person: Person) -> None:
        """Accept the password by returning.

        Raises:
            Refusal: it breaks a rule; the first in the order of this module counts.
        """
        password = unicodedata.normalize("NFC", password)
        if not password.strip():
            raise Refusal(Reason.PASSWORD_BLANK)
        self._check_length(password)
        self._check_user_info(password.casefold(), person)
        self._check_repeats(password)
        self._check_weak(password.casefold())
        self._check_complexity(password)

    def document(self) -> str:
        """Return the policy as login hands it to the app: a JSON document with maxLength, minLength and regEx."""
        settings = self._settings
        return json.dumps(
            {
                "maxLength": settings.password_length_max,
                "minLength": settings.password_length_min,
                "regEx": self._regular_expression(),
            },
            ensure_ascii=False,
        )

    def _check_length(self, password: str) -> None:
        shortest, longest = self._settings.password_length_min, self._settings.password_length_max
        if not shortest <= len(password) <= longest:
            raise Refusal(Reason.PASSWORD_LENGTH, shortest, longest)

    def _check_user_info(self, password: str, person: Person) -> None:
        if not self._settings.password_user_info:
            return
        user_name = person.user_name.casefold()
        is_looked_for = len(user_name) >= self._settings.user_info_length_min
        email_prefix = person.email.partition("@")[0].casefold()
        if is_looked_for and user_name in password:
            raise Refusal(Reason.PASSWORD_USER_INFO)
        for text in (email_prefix, person.mobile):
            if len(text) >= self._settings.user_info_length_min and text in password:
                raise Refusal(Reason.PASSWORD_USER_INFO)
        if is_looked_for and user_name[::-1] in password:
            raise Refusal(Reason.PASSWORD_REVERSED_NAME)

    def _check_repeats(self, password: str) -> None:
        if self._settings.password_repeats_max and self._repeats_too_often(password):
            raise Refusal(Reason.PASSWORD_REPEATS, self._settings.password_repeats_max)

    def _check_weak(self, password: str) -> None:
        if password in self._weak:
            raise Refusal(Reason.PASSWORD_WEAK)

    def _check_complexity(self, password: str) -> None:
        if not self._is_complex(password):
            raise Refusal(Reason.PASSWORD_TOO_SIMPLE, self._settings.password_classes)

    def _repeats_too_often(self, password: str) -> bool:
        """Whether some character stands in the password, or in a row in it, more often than it may."""
        if self._settings.password_repeats_counted == "total":  # noqa: S105 - the value of a setting
            return max(map(password.count, set(password))) > self._settings.password_repeats_max
        return self._run_too_long.search(password) is not None

    def _is_complex(self, password: str) -> bool:
        if self._settings.unlisted_characters == "refuse" and not self._listed.issuperset(password):
            return False
        return sum(not one.isdisjoint(password) for one in self._classes) >= self._settings.password_classes

    def _regular_expression(self) -> str:
        """Return an expression that says the same as length and complexity, in the manner of the published one.

        A password has too few of 4 classes when all of some 5 - `password_classes` of them are absent.
        """
        listed = ("a-z", "A-Z", "0-9", _escaped(self._settings.special_characters))
        absent = 5 - self._settings.password_classes
        lookaheads = "".join(f"(?![^{''.join(some)}]+$)" for some in itertools.combinations(listed, absent))
        anything = f"[a-zA-Z0-9{listed[3]}]" if self._settings.unlisted_characters == "refuse" else r"[\s\S]"
        return f"^{lookaheads}{anything}{{{self._settings.password_length_min},{self._settings.password_length_max}}}$"


def _escaped(characters: str) -> str:
    """Return the characters for use within [...], in Python's syntax and in JavaScript's."""
    return "".join(f"\\{character}" if character in r"\]^-[" else character for character in characters)


def _weak_passwords(settings: Settings) -> Iterator[str]:
    if settings.password_weak_list:
        text = resources.files("pwdload.standin").joinpath("weak_passwords.txt").read_text(encoding="utf-8")
        yield from (line.casefold() for line in text.splitlines() if line and not line.startswith("#"))
    yield from (word.casefold() for word in settings.weak_passwords)
