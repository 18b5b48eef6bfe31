"""Passwords: derived when needed, never stored.

A password is a function of (run secret, user name, generation), so that whoever has the secret can rebuild every
password of a run, and no file, log or report ever holds one. Each fits the target's policy; `broken_password` and its
neighbours make the ones that do not, or only just do, for the refusals that a target must get right.
"""

from pwdload.passwords.announced import announced_differences
from pwdload.passwords.book import SECRET_VARIABLE, PasswordBook, digest_of, run_secret
from pwdload.passwords.broken import WEAK_PASSWORDS, BrokenRule, broken_password, longest_password, unicode_password
from pwdload.passwords.key_file import KEY_FILE, ledger_secret
from pwdload.passwords.policy import PasswordPolicy, password_policy
from pwdload.passwords.variation import Shape, variation

__all__ = [
    "KEY_FILE",
    "SECRET_VARIABLE",
    "WEAK_PASSWORDS",
    "BrokenRule",
    "PasswordBook",
    "PasswordPolicy",
    "Shape",
    "announced_differences",
    "broken_password",
    "digest_of",
    "ledger_secret",
    "longest_password",
    "password_policy",
    "run_secret",
    "unicode_password",
    "variation",
]
