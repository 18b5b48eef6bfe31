"""A lean HTTP/1.1 connection: one socket, prebuilt request bytes, httptools' parser, times of every phase.

It uses the ordinary `socket` module, so under Locust (which patches it) it is cooperative, and without Locust it is
plain blocking code. Nothing that the network or the target does escapes as an exception: it becomes an `Exchange`
with a transport code. A request whose first byte was handed to the socket is never sent again.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

import httptools

from pwdload.errors import UsageError

_RECEIVE_BYTES = 65536
_HEADER_BYTES_MAX = 64 * 1024
_BODY_BYTES_MAX = 4 * 1024 * 1024


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
            raise UsageError(f"--host {url!r}: {error}; {allowed}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"--host {url!r}: not a base URL; {allowed}")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise UsageError(f"--host {url!r}: more than a base URL; {allowed}, without path, query or user")
        return cls(scheme=parts.scheme, host=parts.hostname, port=port or (443 if parts.scheme == "https" else 80))

    @property
    def authority(self) -> str:
        """Value of the Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return name if self.port == default else f"{name}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by its very name: localhost, 127.0.0.0/8 or ::1."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and what came of it. Times are seconds on the caller's clock."""

    started_s: float
    sent_s: float | None = None
    """Just before the first byte was handed to the socket; null when none was."""
    first_byte_s: float | None = None
    done_s: float = 0.0
    connect_s: float | None = None
    tls_s: float | None = None
    http_status: int | None = None
    body: bytes = b""
    transport: str = ""
    """Why there is no complete answer: timeout, reset, refused, eof, ... Empty when there is one."""
    bytes_sent: int = 0
    bytes_received: int = 0
    interrupted: BaseException | None = None
    """What broke in from outside (a user being killed). To be raised again once the exchange is recorded."""


class _Failure(Exception):  # noqa: N818 - control flow within this module, never seen outside
    """The exchange cannot go on; its argument is the transport code."""


class _Head:
    """Collects what httptools calls back for one answer at a time."""

    def __init__(self) -> None:
        self.parser: httptools.HttpResponseParser
        self.reset()

    def reset(self) -> None:
        """Forget the answer before, ready for the next on the same connection."""
        self.parser = httptools.HttpResponseParser(self)
        self.body = bytearray()
        self.header_bytes = 0
        self.header_complete = False
        self.complete = False
        self.keep_alive = False
        self.has_length = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_bytes += len(name) + len(value)
        if self.header_bytes > _HEADER_BYTES_MAX:
            raise _Failure("too_large")
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self.has_length = True

    def on_headers_complete(self) -> None:
        self.header_complete = True

    def on_body(self, body: bytes) -> None:
        self.body += body
        if len(self.body) > _BODY_BYTES_MAX:
            raise _Failure("too_large")

    def on_message_complete(self) -> None:
        if 100 <= self.parser.get_status_code() < 200:
            self.reset_interim()
        else:
            self.complete = True
            self.keep_alive = self.parser.should_keep_alive()  # the parser forgets once this callback returns

    def reset_interim(self) -> None:
        """An interim answer (1xx) precedes the real one."""
        self.header_complete = self.has_length = False
        self.header_bytes = 0


class Connection:
    """One keep-alive connection to a target, opened when first needed and again when the target closed it."""

    def __init__(
        self, address: Address, *, clock: Callable[[], float], timeout_s: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._address = address
        self._clock = clock
        self._timeout_s = timeout_s
        self._tls = tls
        self._socket: socket.socket | None = None
        self._head = _Head()

    def exchange(self, request: bytes) -> Exchange:
        """Send a whole request and read its answer.

        Failures are in the answer's ``transport``: ``dns refused unreachable connect_timeout tls`` before a byte was
        sent (``sent_s`` null); ``timeout reset eof stale truncated malformed too_large cancelled`` after.
        """
        result = Exchange(started_s=self._clock())
        deadline_s = result.started_s + self._timeout_s
        keep = False
        try:
            reused = self._open(result, deadline_s)
            self._send(request, result, deadline_s, reused=reused)
            keep = self._receive(result, deadline_s, reused=reused)
        except _Failure as failure:
            result.transport = str(failure)
        except BaseException as interruption:  # noqa: BLE001 - kept, recorded with its exchange, and raised again
            result.transport = "cancelled"
            result.interrupted = interruption
        result.done_s = self._clock()
        if not keep:
            self.close()
        return result

    def close(self) -> None:
        """Close the socket, if there is one; the next exchange opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self, result: Exchange, deadline_s: float) -> bool:
        """Make sure of an open socket; return whether it was open already."""
        if self._socket is not None and _is_usable(self._socket):
            return True
        self.close()
        begun_s = self._clock()
        try:
            plain = socket.create_connection(
                (self._address.host, self._address.port), timeout=max(deadline_s - begun_s, 0.001)
            )
        except OSError as error:
            raise _Failure(_connect_code(error)) from None
        connected_s = self._clock()
        result.connect_s = connected_s - begun_s
        # Without it a small write waits for the acknowledgement of the one before: 40 ms on loopback.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = plain
        if self._tls is not None:
            self._socket = self._handshake(plain, deadline_s)
            result.tls_s = self._clock() - connected_s
        return False

    def _handshake(self, plain: socket.socket, deadline_s: float) -> socket.socket:
        assert self._tls is not None  # noqa: S101 - narrows the type; the caller has checked
        try:
            plain.settimeout(max(deadline_s - self._clock(), 0.001))
            return self._tls.wrap_socket(plain, server_hostname=self._address.host)
        except TimeoutError:
            raise _Failure("connect_timeout") from None
        except OSError:  # ssl.SSLError is one
            raise _Failure("tls") from None

    def _send(self, request: bytes, result: Exchange, deadline_s: float, *, reused: bool) -> None:
        sock = self._socket
        assert sock is not None  # noqa: S101 - narrows the type; _open has opened it
        view = memoryview(request)
        result.sent_s = self._clock()
        while view:
            try:
                sock.settimeout(max(deadline_s - self._clock(), 0.001))
                sent = sock.send(view)
            except TimeoutError:
                raise _Failure("timeout") from None
            except OSError:
                raise _Failure("stale" if reused and not result.bytes_sent else "reset") from None
            result.bytes_sent += sent
            view = view[sent:]

    def _receive(self, result: Exchange, deadline_s: float, *, reused: bool) -> bool:
        """Read one whole answer; return whether the connection may be used again."""
        head = self._head
        head.reset()
        while not head.complete:
            data = self._receive_some(result, deadline_s, reused=reused)
            if not data:
                return self._at_end(result, reused=reused)
            if result.first_byte_s is None:
                result.first_byte_s = self._clock()
            result.bytes_received += len(data)
            self._feed(data)
        self._take_answer(result)
        return head.keep_alive

    def _receive_some(self, result: Exchange, deadline_s: float, *, reused: bool) -> bytes:
        assert self._socket is not None  # noqa: S101 - narrows the type
        try:
            self._socket.settimeout(max(deadline_s - self._clock(), 0.001))
            return self._socket.recv(_RECEIVE_BYTES)
        except TimeoutError:
            raise _Failure("timeout") from None
        except OSError:
            raise _Failure("stale" if reused and not result.bytes_received else "reset") from None

    def _feed(self, data: bytes) -> None:
        try:
            self._head.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise (error.__context__ if isinstance(error.__context__, _Failure) else _Failure("malformed")) from None
        except httptools.HttpParserError:
            raise _Failure("malformed") from None

    def _at_end(self, result: Exchange, *, reused: bool) -> bool:
        """The target closed: an answer without a length ends here, any other is cut."""
        head = self._head
        if not result.bytes_received:
            # An idle connection that the target closed just as we wrote: worth its own name, since it is the
            # usual cause of a lone failed POST on an otherwise healthy target.
            raise _Failure("stale" if reused else "eof")
        if not head.header_complete or head.has_length:
            raise _Failure("truncated")
        self._take_answer(result)
        return False

    def _take_answer(self, result: Exchange) -> None:
        result.http_status = self._head.parser.get_status_code()
        result.body = bytes(self._head.body)


class _Peekable(Protocol):
    def settimeout(self, value: float | None) -> None: ...
    def recv(self, bufsize: int, flags: int = 0) -> bytes: ...


def _is_usable(sock: socket.socket) -> bool:
    """Whether an idle connection is still open: a peek that does not block, and works for any file descriptor.

    `select` fails silently from descriptor 1024 on, and gevent's yields to other users after the clock has started.
    """
    if isinstance(sock, ssl.SSLSocket):
        return True  # bytes may wait there that are no answer (session tickets): only a read can tell
    peekable: _Peekable = sock
    try:
        peekable.settimeout(0.0)
        peekable.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False  # closed, or an answer that nobody asked for


def _connect_code(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "dns"
    if isinstance(error, TimeoutError):
        return "connect_timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "unreachable"
