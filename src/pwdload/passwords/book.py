"""The passwords of a run, and the secret that they are derived from."""

import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pwdload.errors import UsageError
from pwdload.passwords.policy import PasswordPolicy
from pwdload.passwords.shape import Shaper
from pwdload.secrecy import given

SECRET_VARIABLE = "PWDLOAD_RUN_SECRET"  # noqa: S105 - the name of the variable, not its value
SECRET_LENGTH_MIN = 16
_KEPT = 16_384
"""How many passwords are kept: a change asks for the old one twice, and a pool of accounts goes round. About 3 MB."""


@dataclass(frozen=True, slots=True)
class PasswordBook:
    """Every password that a run uses, by user name and generation.

    `secret` is the run's own, 16 bytes or more; it never shows in `repr`. Raises `UsageError` when it is too short.
    """

    secret: bytes = field(repr=False)
    policy: PasswordPolicy = field(default_factory=PasswordPolicy)
    _classes: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _shaper: Shaper = field(init=False, repr=False, compare=False)
    password: Callable[[str, int], str] = field(init=False, repr=False, compare=False)
    """Return the password of a user name and a generation (0 or more): always the same for the same arguments.

    About 5 us, and next to nothing when it was asked for before.

    All four classes occur, no character occurs twice (so that no limit on repeats is ever met), and neither the
    user name nor its e-mail prefix occurs, forwards or backwards, in whatever case.

    Entropy: 16 different characters in order, out of 26 + 26 + 10 + 8, are 70!/54! = 2^95 strings; of those 4 in
    5 have all four classes. So about 95 bits at the default policy, and still 45 where 8 characters are the most.

    Raises `UsageError` when 2,000 candidates in a row break a rule, which no user name met so far brings about.
    """

    def __post_init__(self) -> None:
        if len(self.secret) < SECRET_LENGTH_MIN:
            raise UsageError(f"run secret: {len(self.secret)} bytes are too few; at least {SECRET_LENGTH_MIN}")
        object.__setattr__(self, "_classes", self.policy.classes)
        shaper = Shaper(self.secret, length=self.policy.usual_length, classes=self._classes)
        object.__setattr__(self, "_shaper", shaper)
        object.__setattr__(self, "password", lru_cache(_KEPT)(self._derived))

    @property
    def digest(self) -> str:
        """What tells these passwords from others: of another secret, or made for a policy that asks for other ones.

        A ledger keeps it: under another policy the same generation has another password. It gives nothing away.
        """
        made_for = "\0".join([str(self.policy.usual_length), *self._classes])
        return hmac.digest(self.secret, f"pwdload: the same passwords?\0{made_for}".encode(), "sha256")[:8].hex()

    def _derived(self, user_name: str, generation: int) -> str:
        return self._shaper.drawn(f"{generation}\0{user_name}".encode(), user_name)


def run_secret(environment: Mapping[str, str] = os.environ) -> bytes:
    """Return the secret of the run: from PWDLOAD_RUN_SECRET or the file that PWDLOAD_RUN_SECRET_FILE names.

    Without either, a new one of 32 random bytes.

    32 or more hexadecimal digits stand for the bytes they spell; any other text of 16 or more characters is taken as
    it is. A variable that is set but too short, even empty, is refused rather than replaced: with another secret no
    account of the earlier run could be opened again.

    Raises `UsageError`, which never shows the value.
    """
    text = given(SECRET_VARIABLE, environment)
    if text is None:
        return secrets.token_bytes(32)
    text = text.strip()
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}){16,}", text):
        return bytes.fromhex(text)
    if len(text) < SECRET_LENGTH_MIN:
        raise UsageError(
            f"{SECRET_VARIABLE}: {len(text)} characters are too few; give at least {SECRET_LENGTH_MIN}, "
            "such as the output of `openssl rand -hex 32`, or unset it for a new secret"
        )
    return text.encode(errors="surrogateescape")


def digest_of(secret: bytes) -> str:
    """Return what two processes, or a ledger and a process, may compare to see whether they have the same secret.

    It does not give the secret away.
    """
    return hmac.digest(secret, b"pwdload: the same secret?", "sha256")[:8].hex()
