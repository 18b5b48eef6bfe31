"""The accounts of one process that are ready, by state, leased one flow at a time.

A `Pool` draws accounts from the master as it needs them, some at a time, and lends single ones to flows. It knows
until when it may (`pwdload.accounts.holding`): so no account is ever in two pools, nor in two flows of one pool.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Status
from pwdload.accounts.holding import Holding
from pwdload.accounts.leases import Stocked
from pwdload.errors import AccountsError

_READY: Final = Status.READY
Draw = Callable[[str, int], Sequence[Account]]
"""Fetches up to so many accounts of a state into the holding; fewer when they run out."""


class Marks(Protocol):
    """How far a process's journal is written, and how much of it would outlive the process's disk."""

    @property
    def written(self) -> int:
        """The end of the journal."""

    @property
    def safe(self) -> int:
        """What is below this mark is with the master."""


class Pool:
    """Ready accounts by state, and those that wait to be made ready again.

    Accounts that come back go to the end of the queue, so that one rests as long as possible between two flows. One
    that was changed is not used for a next change before the records of this one are safe: whatever is lost with a
    process, at most one change of each account is.
    """

    def __init__(
        self,
        draw: Draw,
        holding: Holding,
        now: Callable[[], float],
        *,
        draw_at_once: int = 100,
        lock: AbstractContextManager[object] | None = None,
        rearms: bool = False,
        marks: Marks | None = None,
    ) -> None:
        """Take a way to draw accounts, and a lock where drawing lets other flows of this process run meanwhile.

        `rearms`: accounts that were changed are kept, for `lease_changed`. `marks`: null where the journal is on the
        master's disk.
        """
        self.holding = holding
        self.left: Callable[[], int] = lambda: 0
        """Says how many accounts could still be drawn, where that is known here."""
        self._draw = draw
        self._now = now
        self._lock = lock or nullcontext()
        self._draw_at_once = draw_at_once
        self._reserve = draw_at_once // 4 + 1
        self._rearms = rearms
        self._ready: dict[str, deque[Account]] = {}
        self._changed: deque[Account] = deque()
        self._dry: set[str] = set()
        self._marks = marks
        self._resting: deque[tuple[int, deque[Account], Account]] = deque()
        """Accounts that were changed: until which mark the journal must be safe, and where they go then."""

    def lease(self, state: str) -> Account:
        """Take a ready account; it is the caller's until `give_back`.

        Raises:
            AccountsError: none is left in that state.
        """
        ready = self._ready.get(state)
        if ready is None:
            ready = self._ready_in(state)
        if self._resting:
            self._wake()
        if len(ready) < self._reserve:
            self._restock(state, ready)
        while ready:
            account = ready.popleft()
            if self.holding.begin(account, self._now()):
                return account
            if not ready:  # all leases have run out
                self._restock(state, ready)
        raise AccountsError(
            f"accounts ran dry: none is left in state {state}; give the run more accounts, fewer changes, or less time"
        )

    @property
    def stocked(self) -> Stocked:
        """How many accounts are ready, those that could still be drawn included, and how many are in flows' hands."""
        return Stocked(sum(map(len, self._ready.values())) + self.left(), self.holding.in_hands)

    def _restock(self, state: str, ready: deque[Account]) -> None:
        """Draw when little is left; where the last draw gave nothing, only when nothing is left."""
        with self._lock:
            if len(ready) >= (1 if state in self._dry else self._reserve):
                return  # another flow has restocked while this one waited for the lock
            drawn = self._draw(state, self._draw_at_once)
            (self._dry.discard if drawn else self._dry.add)(state)
            ready.extendleft(reversed(drawn))  # before those that have come back, which rest longer so

    def may_use(self, account: Account) -> bool:
        """Whether something new may be begun with an account that was leased: its lease has not run out meanwhile."""
        return self.holding.holds(account, self._now())

    def give_back(self, state: str, account: Account, status: Status = Status.READY) -> None:
        """Return an account as it is now: ready in that state, changed, in doubt or retired."""
        if status is _READY:
            was_changed, ready = self.holding.put_back(state, account), self._ready_in(state)
            if was_changed:
                self._queue_changed(ready, account)
            else:
                ready.append(account)
        elif status is Status.CHANGED and self._rearms:
            self.holding.put_aside(account)
            self._queue_changed(self._changed, account)
        else:
            self.holding.drop(account)

    def _ready_in(self, state: str) -> deque[Account]:
        ready = self._ready.get(state)
        if ready is None:
            ready = self._ready[state] = deque()
        return ready

    def _queue_changed(self, queue: deque[Account], account: Account) -> None:
        if self._marks is not None:
            self._resting.append((self._marks.written, queue, account))
        else:
            queue.append(account)

    def _wake(self) -> None:
        if self._resting and self._marks is not None:
            safe = self._marks.safe
            while self._resting and self._resting[0][0] <= safe:
                _, queue, account = self._resting.popleft()
                queue.append(account)

    def lease_changed(self) -> Account | None:
        """Take the account that has waited longest to be made ready again; null when none waits.

        It is the caller's until `give_back`.
        """
        self._wake()
        while self._changed:
            account = self._changed.popleft()
            if self.holding.begin(account, self._now()):
                return account
        return None
