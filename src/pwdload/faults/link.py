"""One client's connection and the one to the target that belongs to it: what comes on one goes out on the other.

    client <--- TCP ---> Side  --- lane upstream, with its chain of stages --->    Side <--- TCP ---> target
                               <--- lane downstream, with its chain of stages ---

No buffers of our own but what a stage holds: what the sink's socket does not take waits in its transport, and past its
limit the source is not read, so that a slow reader slows the writer, as without a proxy.
"""

import asyncio
from collections.abc import Callable

from pwdload.faults.exchanges import Exchanges
from pwdload.faults.lane import Lane, Spot, drop
from pwdload.faults.links import Active, Links
from pwdload.faults.side import Side
from pwdload.faults.stage import End, Stage
from pwdload.faults.toxic import Stream


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
        return self.up if active.upstream else self.down

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
            lane.source.deliver = drop
            lane.way_out.shut()
            lane.chain.drop()
        self.exchanges.drop()
        return True
