"""Words of passwords by account, for millions of accounts: what a dictionary would be, in arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from pwdload.oracle.operation import Ints

NOT_KNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByAccount:
    """A word for each of some accounts."""

    accounts: Ints
    """Ascending, each once."""
    words: Ints

    @classmethod
    def of_pairs(cls, accounts: Ints, words: Ints) -> Self:
        """Take pairs in any order; of an account that comes again the last counts."""
        order = np.argsort(accounts, kind="stable")
        accounts, words = accounts[order], words[order]
        is_last = np.append(accounts[1:] != accounts[:-1], True)[: len(accounts)]
        return cls(accounts=accounts[is_last], words=words[is_last])

    @classmethod
    def of_mapping(cls, words: Mapping[int, int]) -> Self:
        """Take a dictionary."""
        return cls.of_pairs(np.array([*words], np.int64), np.array([*words.values()], np.int64))

    def get(self, account: int, default: int | None = None) -> int | None:
        """Return the word of one account."""
        place = int(np.searchsorted(self.accounts, account))
        is_there = place < len(self.accounts) and self.accounts[place] == account
        return int(self.words[place]) if is_there else default

    def of(self, accounts: Ints) -> Ints:
        """Return the words of many accounts, `NOT_KNOWN` of those that have none."""
        if not len(self.accounts):
            return np.full(len(accounts), NOT_KNOWN, np.int64)
        place = np.minimum(np.searchsorted(self.accounts, accounts), len(self.accounts) - 1)
        found: Ints = np.where(self.accounts[place] == accounts, self.words[place], NOT_KNOWN)
        return found
