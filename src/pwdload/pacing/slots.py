"""Who takes the next arrival: idle slots, the most recently used first, and a queue of bounded length before them.

A slot is whatever plays one flow at a time (under Locust, a user). This is the state and its rules alone; whoever
holds it wakes the slots and keeps the time.

    due --> an idle slot that may play it? --> that slot, the one that became idle last
               |  none
               v
            the queue is shorter than its limit? --> waits, with its intended time
               |  no
               v
            dropped, and counted
"""

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from pwdload.pacing.schedule import Arrival

Slot = TypeVar("Slot", bound=Hashable)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the arrivals so far: due = begun + dropped + waiting, or abandoned at the end."""

    due: int = 0
    begun: int = 0
    waited: int = 0
    """How many of the begun ones found no idle slot when they were due."""
    waited_s_max: float = 0.0
    dropped: int = 0
    first_dropped_s: float | None = None
    """When the first dropped one was due."""
    abandoned: int = 0


class Call(NamedTuple):
    """An arrival with the case that it plays."""

    arrival: Arrival
    case: str


class SlotQueue(Generic[Slot]):
    """Idle slots and waiting arrivals of one process.

    Slots are of kinds (user classes), and each kind plays certain cases only. Most recently used first keeps
    connections warm: under light load a few slots do all the work, as few clients do with a real service.
    """

    def __init__(self, *, players: Mapping[str, tuple[str, ...]], queue_limit: int) -> None:
        """Take the kinds of slots that play each case, and how many arrivals may wait."""
        self.tally = Tally()
        self.queue_limit = queue_limit
        self._players = players
        self._idle: dict[str, dict[Slot, int]] = {kind: {} for kinds in players.values() for kind in kinds}
        """Idle slots by kind, in the order in which they became idle, each with its place in that order."""
        self._waiting: dict[tuple[str, ...], deque[Call]] = {kinds: deque() for kinds in players.values()}
        """Arrivals by the kinds that may take them, in the order in which they were due."""
        self._queues_of = {
            kind: tuple(queue for kinds, queue in self._waiting.items() if kind in kinds) for kind in self._idle
        }
        """The same by each of these kinds."""
        self._times_idle = 0
        self.queued = 0
        """How many arrivals are waiting."""

    @property
    def idle(self) -> int:
        """How many slots are idle."""
        return sum(map(len, self._idle.values()))

    @property
    def has_idle(self) -> bool:
        """Whether any slot is idle."""
        return any(self._idle.values())

    def due(self, call: Call) -> Slot | None:
        """Take an arrival that is due; return the slot that must begin it now, no longer idle, if there is one.

        Otherwise it waits, or is dropped; the tally says which.
        """
        tally, kinds = self.tally, self._players[call.case]
        tally.due += 1
        kind = kinds[0] if len(kinds) == 1 else max(kinds, key=self._last_idle)
        idle = self._idle[kind]
        if idle:
            tally.begun += 1
            return idle.popitem()[0]
        if self.queued < self.queue_limit:
            self.queued += 1
            self._waiting[kinds].append(call)
        else:
            tally.dropped += 1
            if tally.first_dropped_s is None:
                tally.first_dropped_s = call.arrival.due_s
        return None

    def free(self, slot: Slot, kind: str, now_s: float) -> Call | None:
        """Take back a slot; return the arrival that it must begin now, or null: it is idle until `due` returns it.

        Of the waiting arrivals that its kind may play it gets the one that has waited longest.
        """
        if self.queued:
            queues = self._queues_of.get(kind, ())
            queue = queues[0] if len(queues) == 1 else min(filter(None, queues), key=_first, default=None)
            if queue:
                return self._begin(queue.popleft(), now_s)
        self._times_idle += 1
        idle = self._idle.get(kind)
        if idle is None:
            idle = self._idle[kind] = {}
        idle[slot] = self._times_idle
        return None

    def leave(self, slot: Slot, kind: str) -> bool:
        """Let a slot take no more until it is `free` again; return whether it was idle."""
        idle = self._idle.get(kind)
        return idle is not None and idle.pop(slot, None) is not None

    def all_idle(self) -> tuple[Slot, ...]:
        """Return the slots that are idle."""
        return tuple(slot for idle in self._idle.values() for slot in idle)

    def give_up(self) -> None:
        """Count an arrival that is due and that nobody will begin: the run is being broken off."""
        self.tally.due += 1
        self.tally.abandoned += 1

    def abandon(self) -> None:
        """Give up all that wait: nobody will begin them."""
        self.tally.abandoned += self.queued
        self.queued = 0
        for queue in self._waiting.values():
            queue.clear()

    def _begin(self, call: Call, now_s: float) -> Call:
        self.queued -= 1
        tally = self.tally
        tally.begun += 1
        tally.waited += 1
        waited_s = now_s - call.arrival.due_s
        if waited_s > tally.waited_s_max:  # noqa: PLR1730 - `max` costs as much as all the rest
            tally.waited_s_max = waited_s
        return call

    def _last_idle(self, kind: str) -> int:
        """Place of a kind's most recently idle slot; 0 when it has none."""
        idle = self._idle[kind]
        return idle[next(reversed(idle))] if idle else 0


def _first(queue: deque[Call]) -> int:
    return queue[0].arrival.number
