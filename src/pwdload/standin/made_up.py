"""Made-up accounts: their names, their states in given shares, and passwords that meet the policy."""

import hashlib
import hmac
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pwdload.standin.answers import Refusal
from pwdload.standin.failure import StandinError
from pwdload.standin.policy import PasswordPolicy, Person
from pwdload.standin.seed import SeedAccount, State
from pwdload.standin.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Which accounts to make up. The same values give the same accounts on every machine."""

    count: int
    shares: Mapping[State, int]
    """Weights of the states, above 0."""
    name_prefix: str
    secret: str

    def user_names(self) -> Iterator[str]:
        """Yield the user names: the prefix and seven digits, from 0000001."""
        return (f"{self.name_prefix}{number:07d}" for number in range(1, self.count + 1))

    def accounts(self, settings: Settings) -> Iterator[SeedAccount]:
        """Yield the accounts, with passwords derived from the secret that meet the policy.

        Raises:
            StandinError: no password meets the policy.
        """
        maker = _PasswordMaker(settings, self.secret)
        for name, state in zip(self.user_names(), spread(self.shares), strict=False):
            yield SeedAccount(
                user_name=name, password=maker.password(name, 1), previous_password=maker.password(name, 0), state=state
            )


def spread(shares: Mapping[State, int]) -> Iterator[State]:
    """Yield states without end, such that any first n hold each in its share, give or take one.

    Whoever uses only the first accounts of a file gets the same mixture. The state that is most behind its share comes
    next (smooth weighted round robin).
    """
    total, behind = sum(shares.values()), dict.fromkeys(shares, 0)
    while True:
        for state, share in shares.items():
            behind[state] += share
        state = max(behind, key=behind.__getitem__)
        behind[state] -= total
        yield state


class _PasswordMaker:
    """Derives passwords that the policy accepts."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._policy = PasswordPolicy(settings)
        self._length = max(settings.password_length_min, min(16, settings.password_length_max))
        special = "".join(character for character in settings.special_characters if character.isascii())
        groups = (string.ascii_lowercase, string.ascii_uppercase, string.digits, special)
        self._groups = tuple(group for group in groups if group)
        self._byte_to_character = _repeated_to_256("".join(self._groups))
        self._secret = secret.encode()

    def password(self, user_name: str, generation: int) -> str:
        """Return the password of a generation: the first of a derived sequence that meets the policy."""
        for attempt in range(100):
            password = self._candidate(f"{user_name}/{generation}/{attempt}")
            try:
                self._policy.check(password, Person(user_name=user_name))
            except Refusal:
                continue
            return password
        raise StandinError("no password meets the policy: check the password_... settings against one another")

    def _candidate(self, label: str) -> str:
        source = hmac.digest(self._secret, label.encode(), hashlib.sha512)
        source *= 1 + self._length // len(source)
        first = "".join(group[byte % len(group)] for group, byte in zip(self._groups, source, strict=False))
        rest = source[len(first) : self._length].translate(self._byte_to_character).decode("ascii")
        return (first + rest)[: self._length]


def _repeated_to_256(alphabet: str) -> bytes:
    """Return a table for `bytes.translate` that maps each byte to a character of the alphabet."""
    return bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
