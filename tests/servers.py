"""A server for tests that answers exactly the bytes it is told to, and misbehaves on demand."""

import select
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

Act = Callable[[socket.socket], None]


def say(*parts: bytes) -> Act:
    """Read one request, then send these bytes."""

    def act(connection: socket.socket) -> None:
        read_request(connection)
        for part in parts:
            connection.sendall(part)

    return act


def reset(connection: socket.socket) -> None:
    """Read one request, then close with RST."""
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket) -> None:
    """Read one request, then close without a word."""
    read_request(connection)


def stay_silent(connection: socket.socket) -> None:
    """Read one request and say nothing until the client has gone."""
    read_request(connection)
    while connection.recv(4096):
        pass


def drip(data: bytes) -> Act:
    """Read one request, then send one byte after the other, each on its own, for as long as the client is there."""

    def act(connection: socket.socket) -> None:
        read_request(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        gone = threading.Event()
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            gone.wait(0.01)  # the pace of the drip; nothing ever sets it

    return act


def hold(connection: socket.socket) -> None:
    """Read nothing for as long as any client of these tests waits.

    That it has gone cannot be seen: its farewell is behind all that is not read.
    """
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLRDHUP)
    poller.poll(300)


def read_request(connection: socket.socket) -> bytes:
    """Read one request: its head, and as much body as Content-Length says."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class ScriptedServer:
    """Accepts one connection after the other; on each it does one act per request, then closes it."""

    def __init__(
        self, *connections: Sequence[Act], wrap: Callable[[socket.socket], socket.socket] = lambda sock: sock
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wrap = wrap
        self._closed = threading.Event()
        self._scripts = connections
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # whoever waits in `accept` is woken by this, not by closing
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._play(script, connection)
            self._closed.set()

    def wait_until_closed(self) -> None:
        """Wait until the server has closed its first connection, so that the client can know."""
        assert self._closed.wait(5)

    def _play(self, script: Sequence[Act], connection: socket.socket) -> None:
        connection.settimeout(5)
        try:
            with self._wrap(connection) as wrapped:
                for act in script:
                    act(wrapped)
        except OSError:
            return
