"""One request to a control API at a time, each on a connection of its own, and every failure in one line.

Plain blocking sockets of the standard library: in a process that gevent has patched, others go on meanwhile.
"""

import json
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from pwdload.api.beside import connected
from pwdload.errors import FaultError, UsageError

_ANSWER_BYTES_MAX = 4 * 1024 * 1024
_WORDS_MAX = 500


class Caller:
    """Calls the control API at one URL. May be used from any thread."""

    def __init__(self, url: str, *, timeout_s: float, allowed: Iterable[str] = ()) -> None:
        """Take the URL, and the hosts and addresses that somebody has named; nothing is opened yet."""
        self.url = url.rstrip("/")
        self._allowed = tuple(allowed)
        self._host, self._port = _host_and_port(url)
        self._timeout_s = timeout_s

    def call(self, method: str, path: str, body: object = None) -> object:
        """Send a request, and return what the JSON of its answer holds; null where it is empty.

        Raises:
            FaultError: no answer within the time-out, or one that is an error or no JSON.
        """
        status, content = self._exchange(method, path, body)
        document = self._parsed(content) if content.strip() or status >= 300 else None
        if status < 300:
            return document
        error = document.get("error") if isinstance(document, dict) else None
        raise FaultError(f"fault proxy {self.url}: {method} {path}: {_line(error or 'refused')} (HTTP {status})")

    def _exchange(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        connection = HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.sock = connected(self._host, self._port, self._timeout_s, self._allowed)
            content = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json", "Connection": "close", "User-Agent": "pwdload"}
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            return response.status, response.read(_ANSWER_BYTES_MAX)
        except UsageError as error:
            raise FaultError(f"fault proxy {self.url}: {error}") from None
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise FaultError(
                f"fault proxy {self.url}: does not answer ({_line(why).lower()}); "
                "it has ended or is elsewhere: start it with `pwdload proxy`, or name another address"
            ) from None
        finally:
            connection.close()

    def _parsed(self, content: bytes) -> object:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise FaultError(
                f"fault proxy {self.url}: answers, but not as a Toxiproxy does; give the URL of its control API"
            ) from None


def _line(text: object) -> str:
    """Return what somebody else says as a part of one line."""
    return " ".join(str(text).split())[:_WORDS_MAX]


def _host_and_port(url: str) -> tuple[str, int]:
    allowed = "give http://HOST:PORT of a control API, such as http://127.0.0.1:8474"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FaultError(f"fault proxy {url!r}: {error}; {allowed}") from None
    if parts.scheme != "http" or not parts.hostname or port is None:
        raise FaultError(f"fault proxy {url!r}: not the URL of a control API; {allowed}")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise FaultError(f"fault proxy {url!r}: more than a base URL; {allowed}")
    return parts.hostname, port
