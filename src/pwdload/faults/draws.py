"""Which connections and requests a fault hits: drawn once for each, the same in every run with the same seed."""

import hashlib
from dataclasses import dataclass, field
from random import Random

from pwdload.faults.toxic import Toxic


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one toxic: a function of its seed, its name, and the number of the connection or request."""

    toxic: Toxic
    _key: bytes = field(init=False)

    def __post_init__(self) -> None:
        text = f"{self.toxic.seed} {self.toxic.name}"
        object.__setattr__(self, "_key", hashlib.blake2b(text.encode(), digest_size=16).digest())

    def hits(self, number: int) -> bool:
        """Whether the connection or request of this number is affected."""
        share = self.toxic.toxicity
        if share in (0, 1):
            return share == 1
        return int.from_bytes(self._digest(number), "big") < share * 2**64

    def random(self, number: int) -> Random:
        """Return the random numbers for what is done to it."""
        return Random(int.from_bytes(self._digest(~number), "big"))  # noqa: S311 - repeatable, and guards nothing

    def _digest(self, number: int) -> bytes:
        return hashlib.blake2b(number.to_bytes(8, "big", signed=True), key=self._key, digest_size=8).digest()
