"""How blocks get from a process to the one that keeps them, whatever the connection does. Pure: time is passed in.

The sender numbers its blocks and keeps each until the receiver has said that it wants a later one. The receiver stores
each block once and in order: it answers every message with the number that it wants next, which tells of everything
below that it is safe. So a lost message, either way, costs a repetition and nothing else; a doubled or a late one
changes nothing; and what is missing at the end is known by its numbers.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf

from pwdload.samples.blocks import Block, DamagedBlockError

WINDOW_BYTES = 1 << 20
"""How much may be on the way unanswered: heartbeats share the connection and must not wait long behind samples."""
MEMORY_BYTES = 16 << 20
"""How much of what is not answered is kept in memory; the rest is read again from the spool when its turn comes."""
PATIENCE_S = 3.0
PATIENCE_S_MAX = 30.0
"""How long an answer is waited for at first, and at most: the wait doubles while nothing comes back."""
_OVERTAKEN_S = 0.5
"""How long after it was sent a block that is still asked for is taken for lost; no line reorders by so much."""


@dataclass(slots=True)
class _Parcel:
    number: int
    size: int
    place: int | None
    """Where it is in the spool; null when it is nowhere but in memory."""
    frame: bytes | None
    """Null when it must be read from the spool."""
    sent_s: float | None = None


class Outbox:
    """The sender's side: what was made and is not known to be safe."""

    def __init__(
        self,
        read: Callable[[int, int], bytes],
        *,
        window_bytes: int = WINDOW_BYTES,
        memory_bytes: int = MEMORY_BYTES,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Take the spool's `read(place, length)`, and the limits."""
        self.held_bytes = 0
        """How much is in memory."""
        self._read = read
        self._window_bytes = window_bytes
        self._memory_bytes = memory_bytes
        self._first_patience_s = self._patience_s = patience_s
        self._moved_s = -inf
        """When an answer last said that one more block is safe."""
        self._parcels: deque[_Parcel] = deque()

    def __len__(self) -> int:
        """Return how many blocks are not known to be safe."""
        return len(self._parcels)

    def add(self, block: Block, place: int | None) -> None:
        """Take charge of a block, with its place in the spool; null when only memory has it."""
        size = len(block.frame)
        in_memory = place is None or self.held_bytes + size <= self._memory_bytes
        self._parcels.append(_Parcel(block.number, size, place, block.frame if in_memory else None))
        self.held_bytes += size if in_memory else 0

    def due(self, now_s: float) -> Iterator[bytes]:
        """Yield the frames to send now, in order: new ones, and if an answer is overdue all that are on the way."""
        window = self._in_window()
        if window and self._is_overdue(window[0], self._patience_s, now_s):
            self._send_again(window)
            self._patience_s = min(2.0 * self._patience_s, PATIENCE_S_MAX)
        for parcel in window:
            if parcel.sent_s is None:
                frame = self._frame(parcel)
                parcel.sent_s = now_s
                yield frame

    def _is_overdue(self, oldest: _Parcel, patience_s: float, now_s: float) -> bool:
        """Whether nothing has moved for so long; on a slow line answers take long, but they keep coming."""
        return oldest.sent_s is not None and now_s - max(oldest.sent_s, self._moved_s) >= patience_s

    def _in_window(self) -> list[_Parcel]:
        """Return the oldest blocks that fit into the window, and at least one."""
        chosen: list[_Parcel] = []
        size = 0
        for parcel in self._parcels:
            size += parcel.size
            if chosen and size > self._window_bytes:
                break
            chosen.append(parcel)
        return chosen

    def _frame(self, parcel: _Parcel) -> bytes:
        if parcel.frame is not None:
            return parcel.frame
        assert parcel.place is not None  # noqa: S101 - see `add`
        return self._read(parcel.place, parcel.size)

    def acknowledge(self, wanted: int, now_s: float) -> None:
        """Forget every block below the number that the receiver wants next.

        An answer that asks for a block sent a while ago tells that later ones have overtaken it: it is lost, and so,
        to a receiver that keeps the order, are they.
        """
        before = len(self._parcels)
        while self._parcels and self._parcels[0].number < wanted:
            parcel = self._parcels.popleft()
            self.held_bytes -= parcel.size if parcel.frame is not None else 0
        if len(self._parcels) < before:
            self._moved_s, self._patience_s = now_s, self._first_patience_s
        elif self._parcels and self._is_overdue(self._parcels[0], _OVERTAKEN_S, now_s):
            self._send_again(self._parcels)

    def connection_was_reset(self) -> None:
        """Have everything sent again at once: what was on the way is lost with its connection."""
        self._patience_s = self._first_patience_s
        self._send_again(self._parcels)

    @staticmethod
    def _send_again(parcels: Iterable[_Parcel]) -> None:
        for parcel in parcels:
            parcel.sent_s = None


class Inbox:
    """The receiver's side: takes each block of one sender once and in order."""

    def __init__(self, store: Callable[[Block], object]) -> None:
        """Take what keeps a block for good; when it returns, the block is safe."""
        self.wanted = 0
        """The number of the block that comes next: all below are stored."""
        self.rows = 0
        """How many samples are stored."""
        self._store = store

    def take(self, frame: bytes) -> int:
        """Store the block if it is the one that is wanted, and return the number to answer with.

        Doubles, blocks from beyond a gap and damaged ones are left alone: the answer has them sent again, if need be.

        Raises:
            OSError: it could not be stored; it is still wanted.
        """
        try:
            block = Block.parse(frame)
        except DamagedBlockError:
            return self.wanted
        if block.number == self.wanted:
            self._store(block)
            self.wanted += 1
            self.rows += block.rows
        return self.wanted
