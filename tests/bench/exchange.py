"""What one exchange costs: requests per CPU-second of the client, with a trivial server in another process.

    python -m tests.bench.exchange

measures one user on plain sockets, then 20 users under gevent's, each in a process of its own. The server answers
every read with the same bytes, so that only our own work is seen. Figures of one run on one machine compare with each
other, and with nothing else.
"""

import asyncio
import subprocess
import sys
import threading
import time

from pwdload.api.http import Address, Connection

REQUEST = (
    b"POST /api/v2/sdk/pwd/update HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-operating-sys-version: Android 14\r\n"
    b"X-device-fingerprint: 0123456789abcdef0123456789abcdef\r\nX-device-ip: 10.1.2.3\r\nX-agent: okhttp/4.12.0\r\n"
    b"X-L: en\r\nX-client-id: DRrYIqauawN0I8myTMoDTPys6ezGZxnm\r\nContent-Type: application/json;charset=utf8\r\n"
    b"X-state-token: "
    + b"t" * 200
    + b'\r\nContent-Length: 62\r\n\r\n{"old_password":"aaaaaaaaaaaaaa","new_password":"bbbbbbbbbbbb"}'
)
BODY = b'{"status":"SUCCESS","session_token":"0123456789abcdef"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\nServer: nginx\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n%b" % (len(BODY), BODY)
)
ROUNDS = 5


class _Fixed(asyncio.Protocol):
    """Answers whatever comes with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


async def serve() -> None:
    """Answer until killed; the port is the only thing printed."""
    server = await asyncio.get_running_loop().create_server(_Fixed, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def measure(port: int, users: int, seconds: float) -> tuple[float, float]:
    """Return requests per CPU-second and per second of so many users, each with a connection of its own.

    Users are threads: where the process has been made cooperative, these are greenlets.
    """
    counts = [0] * users
    begun_s, cpu_s = time.perf_counter(), time.process_time()

    def user(number: int) -> None:
        connection = Connection(Address.parse(f"http://127.0.0.1:{port}"), clock=time.perf_counter, timeout_s=10.0)
        while time.perf_counter() < begun_s + seconds:
            exchange = connection.exchange(REQUEST)
            assert exchange.http_status == 200
            assert exchange.connect_s is None or not counts[number], "the connection is not kept"
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=user, args=(number,)) for number in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.process_time() - cpu_s), sum(counts) / (time.perf_counter() - begun_s)


def report(port: int, users: int) -> None:
    """Print the best of a few rounds: what disturbs only ever takes away."""
    measure(port, users, 0.2)
    rounds = [measure(port, users, 0.5) for _ in range(ROUNDS)]
    per_cpu_s, per_s = map(max, zip(*rounds, strict=True))
    sys.stdout.write(f"{users:>3} users{per_cpu_s:12.0f} requests per CPU-second{per_s:12.0f} per second\n")
    sys.stdout.flush()


def main() -> None:
    """Start the server, and each measurement in a process of its own."""
    with subprocess.Popen([sys.executable, "-m", __spec__.name, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        for way, launcher, users in (("plain sockets", [], "1"), ("gevent", ["gevent.monkey", "--module"], "20")):
            sys.stdout.write(f"{way:<15}")
            sys.stdout.flush()
            module = ["-m", *launcher, __spec__.name] if launcher else ["-m", __spec__.name]
            subprocess.run([sys.executable, *module, "measure", port, users], check=True)
        server.kill()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(serve())
        case ["measure", port, users]:
            report(int(port), int(users))
        case _:
            main()
