"""One direction of a link: from a source through a chain of stages to a sink."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from pwdload.faults.kind import Kind
from pwdload.faults.links import Active
from pwdload.faults.side import Side
from pwdload.faults.stage import Chain, End, Stage
from pwdload.faults.toxic import Stream, Toxic

if TYPE_CHECKING:
    from pwdload.faults.link import Link

HELD_LIMIT = 256 * 1024
"""Bytes that the stages of one direction may hold before its source is read no more."""

_NOTHING = Active.of(Toxic(name="", kind="noop"), Kind(name="noop", words="does nothing"))


def drop(_: bytes) -> None:
    """Take what nobody is there for any more."""


class WayOut(Stage):
    """The end of a chain: what arrives here is sent."""

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane
        self.data: Callable[[bytes], None] = drop  # type: ignore[assignment]
        """Sends it: the transport's own method in the place of ours, for all that is carried comes by here."""

    def end(self, how: End) -> None:
        """Do to the sink what was done by the source, or what a stage wants."""
        link = self._lane.link
        if how is End.RESET:
            link.reset()
        elif how is End.CLOSE:
            link.close()
        else:
            self._lane.finish()

    def open(self) -> None:
        """Send from now on."""
        self.data = self._lane.sink.transport.write

    def shut(self) -> None:
        """Send nothing any more."""
        self.data = drop


class Lane:
    """One direction of a link."""

    def __init__(self, link: "Link", stream: Stream, source: Side, sink: Side) -> None:
        self.link = link
        self.stream = stream
        self.source = source
        self.sink = sink
        self.way_out = WayOut(self)
        self.chain = Chain(Stage(Spot(self, _NOTHING, link.number)), self.way_out)
        self.finished = False
        """Whether the source's end has been passed on to the sink."""
        self._held = 0
        self._sink_full = False

    def hold(self, size: int) -> None:
        """Count what stages hold, and stop the source when it is too much."""
        self._held += size
        self._pace()

    def sink_is_full(self, full: bool) -> None:
        """Stop the source, or let it go on."""
        self._sink_full = full
        self._pace()

    def finish(self) -> None:
        """Tell the sink that nothing more comes."""
        self.finished = True
        if self.link.opposite(self).finished or self.source.lost or not self.sink.transport.can_write_eof():
            self.link.close()
        else:
            self.way_out.shut()
            self.sink.transport.write_eof()

    def _pace(self) -> None:
        if self._sink_full or self._held > HELD_LIMIT:
            self.source.transport.pause_reading()
        else:
            self.source.transport.resume_reading()


class Spot:
    """A place in a lane where a stage stands (`pwdload.faults.stage.Place`)."""

    __slots__ = ("_active", "_lane", "_number", "_timer")  # one is made for each request that is hit

    def __init__(self, lane: Lane, active: Active, number: int) -> None:
        self._active = active
        self._lane = lane
        self._number = number
        self._timer: asyncio.TimerHandle | None = None

    @property
    def toxic(self) -> Toxic:
        """What the stage was made for."""
        return self._active.toxic

    @property
    def per_message(self) -> bool:
        """Whether the stage is there for one request or answer."""
        return self._active.per_message

    @property
    def head_request(self) -> bool:
        """Whether the request at hand is a HEAD."""
        return self._lane.link.exchanges.head_request

    @property
    def fresh(self) -> bool:
        """Whether nothing has yet gone in this direction of the connection."""
        return not self._lane.source.carried or not self._lane.link.carries

    def random(self) -> Random:
        """Return the random numbers of this stage."""
        return self._active.draws.random(self._number)

    def now_s(self) -> float:
        """Return the loop's time."""
        return self._lane.link.loop.time()

    def later(self, when_s: float, call: Callable[[], None]) -> None:
        """Have this called at a time of the loop's clock, and what was asked for before not."""
        self.cancel()
        if not self._lane.link.closing:
            self._timer = self._lane.link.loop.call_at(when_s, call)

    def cancel(self) -> None:
        """Call nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def hold(self, size: int) -> None:
        """Say that so many bytes are kept or, if negative, let go."""
        self._lane.hold(size)

    def answer(self, answer: bytes) -> None:
        """Answer the request at hand in the target's place."""
        self._lane.link.exchanges.answer(answer)

    def deliver_again(self, request: bytes, copies: int) -> None:
        """Send this request so many times over connections of its own."""
        self._lane.link.links.deliver_again(request, copies)
