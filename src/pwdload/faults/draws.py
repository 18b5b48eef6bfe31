"""Which connections and requests a fault hits: drawn once for each, the same in every run with the same seed."""

import hashlib
from dataclasses import dataclass, field
from random import Random

from pwdload.faults.toxic import Toxic

_64_BITS = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one toxic: a function of its seed, its name, and the number of the connection or request.

    SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) is entered at any number
    in half a microsecond: this is done for every request.
    """

    toxic: Toxic
    _begin: int = field(init=False)
    _limit: int = field(init=False)
    """What is drawn below this is hit."""

    def __post_init__(self) -> None:
        text = f"{self.toxic.seed} {self.toxic.name}"
        object.__setattr__(self, "_begin", int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()))
        object.__setattr__(self, "_limit", int(self.toxic.toxicity * 2**64))

    def hits(self, number: int) -> bool:
        """Whether the connection or request of this number is affected."""
        return self._drawn(number) < self._limit

    def random(self, number: int) -> Random:
        """Return the random numbers for what is done to it."""
        return Random(self._drawn(~number))  # noqa: S311 - repeatable, and guards nothing

    def _drawn(self, number: int) -> int:
        mixed = (self._begin + number * 0x9E3779B97F4A7C15) & _64_BITS
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _64_BITS
        return mixed ^ (mixed >> 31)
