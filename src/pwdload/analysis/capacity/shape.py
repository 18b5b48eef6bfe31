"""How goodput answers to more load, told from the levels."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from pwdload.analysis.capacity.levels import LoadLevel
from pwdload.analysis.capacity.values import Shape
from pwdload.criteria import Standing

FALLEN_TO = 0.95
"""Goodput has fallen where it is below this share of its highest, and by more than chance explains."""
_SIGMAS = 3.0
"""Chance explains a difference of less than this: the lowest of several levels is looked for."""
FLAT_BELOW = 0.5
"""Goodput has levelled off where it grows by less than this part of what the load grows by."""
_GROWTH_MIN = 0.02
"""Two loads that are closer tell nothing of growth."""


def shape_of(rising: Sequence[LoadLevel], *, is_open: bool) -> Shape:
    """Return how goodput answers to load; the levels ascend by load."""
    if not rising:
        return Shape.UNKNOWN
    standings = [one.level.standing for one in rising]
    if standings[0] is Standing.BROKEN:
        return Shape.NEVER_KEPT
    if len(rising) > 1 and _has_fallen(rising):
        return Shape.RETROGRADE
    if Standing.BROKEN in standings or not is_open:
        if _is_flat(rising):
            return Shape.SATURATES
        if Standing.BROKEN in standings:
            return Shape.FOLLOWS
    # Low levels may have too few requests to be sure of a small share; what holds above holds below.
    if len(rising) > 1 and standings[-1] is Standing.KEPT:
        return Shape.NEVER_SATURATES
    return Shape.UNKNOWN


def _has_fallen(rising: Sequence[LoadLevel]) -> bool:
    goodput = np.array([one.goodput.value or 0.0 for one in rising])
    error = np.array([_error(one) for one in rising])
    top = int(goodput.argmax())
    beyond = slice(top + 1, None)
    lost = goodput[top] - goodput[beyond]
    doubt = _SIGMAS * np.sqrt(error[top] ** 2 + error[beyond] ** 2)
    return bool(((goodput[beyond] < FALLEN_TO * goodput[top]) & (lost > doubt)).any())


def _error(one: LoadLevel) -> float:
    """Return the standard error of a level's goodput; at least that of a count of independent events."""
    length_s = one.level.end_s - one.level.start_s
    return max(float(one.goodput_draws.std()), sqrt(one.goodput.value or 0.0) / sqrt(length_s))


def _is_flat(rising: Sequence[LoadLevel]) -> bool:
    """Whether goodput follows the load no longer at the upper end: it is held against the best of the levels kept."""
    kept = [one for one in rising if one.level.standing is not Standing.BROKEN] or list(rising[:1])
    last, before = rising[-1], kept[-1]
    if before is last and len(rising) > 1:
        before = rising[-2]
    grown = last.load / before.load - 1
    if grown < _GROWTH_MIN or not before.goodput.value:
        return False
    return (last.goodput.value or 0.0) / before.goodput.value - 1 < FLAT_BELOW * grown
