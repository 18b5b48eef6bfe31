"""Open byte streams, plain and TLS, as a connection needs them.

Waiting is the ordinary socket's affair, so that it is cooperative where that is. All else must not let other users in
while a clock runs, and goes through a view of the same descriptor that never waits:

    liveness check    recv(MSG_PEEK | MSG_DONTWAIT)    any descriptor; `select` is silently wrong from 1024 on
    sending           send(MSG_DONTWAIT)               a request that fits the kernel's buffer costs one call

TLS is done in memory, over the plain stream: a peek can then be told from a close, a read takes one system call
where OpenSSL on a socket takes three, and a time-out holds for the whole wait and not for each step of it.
"""

import select
import socket
import ssl

# Its names in `socket` are replaced by whoever makes sockets cooperative; this is the one that calls the system.
from _socket import socket as system_socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pwdload.api.http.exchange import Exchange

RECEIVE_BYTES = 65536
"""As much as is read at once."""
_RECORD_BYTES = 16384
_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT


class Stream(Protocol):
    """An open connection. Methods raise `OSError` (of which `TimeoutError` and `ssl.SSLError` are kinds)."""

    unsent: bytes
    """What `send` has taken and the kernel has not yet."""
    cut: bool
    """Whether the end came without the farewell that TLS demands."""

    @property
    def channel(self) -> "Channel | None":
        """What requests go through that are sent with others; null: there is no such thing, and `send` is for them."""

    @property
    def came_s(self) -> float | None:
        """When what `receive` gave last was there to be read, where somebody has noted it; else it was just now."""

    @property
    def timeout_s(self) -> float | None:
        """How long `receive` waits."""

    @property
    def session(self) -> ssl.SSLSession | None:
        """The TLS session to resume, if any."""

    def is_idle(self) -> bool:
        """Whether it is open with nothing to read. Never waits, and lets nobody else run."""

    def send(self, data: bytes | memoryview) -> int:
        """Take as much of the data as goes without waiting; return how many bytes, 0 if none."""

    def receive(self) -> bytes | None:
        """Wait for bytes; empty at the end of the stream, ``None`` if what came was not for the reader."""

    def set_timeout(self, timeout_s: float) -> None:
        """Set how long `ask` and `receive` wait."""

    def wait_to_send(self, timeout_s: float) -> bool:
        """Wait until more can be sent; return False if there is something to read, or the stream has ended."""

    def close(self) -> None:
        """Close it."""


def time_left_s(deadline_s: float, now_s: float) -> float:
    """Return how long may still be waited.

    Raises:
        TimeoutError: not at all: one who sends a byte now and then must not get more time with each of them.
    """
    if now_s >= deadline_s:
        raise TimeoutError
    return deadline_s - now_s


class Channel(Protocol):
    """An open connection over which a request is sent when it is best for all who are about to send."""

    @property
    def came_s(self) -> float | None:
        """As `Stream.came_s`, and never null once something was received."""

    def is_idle(self) -> bool:
        """As `Stream.is_idle`."""

    def ask(self, request: bytes, exchange: "Exchange") -> bool:
        """Send a request with what others send at that moment, and return when there is something to `receive`.

        When it was sent, and how much of it, is written into the exchange. False: not all of it was taken, and nothing
        was waited for. Raises `TimeoutError` if nothing comes in time.
        """

    def receive(self) -> bytes | None:
        """As `Stream.receive`."""


class Ready(Protocol):
    """A `Channel` over one socket, of whoever has something better than the socket's own waiting."""

    timeout_s: float
    """How long `ask` and `receive` wait, each of which raises `TimeoutError` if nothing comes in time."""
    came_s: float
    """When what `receive` gave last was there, on the clock of the exchanges."""
    is_broken: bool
    """Whether the last `ask` could not send because the stream is not open any more."""

    def is_idle(self) -> bool:
        """As `Stream.is_idle`."""

    def ask(self, request: bytes, exchange: "Exchange") -> bool:
        """As `Channel.ask`."""

    def receive(self) -> bytes:
        """Return what comes as soon as there is something."""

    def close(self) -> None:
        """Watch no longer."""


class _View(system_socket):
    """The descriptor of a socket that somebody else owns: never closes it, not even when forgotten."""

    def __del__(self) -> None:
        self.detach()


class PlainStream:
    """A connected TCP socket."""

    unsent = b""
    cut = False
    session = None

    def __init__(self, sock: socket.socket, ready: "Callable[[system_socket], Ready] | None" = None) -> None:
        """Take a socket; `ready` makes what sends and waits for it, where that is not the socket's own affair.

        Raises:
            OSError: the other side has hung up already; the socket is still the caller's.
        """
        # Without it a small write waits for the acknowledgement of the one before: 40 ms on loopback.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout_s = sock.gettimeout()
        self._socket = sock
        self._recv = sock.recv
        self._view = _View(fileno=sock.fileno())
        self.channel = ready(self._view) if ready is not None else None
        if self.channel is not None:
            self.channel.timeout_s = self.timeout_s or 0.0

    @property
    def came_s(self) -> float | None:
        """When what `receive` gave last was there to be read."""
        return self.channel.came_s if self.channel is not None else None

    def is_idle(self) -> bool:
        """Whether it is open with nothing to read."""
        if self.channel is not None:
            return self.channel.is_idle()
        try:
            self._view.recv(1, _PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # closed, or an answer that nobody asked for

    def send(self, data: bytes | memoryview) -> int:
        """Take as much of the data as goes without waiting."""
        try:
            return self._view.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def receive(self) -> bytes:
        """Wait for bytes; empty at the end of the stream."""
        return self._recv(RECEIVE_BYTES) if self.channel is None else self.channel.receive()

    def receive_now(self) -> bytes:
        """Return what is there; raise `BlockingIOError` if nothing is."""
        return self._view.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT)

    def set_timeout(self, timeout_s: float) -> None:
        """Set how long `ask` and `receive` wait."""
        self._socket.settimeout(timeout_s)
        self.timeout_s = timeout_s
        if self.channel is not None:
            self.channel.timeout_s = timeout_s

    def wait_to_send(self, timeout_s: float) -> bool:
        """Wait until more can be sent, or there is something to read."""
        return not self.poll(timeout_s) or self.is_idle()

    def poll(self, timeout_s: float) -> bool:
        """Wait until the socket can be written or read; return whether it can be read."""
        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLIN | select.POLLOUT)
        events = poller.poll(timeout_s * 1000)
        if not events:
            raise TimeoutError
        return bool(events[0][1] & ~select.POLLOUT)

    def close(self) -> None:
        """Close the socket."""
        if self.channel is not None:
            self.channel.close()
        self._view.detach()
        self._socket.close()


class TlsStream:
    """TLS over a plain stream. `handshake` comes first."""

    def __init__(
        self, plain: PlainStream, context: ssl.SSLContext, server_name: str, session: ssl.SSLSession | None
    ) -> None:
        self.unsent = b""
        self.cut = False
        self._plain = plain
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name, session=session)
        self._read = b""
        self._ended = False
        self._ready = plain.channel
        self.set_timeout = plain.set_timeout

    @property
    def channel(self) -> Channel | None:
        """Itself, where the plain stream has one."""
        return self if self._ready is not None else None

    @property
    def came_s(self) -> float | None:
        """When what `receive` gave last was there to be read."""
        return self._plain.came_s

    @property
    def timeout_s(self) -> float | None:
        """How long `receive` waits."""
        return self._plain.timeout_s

    @property
    def session(self) -> ssl.SSLSession | None:
        """The session to resume: the latest ticket of the server; null where TLS 1.3 has brought none yet."""
        session = self._tls.session
        useless = session is not None and not session.has_ticket and self._tls.version() == "TLSv1.3"
        return None if useless else session

    @property
    def session_reused(self) -> bool:
        """Whether the handshake took up an earlier session."""
        return bool(self._tls.session_reused)

    def handshake_step(self) -> bool:
        """Do one round of the handshake, waiting for the server once at most; return whether it is done."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            data = self._plain.receive()
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
            return False
        finally:
            if self._outgoing.pending:
                self._flush()  # our last words: the finished message, or the alert that says why not
        return True

    def is_idle(self) -> bool:
        """Whether it is open with nothing to read; session tickets that wait on the wire are taken in."""
        if self._read or self._ended:
            return False
        if self._plain.is_idle():
            return True
        try:
            self._decrypt(self._plain.receive_now())
        except OSError:
            return False
        return not (self._read or self._ended)

    def send(self, data: bytes | memoryview) -> int:
        """Encrypt as much of the data as goes without waiting, a record at a time."""
        if self.unsent and not self._flush():
            return 0
        if not data:
            return 0
        taken = self._tls.write(data[:_RECORD_BYTES])
        self._flush()
        return taken

    def ask(self, request: bytes, exchange: "Exchange") -> bool:
        """Encrypt a request, and send it with others; see `Channel.ask`. One of several records is left to `send`."""
        ready = self._ready
        if ready is None or self.unsent or len(request) > _RECORD_BYTES:
            return False
        self._tls.write(request)
        data = self._outgoing.read()
        try:
            if ready.ask(data, exchange):
                return True
            if not ready.is_broken:
                self.unsent = data[exchange.bytes_sent :]
            return False
        finally:
            if exchange.sent_s is None:  # broken off before that
                self.unsent = data
            elif not ready.is_broken:
                exchange.bytes_sent = len(request)

    def receive(self) -> bytes | None:
        """Wait for bytes; empty at the end of the stream, ``None`` after a session ticket or half a record."""
        if not self._read and not self._ended:
            self._decrypt(self._plain.receive())
        data, self._read = self._read, b""
        return data if data or self._ended else None

    def wait_to_send(self, timeout_s: float) -> bool:
        """Wait until more can be sent, or there is something to read."""
        return not self._plain.poll(timeout_s) or self.is_idle()

    def close(self) -> None:
        """Say farewell, as TLS demands, if that costs no waiting, and close the socket.

        A server that keeps sessions itself (TLS 1.2) forgets the one of a connection that ends without.
        """
        if not self.unsent:  # else what follows would be the rest of a request that has been given up
            with suppress(OSError, ValueError):
                self._say_farewell()
        self._plain.close()

    def _say_farewell(self) -> None:
        with suppress(ssl.SSLWantReadError):  # for the other side's farewell, which nobody waits for
            self._tls.unwrap()
        self._plain.send(self._outgoing.read())

    def _flush(self) -> bool:
        data = self.unsent + self._outgoing.read()
        self.unsent = data[self._plain.send(data) :]
        return not self.unsent

    def _decrypt(self, data: bytes) -> None:
        self._incoming.write(data)
        tls = self._tls
        try:
            while not self._ended:
                piece = tls.read(_RECORD_BYTES)
                self._read += piece
                self._ended = not piece
                if data and not self._incoming.pending and not tls.pending():
                    break  # most answers are one record: it is cheaper to see that than to try for another
        except ssl.SSLWantReadError:
            # OpenSSL is not told of an end without farewell: it would spoil the session, which may well be taken up
            # again (RFC 5246, 7.2.1).
            self._ended = self.cut = not data
        if self._outgoing.pending:
            self._flush()  # the protocol's own answers, such as to a change of keys
