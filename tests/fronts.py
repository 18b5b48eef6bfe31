"""What may stand between the clients and a target: an end of TLS, and a proxy. Both count what came through."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@dataclass
class Front:
    """A listener on loopback that hands on to another one."""

    port: int = 0
    resumed: list[bool] = field(default_factory=list)
    """For each TLS connection, whether it took up an earlier session."""
    asked: list[bytes] = field(default_factory=list)
    """For each connection to a proxy, the head of its request."""
    streams: list[bytearray] = field(default_factory=list)
    """What a proxy that records has carried: one for each connection and direction."""


@contextmanager
def tls_front(port: int, context: ssl.SSLContext) -> Iterator[Front]:
    """End TLS here, and hand the bytes on to a port of loopback."""
    front = Front()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        front.resumed.append(writer.get_extra_info("ssl_object").session_reused)
        await _hand_on(reader, writer, port)

    with _serving(front, handle, context):
        yield front


@contextmanager
def proxy_front(*, records: bool = False) -> Iterator[Front]:
    """Take CONNECT to any port of loopback, and keep all that is carried where that is said."""
    front = Front()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        front.asked.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        up, down = bytearray(), bytearray()
        if records:
            front.streams += [up, down]
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        await _hand_on(reader, writer, port, (up, down) if records else (None, None))

    with _serving(front, handle, None):
        yield front


async def _hand_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    port: int,
    kept: tuple[bytearray | None, bytearray | None] = (None, None),
) -> None:
    # Cut short by the end of it all, connections that are still open would be left to the garbage collector.
    try:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_copy(reader, up_writer, kept[0]), _copy(up_reader, writer, kept[1]))
        finally:
            up_writer.transport.abort()
    finally:
        writer.transport.abort()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray | None) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            if kept is not None:
                kept += data
    except OSError:
        pass
    sink.close()


@contextmanager
def _serving(front: Front, handler: Handler, context: ssl.SSLContext | None) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(handler, "127.0.0.1", 0, ssl=context))
    front.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
