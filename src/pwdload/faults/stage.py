"""What stands in the way of the bytes that go in one direction: a chain of stages, with a no-op at its head.

    source ---> [no-op] ---> [latency] ---> [slicer] ---> sink

A stage is given data and, at last, an end; it hands them to the stage after it, now, later, changed or never. All of it
happens on one event loop, by calls and timers: there is no task per stage, so none can be left over.
"""

import math
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from itertools import pairwise
from random import Random
from typing import Protocol

from pwdload.faults.toxic import Toxic


class End(Enum):
    """How a direction ends."""

    MESSAGE = auto()
    """The request or answer is over; the connection goes on. Seen only by stages that stand there for one message."""
    FIN = auto()
    """The source has said all it will say; the other direction goes on."""
    CLOSE = auto()
    """The connection is closed on both sides, once what came before this is sent: what a stage says, never a source."""
    RESET = auto()
    """The connection is broken off on both sides, seen as a reset: the source has done so, or a stage wants it."""


class Place(Protocol):
    """Where a stage stands: one direction of one connection, or one message there. What a stage may do to it."""

    @property
    def toxic(self) -> Toxic:
        """What the stage was made for, with every attribute said."""

    @property
    def per_message(self) -> bool:
        """Whether the stage is there for one request or answer, and not for the whole connection."""

    @property
    def head_request(self) -> bool:
        """Whether the request at hand is a HEAD, whose answer has no body."""

    @property
    def fresh(self) -> bool:
        """Whether nothing has yet gone in this direction of the connection."""

    def random(self) -> Random:
        """Return the random numbers of this stage: the same for the same seed, name of toxic, connection or request."""

    def now_s(self) -> float:
        """Return the loop's time."""

    def later(self, when_s: float, call: Callable[[], None]) -> None:
        """Have this called at a time of the loop's clock, and what was asked for before not; never after `cancel`."""

    def cancel(self) -> None:
        """Call nothing any more."""

    def hold(self, size: int) -> None:
        """Say that so many bytes are kept (or, if negative, let go): past a limit the source is not read."""

    def answer(self, answer: bytes) -> None:
        """Answer the request at hand in the target's place."""

    def deliver_again(self, request: bytes, copies: int) -> None:
        """Send this request so many times over connections of its own, and throw the answers away."""


class Stage:
    """The no-op, and what every stage begins with."""

    onward: "Stage"
    """The stage after this one."""
    closes_when_healed: bool = False
    """Whether the connection cannot go on when this stage is removed, because bytes are missing in it."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def data(self, data: bytes) -> None:
        """Take what comes."""
        self.onward.data(data)

    def end(self, how: End) -> None:
        """Take the end; nothing comes after it."""
        self.onward.end(how)

    def stop(self) -> None:
        """Hand on what is held, in order: the stage is about to be taken out, and its timer is off already."""


class Waiting(Stage):
    """Hands things on later, each at a time of its own, and never out of order."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._queue: deque[tuple[float, bytes | End]] = deque()
        self.last_due_s = 0.0
        """When the last thing taken so far is due."""

    def wait(self, item: bytes | End, due_s: float) -> None:
        """Hand this on when it is due, but not before what came earlier; never is `math.inf`."""
        self.last_due_s = max(self.last_due_s, due_s)
        if not self._queue and self.last_due_s <= self.place.now_s():
            self._hand_on(item)
            return
        self._queue.append((self.last_due_s, item))
        if isinstance(item, bytes):
            self.place.hold(len(item))
        if len(self._queue) == 1 and self.last_due_s < math.inf:
            self.place.later(self.last_due_s, self._work)

    def stop(self) -> None:
        """Hand everything on now."""
        while self._queue:
            self._next()

    def _work(self) -> None:
        now_s = self.place.now_s()
        while self._queue and self._queue[0][0] <= now_s:
            self._next()
        if self._queue and self._queue[0][0] < math.inf:
            self.place.later(self._queue[0][0], self._work)

    def _next(self) -> None:
        _, item = self._queue.popleft()
        if isinstance(item, bytes):
            self.place.hold(-len(item))
        self._hand_on(item)

    def _hand_on(self, item: bytes | End) -> None:
        if isinstance(item, bytes):
            self.onward.data(item)
        else:
            self.onward.end(item)


class Chain:
    """The stages of one direction, in the order in which their toxics were added, from a no-op to an exit."""

    def __init__(self, head: Stage, way_out: Stage) -> None:
        self.head = head
        self._way_out = way_out
        self._stages: list[Stage] = []
        head.onward = way_out

    def named(self, name: str) -> Stage | None:
        """Return the stage of this toxic."""
        return next((stage for stage in self._stages if stage.place.toxic.name == name), None)

    def append(self, stage: Stage) -> None:
        """Put a stage last."""
        # Not wired anew as a whole: this is done for each request that is hit.
        (self._stages[-1] if self._stages else self.head).onward = stage
        stage.onward = self._way_out
        self._stages.append(stage)

    def swap(self, old: Stage, new: Stage) -> None:
        """Put a stage in the place of another, which hands on what it holds."""
        self._stop(old)
        new.closes_when_healed |= old.closes_when_healed
        self._stages[self._stages.index(old)] = new
        self._wire()

    def remove(self, stage: Stage) -> None:
        """Take a stage out, which hands on what it holds."""
        self._stop(stage)
        self._stages.remove(stage)
        self._wire()

    def lost_bytes(self) -> bool:
        """Whether a stage has kept bytes for good that belong here."""
        return any(stage.closes_when_healed for stage in self._stages)

    def drop(self) -> None:
        """Have no stage do anything any more."""
        for stage in self._stages:
            stage.place.cancel()

    def _stop(self, stage: Stage) -> None:
        stage.place.cancel()
        stage.stop()

    def _wire(self) -> None:
        for stage, after in pairwise([self.head, *self._stages, self._way_out]):
            stage.onward = after
