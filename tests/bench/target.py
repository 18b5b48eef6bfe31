"""A target that is faster than any generator: the same answers every time, and a count of what it answered.

nginx where it is on PATH, else a small asyncio server, which is slower: the table says which one it was.
"""

import asyncio
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.bench.cpu import TARGET_CORE, pinned
from tests.tls import Authority

from pwdload.api.contract import OPERATIONS, SERVER_DATE_PATH, Step

_TOKEN = "eyJ" + "aZ09_-" * 50
LOGIN_ANSWER = f'{{"status":"PASSWORD_EXPIRED","expire":300,"state_token":"{_TOKEN}"}}'
_ANSWERS = {
    OPERATIONS[Step.LOGIN].path: LOGIN_ANSWER,
    OPERATIONS[Step.UPDATE_PASSWORD].path: f'{{"status":"SUCCESS","expire":1800,"session_token":"{_TOKEN}"}}',
    SERVER_DATE_PATH: '{"server_date":0}',
}
_STATUS_PATH = "/answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running target."""

    name: str
    """What it is, with its version."""
    port: int
    tls_port: int
    ca_file: Path
    """The authority that has signed its certificate."""

    @property
    def url(self) -> str:
        """Base URL of plain HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Base URL of HTTPS."""
        return f"https://127.0.0.1:{self.tls_port}"

    def answered(self) -> int:
        """Return how many requests it has had, those of this method included."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", _STATUS_PATH)
        text = connection.getresponse().read().decode()
        connection.close()
        # nginx's stub_status: the third number of the third line; the asyncio server prints nothing else.
        return int(text.split("\n")[2].split()[2] if "\n" in text else text)


@contextmanager
def running_target(folder: Path) -> Iterator[Target]:
    """Run the target on its core; its files go into this folder."""
    authority = Authority.make(folder)
    certificate = authority.issue("127.0.0.1")
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    port, tls_port = free_port(), free_port()
    if nginx:
        (folder / "nginx.conf").write_text(_nginx_conf(folder, certificate, port, tls_port), "utf-8")
        version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr.split("/")[-1]
        name, command = f"nginx {version.strip()}", [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    else:
        name = "asyncio, fixed answers"
        command = [sys.executable, "-m", "tests.bench.target", str(port), str(tls_port), str(certificate)]
    with subprocess.Popen(pinned(command, [TARGET_CORE]), stderr=subprocess.DEVNULL) as process:
        try:
            target = Target(name=name, port=port, tls_port=tls_port, ca_file=authority.file)
            _wait_until_up(target)
            yield target
        finally:
            process.terminate()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_up(target: Target) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            target.answered()
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)
        else:
            return


def _nginx_conf(folder: Path, certificate: Path, port: int, tls_port: int) -> str:
    """Return a configuration for one process that keeps every connection for ever and writes no log."""
    answers = "\n".join(f"    location = {path} {{ return 200 '{body}'; }}" for path, body in _ANSWERS.items())
    folders = "".join(
        f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 16384; }}
http {{
{folders}  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; default_type application/json;
  server {{
    listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {certificate};
{answers}
    location = {_STATUS_PATH} {{ stub_status; }}
  }}
}}
"""


class _Fixed(asyncio.Protocol):
    """Answers every request with the fixed answer of its path; requests come in one piece, as all of ours do."""

    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._waiting = b""

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        head, end, body = self._waiting.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if not end or len(body) < length:
            return
        self._waiting = b""
        _Fixed.answered += 1
        path = head.split(b" ", 2)[1].decode()
        answer = (str(_Fixed.answered) if path == _STATUS_PATH else _ANSWERS[path]).encode()
        kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
        self._transport.write(b"HTTP/1.1 200 OK\r\n" + kind + answer)


async def _serve(port: int, tls_port: int, certificate: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(_Fixed, "127.0.0.1", port)
    await loop.create_server(_Fixed, "127.0.0.1", tls_port, ssl=context)
    await plain.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
