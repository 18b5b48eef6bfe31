"""Columns of text for a million rows: the bytes in one block, and an index by value.

A million short texts take about 20 MB here and 70 MB as a list of `str`; each process of a run has its own copy.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


class TextColumn:
    """Texts by place, to be extended and read; half a surrogate pair is not text."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def extend(self, texts: Iterable[str]) -> None:
        """Add texts at the end."""
        end = len(self._bytes)
        encoded = [text.encode() for text in texts]
        self._bytes += b"".join(encoded)
        for piece in encoded:
            end += len(piece)
            self._ends.append(end)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode()

    def __iter__(self) -> Iterator[str]:
        for start, end in pairwise(self._ends):
            yield self._bytes[start:end].decode()

    def all_filled(self, places: NDArray[np.int64]) -> bool:
        """Whether no text at these places is empty."""
        lengths = np.diff(np.frombuffer(self._ends, dtype=np.uint64))
        return bool(np.all(lengths[places]))


class Index:
    """Finds the places of a value in a column: 16 bytes a value, by its hash; equal hashes are told apart by value."""

    def __init__(self, column: TextColumn) -> None:
        self._column = column
        hashes = np.fromiter(map(hash, column), dtype=np.int64, count=len(column))
        self._places = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._places]

    def places(self, value: str) -> Sequence[int]:
        """Return every place that a value stands at, in order."""
        start = int(np.searchsorted(self._hashes, hash(value), "left"))
        end = int(np.searchsorted(self._hashes, hash(value), "right"))
        return [place for place in self._places[start:end].tolist() if self._column[place] == value]

    def again(self) -> Iterator[tuple[int, int]]:
        """Yield each place whose value stood before, and the first place of that value; in no particular order."""
        same = self._hashes[1:] == self._hashes[:-1]
        for at in np.flatnonzero(same).tolist():
            place = int(self._places[at + 1])
            first = self.places(self._column[place])[0]
            if first != place:
                yield place, first
