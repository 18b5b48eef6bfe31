"""The accounts of a process that plays alone: it grants them to itself."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Record
from pwdload.accounts.holding import Holding
from pwdload.accounts.leases import FOR_EVER, LeaseBook, Stock
from pwdload.accounts.pool import Pool

_MYSELF = 0
"""Number of the process in charge."""


def own_pool(
    stock: Stock,
    journal: Callable[[Sequence[Record]], object],
    *,
    first_lease: int,
    rearms: bool = False,
    draw_at_once: int = 100,
    lock: AbstractContextManager[object] | None = None,
) -> Pool:
    """Return the pool of a process that draws from a stock directly.

    Args:
        stock: what it may draw.
        journal: keeps what is granted; raises `AccountsError` where it cannot.
        first_lease: above the number of every lease of earlier runs.
        rearms: whether accounts that were changed are put back.
        draw_at_once: how many accounts are drawn at a time.
        lock: where keeping a grant lets other flows go on meanwhile.
    """
    book, holding = LeaseBook(stock, first_lease=first_lease, terms=FOR_EVER, journal=journal), Holding(FOR_EVER)

    def draw(state: str, how_many: int) -> Sequence[Account]:
        now_s = time.monotonic()
        grant = book.grant(_MYSELF, holding.ask(state, how_many, now_s), now_s)
        return (holding.take(grant, now_s) if grant is not None else None) or ()

    pool = Pool(draw, holding, time.monotonic, rearms=rearms, draw_at_once=draw_at_once, lock=lock)
    pool.left = lambda: stock.left_in_all
    return pool
