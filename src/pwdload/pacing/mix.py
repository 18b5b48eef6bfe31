"""What an arrival plays: a seeded draw that depends on its number alone."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import isfinite
from typing import Final

from pwdload.errors import UsageError
from pwdload.pacing.seeds import stream_seed

_64_BITS: Final = 2**64 - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15


def splitmix64(key: int, number: int) -> int:
    """Return the 64 random bits of that number (0 or more) in the stream of a key, in any order at the same cost.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): a counter, well mixed.
    """
    bits = (key + (number + 1) * _GOLDEN) & _64_BITS
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & _64_BITS
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & _64_BITS
    return bits ^ bits >> 31


@dataclass(frozen=True, slots=True)
class Mix:
    """Cases in their shares. Which case an arrival plays is a pure function of (seed, number).

    So it does not matter which worker plays it, in what order, or after what. Weights are relative to one another;
    what weighs 0 never comes. The order of the mapping does not matter.

    Raises `UsageError` for weights that are negative, not finite or all zero.
    """

    weights: Mapping[str, float]
    seed: int
    _cases: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _limits: tuple[float, ...] = field(init=False, repr=False, compare=False)
    """Running sum of the shares, without the last, which is 1."""
    _key: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for case, weight in self.weights.items():
            if not (isfinite(weight) and weight >= 0):
                raise UsageError(f"mix: case {case}: the weight {weight} is not allowed; a number of 0 or more is")
        cases = tuple(sorted(case for case, weight in self.weights.items() if weight > 0))
        if not cases:
            raise UsageError("mix: no case has a weight above 0; give one to any of them")
        total = sum(self.weights[case] for case in cases)
        object.__setattr__(self, "_cases", cases)
        object.__setattr__(self, "_limits", tuple(accumulate(self.weights[case] / total for case in cases[:-1])))
        object.__setattr__(self, "_key", stream_seed(self.seed, "mix") & _64_BITS)

    def case(self, number: int) -> str:
        """Return the case that the arrival of that number plays; below 1 us."""
        if not self._limits:
            return self._cases[0]
        # The upper 53 bits as a number in [0, 1).
        return self._cases[bisect_right(self._limits, (splitmix64(self._key, number) >> 11) * 2**-53)]
