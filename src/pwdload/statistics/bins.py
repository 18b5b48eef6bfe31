"""Which bin of a width a time lies in, and how many are in each."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pwdload.arrays import filled, parts

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]
Counts = npt.NDArray[np.int64]

_PART = 1 << 18
"""So many values at once, with what is worked out of them on the way, stay in a processor's cache."""


def whole_widths(times_s: Floats, width_s: float) -> Floats:
    """Return how many whole widths fit into each time: ``times_s // width_s`` to the last bit, at a fifth of its time.

    A quotient that is rounded is never rounded past a whole number, only onto it: so where it is none, the whole number
    below it is the right one, and only the few that are one must be looked at again.
    """
    quotient = times_s / width_s
    whole: Floats = np.floor(quotient)
    doubtful = np.flatnonzero(whole == quotient)
    whole[doubtful] = times_s[doubtful] // width_s
    return whole


def part_by_part(work: Callable[[Floats], Codes], values: Floats) -> Codes:
    """Return what `work` makes of each value, as 32 bits, without an array of all that it makes on the way."""
    return filled(len(values), np.int32, lambda part: work(values[part]), _PART)


def tallied(count: int, size: int, work: Callable[[slice], Codes]) -> Counts:
    """Return the same as `tally` of the codes that `work` makes of each part of so many elements."""
    counts = np.zeros(size, np.int64)
    for part in parts(count, max(_PART, size)):
        counts += np.bincount(work(part), minlength=size)
    return counts


def summed(codes: Codes, weights: Callable[[slice], Floats], size: int) -> Floats:
    """Return the sum of the weights of each code, as ``np.bincount`` has it to the last bit: added one by one."""
    sums = np.zeros(size, np.float64)
    for part in parts(len(codes)):
        np.add.at(sums, codes[part].astype(np.intp), weights(part))  # of other numbers it takes twice as long
    return sums


def tally(codes: Codes, size: int) -> Counts:
    """Return how many codes there are of each kind from 0 to below a size: numpy widens all of them first."""
    return tallied(len(codes), size, lambda part: codes[part])
