"""Numbers for pairs of words of a step, such as its outcomes: what is counted row by row is counted by number."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

OTHER: Final = "other"
"""What stands for all words beyond the limit."""

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Pairs:
    """Pairs of a step and a word, each with a number from 0 on, in the order in which they were met."""

    def __init__(self, most: int) -> None:
        """Take how many are told apart: what a hostile target makes up must fill neither memory nor screen."""
        self.known: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._most = most

    def numbers(self, steps: pa.DictionaryArray, words: pa.DictionaryArray) -> Numbers:
        """Return the number of each row's pair: one look-up for each pair that there is, none for a row."""
        own_steps, own_words = steps.dictionary.to_pylist(), words.dictionary.to_pylist()
        place = steps.indices.to_numpy().astype(np.int64) * len(own_words) + words.indices.to_numpy()
        table: Numbers = np.zeros(len(own_steps) * len(own_words), np.int64)
        for one in np.flatnonzero(np.bincount(place, minlength=len(table))).tolist():
            step, word = divmod(one, len(own_words))
            table[one] = self._number(own_steps[step], own_words[word])
        numbers: Numbers = table[place]
        return numbers

    def _number(self, step: str, word: str) -> int:
        pair = step, word
        if pair not in self._numbers:
            if len(self.known) >= self._most and word != OTHER:
                return self._number(step, OTHER)
            self._numbers[pair] = len(self.known)
            self.known.append(pair)
        return self._numbers[pair]

    def which(self, wanted: Callable[[str, str], bool]) -> Flags:
        """Return of each number whether its step and word are wanted."""
        flags: Flags = np.array([wanted(*pair) for pair in self.known], np.bool_)
        return flags


def grown(sums: Numbers, more: Numbers) -> Numbers:
    """Return the sum of two counts by number, of which the second may know more numbers. Neither is changed."""
    together: Numbers = more.copy()
    together[: len(sums)] += sums
    return together
