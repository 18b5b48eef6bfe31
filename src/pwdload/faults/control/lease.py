"""The dead-man timer: whoever controls the proxy takes a lease, and renews it for as long as it lives.

A controller that was killed, or hangs, renews no more: then the proxy heals itself. Whoever takes the lease anew learns
how often that has happened, and so that a fault which it believed to be on was not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

from pwdload.errors import FaultError

SECONDS_MIN, SECONDS_MAX = 0.1, 3_600.0
_TRY_AGAIN_S = 0.5


class State(StrEnum):
    """How a lease is."""

    NONE = "none"
    """Nobody has taken it: faults stay until somebody removes them."""
    HELD = "held"
    LAPSED = "lapsed"
    """It was not renewed in time, and everything was healed."""
    ENDED = "ended"
    """Whoever held it has given it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseStatus:
    """How the lease is, as the control API tells it."""

    state: State
    seconds: float
    """For how long it was last taken."""
    left_s: float
    """Until when it has to be renewed; 0 when nobody holds it."""
    lapses: int
    """How often it ran out since the proxy was started."""
    healed: bool
    """Whether everything was healed after the last lapse; true while there was none."""
    error: str
    """Why it could not be healed the last time that was tried; it is tried again until it is done."""

    def document(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)


class Lease:
    """The lease of one proxy process. Everything happens on its event loop; the clock is any that goes forward."""

    def __init__(self, heal: Callable[[], Awaitable[None]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._heal = heal
        self._clock = clock
        self._state = State.NONE
        self._seconds = 0.0
        self._due_s = 0.0
        self._lapses = 0
        self._healed = True
        self._error = ""
        self._changed = asyncio.Event()

    async def take(self, seconds: float) -> LeaseStatus:
        """Take or renew the lease; where it had run out, everything is healed first.

        Raises:
            FaultError: so long or so short a time is of no use.
        """
        if not SECONDS_MIN <= seconds <= SECONDS_MAX:
            raise FaultError(f"seconds: {seconds:g} is not between {SECONDS_MIN:g} and {SECONDS_MAX:g}")
        self._lapse_if_due()  # a renewal that comes too late does not hide that it was late
        if not self._healed:
            await self._try_to_heal()
        self._state, self._seconds, self._due_s = State.HELD, seconds, self._clock() + seconds
        self._changed.set()
        return self.status()

    def end(self) -> None:
        """Give the lease back: nothing is healed, and nothing will be."""
        self._lapse_if_due()
        if self._state is State.HELD:
            self._state = State.ENDED
        self._changed.set()

    def status(self) -> LeaseStatus:
        """Tell how the lease is."""
        held = self._state is State.HELD
        return LeaseStatus(
            state=self._state,
            seconds=self._seconds,
            left_s=round(max(self._due_s - self._clock(), 0.0), 1) if held else 0.0,
            lapses=self._lapses,
            healed=self._healed,
            error=self._error,
        )

    async def watch(self) -> None:
        """Heal whenever the lease has run out; for as long as the process lives."""
        while True:
            self._changed.clear()
            self._lapse_if_due()
            if self._owes_healing:
                await self._try_to_heal()
            await self._wait_for_change()

    def _lapse_if_due(self) -> None:
        if self._state is State.HELD and self._clock() >= self._due_s:
            self._state, self._healed = State.LAPSED, False
            self._lapses += 1

    @property
    def _owes_healing(self) -> bool:
        """Whether it is ours to heal: whoever holds the lease again has been told, and may have injected anew."""
        return not self._healed and self._state is not State.HELD

    async def _try_to_heal(self) -> None:
        try:
            await self._heal()
        except Exception as error:  # noqa: BLE001 - whatever it is, faults may still be on: it is told, and tried again
            self._error = str(error) or type(error).__name__
        else:
            self._healed, self._error = True, ""

    async def _wait_for_change(self) -> None:
        """Wait until the lease is renewed, ended, or due; or until it is time to try to heal again."""
        wait_s = _TRY_AGAIN_S if self._owes_healing else None
        if self._state is State.HELD:
            wait_s = max(self._due_s - self._clock(), 0.0)
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            return
