"""From bytes to one answer: httptools' parser, and the rules that it leaves to its caller.

The rules, where RFC 9112 lets a recipient choose, are the strict ones, because an answer whose framing two parties
read differently must never count as a success: bare LF, folded headers, several Content-Length fields (even equal
ones), Content-Length next to Transfer-Encoding, any Transfer-Encoding but ``chunked`` and any at all in HTTP/1.0,
versions other than 1.0 and 1.1, an answer 101 that nobody asked for, interim answers that announce a body, and empty
lines before an answer are all `MALFORMED`.
"""

import re
from typing import NamedTuple

import httptools

from pwdload.api.http.coding import decode
from pwdload.api.http.exchange import Failure, TransportCode

_USUAL_START = b"HTTP/1.1 200 OK\r\n"
_OLD = b"HTTP/1.0 "
# The parser takes any version up to 2.0, statuses from 000 on, and any byte in the reason phrase.
_is_status_line = re.compile(rb"HTTP/1\.[01] [1-9]\d\d(?: [\t -~\x80-\xff]*)?(?:\r\n|\Z)").match
_FAILED_FROM = 400
_RETRY_AFTER = b"\r\nretry-after:"
NOT_FORWARDED = b"\r\nx-pwdload-injected: not-forwarded"
"""What the fault proxy puts into the head of an answer of its own making, in lower case."""
_RETRY_AFTER_LENGTH_MAX = 40
_FIRST_BYTE = ord("H")
_HEAD_END = b"\r\n\r\n"


_HEADS_MAX = 256
"""A target that never sends the same head twice must not fill the memory."""


class Aside(NamedTuple):
    """What an answer's head says beside its framing, where it says anything: mostly nothing."""

    retry_after: str
    """Value of Retry-After as it came; empty where there was none."""
    not_forwarded: bool
    """Whether a proxy that injects faults says that the target has never seen the request."""


class Head(NamedTuple):
    """What the parser has made of an answer whose body was announced by its length, and was there with its head."""

    length: int
    """How many bytes of body follow."""
    status: int
    keep_alive: bool
    coding: bytes
    aside: Aside | None


Heads = dict[bytes, Head]
"""Heads that were parsed before, as they came. Readers share it: a target's heads differ by the second, no more."""


class _Interim(Exception):  # noqa: N818 - control flow within this module
    """An interim answer has ended."""


class AnswerReader:
    """Reads the answers of one stream, one after the other, with one parser.

    The result is the same however the bytes are cut. After a failure the reader is of no more use, nor is its stream.

    The parser would call back for each header; three of them matter here, and are looked for in the bytes of the head
    instead, which is cheaper. That is safe because the parser has accepted the head by then: each of its
    lines ends with CR LF, none is folded, and a name is followed by its colon at once.

    An answer that comes in one piece, with a head that was parsed before, byte for byte, and as much body as followed
    that, is not parsed again: as the body's length was announced, its content has no say in the framing.
    """

    __slots__ = (
        "_bodiless",
        "_body",
        "_body_bytes_max",
        "_chunked",
        "_coding",
        "_fed",
        "_has_length",
        "_head_bytes_max",
        "_head_complete",
        "_heads",
        "_last",
        "_last_head",
        "_last_length",
        "_limit",
        "_more",
        "_parser",
        "_raw",
        "_size",
        "aside",
        "complete",
        "keep_alive",
        "status",
    )

    def __init__(self, head_bytes_max: int, body_bytes_max: int, heads: Heads | None = None) -> None:
        self._head_bytes_max = head_bytes_max
        self._body_bytes_max = body_bytes_max
        self._heads: Heads = {} if heads is None else heads
        self._parser = httptools.HttpResponseParser(self)
        self._last = b""
        """Head of the last answer that was `known`."""
        self._last_head: Head | None = None
        self._last_length = -1
        """How long that answer was, with its body."""
        self.begin()

    def begin(self, *, bodiless: bool = False) -> None:
        """Expect an answer; `bodiless`: one that ends with its head, whatever that says (HEAD, CONNECT)."""
        self.complete = False
        """Whether the answer has been read whole."""
        self.status = 0
        self.keep_alive = False
        """Whether the stream can carry another exchange."""
        self.aside: Aside | None = None
        self._bodiless = bodiless
        self._fed = 0
        self._raw = b""
        """What was fed until the head was complete."""
        self._limit = self._head_bytes_max
        self._chunked = self._has_length = self._head_complete = False
        self._coding = b""
        self._body = b""
        self._size = 0
        self._more: list[bytes] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            Failure: `MALFORMED` or `TOO_LARGE`.
        """
        if self._fed:
            self._feed(data)
            return
        head = self.known(data)
        if head is None or self._bodiless:
            self._feed(data)
            if self.complete:
                self._learn(data)
            return
        self._fed = len(data)
        self._head_complete = self._has_length = self.complete = True
        _, self.status, self.keep_alive, self._coding, self.aside = head
        self._body = data[len(data) - head.length :]

    def known(self, data: bytes) -> Head | None:
        """Return the head of a whole answer, if it was parsed before; the rest of the data is the body then.

        That says nothing of an answer to HEAD, which has no body.
        """
        if len(data) == self._last_length and data.startswith(self._last):
            return self._last_head  # as the one before, which is seen in a third of the time
        body_at = data.find(_HEAD_END) + len(_HEAD_END)
        head = self._heads.get(data[:body_at])
        if head is None or len(data) - body_at != head.length:
            return None
        if body_at > self._head_bytes_max or head.length > self._body_bytes_max:  # of another reader's larger limits
            return None
        self._last, self._last_length, self._last_head = data[:body_at], len(data), head
        return head

    def _learn(self, data: bytes) -> None:
        """Remember the head of an answer that was whole, if all that it takes to read the next one is its length."""
        body_at = data.find(_HEAD_END) + len(_HEAD_END)
        body = data[body_at:]
        if not self._has_length or self._chunked or self._bodiless or body != self._body or self._more is not None:
            return
        if len(self._heads) >= _HEADS_MAX:
            self._heads.clear()
        self._heads[data[:body_at]] = Head(len(body), self.status, self.keep_alive, self._coding, self.aside)

    def _feed(self, data: bytes) -> None:
        fed = self._fed + len(data)
        # The parser says nothing about positions: bytes are held back at the limit, so that it falls between two
        # feeds and hits the same byte however the target has cut its answer.
        while fed > self._limit and not self.complete:
            at_limit = self._limit - self._fed
            self._parse(data[:at_limit])
            data = data[at_limit:]
            self._fed = self._limit
            if not self._head_complete:
                raise Failure(TransportCode.TOO_LARGE)
            if not self.complete:
                self._raise_limit()
        self._fed = fed
        if data:
            self._parse(data)

    def _raise_limit(self) -> None:
        """Let the body follow its head; what is still not complete at the second limit is too large."""
        if self._limit > self._head_bytes_max:
            raise Failure(TransportCode.TOO_LARGE)
        self._limit += self._body_bytes_max

    def end(self, *, cut: bool) -> None:
        """Take note that the target closed; `cut`: without the farewell that TLS demands.

        Raises:
            Failure: `TRUNCATED`, unless it is an answer that the close ends, and not a cut one.
        """
        if cut or not self._head_complete or self._has_length:
            raise Failure(TransportCode.TRUNCATED)
        self.complete = True
        self.keep_alive = False

    def body(self) -> bytes:
        """Return the decoded body.

        Raises:
            Failure: `CODING` or `TOO_LARGE`.
        """
        body = self._body if self._more is None else b"".join((self._body, *self._more))
        return decode(body, self._coding, self._body_bytes_max) if self._coding and body else body

    def _parse(self, data: bytes) -> None:
        while data:
            if not self._head_complete:
                if not self._raw and data[0] != _FIRST_BYTE:
                    raise Failure(TransportCode.MALFORMED)  # the parser would skip empty lines
                self._raw += data
            try:
                self._parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
                data = self._after(error)
            else:
                return

    def _after(self, error: Exception) -> bytes:
        """Return what is still to be parsed after the parser stopped, if it was our wish that it did."""
        if self.complete:
            self.keep_alive = False  # surplus: the answer stands, the stream is not to be trusted any more
            return b""
        cause = error.__context__
        if isinstance(cause, _Interim):
            self._parser = httptools.HttpResponseParser(self)
            _, _, rest = self._raw.partition(_HEAD_END)
            self._raw = b""
            return rest
        if isinstance(cause, Failure) or not isinstance(cause, Exception | None):
            raise cause from None  # ours, or an interruption from outside
        raise Failure(TransportCode.MALFORMED) from None

    # What httptools calls. It passes a piece at a time where it says so.

    def on_message_begin(self) -> None:
        """Bytes of an answer, or of a second one that nobody asked for."""
        if self.complete:
            self.keep_alive = False
            raise Failure(TransportCode.MALFORMED)

    def on_headers_complete(self) -> None:
        """The head is there."""
        head = self._raw[: self._raw.index(_HEAD_END)]
        if not head.startswith(_USUAL_START) and not _is_status_line(head):
            raise Failure(TransportCode.MALFORMED)
        self.status = status = self._parser.get_status_code()
        fields = head.lower()
        self._chunked = chunked = b"\r\ntransfer-encoding:" in fields
        if chunked and (_values(fields, b"transfer-encoding") != b"chunked" or head.startswith(_OLD)):
            raise Failure(TransportCode.MALFORMED)
        self._has_length = chunked or b"\r\ncontent-length:" in fields
        if status < 200:
            if status == 101 or self._has_length:
                raise Failure(TransportCode.MALFORMED)
            raise _Interim
        if b"\r\ncontent-encoding:" in fields:
            self._coding = _values(fields, b"content-encoding")
        if status >= _FAILED_FROM:
            self.aside = _aside(fields)
        self._head_complete = True
        if self._bodiless:
            self.complete = True
            raise Failure(TransportCode.MALFORMED)  # only to stop the parser: it would wait for a body

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        if self._more is not None:
            self._more.append(piece)
        elif self._body:
            self._more = [piece]
        else:
            self._body = piece
        self._size += len(piece)
        if self._size > self._body_bytes_max:
            raise Failure(TransportCode.TOO_LARGE)

    def on_message_complete(self) -> None:
        """The answer is there."""
        self.complete = True
        self.keep_alive = self._parser.should_keep_alive()  # the parser forgets once this callback returns


def _aside(fields: bytes) -> Aside | None:
    if _RETRY_AFTER not in fields and NOT_FORWARDED not in fields:
        return None
    retry_after = _values(fields, b"retry-after").decode("latin-1")
    return Aside(retry_after[:_RETRY_AFTER_LENGTH_MAX], NOT_FORWARDED in fields)


def _values(fields: bytes, name: bytes) -> bytes:
    """Return the values of a header in a head in lower case, joined as RFC 9110, 5.3, allows."""
    lines = (line.partition(b":") for line in fields.split(b"\r\n")[1:])
    return b",".join(value.strip(b" \t") for key, _, value in lines if key == name)
