"""A target in a process of its own: ``python -m tests.traps.target [CERTIFICATE [old]]``, TLS where one is given.

Prints its port, answers every request with the same bytes until stdin ends, then prints what it has seen.
"""

import asyncio
import json
import resource
import ssl
import sys

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"status":"SUCCESS"}'


class Target(asyncio.Protocol):
    """Answers once for each request that is sent in one piece."""

    connections = 0
    resumed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        Target.connections += 1
        tls = transport.get_extra_info("ssl_object")
        Target.resumed += bool(tls is not None and tls.session_reused)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


async def serve(context: ssl.SSLContext | None) -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Target, "127.0.0.1", 0, ssl=context, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    sys.stdout.write(json.dumps({"connections": Target.connections, "resumed": Target.resumed}) + "\n")


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    made = None
    if len(sys.argv) > 1:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(sys.argv[1])
        if "old" in sys.argv:
            made.maximum_version = ssl.TLSVersion.TLSv1_2
    asyncio.run(serve(made))
