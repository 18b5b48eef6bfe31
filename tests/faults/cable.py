"""A target and a client in a network namespace each, with a cable between them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PORT = 8080
TARGET = "10.213.78.1"
CLIENT = "10.213.78.2"

_TARGET = f"""
import asyncio
async def echo(reader, writer):
    while data := await reader.read(100):
        writer.write(data)
async def main():
    server = await asyncio.start_server(echo, {TARGET!r}, {PORT})
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

_CLIENT = f"""
import socket, sys, time
kept = None
for line in sys.stdin:
    begun_s = time.monotonic()
    try:
        if line.strip() == "connect":
            kept = socket.create_connection(({TARGET!r}, {PORT}), timeout=0.3)
            kept.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        kept.sendall(b"x")
        told = "echo" if kept.recv(1) == b"x" else "end"
    except OSError as error:
        told = type(error).__name__
    print(told, time.monotonic() - begun_s, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the client saw of one byte sent and echoed."""

    what: str
    """``echo``, ``end``, or the name of an exception."""
    took_s: float


@dataclass(frozen=True, slots=True)
class Cable:
    """Names of the namespaces, and a client that is on one of them."""

    target: str
    client: str
    asking: "subprocess.Popen[str]"

    def connect(self) -> Seen:
        """Open a connection, which is kept, and send a byte on it."""
        return self._ask("connect")

    def again(self) -> Seen:
        """Send another byte on the connection that is open."""
        return self._ask("again")

    def _ask(self, word: str) -> Seen:
        assert self.asking.stdin is not None
        assert self.asking.stdout is not None
        self.asking.stdin.write(f"{word}\n")
        self.asking.stdin.flush()
        what, took_s = self.asking.stdout.readline().split()
        return Seen(what, float(took_s))


@contextmanager
def cable() -> Iterator[Cable]:
    """Lay a cable between two new namespaces, and take all of it away again."""
    target, client = f"pwdload-t{os.getpid()}", f"pwdload-c{os.getpid()}"
    started: list[subprocess.Popen[str]] = []

    def python(namespace: str, code: str) -> "subprocess.Popen[str]":
        command = ["ip", "netns", "exec", namespace, sys.executable, "-c", code]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    try:
        for name in (target, client):
            _ip("netns", "add", name)
        _ip("-n", target, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", client)
        for name, address in ((target, TARGET), (client, CLIENT)):
            _ip("-n", name, "address", "add", f"{address}/30", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
        served = python(target, _TARGET)
        assert served.stdout is not None
        served.stdout.readline()
        yield Cable(target, client, python(client, _CLIENT))
    finally:
        for process in started:
            process.kill()
            process.communicate()
        for name in (target, client):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
