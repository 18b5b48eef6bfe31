"""A proxy between clients and a target, on which faults are set."""

import asyncio
import socket
from collections.abc import Callable

from pwdload.errors import FaultError
from pwdload.faults.again import Redeliveries
from pwdload.faults.door import Door, Doorway
from pwdload.faults.kinds import KINDS, checked, tls_stall
from pwdload.faults.link import Link
from pwdload.faults.links import Active, Links, ProxyCounts
from pwdload.faults.side import reset_on_close
from pwdload.faults.tls import TlsEnding
from pwdload.faults.toxic import Toxic

_DIAL_S = 10.0
"""How long the target may take to accept a connection."""


class FaultProxy:
    """Carries every connection made to `listen` to one of its own to `upstream`, through the toxics that are on.

    To be used on one running event loop, from `start` to `stop`.
    """

    def __init__(self, *, name: str, listen: str, upstream: str, tls: TlsEnding | None = None) -> None:
        """Raises `FaultError` for an address that is not HOST:PORT; port 0 of `listen` is any that is free."""
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self._listen_at = _address(listen)
        self._upstream_at = _address(upstream)
        self._tls = tls
        self._door: Door | None = None
        self._redeliveries = Redeliveries(self._dial)
        self._links = Links(self._redeliveries.begin)
        self._openings: set[asyncio.Task[None]] = set()

    @property
    def toxics(self) -> tuple[Toxic, ...]:
        """What is on, in the order of adding."""
        return tuple(active.toxic for active in self._links.active.values())

    @property
    def counts(self) -> ProxyCounts:
        """What was done so far."""
        return self._links.counts()

    async def start(self) -> None:
        """Listen; `listen` then says the real port. Raises `FaultError` when that cannot be."""
        try:
            self._door = Door(self._listen_at, self._knocked)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FaultError(f'proxy "{self.name}" cannot listen on {self.listen}: {reason}') from None
        self._listen_at = self._door.address
        host, port = self._listen_at
        self.listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        await self._move_door()

    async def stop(self) -> None:
        """Listen no more, and close every connection, whatever is on its way."""
        if self._door is not None:
            self._door.close()
            self._door = None
        for opening in tuple(self._openings):
            opening.cancel()
        await asyncio.gather(*self._openings, return_exceptions=True)
        await self._redeliveries.stop()
        for link in tuple(self._links.opened):
            link.abort()
        while self._links.opened:  # each is told by the loop that it is closed, in its next turns
            await asyncio.sleep(0)

    async def add(self, toxic: Toxic) -> None:
        """Set a fault; it takes hold on open connections too.

        Raises `FaultError` for a name that is taken and for what `checked` refuses.
        """
        if toxic.name in self._links.active:
            raise FaultError(f'proxy "{self.name}" has a toxic "{toxic.name}" already; update or remove it')
        self._links.add(self._activated(toxic))
        await self._move_door()

    async def replace(self, toxic: Toxic) -> None:
        """Set a fault of the same name anew. Raises `FaultError` for a name that is not there and what is refused."""
        self._must_have(toxic.name)
        self._links.replace(self._activated(toxic))
        await self._move_door()

    async def remove(self, name: str) -> None:
        """Heal a fault, on open connections too. Raises `FaultError` for a name that is not there.

        What was held goes on its way; a connection in which bytes are missing is closed.
        """
        self._must_have(name)
        self._links.remove(name)
        await self._move_door()

    def _activated(self, toxic: Toxic) -> Active:
        full = checked(toxic)
        if full.kind == tls_stall.KIND.name and self._tls is not None:
            raise FaultError(f'toxic "{toxic.name}", {full.kind}: proxy "{self.name}" ends TLS itself; use timeout')
        return Active.of(full, KINDS[full.kind])

    def _must_have(self, name: str) -> None:
        if name not in self._links.active:
            there = ", ".join(self._links.active) or "none"
            raise FaultError(f'proxy "{self.name}" has no toxic "{name}"; there are: {there}')

    async def _move_door(self) -> None:
        """Turn new connections away as the toxics that are on want it; to refuse is stronger than to be silent."""
        wanted = {active.kind.door(active.toxic) for active in self._links.active.values()}
        strongest = next((way for way in (Doorway.REFUSED, Doorway.UNANSWERED) if way in wanted), Doorway.OPEN)
        if self._door is not None:
            try:
                await self._door.become(strongest)
            except OSError as error:
                reason = error.strerror or str(error)
                raise FaultError(f'proxy "{self.name}" has lost its port, {self.listen}: {reason}') from None

    def _knocked(self, accepted: socket.socket) -> None:
        self._links.connections += 1
        link = Link(self._links, self._links.connections)
        opening = asyncio.get_running_loop().create_task(self._open(link, accepted))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)

    async def _open(self, link: Link, accepted: socket.socket) -> None:
        """Make a link's connection to the target, then take the client's, whose data wait in its socket meanwhile."""
        if await self._reach(link, accepted):
            try:
                await self._take(link, accepted)
            except OSError:
                self._links.unreachable += 1
            finally:
                if link.client.made:
                    link.join()
                else:
                    link.target.reset()

    async def _reach(self, link: Link, accepted: socket.socket) -> bool:
        try:
            async with asyncio.timeout(_DIAL_S):
                await self._dial(lambda: link.target)
        except OSError:
            self._links.unreachable += 1
        finally:
            if not link.target.made:
                reset_on_close(accepted)
                accepted.close()
        return link.target.made

    async def _dial(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        tls, (host, port) = self._tls, self._upstream_at
        await asyncio.get_running_loop().create_connection(
            protocol,
            host,
            port,
            ssl=None if tls is None else tls.for_upstream,
            server_hostname=None if tls is None else tls.server_name,
        )

    async def _take(self, link: Link, accepted: socket.socket) -> None:
        context = None if self._tls is None else self._tls.for_clients
        limit_s = None if context is None else _DIAL_S
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: link.client, accepted, ssl=context, ssl_handshake_timeout=limit_s
        )


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise FaultError(f'"{text}": an address is HOST:PORT, such as 127.0.0.1:8666 or [::1]:8666')
    return host.strip("[]"), int(port)
