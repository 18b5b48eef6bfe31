"""Run the service: bind, say where it listens, stop when told."""

import asyncio
import ipaddress
import json
import os
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from pwdload.standin.failure import StandinError

_BACKLOG = 2048
_STOP_WITHIN_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What is printed once requests are answered."""

    host: str
    port: int
    db: Path
    accounts: int
    front: Mapping[str, object] = field(default_factory=dict)
    """What is said in place of, and beside, the rest where it is reached by HTTPS."""

    def line(self) -> str:
        """Return the announcement as one line of JSON."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        announcement = {
            "event": "listening",
            "url": f"http://{host}:{self.port}",
            "host": self.host,
            "port": self.port,
            "pid": os.getpid(),
            "db": str(self.db),
            "accounts": self.accounts,
            **self.front,
        }
        return json.dumps(announcement)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; port 0 picks a free one.

    Raises:
        StandinError: the port is taken, or the host is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StandinError(f"--host {host}: {error.strerror}; 127.0.0.1 is this machine") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise StandinError(
            f"{host}:{port}: {(error.strerror or str(error)).lower()}; name another --port, or --port 0 for a free one"
        ) from None
    if not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
        print(f"warning: {host} can be reached from other machines; this is a test program", file=sys.stderr)  # noqa: T201 - for the person who starts it
    return listener


def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    announce: Callable[[], None],
    keep_alive_s: int,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answer requests until SIGTERM or SIGINT; `tls`: null for plain HTTP."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=_STOP_WITHIN_S,
    )
    config.load()
    config.ssl = tls
    server = _Server(config, announce)
    asyncio.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """Announces itself when it has begun to listen."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._announce()
