"""Requests and answers are told apart whatever they look like; what cannot be told apart is never corrupted."""

import asyncio
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.faults.lab import Client, Lab, TargetWire, toxic, until

from pwdload.faults.framing import AnswerFramer, RequestFramer, UnframedError, begins_request
from pwdload.faults.toxic import Scope, Stream, Toxic

GET = b"GET /a HTTP/1.1\r\nHost: t\r\n\r\n"
HEAD = b"HEAD /a HTTP/1.1\r\nHost: t\r\n\r\n"
UPGRADE = b"GET /a HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
H2C = b"POST /a HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED_POST = (
    b"POST /a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEPT = {
    "length": (GET, OK),
    "empty": (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "chunked": (GET, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n"),
    "chunked request": (CHUNKED_POST, OK),
    "to HEAD": (HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
    "chunked, to HEAD": (HEAD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "to HEAD without a length": (HEAD, b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"),
    "to HEAD, interim first": (
        HEAD,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nServer: x\r\n\r\n",
    ),
    "204": (GET, b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"),
    "304": (GET, b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 10\r\n\r\n'),
    "interim": (GET, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK),
    "upgrade not granted": (UPGRADE, OK),
}
"""Requests and answers after which the connection goes on."""
TO_THE_END = {
    "neither length nor chunks": (GET, b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nas long as it takes"),
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\nold"),
    "cut short": (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
    "not HTTP": (GET, b"\x00\x01 what is this"),
    "two answers": (GET, OK + OK),
    "a body after HEAD": (HEAD, OK),
    "nothing": (GET, b""),
}
"""Those after which it ends: every byte that came arrives, and the end after it."""


class Scripted(TargetWire):
    """Answers with given bytes once it has read given bytes, as often as that happens."""

    request = answer = b""
    closes = False

    def data_received(self, data: bytes) -> None:
        self.pieces.append((0.0, data))
        while len(self.data) - self._from >= len(self.request):
            assert self.data[self._from :].startswith(self.request)
            self._from += len(self.request)
            self.transport.write(self.answer)
            if self.closes:
                self.transport.close()


def _script(request: bytes, answer: bytes, *, closes: bool) -> type[Scripted]:
    return type("Script", (Scripted,), {"request": request, "answer": answer, "closes": closes})


async def _at_every_request(lab: Lab, kind: str) -> None:
    for stream in Stream:
        attributes = {"average_size": 3, "size_variation": 2} if kind == "slicer" else {}
        fault = Toxic(name=stream, kind=kind, stream=stream, scope=Scope.REQUEST, attributes=attributes)
        await lab.proxy.add(fault)


@pytest.mark.parametrize("kind", ["noop", "slicer"])
@pytest.mark.parametrize("name", KEPT)
def test_each_request_of_a_kept_connection_is_seen(name: str, kind: str) -> None:
    """No byte is changed, and the one after it is told apart again."""
    request, answer = KEPT[name]

    async def ask() -> None:
        async with Lab.open() as lab:
            lab.target.wire = _script(request, answer, closes=False)
            client = await lab.client()
            await _at_every_request(lab, kind)
            for number in range(1, 4):
                client.transport.write(request)
                assert await client.receive(number * len(answer)) == number * answer
                assert lab.proxy.counts.requests == number
            assert lab.proxy.counts.affected == {"upstream": 3, "downstream": 3}
            assert client.ended is None

    asyncio.run(ask())


@pytest.mark.parametrize("kind", ["noop", "slicer"])
@pytest.mark.parametrize("name", TO_THE_END)
def test_an_answer_that_ends_with_its_connection_arrives_whole(name: str, kind: str) -> None:
    """What cannot be framed, or has no other end, is followed by the end of the connection."""
    request, answer = TO_THE_END[name]

    async def ask() -> None:
        async with Lab.open() as lab:
            lab.target.wire = _script(request, answer, closes=True)
            await _at_every_request(lab, kind)
            client = await lab.client()
            client.transport.write(request)
            assert await client.end() == "fin"
            assert client.data == answer
            client.transport.abort()
            await until(lambda: lab.proxy.counts.open == 0)

    asyncio.run(ask())


def test_a_granted_upgrade_is_carried_and_not_looked_at() -> None:
    """After 101 the connection speaks something else, in which faults of scope request have no place."""
    granted = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    async def ask() -> None:
        async with Lab.open() as lab:
            lab.target.wire = _script(UPGRADE, granted, closes=False)
            await _at_every_request(lab, "noop")
            client = await lab.client()
            client.transport.write(UPGRADE)
            assert await client.receive(len(granted)) == granted
            client.transport.write(b"GET is only a word here")
            await until(lambda: lab.target.wires[0].data.endswith(b"only a word here"))
            assert lab.proxy.counts.requests == 1

    asyncio.run(ask())


@pytest.mark.parametrize("said", [GET + GET, H2C, b"GET / broken\r\n\r\n"])
def test_what_cannot_be_told_apart_closes_the_connection(said: bytes) -> None:
    """Pipelining, a body with a request for an upgrade, nonsense: nothing is lost in silence or sent in part."""

    async def ask() -> None:
        async with Lab.open() as lab:
            await _at_every_request(lab, "noop")
            client = await lab.client()
            client.transport.write(said)
            assert await client.end() in {"fin", "reset"}
            assert lab.target.applied == []

    asyncio.run(ask())


def test_bytes_that_are_not_http_pass_through_faults_on_requests() -> None:
    """Ciphertext and other protocols are carried, and nobody is hit."""

    async def ask() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("http_error", Stream.UPSTREAM, Scope.REQUEST))
            client = await lab.client()
            client.transport.write(b"\x16\x03\x01 hello")
            assert await client.receive(9) == b"\x16\x03\x03 hello"
            assert lab.proxy.counts.requests == 0

    asyncio.run(ask())


def test_a_fault_on_requests_waits_for_the_next_one() -> None:
    """A request that is on its way when the fault is set is left alone; the one after it is hit."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            client.pieces.clear()
            client.transport.write(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nfirst")
            await asyncio.sleep(0.01)
            await lab.proxy.add(toxic("http_error", Stream.UPSTREAM, Scope.REQUEST))
            client.transport.write(b" half")
            await until(lambda: lab.target.bodies[-1:] == [b"first half"])
            assert (await client.receive(48)).endswith(b"first half")
            assert (await client.ask()).data.startswith(b"HTTP/1.1 503 ")
            await lab.proxy.remove("http_error")
            assert (await client.ask()).body == b"change"

    asyncio.run(ask())


@pytest.mark.parametrize("stream", list(Stream))
def test_an_end_behind_a_message_that_is_held_comes_after_it(stream: Stream) -> None:
    """The last request of a client, and the last answer of a target, arrive before the end that follows them."""

    async def ask() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("latency", stream, Scope.REQUEST, latency=40))
            client = await lab.client()
            asking = asyncio.ensure_future(client.ask(close=stream is Stream.DOWNSTREAM))
            if stream is Stream.UPSTREAM:
                await asyncio.sleep(0)
                client.transport.write_eof()
            answer = await asking
            assert (answer.body, await client.end()) == (b"change", "fin")
            assert answer.took_s >= 0.04
            client.transport.abort()
            await until(lambda: lab.proxy.counts.open == 0)

    asyncio.run(ask())


def test_faults_on_requests_may_follow_each_other_on_an_idle_connection() -> None:
    """Where the last answer was ours, and the target has said nothing since, the next request is still seen as one."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.client()
            for status in (429, 503):
                await lab.proxy.add(toxic("http_error", Stream.UPSTREAM, Scope.REQUEST, status=status))
                assert (await client.ask()).data.startswith(b"HTTP/1.1 %d " % status)
                await lab.proxy.remove("http_error")
            assert (await client.ask()).body == b"change"
            assert lab.proxy.counts.requests == 2

    asyncio.run(ask())


def test_an_injected_answer_to_head_has_no_body() -> None:
    """Or the client would take the body for the next answer."""

    async def ask() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("http_error", Stream.UPSTREAM, Scope.REQUEST, body="sorry"))
            client = await lab.client()
            client.transport.write(HEAD)
            assert (await client.receive(20)).endswith(b"Content-Length: 5\r\n\r\n")

    asyncio.run(ask())


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(at)]


@given(st.sampled_from(sorted(KEPT)), st.lists(st.integers(0, 10_000), max_size=6))
def test_a_message_ends_where_it_ends_wherever_it_is_cut(name: str, cuts: list[int]) -> None:
    """Exactly the last piece completes a request or an answer, and so again on the same connection."""
    request, answer = KEPT[name]
    requests, answers = RequestFramer(), AnswerFramer()
    for _ in range(2):
        pieces = _cut(request, cuts)
        assert [requests.feed(piece) for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        assert requests.is_head == (request is HEAD)
        answers.expect(to_head=requests.is_head)
        pieces = _cut(answer, cuts)
        assert [answers.feed(piece) for piece in pieces] == [False] * (len(pieces) - 1) + [True]


def test_what_is_no_message_is_said_to_be_none() -> None:
    """Broken bytes, and more than one message."""
    for data in (b"GET\r\n\r\n", GET + GET, GET + b"x", UPGRADE + b"x", random.Random(1).randbytes(100)):
        with pytest.raises(UnframedError):
            RequestFramer().feed(data)
    for data in (OK + OK, OK + b"x", b"HTTP/1.1 abc", random.Random(2).randbytes(100)):
        with pytest.raises(UnframedError):
            AnswerFramer().feed(data)


def test_only_what_begins_like_a_request_is_taken_for_one() -> None:
    """So that the middle of a body, or another protocol, is not."""
    assert all(map(begins_request, (GET, HEAD, b"P", b"POST", b"PROPFIND /")))
    assert not any(map(begins_request, (b"\x16\x03\x01", b"{}", b"get / HTTP/1.1", b"", b" GET", b"HTTP/1.1 200")))


def test_a_client_is_what_the_tests_take_it_for() -> None:
    """The tests' own client tells a hang from an end (a test of the instrument)."""

    async def ask() -> None:
        async with Lab.open() as lab:
            lab.target.answers = lambda _: b""
            client: Client = await lab.client()
            assert (await client.ask(wait_s=0.02)).ended == "hang"
            lab.target.wires[0].transport.close()
            assert await client.end() == "fin"

    asyncio.run(ask())
