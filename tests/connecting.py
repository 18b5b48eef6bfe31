"""An HTTP proxy that carries by CONNECT, in this process: what a team's network has between a laptop and staging."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tests.servers import read_request

TUNNEL: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
WANTS_LOGIN: Final = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
DENIES: Final = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


class ConnectProxy:
    """Answers each CONNECT in one way, and carries what it grants to one port of loopback, whatever the name."""

    def __init__(self, target_port: int, answer: bytes) -> None:
        self.asked: list[bytes] = []
        """The head of each CONNECT."""
        self._target_port = target_port
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End it, and wait for its connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(near,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            head = read_request(near)
            if not head:
                return  # somebody has looked whether the port is open
            self.asked.append(head)
            near.sendall(self._answer)
            if self._answer != TUNNEL:
                return
            with socket.create_connection(("127.0.0.1", self._target_port)) as far:
                back = threading.Thread(target=_carry, args=(far, near), daemon=True)
                back.start()
                _carry(near, far)
                back.join(5)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxying(target_port: int, answer: bytes = TUNNEL) -> Iterator[ConnectProxy]:
    """Run such a proxy."""
    proxy = ConnectProxy(target_port, answer)
    try:
        yield proxy
    finally:
        proxy.close()
