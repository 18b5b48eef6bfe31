"""One of the two connections of a link, as the event loop sees it."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from pwdload.faults.stage import End

if TYPE_CHECKING:
    from pwdload.faults.link import Link

_READ_BYTES_MAX = 32 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def reset_on_close(sock: socket.socket) -> None:
    """Let the other end see a reset when this socket is closed, and not an end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


class Side(asyncio.Protocol):
    """One of the two connections of a link."""

    transport: asyncio.Transport

    def __init__(self, link: "Link") -> None:
        self.link = link
        self.made = False
        self.deliver: Callable[[bytes], None] = link.too_early(self)
        """Where what comes from here goes."""
        self.carried = 0
        """Bytes that came from here."""
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep still until there are two of us."""
        self.transport = cast(asyncio.Transport, transport)
        # Read into so much at a time: asyncio's 256 KiB are fetched from the system, and given back, for each message.
        self.transport.max_size = _READ_BYTES_MAX  # type: ignore[attr-defined]
        self.made = True
        self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Pass it on; the loop's busiest line."""
        self.carried += len(data)
        self.deliver(data)
        self.link.spoke_last = self

    def eof_received(self) -> bool:
        """Pass it on; what goes the other way still does, where the transport can do that."""
        self.link.ended(self, End.FIN)
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self.lost = True
        self.link.lost(self, broken=exc is not None)

    def pause_writing(self) -> None:
        """Stop reading from the other, whose data find no room here."""
        self.link.lane_to(self).sink_is_full(True)

    def resume_writing(self) -> None:
        """Read from the other again."""
        self.link.lane_to(self).sink_is_full(False)

    def reset(self) -> None:
        """Break the connection off, so that the other end sees a reset."""
        if self.made and not self.lost:
            reset_on_close(self.transport.get_extra_info("socket"))
            self.transport.abort()
