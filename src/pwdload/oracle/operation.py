"""The operations of a run: what was asked of an account's password, between which instants, and what came of it.

Field by field in arrays, because a run has a million of them; `Op` is one of them for those who look at one account.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdload.statistics.ordering import taken

Ints = NDArray[np.integer]
"""Whole numbers, as narrow as they can be."""
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Kind(IntEnum):
    """What an operation asks for."""

    NONE = 0
    """Nothing that is about the password of an account."""
    LOGIN = 1
    UPDATE = 2
    SKIP = 3
    SET = 4
    """An administrator's change."""
    FOREIGN = 5
    """An update that another account has sent with a state_token of this one: a broken target may change either."""


class Result(IntEnum):
    """What came of it."""

    NOTHING = 0
    """Not sent, or turned away unread: it has no effect."""
    OK = 1
    REFUSED = 2
    """By a documented refusal: it has no effect."""
    DOUBTFUL = 3
    """It may take effect once, at any later time, or never."""


class Why(IntEnum):
    """Why it was refused."""

    NONE = 0
    WRONG_PASSWORD = 1
    TOKEN = 2
    LOCKED = 3
    OTHER = 4


class Op(NamedTuple):
    """One operation on one account."""

    row: int
    """Its row in the samples; -1 for a login after the run."""
    kind: int
    """A `Kind`."""
    result: int
    """A `Result`."""
    why: int
    """A `Why`."""
    call_s: float
    return_s: float
    """Infinite where it is doubtful."""
    password: str
    """Sent as the one in force; empty where none was."""
    new: str
    """Asked for; empty where none was, or none that can be known."""
    token: int
    """Digest of the state_token that a login handed out, or another call carried; 0 where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OfRows:
    """A wide column of the samples, in the order of the operations: of a long run it is not there a second time."""

    row: Ints
    """Of each operation, its row in the samples."""
    values: NDArray[Any]
    """By row of the samples."""
    is_open: Flags | None = None
    """Of each operation, whether it is infinite whatever the row says; null: none is."""

    def __getitem__(self, at: Ints | slice) -> NDArray[Any]:
        """Return the values of some operations, as a copy."""
        found: NDArray[Any] = taken(self.values, self.row[at])
        if self.is_open is not None:
            found[self.is_open[at]] = np.inf
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Operations sorted by account, then by call: the same place in each array is about the same one."""

    row: Ints
    account: Ints
    kind: Ints
    result: Ints
    why: Ints
    call_s: OfRows
    return_s: OfRows
    """Infinite where it is doubtful."""
    password: Ints
    """A place in `words`."""
    new: Ints
    """A place in `words`."""
    token: OfRows
    is_own_token: Flags
    """Whether the token was handed out to this very account."""
    words: tuple[str, ...]
    """Every name of a password; the first is the empty one."""

    def __len__(self) -> int:
        return len(self.row)

    def span(self, account: int) -> tuple[int, int]:
        """Return the first place of an account, and the one behind its last."""
        start, end = np.searchsorted(self.account, [account, account + 1])
        return int(start), int(end)

    def of(self, account: int) -> list[Op]:
        """Return the operations of one account, in the order of their calls."""
        start, end = self.span(account)
        columns = (self.row, self.kind, self.result, self.why, self.call_s, self.return_s)
        plain = [column[start:end].tolist() for column in columns]
        words = [[self.words[at] for at in column[start:end].tolist()] for column in (self.password, self.new)]
        return [Op(*fields) for fields in zip(*plain, *words, self.token[start:end].tolist(), strict=True)]
