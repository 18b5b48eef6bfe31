"""A client that sends our requests by Locust's FastHttpSession, to hold the two ways against each other.

Not for loads: it exists to show that the same scenario gives the same outcomes and latencies. It reads our bytes apart
and hands method, path, headers and body on as they are. Imports Locust: only for processes of their own.
"""

from collections.abc import Callable

from geventhttpclient.client import HTTPClient
from geventhttpclient.header import Headers
from locust.contrib.fasthttp import FastHttpSession, FastResponse
from locust.event import EventHook

from pwdload.api.connections import Connections
from pwdload.api.http import Exchange


class FastHttpClient:
    """Takes the place of `pwdload.api.connections.Client`."""

    def __init__(self, url: str, *, clock: Callable[[], float], timeout_s: float) -> None:
        HTTPClient.DEFAULT_HEADERS = Headers()  # our requests say everything themselves
        self.fired = 0
        """How many request events Locust's own client has fired: one for each exchange."""
        hook = EventHook()
        hook.add_listener(self._count)
        self._clock = clock
        self._session = FastHttpSession(
            base_url=url,
            request_event=hook,
            user=None,
            insecure=True,
            network_timeout=timeout_s,
            connection_timeout=timeout_s,
            max_retries=0,
        )

    def _count(self, **_: object) -> None:
        self.fired += 1

    def exchange(self, request: bytes) -> Exchange:
        """Send a request of ours and return what came of it; the parts of the time that this client hides are null."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        result = Exchange(started_s=self._clock())
        result.sent_s = result.started_s
        response = self._session.request(
            method,
            path,
            data=body or None,  # type: ignore[arg-type]  # bytes are documented
            headers=headers,
            allow_redirects=False,
        )
        result.done_s = self._clock()
        self._read(response, result)
        result.bytes_sent = len(request)
        return result

    def _read(self, response: FastResponse, result: Exchange) -> None:
        if not response.status_code:
            result.transport = "eof"  # it tells the ways to fail apart by its exceptions only
            return
        result.http_status = response.status_code
        result.body = response.content or b""
        result.bytes_received = len(result.body)
        result.first_byte_s = result.done_s

    def end_flow(self) -> None:
        """Keep the connection."""

    def close(self) -> None:
        """Close the connection."""
        self._session.client.close()


class FastHttpConnections(Connections):
    """Makes such clients instead of ours."""

    def client(self) -> FastHttpClient:  # type: ignore[override]
        """Return a client by FastHttpSession."""
        url = f"{self.address.scheme}://{self.address.host}:{self.address.port}"
        return FastHttpClient(url, clock=self._clock, timeout_s=self._timeout_s)
