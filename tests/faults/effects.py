"""What each kind of fault must do to an exchange, seen by the client and by the target.

An effect gets a lab, a client (of a connection that was open before, or is new), and where the fault works. It sets the
fault, asserts what is to be seen, and leaves the fault on: that healing restores is the same for all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest
from tests.faults.lab import HANG_S, PATIENCE_S, Answer, Client, Lab, toxic, until

from pwdload.faults.draws import Draws
from pwdload.faults.kinds import KINDS
from pwdload.faults.toxic import Scope, Stream

LATE_S = 0.5
"""How much later than it should something may come on a machine that does other things too."""

Effect = Callable[[Lab, Client, Stream, Scope], Awaitable[None]]

UP = Stream.UPSTREAM
DOWN = Stream.DOWNSTREAM


def _applied_is_as_the_stream_says(lab: Lab, stream: Stream) -> None:
    """Upstream: never applied; downstream: applied, and not acknowledged."""
    assert lab.target.bodies.count(b"change") == (0 if stream is UP else 1)


def _complete(answer: Answer, body: bytes = b"change") -> None:
    assert (answer.ended, answer.body) == ("complete", body)


async def _noop(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("noop", stream, scope))
    answer = await client.ask()
    _complete(answer)
    assert answer.data == b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nchange"
    assert lab.target.wires[-1].data.endswith(b"POST /pwd HTTP/1.1\r\nHost: target\r\nContent-Length: 6\r\n\r\nchange")


async def _latency(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("latency", stream, scope, latency=60))
    answer = await client.ask()
    _complete(answer)
    assert 0.06 <= answer.took_s <= 0.06 + LATE_S
    reached_s = lab.target.applied[-1][0] - answer.began_s
    assert reached_s >= 0.06 if stream is UP else reached_s < answer.took_s - 0.05


async def _bandwidth(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("bandwidth", stream, scope, rate=100))
    answer = await client.ask(b"x" * 8000)
    _complete(answer, b"x" * 8000)
    assert 0.08 <= answer.took_s <= 0.08 + LATE_S
    assert answer.pieces > 2 or stream is UP


async def _slow_close(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("slow_close", stream, scope, delay=60))
    answer = await client.ask(close=stream is DOWN)
    _complete(answer)
    begun_s = asyncio.get_running_loop().time() if stream is UP else answer.began_s
    if stream is UP:
        client.transport.write_eof()
    other = lab.target.wires[-1] if stream is UP else client
    await until(lambda: other.ended is not None)
    assert 0.06 <= other.ended_s - begun_s <= 0.06 + LATE_S
    assert other.ended == "fin"


async def _timeout(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("timeout", stream, scope, timeout=60))
    answer = await client.ask()
    assert (answer.ended, answer.data) == ("fin", b"")
    assert 0.05 <= answer.took_s <= 0.06 + LATE_S
    _applied_is_as_the_stream_says(lab, stream)


async def _reset_peer(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("reset_peer", stream, scope, timeout=20))
    answer = await client.ask()
    assert (answer.ended, answer.data) == ("reset", b"")
    assert 0.02 <= answer.took_s <= 0.02 + LATE_S
    await until(lambda: lab.target.wires[-1].ended == "reset")
    _applied_is_as_the_stream_says(lab, stream)


async def _slicer(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("slicer", stream, scope, average_size=20, size_variation=5, delay=5000))
    before = len(lab.target.wires[-1].pieces) if lab.target.wires else 0
    answer = await client.ask(b"y" * 300)
    _complete(answer, b"y" * 300)
    pieces = answer.pieces if stream is DOWN else len(lab.target.wires[-1].pieces) - before
    assert 4 <= pieces <= 27
    assert answer.took_s >= 0.05


async def _limit_data(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    before = sum(len(wire.data) for wire in lab.target.wires)
    await lab.proxy.add(toxic("limit_data", stream, scope, bytes=30))
    answer = await client.ask()
    assert answer.ended == "fin"
    if stream is DOWN:
        assert answer.data == b"HTTP/1.1 200 OK\r\nContent-Lengt"
    else:
        await until(lambda: sum(len(wire.data) for wire in lab.target.wires) == before + 30)
    _applied_is_as_the_stream_says(lab, stream)


async def _black_hole(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    everywhere = scope is Scope.CONNECTION
    await lab.proxy.add(toxic("black_hole", stream, scope))
    answer = await client.ask(wait_s=HANG_S)
    assert (answer.ended, answer.data) == ("hang", b"")
    _applied_is_as_the_stream_says(lab, stream)
    if everywhere:
        with pytest.raises(TimeoutError):
            await lab.client(HANG_S)
    else:
        assert (await (await lab.client()).ask(wait_s=HANG_S)).ended == "hang"


async def _refuse(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("refuse", stream, scope))
    with pytest.raises(ConnectionRefusedError):
        await lab.client()
    _complete(await client.ask())


async def _tls_stall(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("tls_stall", stream, scope))
    _complete(await client.ask())  # no TLS, or past its handshake: it passes
    new = await lab.client()
    answer = await new.say(b"\x16\x03\x01 hello", wait_s=HANG_S)
    assert (answer.ended, answer.data) == ("hang", b"")
    assert [wire.data for wire in lab.target.wires[-1:]] == [b"" if stream is UP else b"\x16\x03\x01 hello"]
    await lab.proxy.remove("tls_stall")
    await until(lambda: new.data == b"\x16\x03\x03 hello")
    await lab.proxy.add(toxic("tls_stall", stream, scope))


async def _http_error(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("http_error", stream, scope, status=429, retry_after=7, body='{"error":"busy"}'))
    answer = await client.ask()
    _complete(answer, b'{"error":"busy"}')
    lines = answer.data.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 429 Too Many Requests"
    assert {b"Retry-After: 7", b"X-Pwdload-Injected: not-forwarded", b"Content-Type: application/json"} <= {*lines}
    _applied_is_as_the_stream_says(lab, stream)


async def _drop_answer(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    for then, ended in (("close", "fin"), ("reset", "reset"), ("hang", "hang")):
        await lab.proxy.add(toxic("drop_answer", stream, scope, then=then))
        answer = await client.ask(b"change " + then.encode(), wait_s=HANG_S if then == "hang" else PATIENCE_S)
        assert (answer.ended, answer.data) == (ended, b"")
        assert lab.target.bodies[-1] == b"change " + then.encode()
        if then != "hang":
            await lab.proxy.remove("drop_answer")
            client = await lab.client()


async def _duplicate(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(toxic("duplicate", stream, scope, copies=2))
    _complete(await client.ask())
    await until(lambda: lab.target.bodies.count(b"change") == 3)
    assert client.data.count(b"HTTP/1.1") == 1
    await until(lambda: [wire.ended for wire in lab.target.wires].count("fin") == 2)


async def _garbage(lab: Lab, client: Client, stream: Stream, scope: Scope) -> None:
    await lab.proxy.add(fault := toxic("garbage", stream, scope, bytes=40))
    answer = await client.ask()
    number = lab.proxy.counts.requests if scope is Scope.REQUEST else lab.clients.index(client) + 1
    assert (answer.ended, answer.data) == ("fin", Draws(fault).random(number).randbytes(40))
    _applied_is_as_the_stream_says(lab, stream)


EFFECTS: Mapping[str, Effect] = {
    "noop": _noop,
    "latency": _latency,
    "bandwidth": _bandwidth,
    "slow_close": _slow_close,
    "timeout": _timeout,
    "reset_peer": _reset_peer,
    "slicer": _slicer,
    "limit_data": _limit_data,
    "black_hole": _black_hole,
    "refuse": _refuse,
    "tls_stall": _tls_stall,
    "http_error": _http_error,
    "drop_answer": _drop_answer,
    "duplicate": _duplicate,
    "garbage": _garbage,
}

STAYS_OPEN = {"noop", "latency", "bandwidth", "slicer", "refuse", "tls_stall", "http_error", "duplicate"}
"""Kinds that do a connection no harm: it can be used on when they are healed, and while they are on."""

EVERY = [(name, stream, scope) for name, kind in KINDS.items() for stream in kind.streams for scope in kind.scopes]
"""Every kind wherever it works."""
