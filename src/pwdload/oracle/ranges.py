"""Ranges of accounts that have about as many samples each."""

import numpy as np

from pwdload.oracle.operation import Ints

_BINS = 1 << 16


class Accounts:
    """How many samples accounts have, counted so many neighbours together as keeps it short."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)
        self._shift = 0
        self.rows = 0

    def count(self, account: Ints) -> None:
        """Count the accounts of some samples; those of none count as of the first."""
        self.rows += len(account)
        known = np.maximum(account, 0)
        while int(known.max(initial=0)) >> self._shift >= _BINS:
            folded = self._counts.reshape(-1, 2).sum(axis=1)
            self._counts, self._shift = np.append(folded, np.zeros_like(folded)), self._shift + 1
        self._counts += np.bincount(known >> self._shift, minlength=_BINS)

    def bounds(self, parts: int) -> Ints:
        """Return the first account of each range but the first: as many ranges as asked for, some may be empty."""
        before = np.cumsum(self._counts)
        wanted = np.arange(1, parts) * (self.rows / parts)
        found: Ints = (np.searchsorted(before, wanted) + 1) << self._shift
        return found


def parts_of(account: Ints, seq: Ints, bounds: Ints) -> Ints:
    """Return the range of each sample's account; samples of no account are shared out by their numbers."""
    found = np.searchsorted(bounds, account, side="right")
    return np.where(account < 0, seq % (len(bounds) + 1), found).astype(np.int32)


def hashed(numbers: Ints, parts: int) -> Ints:
    """Share numbers out over parts, whatever they are, the same number always to the same."""
    return (_mixed(numbers) % np.uint64(parts)).astype(np.int32)


def slots(numbers: Ints, bits: int) -> Ints:
    """Return a number of so many bits for each."""
    return (_mixed(numbers) & np.uint64((1 << bits) - 1)).astype(np.int64)


def _mixed(numbers: Ints) -> np.ndarray:
    """Return numbers that look drawn at random (Fibonacci hashing), of which the upper half of the bits is used."""
    return (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
