"""Where a target listens: the address a person gives, and the socket addresses behind its name."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Lock
from urllib.parse import urlsplit

from pwdload.errors import UsageError
from pwdload.secrecy import without_login


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a target listens."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read a base URL such as ``https://staging.example.com``.

        Raises:
            UsageError: it is not ``http(s)://host[:port]`` alone.
        """
        allowed = "give http://HOST[:PORT] or https://HOST[:PORT]"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"--host {without_login(url)!r}: {error}; {allowed}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"--host {without_login(url)!r}: not a base URL; {allowed}")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise UsageError(
                f"--host {without_login(url)!r}: more than a base URL; {allowed}, without path, query or user"
            )
        return cls(scheme=parts.scheme, host=parts.hostname, port=port or (443 if parts.scheme == "https" else 80))

    @property
    def authority(self) -> str:
        """Value of the Host header."""
        default = 443 if self.scheme == "https" else 80
        return self._name if self.port == default else f"{self._name}:{self.port}"

    @property
    def authority_with_port(self) -> str:
        """What CONNECT asks a proxy for: the port is always there."""
        return f"{self._name}:{self.port}"

    @property
    def _name(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One socket address of a name."""

    family: int
    sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]

    @property
    def address(self) -> str:
        """The IP address as text, without an IPv6 zone."""
        return str(self.sockaddr[0]).partition("%")[0]


class Resolver:
    """Looks a name up once, and remembers its addresses for as long as it lives: one per process.

    A load test that asks the name server before every connection measures the name server. A failure is not
    remembered.
    """

    def __init__(self, check: Callable[[str, Sequence[str]], object] | None = None) -> None:
        """Take what refuses a host for its addresses, by a `UsageError`; null: nothing does."""
        self._check = check
        self._known: dict[tuple[str, int], tuple[Endpoint, ...]] = {}
        self._one_at_a_time = Lock()  # a thousand users that start together ask once

    def known(self, host: str, port: int) -> tuple[Endpoint, ...] | None:
        """Return the addresses, the best first, if they have been looked up."""
        return self._known.get((host, port))

    def look_up(self, host: str, port: int) -> tuple[Endpoint, ...]:
        """Return the addresses in the order in which the system prefers them; never empty.

        How long the system takes over it is the system's own affair (``resolv.conf``): no time-out reaches in there.

        Raises:
            OSError: the name has none.
            UsageError: one of them is refused.
        """
        with self._one_at_a_time:
            known = self._known.get((host, port))
            if known is None:
                known = _ask_system(host, port)
                if self._check is not None:
                    self._check(host, [one.address for one in known])
                self._known[host, port] = known
        return known

    def prefer(self, host: str, port: int, endpoint: Endpoint) -> None:
        """Put the address that worked first: the next connection need not wait for a dead one again."""
        known = self._known.get((host, port), ())
        if known and known[0] != endpoint:
            self._known[host, port] = (endpoint, *(other for other in known if other != endpoint))


def _ask_system(host: str, port: int) -> tuple[Endpoint, ...]:
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except UnicodeError:  # a label that is empty or too long to be encoded
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    endpoints = tuple(dict.fromkeys(Endpoint(family=family, sockaddr=sockaddr) for family, _, _, _, sockaddr in infos))
    if not endpoints:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    return endpoints


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by its very name: localhost, 127.0.0.0/8 or ::1."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
