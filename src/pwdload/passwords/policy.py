"""What a target asks of a new password."""

import re
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits

from pwdload.errors import UsageError
from pwdload.scenario import Scenario

PASSWORD_LENGTH = 16
"""How long a password is where the policy leaves the choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What the target asks of a new password. The defaults are the service's own.

    Raises `UsageError` for a policy that the documented service cannot have or that no password could be made for.
    """

    min_length: int = 8
    max_length: int = 18
    classes_needed: int = 3
    """How many of the four classes (lower case, upper case, digit, special character) must occur."""
    special_characters: str = "~!#$%&+-"
    """Those we send. A target may accept more; these are the ones that its documentation is sure to list."""
    max_repeats: int | None = None
    """How often one character may occur; None: as often as it likes."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_length <= self.max_length <= 50 or self.max_length < 8:
            raise UsageError(
                f"password policy: length {self.min_length} to {self.max_length}: "
                "allowed is a minimum of 1 or more, a maximum of 8 to 50, and the minimum not above the maximum"
            )
        if not 1 <= self.classes_needed <= len(self.classes):
            raise UsageError(
                f"password policy: {self.classes_needed} classes of characters needed: "
                f"allowed is 1 to {len(self.classes)} (lower case, upper case, digit, special character)"
            )
        if not re.fullmatch(r"[!-/:-@\[-`{-~]*", self.special_characters):
            raise UsageError(f"password policy: special characters {self.special_characters!r}: only ASCII punctuation")
        if self.max_repeats is not None and self.max_repeats < 1:
            raise UsageError(f"password policy: max_repeats {self.max_repeats}: 1 or more, or left out for no limit")

    @property
    def classes(self) -> tuple[str, ...]:
        """The characters of each class that can be used: lower case, upper case, digits, special characters."""
        special = "".join(sorted(set(self.special_characters)))
        return (ascii_lowercase, ascii_uppercase, digits, *([special] if special else []))

    @property
    def usual_length(self) -> int:
        """How long the passwords are that we make: 16, or as near to it as the policy allows."""
        return min(max(PASSWORD_LENGTH, self.min_length), self.max_length)


def password_policy(scenario: Scenario) -> PasswordPolicy:
    """Return the target's password policy as the scenario states it."""
    policy = scenario.password_policy
    return PasswordPolicy(
        min_length=policy.min_length,
        max_length=policy.max_length,
        classes_needed=policy.classes,
        max_repeats=policy.max_repeats,
    )
