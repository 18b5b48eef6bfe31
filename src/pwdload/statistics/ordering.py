"""Orders of very many whole numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.integer]
Places = npt.NDArray[np.integer]

_DIGITS = 16
_PASSES_MAX = 3
_PART = 1 << 20
_NARROW_MOST = 127


def stable_order(numbers: Numbers) -> Places:
    """Return what sorts whole numbers, equal ones in the order in which they stand.

    The same as numpy's stable argsort, at a quarter of the time where the numbers span no more than 48 bits: a radix
    sort by 16 bits at a time, which is what numpy itself does for numbers that have no more. Places are as narrow as
    they can be: of a long run an order is one of the widest things there are.
    """
    narrow = np.int32 if len(numbers) < 2**31 else np.int64
    if not len(numbers):
        return np.zeros(0, narrow)
    least, most = int(numbers.min()), int(numbers.max())
    passes = max(-(-(most - least).bit_length() // _DIGITS), 1)
    if passes > _PASSES_MAX or len(numbers) < 1 << _DIGITS:
        return np.argsort(numbers, kind="stable").astype(narrow)
    wide = np.uint32 if passes <= 2 else np.uint64
    base = numbers if numbers.itemsize >= 4 else numbers.astype(np.int32)  # what is beyond is put right by the cast
    rest: npt.NDArray[Any] = (base - base.dtype.type(least)).astype(wide, copy=False)
    order: Places = np.argsort(rest.astype(np.uint16), kind="stable").astype(narrow)
    for number in range(1, passes):
        digit = (rest >> rest.dtype.type(_DIGITS * number)).astype(np.uint16)
        order = taken(order, np.argsort(taken(digit, order), kind="stable"))
    return order


def taken(values: npt.NDArray[Any], places: Places) -> npt.NDArray[Any]:
    """Return ``values[places]`` part by part: numpy makes places of 64 bits of all of them first.

    Where both are of 8 bits, a table of bytes does it at a tenth of the time.
    """
    if places.dtype == np.int8 and values.itemsize == 1 and 0 < len(values) <= _NARROW_MOST:
        return _translated(values, places)
    found = np.empty(len(places), values.dtype)
    for start in range(0, len(places), _PART):
        found[start : start + _PART] = values[places[start : start + _PART]]
    return found


def _translated(values: npt.NDArray[Any], places: Places) -> npt.NDArray[Any]:
    """Return the same for places of 8 bits, of which -1 is the last value, as ever."""
    table = np.zeros(256, np.uint8)
    table[: len(values)] = values.view(np.uint8)
    table[256 - len(values) :] = values.view(np.uint8)
    found = np.empty(len(places), values.dtype)
    for start in range(0, len(places), _PART):
        part = places[start : start + _PART].tobytes().translate(table.tobytes())
        found[start : start + _PART] = np.frombuffer(part, values.dtype)
    return found


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
