"""Whose a state_token is: handed out by a login to an account, and carried by later calls.

Nearly every token is carried by the very account whose login, right before, was given it. That is seen by going through
the rows of each account once; only what is left is looked up among all tokens that were handed out.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pwdload.oracle.operation import Flags, Ints
from pwdload.statistics.ordering import is_among, stable_order, taken

_PART = 1 << 20


def is_of_last_login(account: Ints, token: Ints, is_handed: Flags) -> Flags:
    """Say of each row whether its token is the one that its account was last handed out, or is just being handed out.

    Rows are in the order of their intended times.
    """
    order = stable_order(account)
    places = np.arange(len(order), dtype=order.dtype)
    places[~taken(is_handed, order)] = 0
    last = np.maximum.accumulate(places, out=places)
    flags = np.empty(len(order), np.bool_)
    for start in range(0, len(order), _PART):  # part by part: of a long run each column takes much room
        rows = order[start : start + _PART]
        login = order[last[start : start + _PART]]
        flags[rows] = is_handed[login] & (account[login] == account[rows]) & (token[login] == token[rows])
    return flags


class Owners(NamedTuple):
    """Whose the tokens of some rows are."""

    is_own: Flags
    """Of each row: its token was handed out to its own account."""
    rows: Ints
    """Rows with a token of which that is not so at first sight."""
    owner: Ints
    """Of each of them: the first account that its token was handed out to; -1 where it was to none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guests:
    """Of the rows of some of a run's accounts, those of other accounts: calls with a state_token of one of the former.

    Whose tokens are cannot be seen in these rows then, so that it is told here.
    """

    are: Flags
    """Which rows."""
    are_of_several: Flags
    """Which rows are guests whose own account was used by several processes."""
    owners: Owners
    """Of all rows; an owner may be an account of other rows."""
    owned_here: Flags
    """Of each of `owners.rows`, whether its owner is an account of these rows."""


def owners(account: Ints, token: Ints, is_handed: Flags) -> Owners:
    """Return whose each row's token is.

    A target may hand one token to two accounts, which is wrong, and told elsewhere: then each is an owner, and of its
    own.
    """
    is_own = is_of_last_login(account, token, is_handed) & (token != 0)
    rows = np.flatnonzero(~is_own & (token != 0))
    owner = np.full(len(rows), -1)
    if len(rows):
        owner, is_own[rows] = _looked_up(account, token, is_handed, rows)
    return Owners(is_own, rows, owner)


def _looked_up(account: Ints, token: Ints, is_handed: Flags, rows: Ints) -> tuple[Ints, Flags]:
    """Return the first owners of the tokens of some rows, and whether each was handed out to its own account."""
    wanted = np.unique(token[rows])
    handed = np.flatnonzero(is_handed)
    handed = handed[is_among(token[handed], wanted)]
    tokens, first = np.unique(token[handed], return_index=True)
    if not len(tokens):
        return np.full(len(rows), -1), np.zeros(len(rows), np.bool_)
    place = np.minimum(np.searchsorted(tokens, token[rows]), len(tokens) - 1)
    owner = np.where(tokens[place] == token[rows], account[handed][first][place], -1)
    pairs = set(zip(token[handed].tolist(), account[handed].tolist(), strict=True))
    own = [pair in pairs for pair in zip(token[rows].tolist(), account[rows].tolist(), strict=True)]
    return owner, np.array(own, np.bool_)
