"""What all routes share: bodies of a bounded size, errors as JSON, and no browsers."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pwdload.errors import FaultError
from pwdload.faults.control.refusal import Refusal

_BODY_BYTES_MAX = 1024 * 1024
_NOTHING: Mapping[str, str] = {}


async def body_of(request: Request) -> bytes:
    """Return the body.

    Raises:
        Refusal: it is too large.
    """
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > _BODY_BYTES_MAX:
                raise Refusal(413, f"request body too large; allowed are {_BODY_BYTES_MAX} bytes")
            parts.append(part)
    except ClientDisconnect:
        raise Refusal(400, "bad request body: cut short") from None
    return b"".join(parts)


def no_content() -> Response:
    """Answer that it is done."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def refused(_request: Request, error: Exception) -> Response:
    """Answer what was refused, as JSON."""
    assert isinstance(error, Refusal)  # noqa: S101 - narrows the type: it is registered for these
    # After a body that was not read to its end the connection is of no use any more.
    headers = {"connection": "close"} if error.http_status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else _NOTHING
    return JSONResponse(error.document(), error.http_status, headers)


async def failed(_request: Request, error: Exception) -> Response:
    """Answer what could not be done, as JSON: an address in use, most of the time."""
    return JSONResponse({"error": str(error), "status": 500}, 500)


async def not_routed(_request: Request, error: Exception) -> Response:
    """Answer a path or a method that there is not, as JSON."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    words = error.detail.lower()
    return JSONResponse({"error": words, "status": error.status_code}, error.status_code, error.headers)


HANDLERS = {Refusal: refused, FaultError: failed, HTTPException: not_routed}


class NoBrowsers:
    """Refuses what a browser sends, as Toxiproxy does: a page from anywhere must not be able to break a service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        agents = [value for name, value in scope.get("headers", ()) if name == b"user-agent"]
        app = self._app
        if any(agent.startswith(b"Mozilla/") for agent in agents):
            app = PlainTextResponse("User agent not allowed\n", HTTPStatus.FORBIDDEN)
        await app(scope, receive, send)
