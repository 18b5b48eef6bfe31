"""Order statistics one after the other, of values that are never sorted as a whole.

To know a few ranks of millions of values takes a tenth of a sort. A rank that has been asked for stands in its place
and parts the values, so that the next one is looked for between its neighbours only.
"""

from bisect import bisect_left, insort

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Selection:
    """Values of one group of which some ranks are asked for. They are reordered, and are its own from then on."""

    def __init__(self, values: Floats) -> None:
        """Take values, none of them NaN."""
        self._values = values
        self._places: list[int] = []

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)

    def at(self, rank: int) -> float:
        """Return the value of a rank, from 1 for the least to the number of values."""
        place, after = rank - 1, bisect_left(self._places, rank - 1)
        if after == len(self._places) or self._places[after] != place:
            start = self._places[after - 1] + 1 if after else 0
            end = self._places[after] if after < len(self._places) else len(self._values)
            self._values[start:end].partition(place - start)
            insort(self._places, place)
        return float(self._values[place])
