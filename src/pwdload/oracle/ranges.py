"""Ranges of accounts that have about as many samples each, and numbers shared out whatever they are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pwdload.oracle.operation import Ints
from pwdload.statistics.ordering import taken

_BINS = 1 << 16


class Accounts:
    """How many samples accounts have, so many neighbours counted together as keeps it short."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)
        self._shift = 0

    def count(self, account: Ints) -> None:
        """Count the accounts of some samples; those of none count as of the first."""
        known = np.maximum(account, 0)
        while int(known.max(initial=0)) >> self._shift >= _BINS:
            folded = self._counts.reshape(-1, 2).sum(axis=1)
            self._counts, self._shift = np.append(folded, np.zeros_like(folded)), self._shift + 1
        self._counts += np.bincount(known >> self._shift, minlength=_BINS)

    def ranges(self, parts: int) -> "Ranges":
        """Return so many ranges, some of which may be empty."""
        before = np.cumsum(self._counts) - self._counts
        number = before * parts // max(int(self._counts.sum()), 1)
        return Ranges(parts=parts, shift=self._shift, number=np.minimum(number, parts - 1).astype(np.int16))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranges:
    """Which account is in which range; they rise together."""

    parts: int
    shift: int
    number: Ints
    """Of the range, by the account shifted to the right."""

    def of_rows(self, columns: Mapping[str, Ints]) -> Ints:
        """Return the range of each sample; those of no account by flow, or by number where there is none."""
        flow = columns["flow"]
        return self.of(columns["account"], np.where(flow < 0, columns["seq"], flow))

    def of(self, account: Ints, turn: Ints) -> Ints:
        """Return the range of each account; what is of none goes where its turn says."""
        place = np.clip(account >> account.dtype.type(self.shift), 0, len(self.number) - 1)
        found = taken(self.number, place)
        nobody = np.flatnonzero(account < 0)
        found[nobody] = turn[nobody] % self.parts
        return found


def hashed(numbers: Ints, parts: int) -> Ints:
    """Share numbers out over parts, the same number always to the same."""
    found: Ints = (_mixed(numbers) % np.uint32(parts)).astype(np.int16)
    return found


def slots(numbers: Ints, bits: int) -> Ints:
    """Return a number of so many bits for each, which says nothing of its part."""
    found: Ints = ((_mixed(numbers) * np.uint32(0x85EBCA6B)) >> np.uint32(32 - bits)).view(np.int32)
    return found


def _mixed(numbers: Ints) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Return numbers that look drawn at random: the upper half of Fibonacci hashing."""
    mixed = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    return mixed.astype(np.uint32)
