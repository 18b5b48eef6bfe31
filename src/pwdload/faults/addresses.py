"""Addresses as ``HOST:PORT``, and which of them the fault proxy may listen on and send to.

A proxy that breaks what goes through it must be reached by nobody by mistake, and must reach nobody by mistake:
loopback alone is free, every other host has to be named.
"""

import asyncio
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from pwdload.errors import FaultError

_PORT_MAX = 65_535
_HOST_PORT = re.compile(r"(?:\[(?P<host>[0-9A-Fa-f:.]+)\]|(?P<bare>[^\[\]:\s]+)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPort:
    """One end of a connection."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, *, place: str) -> "HostPort":
        """Read ``HOST:PORT``, with brackets around an IPv6 address.

        Raises:
            FaultError: it is none; `place` says where it was given.
        """
        match = _HOST_PORT.fullmatch(text)
        if match is None or int(match["port"]) > _PORT_MAX:
            raise FaultError(f"{place} {text!r}: not an address; give HOST:PORT, such as 127.0.0.1:8080")
        return cls(host=match["host"] or match["bare"], port=int(match["port"]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Permission:
    """Which hosts may be listened on and sent to: loopback, and those that somebody has named."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(host.strip("[]").lower() for host in allowed)

    async def check(self, address: HostPort, *, place: str) -> None:
        """Return if all addresses behind the host are loopback, or the host is one of those that were named.

        Raises:
            FaultError: it is neither, or has no address.
        """
        host = address.host.lower()
        if host in self._allowed:
            return
        for found in await _resolved(address, place):
            if not ip_address(found).is_loopback:
                meant = "" if found == host else f" (it is {found})"
                raise FaultError(
                    f"{place} {address}: not loopback{meant}; the fault proxy touches no other host unless it is named:"
                    f" start it with --allow {address.host}"
                )


async def _resolved(address: HostPort, place: str) -> list[str]:
    """Return every address of a host, as text without an IPv6 zone."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not a host name"
        raise FaultError(f"{place} {address}: {why.lower()}; give a host that has an address") from None
    return [str(sockaddr[0]).partition("%")[0] for *_, sockaddr in found]
