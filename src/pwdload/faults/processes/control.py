"""What the stand-in does to itself when it is told: a slow disk, and a clock that jumps."""

import json
import sys
import time
from collections.abc import Callable, Mapping

from pwdload.api.contract import Answer
from pwdload.api.http import Address, Connection, Exchange, TransportCode, is_loopback
from pwdload.errors import FaultError
from pwdload.faults.acts import Patience
from pwdload.faults.guardian import Guardian

_ANSWERS_WITHIN_S = 2.0
_FAULTS = "/standin/faults"
_END_ONE = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=30)
connection.request("PUT", sys.argv[2], sys.argv[3], {"Content-Type": "application/json"})
connection.getresponse()
"""
"""Run by an interpreter of its own when we have died."""


class StandinControl:
    """The stand-in's own routes, on loopback only."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._address = Address.parse(url)
        self._url = url
        self._clock = clock

    def check(self) -> None:
        """Return if there is a stand-in that can be told to have faults.

        Raises:
            FaultError: it is not on this machine, does not answer, or is something else.
        """
        if not self._is_here:
            raise FaultError(f"{self._url}: not a stand-in of this machine; use commands, the network or the proxy")
        exchange = self.exchange("GET", _FAULTS)
        if exchange.http_status != 200:
            raise FaultError(f"{self._url}: not a stand-in that can have faults ({_told(exchange)})")

    def counts(self) -> dict[str, object] | None:
        """Return what it has counted of what it was asked; null where the target keeps no counts.

        Only a target on this machine is asked: no other gets a request that its documentation does not know.
        """
        if not self._is_here:
            return None
        exchange = self.exchange("GET", "/standin/counts")
        fields = Answer.parse(exchange.http_status, exchange.body).fields if exchange.http_status == 200 else None
        return dict(fields) if fields is not None and "counts" in fields else None

    @property
    def _is_here(self) -> bool:
        return self._address.scheme == "http" and is_loopback(self._address.host)

    def guardian(self, name: str) -> Guardian:
        """Return who ends a fault if we die."""
        none = json.dumps({name: 0})
        return Guardian('"$@"', sys.executable, "-I", "-c", _END_ONE, self._address.authority, _FAULTS, none)

    def is_up(self) -> bool:
        """Whether it answers, within two seconds."""
        return self.exchange("GET", "/standin/health").http_status == 200

    def set_faults(self, fields: Mapping[str, float]) -> Exchange:
        """Ask it to have faults, by their names; 0 ends one."""
        return self.exchange("PUT", _FAULTS, json.dumps(dict(fields)).encode())

    def exchange(self, method: str, path: str, body: bytes = b"") -> Exchange:
        """Ask on a connection of its own."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._address.authority}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection = Connection(self._address, clock=self._clock, timeout_s=_ANSWERS_WITHIN_S)
        try:
            return connection.exchange(head.encode() + body)
        finally:
            connection.close()


class StandinFault:
    """One fault of the stand-in. It also ends with the process: one that is killed comes back without it."""

    def __init__(self, control: StandinControl, name: str, value: float, *, patience: Patience | None = None) -> None:
        self._control = control
        self._name = name
        self._value = value
        self._patience = patience or Patience(limit_s=30.0, step_s=0.1)
        self._guardian: Guardian | None = None

    def check(self) -> None:
        """Return if the target is a stand-in."""
        self._control.check()

    def inject(self) -> None:
        """Set it."""
        if self._guardian is None:
            self._guardian = self._control.guardian(self._name)
        self._ask(self._value, gone_is_good=False)

    def heal(self) -> None:
        """Take it back; from a process that is gone it has gone too."""
        if self._guardian is not None:
            self._ask(0.0, gone_is_good=True)
            self._guardian.dismiss()
            self._guardian = None

    def _ask(self, value: float, *, gone_is_good: bool) -> None:
        """Ask until it is answered: a stand-in that waits for its database answers late, and asking twice is harmless.

        Raises:
            FaultError: it is refused, or nobody answers in time.
        """
        exchange: Exchange | None = None

        def is_answered() -> bool:
            nonlocal exchange
            exchange = self._control.set_faults({self._name: value})
            return exchange.http_status is not None or (gone_is_good and exchange.transport == TransportCode.REFUSED)

        self._patience.until(is_answered, f"the stand-in: to answer when told {self._name} = {value:g}")
        if exchange is not None and exchange.http_status not in (200, None):
            raise FaultError(f"the stand-in: {self._name} = {value:g} is refused ({_told(exchange)})")


def slow_disk(control: StandinControl, *, commit_delay_s: float, patience: Patience | None = None) -> StandinFault:
    """Return the fault of a disk on which each commit takes longer, one after the other."""
    return StandinFault(control, "commit_delay_s", commit_delay_s, patience=patience)


def clock_jump(control: StandinControl, *, ahead_s: float, patience: Patience | None = None) -> StandinFault:
    """Return the fault of a clock that jumps ahead: state_tokens that were handed out before are older by so much."""
    return StandinFault(control, "clock_jump_s", ahead_s, patience=patience)


def _told(exchange: Exchange) -> str:
    if exchange.http_status is None:
        return exchange.transport
    message = Answer.parse(exchange.http_status, exchange.body).text("error_msg")
    return f"HTTP {exchange.http_status}{f', {message}' if message else ''}"
