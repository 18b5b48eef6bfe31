"""A TCP relay between a worker and its master, which can stop carrying, or hang up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 65_536


class Relay:
    """Listens on a free port of loopback and carries every connection to another."""

    def __init__(self, target_port: int, *, records: bool = False) -> None:
        self.connections = 0
        """How many connections were made so far."""
        self.dropped = 0
        """How many bytes were taken and not carried."""
        self.streams: list[bytearray] = []
        """What was carried, if that is to be kept: one for each connection and direction."""
        self._records = records
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = str(self._listener.getsockname()[1])
        self._carries = threading.Event()
        self._carries.set()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stall(self) -> None:
        """Carry nothing any more; what comes is dropped, and nobody is told."""
        self._carries.clear()

    def resume(self) -> None:
        """Carry again what comes from now on."""
        self._carries.set()

    def hang_up(self) -> None:
        """Close every connection, with whatever is on the way; new ones are carried."""
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it all."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        self.hang_up()
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target_port))
                except OSError:  # nobody is there yet, or any more: whoever called will try again
                    near.close()
                    continue
                self.connections += 1
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=self._carry, args=(source, sink), daemon=True))
                    self._threads[-1].start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        kept = bytearray()
        if self._records:
            self.streams.append(kept)
        with source, suppress(OSError):
            while data := source.recv(_CHUNK):
                if self._carries.is_set():
                    sink.sendall(data)
                    if self._records:
                        kept += data
                else:
                    self.dropped += len(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay_to(port: str, *, records: bool = False) -> Iterator[Relay]:
    """Run a relay to a port of loopback."""
    relay = Relay(int(port), records=records)
    try:
        yield relay
    finally:
        relay.close()
