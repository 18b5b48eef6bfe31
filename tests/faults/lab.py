"""A target, a client and a proxy between them, all on one event loop, that keep what they see."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self, cast

from pwdload.faults.proxy import FaultProxy
from pwdload.faults.tls import TlsEnding
from pwdload.faults.toxic import Scope, Stream, Toxic

HANG_S = 0.12
"""Who has not answered by then hangs, where that is what is expected."""
PATIENCE_S = 3.0
"""Who has not by then hangs, where it is not: the machine may have other things to do."""
TARGET_ANSWERS = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def message_length(data: bytes) -> int | None:
    """Return how long the message with a Content-Length is that these bytes begin; null while that cannot be told."""
    head, end, _ = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return len(head) + len(end) + (int(length[1]) if length else 0) if end else None


class _Wire(asyncio.Protocol):
    """A connection that keeps what came, when, and how it ended."""

    def __init__(self) -> None:
        self.pieces: list[tuple[float, bytes]] = []
        self.ended: str | None = None
        self.ended_s = 0.0
        self.news = asyncio.Event()
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.pieces.append((asyncio.get_running_loop().time(), data))
        self.news.set()

    def eof_received(self) -> bool:
        self._end("fin")
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("reset" if exc else "fin")
        self.gone.set()

    @property
    def data(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)

    def _end(self, how: str) -> None:
        if self.ended is None or how == "reset":
            self.ended, self.ended_s = how, asyncio.get_running_loop().time()
        self.news.set()


class TargetWire(_Wire):
    """Answers each request with its body; what begins like TLS, with a byte like TLS."""

    def __init__(self, target: "Target") -> None:
        super().__init__()
        self._target = target
        self._from = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._target.wires.append(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.data[:1] == b"\x16":
            self.transport.write(b"\x16\x03\x03 hello")
            return
        while (length := message_length(rest := self.data[self._from :])) is not None and len(rest) >= length:
            self._from += length
            self._target.apply(self, rest[:length])

    def eof_received(self) -> bool:
        super().eof_received()
        return False


class Target:
    """Counts what it was asked for."""

    def __init__(self) -> None:
        self.wires: list[TargetWire] = []
        self.applied: list[tuple[float, bytes]] = []
        self.wire: Callable[[Target], TargetWire] = TargetWire
        self.answers: Callable[[bytes], bytes] = lambda body: TARGET_ANSWERS % (len(body), body)

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.applied]

    def apply(self, wire: TargetWire, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        self.applied.append((asyncio.get_running_loop().time(), body))
        wire.transport.write(self.answers(body))
        if b"Connection: close" in head:
            wire.transport.close()


@dataclass(frozen=True)
class Answer:
    """What a client has seen of an answer."""

    data: bytes
    ended: str
    """complete, fin, reset, or hang"""
    began_s: float
    took_s: float
    pieces: int

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


class Client(_Wire):
    """Asks one request after the other."""

    async def ask(self, body: bytes = b"change", *, close: bool = False, wait_s: float = PATIENCE_S) -> Answer:
        head = b"POST /pwd HTTP/1.1\r\nHost: target\r\n" + (b"Connection: close\r\n" if close else b"")
        return await self.say(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body), wait_s=wait_s)

    async def say(self, data: bytes, *, wait_s: float = PATIENCE_S) -> Answer:
        """Send this; return what comes, to the end of one answer with a Content-Length."""
        self.pieces.clear()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        self.transport.write(data)
        ended = "hang"
        while (left_s := began_s + wait_s - loop.time()) > 0:
            length = message_length(self.data)
            if length is not None and len(self.data) >= length:
                ended = "complete"
                break
            if self.ended is not None:
                ended = self.ended
                break
            await self.wait_for_news(left_s)
        return Answer(self.data, ended, began_s, loop.time() - began_s, len(self.pieces))

    async def receive(self, size: int) -> bytes:
        """Return what has come once it is so much, or the connection has ended."""
        await until(lambda: len(self.data) >= size or self.ended is not None)
        return self.data

    async def wait_for_news(self, left_s: float = PATIENCE_S) -> None:
        self.news.clear()
        try:
            async with asyncio.timeout(left_s):
                await self.news.wait()
        except TimeoutError:
            pass

    async def end(self, wait_s: float = PATIENCE_S) -> str:
        """Return how the connection ends; hang if it does not."""
        deadline_s = asyncio.get_running_loop().time() + wait_s
        while self.ended is None and (left_s := deadline_s - asyncio.get_running_loop().time()) > 0:
            await self.wait_for_news(left_s)
        return self.ended or "hang"


@dataclass
class Lab:
    """The three together."""

    target: Target
    proxy: FaultProxy
    clients: list[Client] = field(default_factory=list)

    async def client(self, wait_s: float = PATIENCE_S, tls: ssl.SSLContext | None = None) -> Client:
        host, _, port = self.proxy.listen.rpartition(":")
        loop = asyncio.get_running_loop()
        name = None if tls is None else "target.example"
        async with asyncio.timeout(wait_s):
            _, client = await loop.create_connection(Client, host, int(port), ssl=tls, server_hostname=name)
        self.clients.append(client)
        return client

    async def used(self) -> Client:
        """Return a client that has been answered already."""
        client = await self.client()
        answer = await client.ask(b"before")
        assert answer.ended == "complete"
        return client

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, tls: TlsEnding | None = None, target_tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[Self]:
        target = Target()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: target.wire(target), "127.0.0.1", 0, ssl=target_tls)
        port = server.sockets[0].getsockname()[1]
        proxy = FaultProxy(name="lab", listen="127.0.0.1:0", upstream=f"127.0.0.1:{port}", tls=tls)
        await proxy.start()
        lab = cls(target, proxy)
        try:
            yield lab
        finally:
            await proxy.stop()
            server.close()
            for wire in [*lab.clients, *target.wires]:
                wire.transport.abort()
                await wire.gone.wait()
            await server.wait_closed()


def toxic(
    kind: str,
    stream: Stream = Stream.DOWNSTREAM,
    scope: Scope = Scope.CONNECTION,
    toxicity: float = 1.0,
    **attributes: int | str,
) -> Toxic:
    """Return a toxic named as its kind."""
    return Toxic(name=kind, kind=kind, stream=stream, scope=scope, toxicity=toxicity, attributes=attributes)


async def until(true: Callable[[], bool], wait_s: float = PATIENCE_S) -> None:
    """Wait until something is true that the loop is about to make so."""
    async with asyncio.timeout(wait_s):
        while not true():
            await asyncio.sleep(0.001)
