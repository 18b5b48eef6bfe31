"""What the fault proxy costs: requests per second through it on one core, and how much later answers come.

    python -m tests.bench.proxy

The proxy has a core for itself; target and driver share another (nginx and wrk where they are on PATH, else our own).
Without faults, with one that works on bytes and one that looks at each request, both ways; beside a real Toxiproxy
where `toxiproxy-server` is on PATH. Requests per CPU-second of the proxy are what one core carries, whatever else the
machine does meanwhile; what is added to the median is measured with one connection, as the difference to no proxy.
"""

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from tests.bench.exchange import ANSWER

from pwdload.faults.proxy import FaultProxy
from pwdload.faults.toxic import Scope, Stream, Toxic

SECONDS = 3.0
CONNECTIONS = 16
WAYS = {"pass-through": None, "faults on bytes": Scope.CONNECTION, "faults on requests": Scope.REQUEST}
GOALS_PER_S = {"faults on bytes": 35_000, "faults on requests": 25_000}
GOAL_ADDED_MS = 0.3

_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_TOXIPROXY = ("127.0.0.1", 8474)
_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "a short answer, as an API gives it"; }} }}
}}
"""


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Start what is started meanwhile on this core, or on the only one."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[number % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def program(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until it is not needed any more."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def ourselves(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run this module with these words; the first line that it prints is its port."""
    with program(sys.executable, "-m", __spec__.name, *words) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())


@contextmanager
def target() -> Iterator[int]:
    """Run something that answers at once."""
    if (nginx := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        with ourselves("answer") as (_, port):
            yield port
        return
    port = 18_399
    with TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(_NGINX.format(folder=folder, port=port))
        with program(nginx, "-c", str(config), "-e", f"{folder}/errors"):
            time.sleep(0.5)
            yield port


def drive(port: int, connections: int) -> tuple[float, float]:
    """Return requests per second and the median of the latency in milliseconds."""
    with on_core(1):
        if (wrk := shutil.which("wrk")) is None:
            command = [sys.executable, "-m", __spec__.name, "drive", str(port), str(connections)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            return cast(tuple[float, float], tuple(map(float, out.split())))
        url = f"http://127.0.0.1:{port}/"
        command = [wrk, "-t1", f"-c{connections}", f"-d{SECONDS:.0f}", "--latency", url]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out
    rate, median = re.search(r"Requests/sec: +([\d.]+)", out), re.search(r"50% +([\d.]+)(us|ms)", out)
    assert rate
    assert median
    return float(rate[1]), float(median[1]) / (1000 if median[2] == "us" else 1)


class _Fixed(asyncio.Protocol):
    """Answers whatever comes with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


class _User(asyncio.Protocol):
    """Asks again whenever it is answered."""

    def __init__(self) -> None:
        self.took_s: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self.took_s.append(time.perf_counter() - self._asked_s)
        self._ask()

    def _ask(self) -> None:
        self._asked_s = time.perf_counter()
        self._transport.write(_REQUEST)


async def _answer() -> None:
    server = await asyncio.get_running_loop().create_server(_Fixed, "127.0.0.1", 0)
    _say(f"{server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


async def _drive(port: int, connections: int) -> None:
    loop = asyncio.get_running_loop()
    users = [(await loop.create_connection(_User, "127.0.0.1", port))[1] for _ in range(connections)]
    await asyncio.sleep(SECONDS)
    took_s = [took for user in users for took in user.took_s]
    _say(f"{len(took_s) / SECONDS} {statistics.median(took_s) * 1000}")


async def _proxy(port: int, scope: str) -> None:
    proxy = FaultProxy(name="bench", listen="127.0.0.1:0", upstream=f"127.0.0.1:{port}")
    for stream in Stream if scope else ():
        await proxy.add(Toxic(name=stream, kind="noop", stream=stream, scope=Scope(scope), toxicity=0.999))
    await proxy.start()
    _say(proxy.listen.rpartition(":")[2])
    await asyncio.sleep(3600)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(name: str, pid: int, port: int, direct: tuple[float, float]) -> None:
    """Print what goes through a proxy, beside no proxy."""
    begun_s = cpu_s(pid)
    rate, _ = drive(port, CONNECTIONS)
    per_cpu_s = rate * SECONDS / (cpu_s(pid) - begun_s)
    _, median_ms = drive(port, 1)
    added_ms = median_ms - direct[1]
    line = f"{name:<20}{per_cpu_s:12,.0f} per CPU-second{rate:12,.0f} per second ({rate / direct[0]:4.0%} of no proxy)"
    line += f"{added_ms:8.3f} ms added"
    if (goal := GOALS_PER_S.get(name)) is not None:
        met = per_cpu_s >= goal and added_ms < GOAL_ADDED_MS
        line += f"   goal {goal:,}, < {GOAL_ADDED_MS} ms: {'met' if met else 'MISSED'}"
    _say(line)


@contextmanager
def toxiproxy(port: int) -> Iterator[tuple[int, int]]:
    """Run a real Toxiproxy on one core, with a latency of 0 ms both ways."""
    host, api = _TOXIPROXY
    with program("env", "GOMAXPROCS=1", "toxiproxy-server", "-port", str(api)) as server:
        time.sleep(0.5)
        proxy = {"name": "bench", "listen": "127.0.0.1:18398", "upstream": f"127.0.0.1:{port}"}
        toxics = [{"name": stream, "type": "latency", "stream": stream, "attributes": {}} for stream in Stream]
        for path, value in (("proxies", proxy), *(("proxies/bench/toxics", toxic) for toxic in toxics)):
            urllib.request.urlopen(f"http://{host}:{api}/{path}", json.dumps(value).encode()).close()
        yield server.pid, 18_398


def main() -> None:
    """Measure every way, one after the other."""
    with ExitStack() as stack:
        with on_core(1):
            port = stack.enter_context(target())
        drive(port, CONNECTIONS)
        direct = (drive(port, CONNECTIONS)[0], drive(port, 1)[1])
        _say(f"{'no proxy':<20}{'':25}{direct[0]:12,.0f} per second{'':19}{direct[1]:8.3f} ms median")
        for name, scope in WAYS.items():
            with on_core(0):
                process, listens = stack.enter_context(ourselves("proxy", str(port), scope or ""))
            report(name, process.pid, listens, direct)
        if shutil.which("toxiproxy-server"):
            with on_core(0):
                pid, listens = stack.enter_context(toxiproxy(port))
            report("Toxiproxy", pid, listens, direct)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["answer"]:
            asyncio.run(_answer())
        case ["drive", port, connections]:
            asyncio.run(_drive(int(port), int(connections)))
        case ["proxy", port, scope]:
            asyncio.run(_proxy(int(port), scope))
        case _:
            main()
