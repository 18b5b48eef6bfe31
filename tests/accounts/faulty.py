"""What may happen between us and a target: a relay of HTTP requests that loses, breaks and delays as it is told."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from random import Random

from tests.servers import read_request


class Fault(Enum):
    """What becomes of one request."""

    NONE = auto()
    RESET = auto()
    """Not handed on; the connection is reset."""
    SILENCE = auto()
    """Not handed on, and never answered."""
    ERROR = auto()
    """Not handed on; 500 with a page."""
    BUSY = auto()
    """Not handed on; 503 with the code for a busy system."""
    TOO_MANY = auto()
    """Not handed on; 429."""
    LOST = auto()
    """Carried out; the connection is reset instead of an answer."""
    LOST_SILENTLY = auto()
    """Carried out, and never answered."""
    GATEWAY = auto()
    """Carried out; 502 with a page."""
    UNAVAILABLE = auto()
    """Carried out; 503 with a page."""


CARRIED_OUT = (Fault.LOST, Fault.LOST_SILENTLY, Fault.GATEWAY, Fault.UNAVAILABLE)
NOT_CARRIED_OUT = (Fault.RESET, Fault.SILENCE, Fault.ERROR, Fault.BUSY, Fault.TOO_MANY)
Plan = Callable[[bytes], Fault]
"""Decides about a request."""

_ANSWERS = {
    Fault.ERROR: (b"500 Internal Server Error", b"<html>Oops</html>"),
    Fault.BUSY: (b"503 Service Unavailable", b'{"error_code":"COM.0002","error_msg":"System busy."}'),
    Fault.TOO_MANY: (b"429 Too Many Requests", b'{"error_code":"X.429","error_msg":"Slow down."}'),
    Fault.GATEWAY: (b"502 Bad Gateway", b"<html>Bad gateway</html>"),
    Fault.UNAVAILABLE: (b"503 Service Unavailable", b"<html>Unavailable</html>"),
}


def at_random(seed: int, share: float, *faults: Fault, about: bytes = b"") -> Plan:
    """Return a plan that lets a share of the requests, to paths with `about` in them, meet one of the faults."""
    random, lock = Random(seed), threading.Lock()

    def plan(request: bytes) -> Fault:
        with lock:
            hit, fault = random.random() < share, random.choice(faults)
        return fault if hit and about in request.split(b"\r\n", 1)[0] else Fault.NONE

    return plan


class FaultyRelay:
    """Listens on a free port of loopback."""

    def __init__(self, port: int) -> None:
        self.target_port = port
        self.plan: Plan = lambda request: Fault.NONE
        self.met: dict[Fault, int] = dict.fromkeys(Fault, 0)
        """How many requests met each fault."""
        self._gone = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """End it."""
        self._gone.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(30)
            while (request := read_request(client)) and self._pass_on(client, request):
                pass

    def _pass_on(self, client: socket.socket, request: bytes) -> bool:
        """Deal with one request; return whether the connection is kept."""
        fault = Fault.NONE if b"/server-date" in request.split(b"\r\n", 1)[0] else self.plan(request)
        self.met[fault] += 1
        answer = self._ask_target(request) if fault in (Fault.NONE, *CARRIED_OUT) else b""
        if fault is Fault.NONE:
            client.sendall(answer)
            return bool(answer)
        if fault in (Fault.SILENCE, Fault.LOST_SILENTLY):
            while client.recv(4096) and not self._gone.is_set():
                pass
        elif fault in _ANSWERS:
            status, body = _ANSWERS[fault]
            client.sendall(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
            return True
        else:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def _ask_target(self, request: bytes) -> bytes:
        """Return the target's answer; empty when it is not there."""
        head, _, body = request.partition(b"\r\n\r\n")
        try:
            with socket.create_connection(("127.0.0.1", self.target_port), timeout=10) as target:
                target.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
                answer = b""
                while more := target.recv(65_536):
                    answer += more
        except OSError:
            return b""
        return answer.replace(b"connection: close\r\n", b"")


@contextmanager
def faulty_relay(port: int) -> Iterator[FaultyRelay]:
    """Run a relay to a port of loopback."""
    relay = FaultyRelay(port)
    try:
        yield relay
    finally:
        relay.close()
