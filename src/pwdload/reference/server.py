"""The target: one asyncio protocol per connection, head and body of an answer in one write, TCP_NODELAY."""

import asyncio
import json
import socket
from array import array
from collections.abc import Callable
from functools import partial
from itertools import count
from time import monotonic, process_time, time

from pwdload.reference.timer import Timers
from pwdload.reference.truth import Departs

KEPT_MAX = 500_000
"""How many requests are remembered one by one; all are counted."""
_HEAD_MAX = 65_536
_END_OF_HEAD = b"\r\n\r\n"


def answer(status_line: str, fields: object) -> bytes:
    """Return a whole answer."""
    body = json.dumps(fields, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status_line}\r\nContent-Type: application/json;charset=utf8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_NUMBER = "#" * 12
LOGIN = answer(
    "200 OK",
    {
        "status": "PASSWORD_EXPIRED",
        # As long as a signed token is; this target looks at none.
        "state_token": "cmVmZXJlbmNl." + "0123456789abcdef" * 12 + _NUMBER,
        "expire": 300,
    },
).replace(_NUMBER.encode(), b"%012d")
"""What OneAccess answers to the login of somebody whose password has expired; to be filled with a number."""
NOT_FOUND = answer("404 Not Found", {"error_code": "PARAM.0404", "error_msg": "no such route"})
BROKEN = answer("400 Bad Request", {"error_code": "PARAM.0002", "error_msg": "not readable"})
_NUMBERS = count()
"""Of the state_tokens: none is handed out twice, or the oracle would rightly object."""


class Truth:
    """Says when each answer is due, and remembers what it said and what came of it. Times on the target's clock."""

    def __init__(self, departs: Departs, first_at_s: float, timers: Timers) -> None:
        self.zero_s: float | None = None
        """Zero of the target's clock, on the monotonic one; null before the first login."""
        self.answered = 0
        self._departs, self._first_at_s, self._timers = departs, first_at_s, timers
        self._arrived_s, self._promised_s, self._written_s = array("d"), array("d"), array("d")

    def hold(self, write: Callable[[], None]) -> None:
        """Take a request that has arrived now, and have its answer written when it is due."""
        now_s = monotonic()
        if self.zero_s is None:
            self.zero_s = now_s - self._first_at_s
        arrived_s = now_s - self.zero_s
        promised_s = self._departs(arrived_s)
        place = self._note(arrived_s, promised_s)
        if promised_s <= arrived_s:
            self._release(write, place)
        else:
            self._timers.call_at(self.zero_s + promised_s, partial(self._release, write, place))

    def _note(self, arrived_s: float, promised_s: float) -> int:
        place = len(self._arrived_s)
        if place >= KEPT_MAX:
            return -1
        self._arrived_s.append(arrived_s)
        self._promised_s.append(promised_s)
        self._written_s.append(0.0)
        return place

    def _release(self, write: Callable[[], None], place: int) -> None:
        write()
        self.answered += 1
        if place >= 0 and self.zero_s is not None:
            self._written_s[place] = monotonic() - self.zero_s

    def document(self) -> dict[str, object]:
        """Return what was dictated and what came of it; 0 stands for an answer that is still held."""
        return {
            "answered": self.answered,
            "timer": self._timers.kind,
            "cpu_s": process_time(),
            "arrived_s": self._arrived_s.tolist(),
            "promised_s": self._promised_s.tolist(),
            "written_s": self._written_s.tolist(),
        }


class Requests(asyncio.Protocol):
    """One connection: requests one after the other, pipelined ones too."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and answer each request that is complete."""
        self._data += data
        while (end := self._data.find(_END_OF_HEAD)) >= 0:
            head = self._data[:end]
            length = _content_length(head)
            if length < 0:
                self._give_up()
                return
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            self._answer(head)
        if len(self._data) > _HEAD_MAX:
            self._give_up()

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"POST /api/v2/sdk/login "):
            self._truth.hold(partial(self._write, LOGIN % next(_NUMBERS)))
        elif head.startswith(b"GET /api/v2/sdk/server-date "):
            self._write(answer("200 OK", {"timestamp": str(int(time() * 1000))}))
        elif head.startswith(b"GET /reference/truth "):
            self._write(answer("200 OK", self._truth.document()))
        else:
            self._write(NOT_FOUND)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _give_up(self) -> None:
        self._data = b""
        self._write(BROKEN)
        self._transport.close()


def _content_length(head: bytes) -> int:
    """Return how many bytes of body follow a head; -1 when it does not say so in a way that is understood here."""
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return -1 if b"\r\ntransfer-encoding:" in lower else 0
    text = lower[at + 17 :].split(b"\r\n", 1)[0].strip()
    return int(text) if text.isdigit() else -1
