"""From an address to an open stream: name, TCP, proxy, TLS, each with its time and its own way to fail."""

import errno
import socket
import ssl
from _socket import socket as system_socket
from collections.abc import Callable

from pwdload.api.http.address import Address, Endpoint, Resolver
from pwdload.api.http.exchange import Exchange, Failure, Options, TransportCode
from pwdload.api.http.proxy import connect_through
from pwdload.api.http.stream import PlainStream, Ready, Stream, TlsStream, time_left_s
from pwdload.api.http.tls import TlsSessions
from pwdload.errors import UsageError

_OUR_FAULT = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM}
# Where a name has several addresses, the failure that tells most of them.
_TELLING = (TransportCode.UNREACHABLE, TransportCode.LOCAL, TransportCode.CONNECT_TIMEOUT, TransportCode.REFUSED)
_OF_PROXY = {
    TransportCode.DNS: TransportCode.PROXY_DNS,
    TransportCode.REFUSED: TransportCode.PROXY_REFUSED,
    TransportCode.UNREACHABLE: TransportCode.PROXY_UNREACHABLE,
    TransportCode.CONNECT_TIMEOUT: TransportCode.PROXY_TIMEOUT,
}


class Dialer:
    """Opens streams to one address, and writes into an exchange how long each phase took."""

    def __init__(
        self,
        address: Address,
        *,
        clock: Callable[[], float],
        tls: ssl.SSLContext | None,
        options: Options,
    ) -> None:
        self._address = address
        self._clock = clock
        self._tls = tls
        self._options = options
        self._resolver = options.resolver if options.resolver is not None else Resolver()
        self._sessions = options.sessions if options.sessions is not None else TlsSessions()
        self._server_name = options.server_name or address.host
        self.resumes = options.resume
        """Whether the next stream takes up an earlier TLS session."""

    def open(self, result: Exchange, deadline_s: float) -> Stream:
        """Return an open stream.

        Raises:
            Failure: a code of `TransportCode`, up to ``tls_timeout``; no byte of a request has been sent.
        """
        plain = self._open_plain(result, deadline_s)
        if self._tls is None:
            return plain
        try:
            return self._handshake(plain, self._tls, result, deadline_s)
        except BaseException:
            plain.close()
            raise

    def remember(self, stream: Stream) -> None:
        """Keep the TLS session of a stream that is about to be closed, for a device that returns."""
        if self._tls is not None:
            self._sessions.keep(stream.session)

    def _open_plain(self, result: Exchange, deadline_s: float) -> PlainStream:
        proxy = self._options.proxy
        if proxy is None:
            return self._connect(self._options.via or self._address, result, deadline_s)
        try:
            plain = self._connect(proxy.address, result, deadline_s)
        except Failure as failure:
            raise Failure(_OF_PROXY.get(failure.code, failure.code)) from None
        begun_s = self._clock()
        limit_s = _earlier(deadline_s, begun_s, self._options.connect_s_max)
        try:
            connect_through(proxy, plain, self._address, clock=self._clock, deadline_s=limit_s)
        except BaseException:
            plain.close()
            raise
        result.proxy_s = self._clock() - begun_s
        return plain

    def _connect(self, address: Address, result: Exchange, deadline_s: float) -> PlainStream:
        endpoints = self._endpoints(address, result)
        begun_s = self._clock()
        limit_s = _earlier(deadline_s, begun_s, self._options.connect_s_max)
        failures = []
        for place, endpoint in enumerate(endpoints):
            # An address that swallows everything must leave time for the others.
            share_s = (limit_s - self._clock()) / (len(endpoints) - place)
            try:
                stream = _connected(endpoint, max(share_s, 0.001), self._options.ready)
            except OSError as error:
                failures.append(_connect_code(error))
                continue
            result.connect_s = self._clock() - begun_s
            self._resolver.prefer(address.host, address.port, endpoint)
            return stream
        raise Failure(max(failures, key=_TELLING.index))

    def _endpoints(self, address: Address, result: Exchange) -> tuple[Endpoint, ...]:
        known = self._resolver.known(address.host, address.port)
        if known is not None:
            return known
        begun_s = self._clock()
        try:
            return self._resolver.look_up(address.host, address.port)
        except UsageError:
            raise Failure(TransportCode.NOT_ALLOWED) from None
        except OSError:
            raise Failure(TransportCode.DNS) from None
        finally:
            result.dns_s = self._clock() - begun_s

    def _handshake(self, plain: PlainStream, context: ssl.SSLContext, result: Exchange, deadline_s: float) -> TlsStream:
        begun_s = self._clock()
        limit_s = _earlier(deadline_s, begun_s, self._options.tls_s_max)
        try:
            session = self._sessions.take() if self.resumes else None
            stream = TlsStream(plain, context, self._server_name, session)
            done = False
            while not done:
                plain.set_timeout(time_left_s(limit_s, self._clock()))
                done = stream.handshake_step()
        except TimeoutError:
            raise Failure(TransportCode.TLS_TIMEOUT) from None
        except ssl.SSLCertVerificationError as error:
            raise Failure(TransportCode.TLS_CERTIFICATE, error.verify_message.rstrip(".")) from None
        except (OSError, ValueError):  # SSLError is an OSError; a name that cannot be sent is a ValueError
            raise Failure(TransportCode.TLS) from None
        result.tls_s = self._clock() - begun_s
        result.tls_resumed = stream.session_reused
        return stream


def _earlier(deadline_s: float, now_s: float, phase_s_max: float | None) -> float:
    return deadline_s if phase_s_max is None else min(deadline_s, now_s + phase_s_max)


def _connected(endpoint: Endpoint, timeout_s: float, ready: Callable[[system_socket], Ready] | None) -> PlainStream:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.settimeout(timeout_s)
        sock.connect(endpoint.sockaddr)
        return PlainStream(sock, ready)  # may fail too, where the other side has hung up already
    except BaseException:
        sock.close()
        raise


def _connect_code(error: OSError) -> TransportCode:
    if isinstance(error, TimeoutError):
        return TransportCode.CONNECT_TIMEOUT
    if isinstance(error, ConnectionRefusedError):
        return TransportCode.REFUSED
    return TransportCode.LOCAL if error.errno in _OUR_FAULT else TransportCode.UNREACHABLE
