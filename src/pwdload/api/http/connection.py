"""Exchange after exchange over one kept stream."""

import ssl
from collections.abc import Callable
from contextlib import suppress

from pwdload.api.http.address import Address
from pwdload.api.http.answer import AnswerReader, Heads
from pwdload.api.http.dial import Dialer
from pwdload.api.http.exchange import Exchange, Failure, Options, TransportCode
from pwdload.api.http.stream import Channel, Stream, time_left_s

_DEFAULTS = Options()


class Connection:
    """One keep-alive connection to a target, opened when first needed and again when the target closed it.

    A kept stream is used again only if the answer before it was whole, its last byte the last that came, and neither
    side asked to close; and if, just before the request, it is open with nothing to read. After the first byte of a
    request has been handed to the socket, that request is never sent again.
    """

    def __init__(
        self,
        address: Address,
        *,
        clock: Callable[[], float],
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
        options: Options = _DEFAULTS,
    ) -> None:
        """Make it, without opening it.

        Args:
            address: the target.
            clock: gives seconds; all times of the exchanges are on it.
            timeout_s: limit of an exchange, from its start to the last byte of its answer.
            tls: the shared context (`client_context`); null for plain HTTP.
            options: limits of phases and sizes, proxy, TLS resumption, resolver.
        """
        self._clock = clock
        self._timeout_s = timeout_s
        first_s = options.first_byte_s_max
        self._first_byte_s = timeout_s if first_s is None else min(first_s, timeout_s)
        heads: Heads = {} if options.heads is None else options.heads
        self._reading = options.head_bytes_max, options.body_bytes_max, heads
        self._dialer = Dialer(address, clock=clock, tls=tls, options=options)
        self._stream: Stream | None = None
        self._channel: Channel | None = None
        """That of the stream."""
        self._answer = AnswerReader(*self._reading)

    def exchange(self, request: bytes) -> Exchange:
        """Send a whole request and read its answer.

        Whatever fails is in the answer's ``transport``, a `TransportCode`. If ``sent_s`` is null nothing was sent.
        """
        clock = self._clock  # by a local name: see `harness.readiness`
        result = Exchange(started_s=clock())
        keep = False
        try:
            keep = self._exchange(request, result)
        except BaseException as error:  # noqa: BLE001 - kept, and what broke in is raised again by whoever records it
            _fail(result, error)
        if not result.done_s:
            result.done_s = self._clock()
        if not keep:
            self.close()
        return result

    # The same in three steps, for requests over several connections that are to be sent at one moment.

    def prepare(self, result: Exchange) -> None:
        """Open the stream, where none is open, for an exchange that `begin` and `finish` go on with."""
        try:
            if self._stream is None or not self._stream.is_idle():
                self._open(result)
        except BaseException as error:  # noqa: BLE001 - as above
            _fail(result, error)
            self.close()
        result.done_s = self._clock()

    def begin(self, request: bytes, result: Exchange) -> None:
        """Hand a request to the stream, without waiting: what it does not take at once is left to `finish`."""
        stream = self._stream
        if stream is None or result.transport:
            return
        result.sent_s = self._clock()
        with suppress(OSError):  # what is wrong shows when the rest is sent, or the answer read
            result.bytes_sent = stream.send(request)

    def finish(self, request: bytes, result: Exchange) -> None:
        """Send what is left of a request, and read its answer. What fails is in ``transport``, as of `exchange`."""
        stream = self._stream
        if stream is None or result.transport:
            return
        keep = False
        result.done_s = 0.0
        try:
            keep = self._finish_begun(stream, request, result)
        except BaseException as error:  # noqa: BLE001 - as above
            _fail(result, error)
        if not result.done_s:
            result.done_s = self._clock()
        if not keep:
            self.close()

    def change_client(self, *, returning: bool) -> None:
        """Close the stream, for another client to open its own; `returning`: with a TLS session to take up."""
        self.close()
        self._dialer.resumes = returning

    def close(self) -> None:
        """Close the stream, if there is one; the next exchange opens another."""
        stream, self._stream, self._channel = self._stream, None, None
        if stream is not None:
            self._dialer.remember(stream)
            stream.close()

    def _exchange(self, request: bytes, result: Exchange) -> bool:
        """Do it; return whether the stream can be kept."""
        stream = self._stream
        if stream is None or not (self._channel or stream).is_idle():
            stream = self._open(result)
        channel = self._channel
        try:
            if channel is not None:
                self._set_wait(stream, result, whole=True)
                if channel.ask(request, result):
                    return self._answered(stream, channel, request, result)
            return self._finish(stream, request, result)
        except OSError as error:
            raise self._failure(error, request, result) from None

    def _answered(self, stream: Stream, channel: Channel, request: bytes, result: Exchange) -> bool:
        """Read an answer that has begun to come; return whether the stream can be kept."""
        data = channel.receive()
        head = self._answer.known(data) if data else None
        if data is None or head is None or head.coding or _is_head(request):
            self._answer.begin(bodiless=_is_head(request))
            self._receive(stream, result, data)
            return self._answer.keep_alive
        # Nearly every answer: a whole one, with a head like the one before.
        length, result.http_status, keep_alive, _, result.aside = head
        result.first_byte_s = came_s = channel.came_s
        result.done_s = came_s or 0.0
        result.bytes_received = len(data)
        result.body = data[len(data) - length :]
        return keep_alive

    def _finish(self, stream: Stream, request: bytes, result: Exchange) -> bool:
        """Do what is still to be done; return whether the stream can be kept."""
        self._answer.begin(bodiless=_is_head(request))
        send = self._send if result.sent_s is None else self._send_rest
        whole = send(stream, request, result)
        self._set_wait(stream, result, whole=whole)
        asked_s = self._clock()
        self._receive(stream, result, stream.receive(), asked_s)
        return whole and self._answer.keep_alive

    def _finish_begun(self, stream: Stream, request: bytes, result: Exchange) -> bool:
        try:
            return self._finish(stream, request, result)
        except OSError as error:
            raise self._failure(error, request, result) from None

    def _failure(self, error: OSError, request: bytes, result: Exchange) -> Failure:
        if isinstance(error, TimeoutError):
            return Failure(self._timeout_code(result, len(request)))
        if isinstance(error, ssl.SSLError):
            return Failure(TransportCode.TLS)
        return Failure(_broken_code(result, TransportCode.RESET))

    def _open(self, result: Exchange) -> Stream:
        self.close()
        self._answer = AnswerReader(*self._reading)
        self._stream = stream = self._dialer.open(result, result.started_s + self._timeout_s)
        self._channel = stream.channel
        return stream

    def _set_wait(self, stream: Stream, result: Exchange, *, whole: bool) -> None:
        """Set how long the first bytes of an answer are waited for; `whole`: to a request of which all was sent."""
        # On a kept stream this is always the same, and setting it can be left out: the clock has hardly moved.
        wait_s = self._first_byte_s
        if result.connect_s is not None or not whole:
            wait_s = min(wait_s, self._left_s(result))
        if stream.timeout_s != wait_s:
            stream.set_timeout(wait_s)

    def _send(self, stream: Stream, request: bytes, result: Exchange) -> bool:
        """Send; return whether all of it went before an answer, or the end, was there to read."""
        result.sent_s = self._clock()
        try:
            result.bytes_sent = stream.send(request)
            if result.bytes_sent == len(request) and not stream.unsent:
                return True
        except (TimeoutError, ssl.SSLError):
            raise
        except OSError:
            return False  # closed for writing: but why may be there to read
        return self._send_rest(stream, request, result)

    def _send_rest(self, stream: Stream, request: bytes, result: Exchange) -> bool:
        """Send what the stream has not taken yet; return as `_send`."""
        try:
            rest = memoryview(request)[result.bytes_sent :]
            while rest or stream.unsent:
                if not stream.wait_to_send(self._left_s(result)):
                    return False
                sent = stream.send(rest)
                result.bytes_sent += sent
                rest = rest[sent:]
        except (TimeoutError, ssl.SSLError):
            raise
        except OSError:
            return False  # as above
        return True

    def _receive(self, stream: Stream, result: Exchange, data: bytes | None, asked_s: float | None = None) -> None:
        """Read an answer, whole, of which some has come; `asked_s`: when all was sent, if it was not sent at once."""
        answer = self._answer
        while True:
            if data:
                came_s = self._came_s(stream)  # what other users did since then has no part in it
                if result.first_byte_s is None:
                    result.first_byte_s = came_s
                result.bytes_received += len(data)
                answer.feed(data)
                if answer.complete:
                    break
            elif data is not None:
                came_s = self._came_s(stream)
                self._end(stream, result)
                break
            stream.set_timeout(self._left_s(result, self._first_due_s(result, asked_s)))
            data = stream.receive()
        result.body = answer.body()
        result.http_status = answer.status
        if answer.aside is not None:
            result.aside = answer.aside
        result.done_s = came_s

    def _first_due_s(self, result: Exchange, asked_s: float | None) -> float | None:
        """Return until when the first bytes must have come; null where they have, or no limit of theirs is set."""
        if result.first_byte_s is not None or self._first_byte_s >= self._timeout_s:
            return None
        since_s = result.sent_s if asked_s is None else asked_s
        return None if since_s is None else since_s + self._first_byte_s

    def _came_s(self, stream: Stream) -> float:
        """Return when what was received last was there."""
        came_s = stream.came_s
        return self._clock() if came_s is None else came_s

    def _end(self, stream: Stream, result: Exchange) -> None:
        if not result.bytes_received:
            raise Failure(_broken_code(result, TransportCode.EOF))
        self._answer.end(cut=stream.cut)

    def _left_s(self, result: Exchange, phase_until_s: float | None = None) -> float:
        until_s = result.started_s + self._timeout_s
        if phase_until_s is not None:
            until_s = min(until_s, phase_until_s)
        return time_left_s(until_s, self._clock())

    def _timeout_code(self, result: Exchange, request_bytes: int) -> TransportCode:
        waited_for_first = result.first_byte_s is None and result.bytes_sent == request_bytes
        if not waited_for_first or self._first_byte_s >= self._timeout_s:
            return TransportCode.TIMEOUT
        over = self._clock() - result.started_s >= self._timeout_s
        return TransportCode.TIMEOUT if over else TransportCode.FIRST_BYTE_TIMEOUT


def _fail(result: Exchange, error: BaseException) -> None:
    """Say of an exchange what ended it."""
    if isinstance(error, Failure):
        result.transport, result.why = error.code.value, error.why
        if not result.bytes_sent and result.first_byte_s is None:
            result.sent_s = None  # the stream broke before it had taken anything: nothing can have been done
    else:
        result.transport = TransportCode.CANCELLED.value
        result.interrupted = error


def _is_head(request: bytes) -> bool:
    """Whether no body follows the head of an answer, whatever that says."""
    return request.startswith(b"HEAD ")


def _broken_code(result: Exchange, code: TransportCode) -> TransportCode:
    """Tell a kept stream that had died meanwhile from one that the target broke while it was at work."""
    kept = result.connect_s is None
    return TransportCode.STALE if kept and not result.bytes_received else code
