"""What the tests of the fault proxy's process share: the process, a target behind it, and plain requests to both."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self

from tests.processes import environment

COMMAND = (sys.executable, "-m", "pwdload.faults")
WITHIN_S = 10.0
HELLO = b"hello"


class Program:
    """A fault proxy as a process, started as a person would start it."""

    def __init__(self, *arguments: str) -> None:
        command = [*COMMAND, "--control", "127.0.0.1:0", *arguments]
        pipe = subprocess.PIPE
        self.popen = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment())
        assert self.popen.stdout is not None
        self.line = self.popen.stdout.readline()
        self.url = str(json.loads(self.line)["url"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.popen.kill()
        self.popen.communicate()


class Reply(NamedTuple):
    """What came back to a request."""

    status: int
    document: object
    """The JSON of the body; null where it is empty, the text itself where it is no JSON."""


def call(url: str, method: str, path: str, body: object = None, **headers: str) -> Reply:
    """Make one request; `body` is sent as JSON, or as it is when it is text."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=WITHIN_S)
    try:
        content = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, content, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Reply(response.status, _document(response.read()))
    finally:
        connection.close()


def _document(content: bytes) -> object:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode()


@dataclass(frozen=True)
class Got:
    """A request that was answered, and how long that took."""

    body: bytes
    seconds: float


def get(address: str, *, within_s: float = WITHIN_S) -> Got:
    """Make a request on a connection of its own; raises `OSError` or `HTTPException` where nothing comes back."""
    begun = time.perf_counter()
    connection = HTTPConnection(address, timeout=within_s)
    try:
        connection.request("GET", "/")
        body = connection.getresponse().read()
    finally:
        connection.close()
    return Got(body, time.perf_counter() - begun)


class _Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(HELLO)))
        self.end_headers()
        self.wfile.write(HELLO)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def target() -> Iterator[str]:
    """Run a target that says hello; gives its HOST:PORT."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hello)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
