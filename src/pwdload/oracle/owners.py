"""Whose a state_token is: handed out by a login to an account, and carried by later calls.

Nearly every token is carried by the very account whose login, right before, was given it. That is seen by going through
the rows of each account once; only what is left is looked up among all tokens that were handed out.
"""

import numpy as np

from pwdload.oracle.operation import Flags, Ints
from pwdload.statistics.ordering import is_among, stable_order


def is_of_last_login(account: Ints, token: Ints, is_handed: Flags) -> Flags:
    """Say of each row whether its token is the one that its account was last handed out, or is just being handed out.

    Rows are in the order of their intended times.
    """
    order = stable_order(account)
    whose, which, handed = account[order], token[order], is_handed[order]
    last = np.maximum.accumulate(np.where(handed, np.arange(len(order)), 0))
    same = handed[last] & (whose[last] == whose) & (which[last] == which) if len(order) else handed
    flags = np.empty(len(order), np.bool_)
    flags[order] = same
    return flags


def owners(account: Ints, token: Ints, is_handed: Flags) -> tuple[Ints, Flags]:
    """Return to whom each row's token was handed out, -1 where that is not known, and whether to its own account.

    A target may hand one token to two accounts, which is wrong, and told elsewhere: then each is an owner, and of its
    own. For another account's call it is the first that is returned.
    """
    is_own = is_of_last_login(account, token, is_handed) & (token != 0)
    owner = np.where(is_own, account, -1)
    left = np.flatnonzero(~is_own & (token != 0))
    if len(left):
        owner[left], is_own[left] = _looked_up(account, token, is_handed, left)
    return owner, is_own


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
