"""The values of this package: what an exchange was, why it failed, and how a connection is to behave."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

    from pwdload.api.http.address import Address, Resolver
    from pwdload.api.http.answer import Aside, Heads
    from pwdload.api.http.proxy import Proxy
    from pwdload.api.http.stream import Ready
    from pwdload.api.http.tls import TlsSessions


class TransportCode(StrEnum):
    """Why there is no complete answer. Whether anything was sent is not its affair: ``Exchange.sent_s`` tells."""

    DNS = "dns"
    """The target's name has no address."""
    NOT_ALLOWED = "not_allowed"
    """The target's name has an address that nobody has named as one that may be put under load."""
    REFUSED = "refused"
    """Nothing listens at the target's address; with several, one that refuses outweighs what the others do."""
    UNREACHABLE = "unreachable"
    """No route, or the connection was reset while it opened."""
    CONNECT_TIMEOUT = "connect_timeout"
    """TCP did not connect in time."""
    LOCAL = "local"
    """This machine is at fault: too many open files, or no port left. Says nothing about the target."""
    PROXY_DNS = "proxy_dns"
    """As `DNS`, for the proxy."""
    PROXY_REFUSED = "proxy_refused"
    """As `REFUSED`, for the proxy."""
    PROXY_UNREACHABLE = "proxy_unreachable"
    """As `UNREACHABLE`, for the proxy."""
    PROXY_TIMEOUT = "proxy_timeout"
    """The proxy did not connect, or did not answer CONNECT, in time."""
    PROXY_AUTH = "proxy_auth"
    """The proxy wants credentials, or others (407)."""
    PROXY_DENIED = "proxy_denied"
    """The proxy answered CONNECT with another status than 2xx."""
    PROXY_BROKEN = "proxy_broken"
    """The proxy hung up, or answered CONNECT with something that is not HTTP."""
    TLS = "tls"
    """TLS failed: no common protocol, an alert, a damaged record. With `sent_s` set, only after the handshake."""
    TLS_CERTIFICATE = "tls_certificate"
    """The target's certificate is not trusted, has expired, or is for another name."""
    TLS_TIMEOUT = "tls_timeout"
    """The TLS handshake did not end in time."""
    TIMEOUT = "timeout"
    """No complete answer within the total time."""
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    """Not one byte of an answer in time, where that has a limit of its own."""
    RESET = "reset"
    """The connection was reset."""
    EOF = "eof"
    """A new connection was closed before the first byte of an answer."""
    STALE = "stale"
    """A kept connection was closed or reset before the first byte of an answer: mostly the target's idle time-out
    that crossed our request on the wire, the usual cause of a lone failed POST on a healthy target."""
    TRUNCATED = "truncated"
    """The answer was cut."""
    MALFORMED = "malformed"
    """The answer is not HTTP/1.x, or its framing is ambiguous."""
    CODING = "coding"
    """The body is not in the coding that Content-Encoding names, or in one that is not known here."""
    TOO_LARGE = "too_large"
    """Head or body is larger than is read, as sent or as decoded."""
    CANCELLED = "cancelled"
    """Broken off from outside, see ``Exchange.interrupted``."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and what came of it. Times of day are seconds on the caller's clock, ``None`` if never reached."""

    started_s: float
    sent_s: float | None = None
    """Just before the first byte was handed to the socket; null when the socket took none."""
    first_byte_s: float | None = None
    """When the first bytes of an answer (an interim 1xx one included) were there to read."""
    done_s: float = 0.0
    """When the last bytes of the answer were there to read, or it was given up."""
    dns_s: float | None = None
    """Seconds of the name look-up; null when the address was known, which it is from a process' second use on."""
    connect_s: float | None = None
    """Seconds until TCP was connected, to the proxy where there is one; null on a kept connection."""
    proxy_s: float | None = None
    """Seconds that the proxy took for CONNECT; null without proxy and on a kept connection."""
    tls_s: float | None = None
    """Seconds of the TLS handshake; null without TLS and on a kept connection."""
    tls_resumed: bool | None = None
    """Whether that handshake took up an earlier session."""
    http_status: int | None = None
    """Null unless one complete, well-formed answer came."""
    body: bytes = b""
    """Decoded; empty unless one complete, well-formed answer came."""
    aside: "Aside | None" = None
    """What the head of a failed answer said of trying again, and of who has made it; null where it said nothing."""
    transport: str = ""
    """A `TransportCode`; empty when there is a complete answer."""
    why: str = ""
    """What the TLS library has against the target's certificate, in its own words; empty otherwise."""
    bytes_sent: int = 0
    """TLS' own framing not counted. Less than the request where the target answered before it had read it all."""
    bytes_received: int = 0
    """As `bytes_sent`: of this answer, before decoding."""
    interrupted: BaseException | None = None
    """What broke in from outside (a user being killed). To be raised again once the exchange is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a connection behaves. One value serves all connections of a process; every phase ends at the total anyway."""

    connect_s_max: float | None = None
    """Limit of TCP connect over all addresses, and once more of the proxy's CONNECT; null: only the total counts."""
    tls_s_max: float | None = None
    """Limit of the TLS handshake."""
    first_byte_s_max: float | None = None
    """Limit from the request's last byte to the answer's first."""
    head_bytes_max: int = 64 * 1024
    """Status line and headers, those of interim answers included."""
    body_bytes_max: int = 4 * 1024 * 1024
    """Of a body, decoded and as sent."""
    resume: bool = False
    """Whether a connection takes up the TLS session of one before it, as a returning device does. False: a full
    handshake each time, as a new device needs."""
    sessions: "TlsSessions | None" = None
    """Shared by the connections of a process; null: the connection has only its own to take up."""
    server_name: str | None = None
    """Name that TLS asks for (SNI) and that the target's certificate must prove; null: that of the address."""
    proxy: "Proxy | None" = None
    resolver: "Resolver | None" = None
    """Shared by the connections of a process; null: the connection has one of its own."""
    heads: "Heads | None" = None
    """Heads of answers that are known already, shared likewise; null: the connection has its own."""
    via: "Address | None" = None
    """Where to connect in the address's place, such as a fault proxy; all that is said stays meant for the target."""
    ready: "Callable[[socket], Ready] | None" = None
    """Makes what sends and waits for an open socket; null: the socket does so by itself."""


class Failure(Exception):  # noqa: N818 - control flow within this package, never seen outside
    """The exchange cannot go on; `code` says why, and `why` what a library said of it, if anything."""

    def __init__(self, code: TransportCode, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.why = why
