"""Orders of very many whole numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.integer]
Places = npt.NDArray[np.int64]

_DIGITS = 16
_PASSES_MAX = 3


def stable_order(numbers: Numbers) -> Places:
    """Return what sorts whole numbers, equal ones in the order in which they stand.

    The same as numpy's stable argsort, at a quarter of the time where the numbers span no more than 48 bits: a radix
    sort by 16 bits at a time, which is what numpy itself does for numbers that have no more.
    """
    if not len(numbers):
        return np.zeros(0, np.int64)
    least, most = int(numbers.min()), int(numbers.max())
    passes = max(-(-(most - least).bit_length() // _DIGITS), 1)
    if passes > _PASSES_MAX or len(numbers) < 1 << _DIGITS:
        return np.argsort(numbers, kind="stable")
    rest: npt.NDArray[Any] = (numbers.astype(np.int64, copy=False) - least).astype(
        np.uint32 if passes <= 2 else np.uint64
    )
    order = np.argsort(rest.astype(np.uint16), kind="stable")
    for number in range(1, passes):
        digit = (rest >> rest.dtype.type(_DIGITS * number)).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order


def has_twice(numbers: Numbers) -> bool:
    """Say whether any number is there more than once."""
    ordered = np.sort(numbers)
    return bool((ordered[1:] == ordered[:-1]).any())


def again(numbers: Numbers) -> Numbers:
    """Return the numbers that are there more than once, each once, in ascending order."""
    ordered = np.sort(numbers)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def is_among(numbers: Numbers, few: Numbers) -> npt.NDArray[np.bool_]:
    """Say of each number whether it is one of a few, which are in ascending order."""
    if not len(few):
        return np.zeros(len(numbers), dtype=bool)
    place = np.minimum(np.searchsorted(few, numbers), len(few) - 1)
    found: npt.NDArray[np.bool_] = few[place] == numbers
    return found
