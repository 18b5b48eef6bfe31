"""The client of a fault proxy: typed, quick to give up, and honest about what a real Toxiproxy cannot do."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.servers import ScriptedServer, hang_up, say, stay_silent

from pwdload.errors import FaultError
from pwdload.faults.client import TOXIPROXY_KINDS, ToxiproxyClient
from pwdload.faults.control.shapes import TlsSpec
from pwdload.faults.kinds import KINDS
from pwdload.faults.toxic import Scope, Stream, Toxic

pytestmark = pytest.mark.e2e

LATENCY = Toxic(name="slow", kind="latency", attributes={"latency": 100})


class Toxiproxy:
    """Answers as a real Toxiproxy does, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, line: str, body: object) -> object:
        self.asked.append((line, body))
        return {"version": "2.12.0"} if line == "GET /version" else body

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers["Content-Length"] or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                content = json.dumps(answer(f"{self.command} {self.path}", body)).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815 - the name is http.server's

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def toxiproxy() -> Iterator[Toxiproxy]:
    """Give something that answers as a real Toxiproxy does."""
    real = Toxiproxy()
    thread = threading.Thread(target=real.server.serve_forever, args=(0.02,))
    thread.start()
    yield real
    real.server.shutdown()
    thread.join()
    real.server.server_close()


ONLY_EMBEDDED: dict[str, Callable[[ToxiproxyClient], object]] = {
    "count what goes through it": lambda client: client.counts("p"),
    "heal by itself when its controller dies": lambda client: client.take_lease(3),
    "heal by itself": lambda client: client.end_lease(),
    "heal by": lambda client: client.lease(),
    "end TLS": lambda client: client.create("p", "127.0.0.1:0", "127.0.0.1:9", TlsSpec()),
    'do "black_hole"': lambda client: client.add("p", Toxic(name="t", kind="black_hole")),
    "draw for each request": lambda client: client.add("p", Toxic(name="t", kind="latency", scope=Scope.REQUEST)),
    'do "latency" with distribution normal': lambda client: client.add(
        "p", Toxic(name="t", kind="latency", attributes={"jitter": 5, "distribution": "normal"})
    ),
}


@pytest.mark.parametrize("what", ONLY_EMBEDDED)
def test_what_a_toxiproxy_cannot_is_refused_before_it_is_sent(toxiproxy: Toxiproxy, what: str) -> None:
    """It would take and ignore it: a fault that is believed to be on, and is not."""
    client = ToxiproxyClient(toxiproxy.url)
    with pytest.raises(FaultError, match=f"only the embedded proxy can {what}"):
        ONLY_EMBEDDED[what](client)
    assert toxiproxy.asked == [("GET /version", None)]


def test_a_toxiproxy_is_sent_what_it_knows(toxiproxy: Toxiproxy) -> None:
    """No field of ours, no attribute of ours; the seed it draws from is its own affair."""
    toxic = Toxic(name="slow", kind="latency", stream=Stream.UPSTREAM, toxicity=0.5, seed=7, attributes={"latency": 9})
    client = ToxiproxyClient(toxiproxy.url)
    added = client.add("a proxy/1", toxic)
    line, body = toxiproxy.asked[-1]
    assert line == "POST /proxies/a%20proxy%2F1/toxics"
    rest = {"name": "slow", "type": "latency", "stream": "upstream", "toxicity": 0.5}
    assert body == {**rest, "attributes": {"latency": 9, "jitter": 0}}
    assert (added.name, added.kind, added.stream, added.toxicity) == ("slow", "latency", Stream.UPSTREAM, 0.5)
    assert not client.is_embedded


def test_a_toxic_that_makes_no_sense_is_refused_before_it_is_sent(toxiproxy: Toxiproxy) -> None:
    """The same words for both engines."""
    with pytest.raises(FaultError, match="latency 'long': must be a whole number"):
        ToxiproxyClient(toxiproxy.url).add("p", Toxic(name="t", kind="latency", attributes={"latency": "long"}))
    assert toxiproxy.asked == []


def test_nobody_there_is_told_at_once() -> None:
    """The line says where, what happened, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    begun = time.perf_counter()
    with pytest.raises(FaultError) as error:
        ToxiproxyClient(f"http://127.0.0.1:{port}").reset()
    assert time.perf_counter() - begun < 1.0
    assert str(error.value) == (
        f"fault proxy http://127.0.0.1:{port}: does not answer (connection refused); "
        "it has ended or is elsewhere: start it with `pwdload proxy`, or name another address"
    )


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (hang_up, "does not answer"),
        (stay_silent, "does not answer \\(timed out\\)"),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), "does not answer"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "answers, but not as a Toxiproxy does"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"), "what should be a proxy is none"),
        (say(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"name": "one"'), "answers, but not as"),
        (say(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "answers, but not as a Toxiproxy does"),
        (
            say(b"HTTP/1.1 500 Oh\r\nContent-Length: 15\r\n\r\n" + b'{"error":"oh!"}'),
            "GET /proxies/one: oh! \\(HTTP 500",
        ),
    ],
)
def test_whatever_answers_is_one_line(act: Callable[[socket.socket], None], said: str) -> None:
    """Silence, a farewell, another protocol, another service: never a traceback, never a hang."""
    with ScriptedServer([act]) as server:
        client = ToxiproxyClient(f"http://127.0.0.1:{server.port}", timeout_s=0.2)
        with pytest.raises(FaultError, match=said) as error:
            client.proxy("one")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8474",
        "https://127.0.0.1:8474",
        "http://127.0.0.1",
        "http://h:0x1",
        "http://h:1/api",
        "http://u@h:1",
    ],
)
def test_what_is_no_url_of_an_api_is_refused(url: str) -> None:
    """Before anything is asked, with what is allowed."""
    with pytest.raises(FaultError, match="give http://HOST:PORT of a control API, such as http://127"):
        ToxiproxyClient(url)


def test_the_kinds_of_toxiproxy_are_ours_as_well() -> None:
    """Each of a real Toxiproxy's faults can be had from the embedded proxy, under the same names of attributes."""
    for kind, names in TOXIPROXY_KINDS.items():
        assert names <= set(KINDS[kind].attributes), kind
