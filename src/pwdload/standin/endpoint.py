"""One route over HTTP: reads the whole request, asks the handler, renders the answer, counts it.

The body is read to its end before anything is answered, even when the answer does not depend on it: a server that
answers and closes while the client is still writing makes the client see a reset instead of the answer.
"""

import json
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from starlette.types import Message, Receive, Scope, Send

from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.call import Call, Handler
from pwdload.standin.capacity import Capacity
from pwdload.standin.counts import Counts
from pwdload.standin.faults import SlowDisk
from pwdload.standin.headers import language
from pwdload.standin.reasons import Reason, message
from pwdload.standin.settings import Settings

_BODY_BYTES_READ_MAX = 8 * 1024 * 1024
"""Where reading to the end stops being a courtesy and begins to be a way to keep us busy."""

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_logger = logging.getLogger(__name__)


class _ClientGoneError(Exception):
    """The client left before its request was complete."""


class Endpoint:
    """An ASGI application for one route; its methods are the keys of `handlers`."""

    def __init__(
        self,
        route: str,
        handlers: Mapping[str, Handler],
        *,
        settings: Settings,
        counts: Counts | None,
        capacity: Capacity | None,
        disk: SlowDisk | None = None,
    ) -> None:
        self._route = route
        self._handlers = handlers
        self._settings = settings
        self._counts = counts
        self._capacity = capacity
        self._disk = disk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            body, is_cut = await _read_body(receive)
        except _ClientGoneError:
            return
        call = Call(
            method=scope["method"],
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            query_string=scope["query_string"],
            path_parameters=scope.get("path_params", {}),
        )
        answer = await self._answer(call)
        if self._counts is not None:
            self._counts.add(call.method, self._route, answer)
        await _send(send, answer, closes=is_cut)

    async def _answer(self, call: Call) -> Answer:
        if self._capacity is None:
            return await self._carry_out(call)
        answer = await self._capacity.serve(lambda: self._carry_out(call))
        return answer if answer is not None else self._turned_away(call)

    async def _carry_out(self, call: Call) -> Answer:
        if self._disk is None:
            return await self._handle(call)
        return await self._disk.acknowledged(lambda: self._handle(call))

    def _turned_away(self, call: Call) -> Answer:
        answer, retry_after_s = self._refused(call, Refusal(Reason.QUEUE_FULL)), self._settings.queue_full_retry_after_s
        return answer if retry_after_s < 0 else replace(answer, headers=(("retry-after", str(retry_after_s)),))

    async def _handle(self, call: Call) -> Answer:
        try:
            return await self._handler(call)(call)
        except Refusal as refusal:
            return self._refused(call, refusal)
        except sqlite3.OperationalError as error:
            _logger.warning("%s %s: the database does not serve: %s", call.method, self._route, error)
        except Exception:
            _logger.exception("%s %s: a mistake of this program", call.method, self._route)
        return self._refused(call, Refusal(Reason.BUSY))

    def _handler(self, call: Call) -> Handler:
        """Return the handler of a call's method.

        Raises:
            Refusal: there is none, or the body is too large for any.
        """
        handler = self._handlers.get(call.method)
        if handler is None and self._handlers:
            raise Refusal(Reason.METHOD_WRONG, call.method)
        if handler is None:
            raise Refusal(Reason.ROUTE_UNKNOWN)
        if len(call.body) > self._settings.max_body_bytes:
            raise Refusal(Reason.BODY_TOO_LARGE, self._settings.max_body_bytes)
        return handler

    def _refused(self, call: Call, refusal: Refusal) -> Answer:
        refused = self._settings.refusals[refusal.reason]
        text = message(refusal.reason, language(call, self._settings), refusal.arguments)
        allow = (("allow", ", ".join(self._handlers)),) if refusal.reason is Reason.METHOD_WRONG else ()
        return Answer(
            http_status=refused.http_status,
            fields={"error_code": refused.error_code, "error_msg": text},
            headers=allow,
        )


async def _read_body(receive: Receive) -> tuple[bytes, bool]:
    """Return the body, and whether it was cut at the most that is read."""
    parts, size = [], 0
    while True:
        message_in: Message = await receive()
        if message_in["type"] == "http.disconnect":
            raise _ClientGoneError
        part = message_in.get("body", b"")
        parts.append(part)
        size += len(part)
        if not message_in.get("more_body", False):
            return b"".join(parts), False
        if size > _BODY_BYTES_READ_MAX:
            return b"".join(parts), True


async def _send(send: Send, answer: Answer, *, closes: bool) -> None:
    body = b"" if answer.fields is None else _json.encode(answer.fields).encode()
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    if answer.fields is not None:
        headers += [(b"content-type", b"application/json;charset=UTF-8"), (b"content-length", b"%d" % len(body))]
    if closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
