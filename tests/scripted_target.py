"""A target that fails and recovers at exact times: `python -m tests.scripted_target --way black_hole --inject 6 ...`.

It shares nothing with the stand-in, and speaks just enough of the API: any login answers PASSWORD_EXPIRED with a
state_token, any update SUCCESS. Its script begins with its first login. At the end of its input it says when each
part of the script was, on the clock that all programs of this machine share.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass

SERVICE_S = 0.1
"""Long against what a busy machine adds: what is measured here is when, not how fast."""
PARTIAL = 0.3
DRAIN = 2.0
"""How long an answer takes while it drains: so many seconds for each second that is left until it has drained."""
EXPIRED = {"status": "PASSWORD_EXPIRED"}
BROKEN = {"error_code": "SYSTEM.0001", "error_msg": "Out of order."}


@dataclass(slots=True)
class Script:
    """What happens when, in seconds from the first login: whether it is there may be asked before the load begins."""

    way: str
    inject_s: float
    heal_s: float
    recover_s: float
    seed: int
    zero_s: float | None = None
    """When the first login came, on the clock of the machine."""

    def begin(self) -> None:
        """Let the script begin, if it has not: now."""
        if self.zero_s is None:
            self.zero_s = time.perf_counter()

    def now_s(self) -> float:
        """Return the time in the script; before it begins, 0."""
        return 0.0 if self.zero_s is None else time.perf_counter() - self.zero_s

    def stamps(self) -> dict[str, float | None]:
        """Return when its parts were: seconds on the clock of the machine, and that clock against the time of day."""
        zero_s = self.zero_s
        if zero_s is None:
            return {"zero_s": None}
        parts = {"inject_s": self.inject_s, "heal_s": self.heal_s, "recover_s": self.recover_s}
        said: dict[str, float | None] = {name: zero_s + at_s for name, at_s in parts.items()}
        return said | {"zero_s": zero_s, "utc_s": time.time() - time.perf_counter()}


class Connection(asyncio.Protocol):
    """One connection; requests come one at a time."""

    def __init__(self, script: Script, chance: random.Random) -> None:
        self._script, self._chance = script, chance
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request as the script has it."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            place = head.find(b"content-length:")
            length = int(head[place + 15 :].split(b"\r\n")[0]) if place >= 0 else 0
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            self._serve(head.split(b" ", 2)[1])

    def _serve(self, path: bytes) -> None:
        script = self._script
        if path.endswith(b"/login"):
            script.begin()
        now_s = script.now_s()
        is_on, delay_s = script.inject_s <= now_s < script.recover_s, SERVICE_S
        broken = is_on and (script.way == "error" or (script.way == "partial" and self._chance.random() < PARTIAL))
        if is_on and script.way == "drain":
            broken = now_s < script.heal_s
            delay_s += 0.0 if broken else (script.recover_s - now_s) * DRAIN
        asyncio.get_running_loop().call_later(delay_s, self._answer, path, broken)

    def _answer(self, path: bytes, broken: bool) -> None:
        script = self._script
        if script.way == "black_hole" and script.inject_s <= script.now_s() < script.recover_s + SERVICE_S:
            return
        if broken:
            self._write("503 Service Unavailable", BROKEN)
        elif path.endswith(b"/login"):
            self._write("200 OK", EXPIRED | {"state_token": f"{self._chance.getrandbits(256):064x}"})
        else:
            token = f"{self._chance.getrandbits(128):032x}"
            self._write("200 OK", {"status": "SUCCESS", "expire": 43_200, "session_token": token})

    def _write(self, status: str, fields: dict[str, object] | dict[str, str]) -> None:
        body = json.dumps(fields).encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head.encode() + body)


async def serve(script: Script) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    chance = random.Random(script.seed)
    server = await loop.create_server(lambda: Connection(script, chance), "127.0.0.1", 0)
    async with server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201 - for who started it
        await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(script.stamps()), flush=True)  # noqa: T201


def main() -> None:
    """Read the script and play it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--way", choices=("error", "black_hole", "partial", "drain"), required=True)
    for name in ("inject", "heal", "recover"):
        parser.add_argument(f"--{name}", metavar="SECONDS", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    asyncio.run(serve(Script(told.way, told.inject, told.heal, told.recover, told.seed)))


if __name__ == "__main__":
    main()
