"""Requests and answers on a link, one after the other, for toxics that look at each for itself.

    client --- framer --- [stages for this request] ---> lane upstream
    client <-- lane downstream --- [stages for this answer] --- framer --- target

A connection that is open already is joined between two requests: where the target has spoken last and what the client
says now begins like a request. What cannot be framed closes the connection; bytes are never changed or reordered.
"""

from functools import partial
from typing import TYPE_CHECKING

from pwdload.faults.framing import AnswerFramer, RequestFramer, UnframedError, begins_request
from pwdload.faults.stage import Chain, End, Stage

if TYPE_CHECKING:
    from pwdload.faults.lane import Lane
    from pwdload.faults.link import Link


class _Join(Stage):
    """The end of a message's stages: what arrives here goes on in the connection's lane."""

    def __init__(self, exchanges: "Exchanges", lane: "Lane") -> None:
        self._exchanges = exchanges
        self._lane = lane
        self.onward = lane.chain.head

    def end(self, how: End) -> None:
        """Keep the end of a message to ourselves."""
        if how is End.MESSAGE:
            self._exchanges.passed(self._lane)
        else:
            self.onward.end(how)


class Exchanges:
    """Frames a link's traffic for as long as there are toxics of scope request."""

    def __init__(self, link: "Link") -> None:
        self.head_request = False
        """Whether the request at hand is a HEAD."""
        self._link = link
        self._framers: tuple[RequestFramer, AnswerFramer] | None = None
        self._joins = {lane: _Join(self, lane) for lane in (link.up, link.down)}
        self._heads: dict[Lane, Stage] = dict(self._joins)
        self._chains: dict[Lane, Chain] = {}
        self._upgraded = False
        """Whether the connection speaks another protocol than HTTP from here on."""
        self._waiting_for: set[Lane] = set()
        """Directions in which something of the exchange at hand has yet to pass; empty between exchanges."""
        self._asked = False
        """Whether the request at hand has come completely."""
        self._over_at = -1
        """How much had come from the client when the last exchange was over."""

    def arm(self) -> None:
        """Frame from the next request on; after an upgrade, never."""
        if not self._upgraded:
            self._framers = self._framers or (RequestFramer(), AnswerFramer())
            self._link.client.deliver = partial(self._request_data, *self._framers)
            self._link.target.deliver = partial(self._answer_data, self._framers[1])

    def disarm(self) -> None:
        """Frame no more, once the exchange at hand is over."""
        if not self._waiting_for:
            self._link.copy()

    def detach(self, name: str) -> bool:
        """Let a toxic go of the messages at hand; return whether bytes are missing."""
        stages = [(chain, stage) for chain in self._chains.values() if (stage := chain.named(name)) is not None]
        for chain, stage in stages:
            chain.remove(stage)
        return any(stage.closes_when_healed for _, stage in stages)

    def lost_bytes(self) -> bool:
        """Whether bytes are missing in a message at hand."""
        return any(chain.lost_bytes() for chain in self._chains.values())

    def drop(self) -> None:
        """Forget the messages at hand."""
        for chain in self._chains.values():
            chain.drop()

    def ended(self, lane: "Lane", how: End) -> None:
        """Pass on that a source has ended, after what came from it before."""
        self._heads[lane].end(how)

    def answer(self, answer: bytes) -> None:
        """Answer the request at hand in the target's place."""
        self._waiting_for.discard(self._link.up)
        head = self._heads[self._link.down]
        head.data(answer)
        head.end(End.MESSAGE)

    def passed(self, lane: "Lane") -> None:
        """Note that one half of the exchange has passed completely."""
        self._waiting_for.discard(lane)
        if self._waiting_for:
            return
        if self._chains:  # an end that has come after the message may be on its way in them still: no timer is stopped
            self._chains.clear()
            self._heads.update(self._joins)
        self._over_at = self._link.client.carried
        if self._upgraded or not self._link.links.per_message:
            self.disarm()

    def _request_data(self, requests: RequestFramer, answers: AnswerFramer, data: bytes) -> None:
        if not self._waiting_for:
            if not self._begin(data):
                self._link.up.chain.head.data(data)
                return
            answers.expect(to_head=False)
        if self._asked:  # a second request before the first is answered
            self._link.close()
            return
        try:
            self._asked = requests.feed(data)
        except UnframedError:
            self._link.close()
            return
        head = self._heads[self._link.up]
        if self._asked:
            self.head_request = requests.is_head
            answers.expect(to_head=self.head_request)
        head.data(data)
        if self._asked:
            head.end(End.MESSAGE)

    def _answer_data(self, answers: AnswerFramer, data: bytes) -> None:
        head = self._heads[self._link.down]
        if not self._waiting_for:
            head.data(data)
            return
        try:
            complete = answers.feed(data)
        except UnframedError:
            head.data(data)
            head.end(End.CLOSE)
            return
        self._upgraded = answers.upgraded
        head.data(data)
        if complete:
            head.end(End.MESSAGE)

    def _begin(self, data: bytes) -> bool:
        """Begin an exchange, if that is what these bytes do."""
        link = self._link
        between = link.spoke_last is link.target or link.client.carried - len(data) == self._over_at
        if not (between and begins_request(data)):
            return False
        self._asked = False
        self._waiting_for.update(self._joins)
        links = link.links
        number = links.requests = links.requests + 1
        for active in links.per_message:
            if active.draws.hits(number) and (stage := link.stage(active, number)) is not None:
                lane = link.up if active.upstream else link.down
                chain = self._chains.get(lane)
                if chain is None:
                    head = self._heads[lane] = Stage(stage.place)
                    chain = self._chains[lane] = Chain(head, self._joins[lane])
                chain.append(stage)
        return True
