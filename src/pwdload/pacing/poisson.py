"""A Poisson process of rate 1 on the axis of counts, that can be entered anywhere.

Its gaps are independent and exponential with mean 1. Drawn one after the other, the last could only be reached by
drawing all before it. They are therefore drawn in blocks of `BLOCK`: first how long each block is as a whole, a
Gamma(BLOCK) variate; then, from a stream of the block's own, how it is cut into gaps. That is the same distribution,
not an approximation: the sum of exponential gaps is independent of the proportions in which they share it out (Lukacs,
"A characterization of the gamma distribution", 1955).

Only `Random.random()` is used, the one method whose numbers Python promises to keep from version to version, with
`log`, `sqrt` and `cos` on top: between C libraries the last bit of a number may differ, nothing more.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from math import cos, log, pi, sqrt
from random import Random
from typing import Final

from pwdload.pacing.seeds import stream_seed

BLOCK: Final = 1024
"""Gaps per block: what is held in memory, and what has to be drawn to enter a block in the middle."""


def block_starts(seed: int) -> Iterator[float]:
    """Yield, without end, where each block begins; block k + 1 begins with the last point of block k.

    Skipping a block costs 1 to 3 us, so 10 million arrivals about 20 ms.
    """
    random = _random(seed, "blocks")
    start = 0.0
    while True:
        yield start
        start += _gamma(BLOCK, random)


def block_points(seed: int, block: int, start: float, end: float) -> list[float]:
    """Return the `BLOCK` points of a block that goes from `start` to `end`; the last point is its end."""
    random = block_random(seed, block).random
    waits = list(accumulate(-log(1.0 - random()) for _ in range(BLOCK)))
    scale = (end - start) / waits[-1]
    points = [start + wait * scale for wait in waits]
    points[-1] = end  # to the bit, as the next block has it
    return points


def block_random(seed: int, block: int) -> Random:
    """Return the stream of a block, of which `BLOCK` numbers are drawn."""
    return Random(stream_seed(seed, f"block:{block}"))  # noqa: S311 - arrivals are no secret


def _random(seed: int, stream: str) -> Callable[[], float]:
    return Random(stream_seed(seed, stream)).random  # noqa: S311 - arrivals are no secret


def _gamma(shape: int, random: Callable[[], float]) -> float:
    """Draw a Gamma(shape) variate: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000)."""
    d = shape - 1 / 3
    c = 1 / sqrt(9 * d)
    while True:
        normal = sqrt(-2 * log(1.0 - random())) * cos(2 * pi * random())
        v = (1 + c * normal) ** 3
        if v > 0 and log(1.0 - random()) < normal * normal / 2 + d - d * v + d * log(v):
            return d * v
