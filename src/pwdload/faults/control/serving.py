"""The process of the fault proxy: bind, say where it listens, serve until told to stop."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from pwdload.errors import FaultError
from pwdload.faults.addresses import HostPort, Permission
from pwdload.faults.control.endings import Endings
from pwdload.faults.control.lease import Lease
from pwdload.faults.control.managed import Managed
from pwdload.faults.control.proxies import Proxies
from pwdload.faults.control.refusal import Refusal
from pwdload.faults.control.routes import build_app
from pwdload.faults.control.shapes import ProxySpec

_STOP_WITHIN_S = 1
_KEEP_ALIVE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the process is to serve."""

    control: HostPort
    """Where the control API listens; port 0 picks a free one."""
    allow: Sequence[str] = ()
    """Hosts that may be listened on and sent to, besides loopback."""
    first: ProxySpec | None = None
    """A proxy that is there from the start."""
    authority_out: Path | None = None
    """Where to write the certificate that clients have to trust where TLS ends in the proxy."""


def serve(service: Service, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is given one line of JSON as soon as requests are answered.

    Raises:
        FaultError: an address is not allowed, or in use.
    """
    asyncio.run(_serve(service, announce))


async def _serve(service: Service, announce: Callable[[str], None]) -> None:
    permission = Permission(service.allow)
    await permission.check(service.control, place="--control")
    endings = Endings()
    proxies = Proxies(permission, endings)
    with contextlib.closing(_bind(service.control)) as listener:
        async with _closing(proxies), _watched(Lease(proxies.reset)) as lease:
            if service.first is not None:
                await _create_first(proxies, service.first)
            if service.authority_out is not None:
                endings.authority.write(service.authority_out)
            line = _announcement(listener, proxies.all())
            await _Server(build_app(proxies, lease), lambda: announce(line)).serve(sockets=[listener])


async def _create_first(proxies: Proxies, spec: ProxySpec) -> None:
    try:
        await proxies.create(spec)
    except Refusal as refusal:
        is_option = refusal.message.startswith(("listen", "upstream"))
        raise FaultError(f"--{refusal.message}" if is_option else refusal.message) from None


@contextlib.asynccontextmanager
async def _closing(proxies: Proxies) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await proxies.close()


@contextlib.asynccontextmanager
async def _watched(lease: Lease) -> AsyncIterator[Lease]:
    watch = asyncio.create_task(lease.watch(), name="dead-man timer")
    try:
        yield lease
    finally:
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch


def _bind(address: HostPort) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        why = (error.strerror or str(error)).lower()
        raise FaultError(f"--control {address}: {why}; name another port, or 0 for a free one") from None
    return listener


def _announcement(listener: socket.socket, proxies: Sequence[Managed]) -> str:
    host, port = listener.getsockname()[:2]
    return json.dumps(
        {
            "event": "listening",
            "url": f"http://{HostPort(host=host, port=port)}",
            "pid": os.getpid(),
            "proxies": [proxy.document() for proxy in proxies],
        }
    )


class _Server(uvicorn.Server):
    """Announces itself when it has begun to listen."""

    def __init__(self, app: ASGIApp, announce: Callable[[], None]) -> None:
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
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_STOP_WITHIN_S,
        )
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._announce()
