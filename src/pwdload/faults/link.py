"""One client's connection and the one to the target that belongs to it: what comes on one goes out on the other.

    client <--- TCP ---> Side  --- lane upstream, with its chain of stages --->    Side <--- TCP ---> target
                               <--- lane downstream, with its chain of stages ---

No buffers of our own but what a stage holds: what the sink's socket does not take waits in its transport, and past its
limit the source is not read, so that a slow reader slows the writer, as without a proxy.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from random import Random
from typing import cast

from pwdload.faults.exchanges import Exchanges
from pwdload.faults.kind import Kind
from pwdload.faults.links import Active, Links
from pwdload.faults.stage import Chain, End, Stage
from pwdload.faults.toxic import Stream, Toxic

HELD_LIMIT = 256 * 1024
"""Bytes that the stages of one direction may hold before its source is read no more."""

_NOTHING = Active.of(Toxic(name="", kind="noop"), Kind(name="noop", words="does nothing"))
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def reset_on_close(sock: socket.socket) -> None:
    """Let the other end see a reset when this socket is closed, and not an end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def _drop(_: bytes) -> None:
    """Take what nobody is there for any more."""


class Side(asyncio.Protocol):
    """One of the two connections of a link."""

    transport: asyncio.Transport

    def __init__(self, link: "Link") -> None:
        self.link = link
        self.made = False
        self.deliver: Callable[[bytes], None] = link.too_early(self)
        """Where what comes from here goes."""
        self.carried = 0
        """Bytes that came from here."""
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep still until there are two of us."""
        self.transport = cast(asyncio.Transport, transport)
        self.made = True
        self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Pass it on; the loop's busiest line."""
        self.carried += len(data)
        self.deliver(data)
        self.link.spoke_last = self

    def eof_received(self) -> bool:
        """Pass it on; what goes the other way still does, where the transport can do that."""
        self.link.ended(self, End.FIN)
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self.lost = True
        self.link.lost(self, broken=exc is not None)

    def pause_writing(self) -> None:
        """Stop reading from the other, whose data find no room here."""
        self.link.lane_to(self).sink_is_full(True)

    def resume_writing(self) -> None:
        """Read from the other again."""
        self.link.lane_to(self).sink_is_full(False)

    def reset(self) -> None:
        """Break the connection off, so that the other end sees a reset."""
        if self.made and not self.lost:
            reset_on_close(self.transport.get_extra_info("socket"))
            self.transport.abort()


class WayOut(Stage):
    """The end of a chain: what arrives here is sent."""

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane
        self._write: Callable[[bytes], None] = _drop

    def data(self, data: bytes) -> None:
        """Send it."""
        self._write(data)

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
        self._write = self._lane.sink.transport.write

    def shut(self) -> None:
        """Send nothing any more."""
        self._write = _drop


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

    __slots__ = ("_active", "_lane", "_number", "_timer", "per_message", "toxic")

    def __init__(self, lane: Lane, active: Active, number: int) -> None:
        self.toxic = active.toxic
        self.per_message = active.per_message
        self._active = active
        self._lane = lane
        self._number = number
        self._timer: asyncio.TimerHandle | None = None

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


class Link:
    """A client's connection and the target's."""

    def __init__(self, links: Links, number: int) -> None:
        self.links = links
        self.number = number
        self.loop = asyncio.get_running_loop()
        self.carries = False
        """Whether both sides are there, and what has come early is on its way."""
        self.closing = False
        self._early: list[tuple[Side, bytes | End]] = []
        self.client = Side(self)
        self.target = Side(self)
        self.spoke_last: Side = self.target
        self.up = Lane(self, Stream.UPSTREAM, self.client, self.target)
        self.down = Lane(self, Stream.DOWNSTREAM, self.target, self.client)
        self._ended: set[Lane] = set()
        self.exchanges = Exchanges(self)

    @property
    def carried(self) -> tuple[int, int]:
        """Bytes that came from the client and from the target."""
        return self.client.carried, self.target.carried

    def opposite(self, lane: Lane) -> Lane:
        """Return the other direction."""
        return self.down if lane is self.up else self.up

    def lane_to(self, side: Side) -> Lane:
        """Return the direction that ends here."""
        return self.up if side is self.target else self.down

    def lane_from(self, side: Side) -> Lane:
        """Return the direction that begins here."""
        return self.up if side is self.client else self.down

    def lane_of(self, active: Active) -> Lane:
        """Return the direction in which a toxic works."""
        return self.up if active.toxic.stream is Stream.UPSTREAM else self.down

    def stage(self, active: Active, number: int) -> Stage | None:
        """Return what a toxic puts in the way of the connection or request of this number, and count that it does."""
        stage = active.kind.stage(Spot(self.lane_of(active), active, number))
        if stage is not None:
            self.links.affected[active.toxic.name] += 1
        return stage

    def too_early(self, side: Side) -> Callable[[bytes], None]:
        """Return what keeps the data of a side that has come before its other."""
        return lambda data: self._early.append((side, data))

    def join(self) -> None:
        """Begin to carry, now that both sides are there."""
        self.links.opened.add(self)
        for lane in (self.up, self.down):
            lane.way_out.open()
        self.copy()
        for active in self.links.active.values():
            self.attach(active)
        self.carries = True
        self.spoke_last = self.target  # as if nothing had come yet
        for side, item in self._early:
            if isinstance(item, bytes):
                side.deliver(item)
            else:
                self.ended(side, item)
        self._early.clear()
        for side in (self.client, self.target):
            side.transport.resume_reading()

    def copy(self) -> None:
        """Carry bytes as they come."""
        for lane in (self.up, self.down):
            lane.source.deliver = lane.chain.head.data

    def attach(self, active: Active) -> None:
        """Let a toxic take hold, if the draw says so, or from the next request on."""
        if active.per_message:
            self.exchanges.arm()
        elif active.draws.hits(self.number) and (stage := self.stage(active, self.number)) is not None:
            self.lane_of(active).chain.append(stage)

    def replace(self, active: Active) -> None:
        """Let a toxic be another of the same name, in the same place."""
        chain, old = self.lane_of(active).chain, self.lane_of(active).chain.named(active.toxic.name)
        if old is not None and not active.per_message and active.draws.hits(self.number):
            new = active.kind.stage(Spot(self.lane_of(active), active, self.number))
            if new is not None:
                chain.swap(old, new)
                return
        self.detach(active.toxic.name)
        if not self.closing:
            self.attach(active)

    def detach(self, name: str) -> None:
        """Let a toxic go; what it holds goes on its way, and where bytes are missing the connection is closed."""
        missing = False
        for lane in (self.up, self.down):
            if (stage := lane.chain.named(name)) is not None:
                lane.chain.remove(stage)
                missing |= stage.closes_when_healed
        missing |= self.exchanges.detach(name)
        if not self.closing and not self.links.per_message:
            self.exchanges.disarm()
        if missing:
            self.close()

    def ended(self, side: Side, how: End) -> None:
        """Pass on that a side has ended."""
        if not self.carries:
            self._early.append((side, how))
            return
        if self.closing:
            return
        lane = self.lane_from(side)
        self._ended.add(lane)
        self.exchanges.ended(lane, how)
        if len(self._ended) == 2 and self._lost_bytes():  # nobody is left to wait for what will never come
            self.close()

    def lost(self, side: Side, *, broken: bool) -> None:
        """Pass on that a side is not there any more."""
        self.lane_to(side).way_out.shut()
        if broken:
            self.ended(side, End.RESET)
        elif self.lane_from(side).finished:
            self.close()
        if self.client.lost and self.target.lost:
            self._let_go()
            self.links.gone(self)

    def close(self) -> None:
        """Close both sides, once what has been handed to them is sent."""
        if self._let_go():
            for side in (self.client, self.target):
                side.transport.close()

    def reset(self) -> None:
        """Break both sides off."""
        if self._let_go():
            for side in (self.client, self.target):
                side.reset()

    def abort(self) -> None:
        """Close both sides at once, whatever is on its way."""
        self._let_go()
        for side in (self.client, self.target):
            side.transport.abort()

    def _lost_bytes(self) -> bool:
        return self.exchanges.lost_bytes() or self.up.chain.lost_bytes() or self.down.chain.lost_bytes()

    def _let_go(self) -> bool:
        if self.closing:
            return False
        self.closing = True
        for lane in (self.up, self.down):
            lane.source.deliver = _drop
            lane.way_out.shut()
            lane.chain.drop()
        self.exchanges.drop()
        return True
