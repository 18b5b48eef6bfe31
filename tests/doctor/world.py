"""A healthy environment for `pwdload doctor`, in this process, of which a test breaks one thing at a time."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from threading import Thread

from pwdload.calibration import Certificate
from pwdload.calibration.certificate import Capacity
from pwdload.calibration.conditions import conditions_now
from pwdload.doctor.examine import CHECKS, Question, examine
from pwdload.doctor.findings import Budget, Finding
from pwdload.doctor.machine import Machine
from pwdload.run import load

PASSWORD = "Given-00000-Xq"
POLICY = json.dumps({"minLength": 8, "maxLength": 18, "regEx": r"^.{8,18}$"})
REFUSED = 400, json.dumps({"error_code": "PWD.0002", "error_msg": "Too short."}).encode()
EXPIRED = 200, json.dumps({"status": "PASSWORD_EXPIRED", "state_token": "t" * 40, "data": POLICY}).encode()
OPEN = """
title = "For the doctor"
[target]
{target}
[load]
model = "open"
max_in_flight = 100
[[load.stages]]
name = "steady"
rate = "{rate}"
for = "10s"
[mix]
valid_change = 1
"""
Answer = tuple[int, bytes]


@dataclass
class Target:
    """Answers as it is told, and counts what it was asked."""

    login: Answer | Callable[[str, str], Answer] = EXPIRED
    update: Answer = REFUSED
    date: Answer = (200, b'{"date": 1}')
    headers: Mapping[str, str] = field(default_factory=dict)
    clock_ahead_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    """Method and path of each request."""

    def answer(self, path: str, body: bytes) -> Answer:
        """Answer one request."""
        if path.endswith("/login"):
            if callable(self.login):
                fields = json.loads(body)
                return self.login(fields["user_name"], fields["password"])
            return self.login
        return self.update if path.endswith("/pwd/update") else self.date


@contextmanager
def serving(target: Target, tls: SSLContext | None = None) -> Iterator[int]:
    """Serve a target on loopback; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            target.asked.append(f"{self.command} {self.path}")
            status, content = target.answer(self.path, body)
            self.send_response_only(status)
            if "Date" not in target.headers:
                self.send_header("Date", formatdate(time.time() + target.clock_ahead_s, usegmt=True))
            for name, value in target.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Quiet(ThreadingHTTPServer):
    """Takes clients that hang up, as a doctor does who only knocks, for what they are."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Room:
    """Where a test examines: scenario and accounts as files."""

    folder: Path

    def scenario(self, *target: str, rate: str = "2/s") -> Path:
        """Write a scenario."""
        path = self.folder / "doctor.toml"
        path.write_text(OPEN.format(target="\n".join(target), rate=rate), "utf-8")
        return path

    def accounts(self, count: int = 200, password: str = PASSWORD) -> Path:
        """Write a list of accounts."""
        path = self.folder / "accounts.csv"
        rows = "".join(f"staff{n:05d},{password}\n" for n in range(count))
        path.write_text(f"user_name,password\n{rows}", "utf-8")
        return path

    def question(self, host: str | None, *target: str, rate: str = "2/s", accounts: Path | None = None) -> Question:
        """Ask for an examination; the accounts are healthy ones unless others are given."""
        return Question(
            scenario=load(self.scenario(*target, rate=rate)),
            host=host,
            accounts=accounts or self.accounts(),
            calibrate=lambda: certificate(10_000),
        )


def certificate(rate_per_s: float) -> Certificate:
    """Return what a machine is worth that generates so many requests a second."""
    capacity = Capacity(requests=1, for_s=1.0, rate_per_s=rate_per_s, cpu_share=1.0, target_cpu_share=0.1)
    return replace(
        Certificate(form="short", measured_utc="2026-11-30T00:00:00Z", conditions=conditions_now()), capacity=capacity
    )


def machine(**differs: object) -> Machine:
    """Return a healthy machine with some things that are not."""
    sound = Machine(
        python="3.11.7",
        python_needed=">=3.11",
        needed=("locust>=2.40", "pandas>=2.2", 'pytest>=8; extra == "dev"'),
        versions={"locust": "2.47.0", "pandas": "2.2"},
        files_max=20_000,
        ports=28_232,
    )
    return replace(sound, **differs)  # type: ignore[arg-type]


def examined(question: Question, of: Machine | None = None) -> tuple[Mapping[str, Finding], int]:
    """Return what was found by check, and how many requests that took."""
    budget = Budget()
    found: Sequence[Finding] = list(examine(question, of or machine(), budget))
    assert [one.check for one in found] == list(CHECKS)
    assert max(Counter(one.check for one in found).values()) == 1
    return {one.check: one for one in found}, budget.spent
