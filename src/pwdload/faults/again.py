"""Requests that are delivered again: each over a connection of its own, whose answer nobody gets."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from pwdload.faults.framing import AnswerFramer, UnframedError

_PATIENCE_S = 30.0
"""How long the target may take for such an answer before we hang up."""

Dial = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Makes a connection to the target for a protocol; raises `OSError`."""


class Redelivery(asyncio.Protocol):
    """Sends one request, waits for its answer, and hangs up."""

    def __init__(self, request: bytes) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection is no more."""
        self._request = request
        self._framer = AnswerFramer()
        self._framer.expect(to_head=request.startswith(b"HEAD "))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Throw it away, to its end."""
        try:
            complete = self._framer.feed(data)
        except UnframedError:
            complete = True
        if complete:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - it is the same to us
        """Be over."""
        if not self.over.done():
            self.over.set_result(None)


class Redeliveries:
    """Those that are on their way, each in a task of its own."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, request: bytes, copies: int) -> None:
        """Send a request so many times."""
        for _ in range(copies):
            task = asyncio.get_running_loop().create_task(self._deliver(request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Hang up on all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, request: bytes) -> None:
        redelivery = Redelivery(request)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._dial(lambda: redelivery)
                await redelivery.over
        except OSError:  # not there, or too slow: the request itself has met the same
            pass
        finally:
            if hasattr(redelivery, "transport"):
                redelivery.transport.abort()
