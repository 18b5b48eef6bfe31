"""Where requests and answers end in the bytes of a connection. The bytes themselves are never touched."""

import re

import httptools

_BEGINS_REQUEST = re.compile(rb"[A-Z]{1,20}(?: |$)")


class UnframedError(Exception):
    """These bytes are not one message: broken, or the beginning of another with it (pipelining)."""


def begins_request(data: bytes) -> bool:
    """Whether these may be the first bytes of a request."""
    return _BEGINS_REQUEST.match(data) is not None


class RequestFramer:
    """Tells where each request of a connection ends."""

    def __init__(self) -> None:
        self.is_head = False
        """Whether the request that is complete is a HEAD."""
        self._parser = httptools.HttpRequestParser(self)
        self._complete = self._more = False

    def feed(self, data: bytes) -> bool:
        """Return whether the request is complete with these bytes; raises `UnframedError`."""
        self._complete = self._more = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # asked for; whether it is granted is the target's word
            self._more = upgrade.args[0] < len(data)
            self._parser = httptools.HttpRequestParser(self)
        except httptools.HttpParserError:
            raise UnframedError from None
        if self._more:
            raise UnframedError
        return self._complete

    def on_message_begin(self) -> None:
        """Take the parser's word that a request begins."""
        self._more |= self._complete

    def on_message_complete(self) -> None:
        """Take the parser's word that a request is over."""
        self._complete = True
        self.is_head = self._parser.get_method() == b"HEAD"


class AnswerFramer:
    """Tells where each answer of a connection ends; interim ones (1xx) are part of the one that they precede.

    An answer that ends with its connection is never complete: the end of the connection says so.
    """

    def __init__(self) -> None:
        self.upgraded = False
        """Whether the connection speaks another protocol from here on."""
        self._parser = httptools.HttpResponseParser(self)
        self._complete = self._more = self._stale = self._to_head = False

    def expect(self, *, to_head: bool) -> None:
        """Say what is answered next: a HEAD has no body, whatever its headers say."""
        if self._stale:
            self._parser = httptools.HttpResponseParser(self)
            self._stale = False
        self._complete, self._to_head = False, to_head

    def feed(self, data: bytes) -> bool:
        """Return whether the answer is complete with these bytes; raises `UnframedError`."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.upgraded = self._complete = True
        except httptools.HttpParserError:
            raise UnframedError from None
        if self._more:
            raise UnframedError
        return self._complete

    def on_message_begin(self) -> None:
        """Take the parser's word that an answer begins."""
        self._more |= self._complete

    def on_headers_complete(self) -> None:
        """Take the parser's word; the parser itself does not know of HEAD, and is no use after it."""
        if self._to_head and not self._is_interim():
            self._complete = self._stale = True

    def on_body(self, _: bytes) -> None:
        """Take the parser's word."""
        self._more |= self._stale

    def on_message_complete(self) -> None:
        """Take the parser's word that an answer is over."""
        self._complete |= not self._is_interim()

    def _is_interim(self) -> bool:
        code: int = self._parser.get_status_code()
        return code < 200 and code != 101
