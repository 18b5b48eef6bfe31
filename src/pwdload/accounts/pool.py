"""Ready accounts by state, leased one flow at a time.

A `Stock` knows how many accounts of each state a run has and hands out ranges of them, each place once. A `Pool`
belongs to one process, draws ranges as it needs them, and leases single accounts to flows. So no account is ever in
two pools, and only numbers travel between processes.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from pwdload.accounts.account import Account
from pwdload.errors import AccountsError

Draw = Callable[[str, int], Sequence[Account]]
"""Fetches up to so many fresh accounts of a state; fewer when they run out."""


class Stock:
    """How many accounts of each state a run has, and how many are handed out."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.pools = 1
        """How many pools draw from it."""
        self._sizes = sizes
        self._handed_out = dict.fromkeys(sizes, 0)

    def draw(self, state: str, count: int) -> range:
        """Hand out the next places among the accounts of a state: up to `count`, none only when none is left.

        One pool gets at most its part of half of what is left, so that the last accounts are spread over all pools.
        """
        begin = self._handed_out.get(state, 0)
        left = self._sizes.get(state, 0) - begin
        end = begin + min(count, left, max(left // (2 * self.pools), 1))
        self._handed_out[state] = end
        return range(begin, end)


class Pool:
    """The accounts of one process that are ready, by state.

    Accounts that come back go to the end of the queue, so that one rests as long as possible between two flows.
    """

    def __init__(
        self, draw: Draw, *, draw_at_once: int = 100, lock: AbstractContextManager[object] | None = None
    ) -> None:
        """Take a way to draw accounts, and a lock where drawing lets other flows of this process run meanwhile."""
        self._draw = draw
        self._lock = lock or nullcontext()
        self._draw_at_once = draw_at_once
        self._reserve = draw_at_once // 4 + 1
        self._ready: dict[str, deque[Account]] = {}
        self._dry: set[str] = set()

    def lease(self, state: str) -> Account:
        """Take a ready account; it is the caller's until `give_back`, or for ever.

        Raises:
            AccountsError: none is left in that state.
        """
        ready = self._ready.setdefault(state, deque())
        if len(ready) < self._reserve and state not in self._dry:
            self._restock(state, ready)
        if not ready:
            raise AccountsError(
                f"accounts ran dry: none is left in state {state}; "
                "give the run more accounts, fewer changes, or less time"
            )
        return ready.popleft()

    def _restock(self, state: str, ready: deque[Account]) -> None:
        with self._lock:
            if len(ready) >= self._reserve or state in self._dry:
                return  # another flow has restocked while this one waited for the lock
            drawn = self._draw(state, self._draw_at_once)
            if not drawn:
                self._dry.add(state)
            ready.extendleft(reversed(drawn))  # before those that have come back, which rest longer so

    def give_back(self, state: str, account: Account) -> None:
        """Return an account that is still in that state."""
        self._ready.setdefault(state, deque()).append(account)
