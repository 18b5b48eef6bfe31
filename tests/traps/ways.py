"""Small traps, each way in turn against a target in the same process: ``python -m gevent.monkey --module ... TRAP``.

Each function shows one trap and returns what was seen of our way and of stock Locust's.
"""

import resource
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import gevent
from gevent.server import StreamServer
from geventhttpclient.connectionpool import ConnectionPool
from tests.traps.clients import POST, Stock, ours, tell

from pwdload.api.connections import Client

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"status":"SUCCESS"}'
BUSY_LATIN_1 = (
    b"HTTP/1.1 503 Busy\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Length: 11\r\n\r\nsurcharg\xe9e!\n"
)
GET = b"GET /api/v2/sdk/pwd/skip-update HTTP/1.1\r\nHost: t\r\n\r\n"
DESCRIPTORS_BELOW = 1030
USERS, REQUESTS = 20, 3
WORK_S = 0.005
TIMES = 5


class Target:
    """Counts connections and requests; answers as it is told for each request of a connection, then hangs up."""

    def __init__(self, *answers: bytes) -> None:
        self.connections = self.requests = 0
        self._answers = answers
        self._server = StreamServer(("127.0.0.1", 0), self._handle)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handle(self, connection: socket.socket, _: object) -> None:
        self.connections += 1
        for answer in self._answers:
            if not connection.recv(65536):
                return
            self.requests += 1
            if not answer:
                return
            connection.sendall(answer)


@contextmanager
def high_descriptors() -> Iterator[None]:
    """Take all descriptors below 1,024 and a few more, as a run with so many users does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * DESCRIPTORS_BELOW), hard))
    taken = [socket.socket()]
    while taken[-1].fileno() < DESCRIPTORS_BELOW:
        taken.append(socket.socket())
    yield
    for one in taken:
        one.close()


def descriptors() -> dict[str, int]:
    """How many connections do 20 users make for 3 requests each, from descriptor 1,024 on?"""
    counts = {}
    for way in ("ours", "stock"):
        target = Target(*[OK] * REQUESTS)
        user = ours(target.url)
        with high_descriptors():
            sends: list[Callable[[], object]] = [
                partial(user().exchange, POST) if way == "ours" else Stock(target.url).send for _ in range(USERS)
            ]
            for _ in range(REQUESTS):
                gevent.joinall([gevent.spawn(send) for send in sends])
        assert target.requests == USERS * REQUESTS
        counts[way] = target.connections
    return counts


def liveness() -> dict[str, float]:
    """How long do others' 5 ms of work hold up a request whose clock has started, before its first byte goes out?"""
    held = {}
    for way in ("ours", "stock"):
        target = Target(OK, OK)
        sent_s: list[float] = []
        if way == "ours":
            send = _noting_when_sent(ours(target.url)(), sent_s)
        else:
            send = _noting_when_it_sends(Stock(target.url), sent_s)
        send()
        gevent.sleep(0.01)
        gevent.spawn(_work)  # another user, ready to run
        begun_s = time.perf_counter()
        send()
        held[way] = sent_s[-1] - begun_s
    return held


def _work() -> None:
    until_s = time.perf_counter() + WORK_S
    while time.perf_counter() < until_s:
        pass


def _noting_when_sent(client: Client, sent_s: list[float]) -> Callable[[], None]:
    def send() -> None:
        exchange = client.exchange(POST)
        assert exchange.sent_s is not None
        sent_s.append(exchange.sent_s)

    return send


def _noting_when_it_sends(stock: Stock, sent_s: list[float]) -> Callable[[], None]:
    kind = gevent.socket.socket
    sendall = kind.sendall

    def noting(self: object, data: bytes, *rest: object) -> object:
        if data.startswith(b"POST"):
            sent_s.append(time.perf_counter())
        return sendall(self, data, *rest)

    kind.sendall = noting

    def send() -> None:
        stock.send()

    return send


def latin_1() -> dict[str, object]:
    """What is left of a 503 whose body is not UTF-8?"""
    target = Target(BUSY_LATIN_1)
    stock = Stock(target.url)
    raised = ""
    try:
        stock.send()
    except Exception as error:  # noqa: BLE001 - what it raises is what is shown
        raised = type(error).__name__
    answer = ours(Target(BUSY_LATIN_1).url)().exchange(POST)
    return {
        "stock": {"served": target.requests, "events": len(stock.events), "raised": raised},
        "ours": {
            "http_status": answer.http_status,
            "body": answer.body.decode("latin-1"),
            "transport": answer.transport,
        },
    }


def closed_while_idle() -> dict[str, list[str]]:
    """What is a POST called that meets the target's idle time-out on the wire, and one that a new connection loses?"""
    stock, names = [], []
    for answers in ((OK, b""), (b"",)):  # the target hangs up on the second request, or on the first
        user = Stock(Target(*answers).url)
        for _ in answers:
            user.send()
        error = user.events[-1]["exception"]
        stock.append(f"{type(error).__name__}: {error}")
        client = ours(Target(*answers).url)()
        names.append([client.exchange(POST).transport for _ in answers][-1])
    return {"ours": names, "stock": stock}


def sent_again() -> dict[str, int]:
    """How often does a skip-update reach a target that reads it and hangs up? It is a GET, and it changes something."""
    target, other = Target(b""), Target(b"")
    ours(target.url)().exchange(GET)
    Stock(other.url).send("GET")
    return {"ours": target.requests, "stock": other.requests}


def returning_device(port: str, ca_file: str) -> dict[str, float]:
    """How long do connecting, resuming a TLS session and one request take at least, in seconds?

    Stock Locust never resumes one; what is shown is a socket as it opens them, in the hands of a client that does.
    """
    stated = (f'ca_file = "{ca_file}"', 'connections = "per_flow"', "returning_share = 1")
    client = ours(f"https://localhost:{port}", *stated)()
    took = []
    for _ in range(1 + TIMES):
        exchange = client.exchange(POST)
        client.end_flow()
        took.append((exchange.tls_resumed, exchange.done_s - exchange.started_s))
    assert [resumed for resumed, _ in took] == [False] + [True] * TIMES
    context = ssl.create_default_context(cafile=ca_file)
    session, stock = _resume(port, context, None)[0], []
    for _ in range(TIMES):
        session, took_s = _resume(port, context, session)
        stock.append(took_s)
    return {"ours": min(took_s for _, took_s in took[1:]), "stock": min(stock)}


def _resume(port: str, context: ssl.SSLContext, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, float]:
    begun_s = time.perf_counter()
    plain = ConnectionPool("localhost", int(port), "localhost", int(port))._create_socket()
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as tls:
        tls.sendall(POST)
        tls.recv(65536)
        assert tls.session_reused == (session is not None)
        return tls.session, time.perf_counter() - begun_s


TRAPS: dict[str, Callable[..., object]] = {
    trap.__name__: trap for trap in (descriptors, liveness, latin_1, closed_while_idle, sent_again, returning_device)
}

if __name__ == "__main__":
    tell(TRAPS[sys.argv[1]](*sys.argv[2:]))
