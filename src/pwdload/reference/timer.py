"""Timers that are better than asyncio's, whose event loop rounds every wait up to a whole millisecond.

On Linux a timerfd wakes the loop, set a little early; the rest is spent in a short spin. Elsewhere the event loop's own
timer is used, with the same spin. Nobody need trust either: the target reports by how much each answer was late.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Protocol

_SPIN_S = 0.0001
"""How long before the moment the timer wakes us: more than a wake-up takes, little enough to waste."""
_CLOCK_MONOTONIC, _TFD_TIMER_ABSTIME = 1, 1
_TFD_NONBLOCK, _TFD_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC


class Alarm(Protocol):
    """Wakes somebody at a time on the monotonic clock."""

    name: str

    def set(self, at_s: float) -> None:
        """Wake at a time, and at no other that was set before."""


class Timers:
    """Calls functions at times on the monotonic clock, in the order of these."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._alarm = _alarm(loop, self._wake)

    @property
    def kind(self) -> str:
        """What wakes us: ``timerfd`` or ``event loop``."""
        return self._alarm.name

    def call_at(self, at_s: float, call: Callable[[], None]) -> None:
        """Have a function called at a time; at once if that has passed."""
        first = not self._due or at_s < self._due[0][0]
        heappush(self._due, (at_s, next(self._numbers), call))
        if first:
            self._set()

    def _set(self) -> None:
        self._alarm.set(self._due[0][0] - _SPIN_S)

    def _wake(self) -> None:
        while self._due and self._due[0][0] <= monotonic() + _SPIN_S:
            at_s, _, call = heappop(self._due)
            while monotonic() < at_s:
                pass
            call()
        if self._due:
            self._set()


class _TimerFd:
    """Linux's timer that is a file descriptor; Python has it from 3.13 on only, so by its C name."""

    name = "timerfd"

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        """Raises `OSError` or `AttributeError` where the system has none."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._wake = wake
        loop.add_reader(self._fd, self._expired)

    def set(self, at_s: float) -> None:
        # A time of 0 would switch it off; one that has passed fires at once, as it should.
        seconds, nanoseconds = divmod(max(int(at_s * 1e9), 1), 1_000_000_000)
        spec = (ctypes.c_long * 4)(0, 0, seconds, nanoseconds)
        if self._libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _expired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # set anew after it had fired
        self._wake()


class _LoopTimer:
    """The event loop's own timer: up to a millisecond late."""

    name = "event loop"

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        self._loop, self._wake = loop, wake
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at_s: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_at(at_s, self._wake)


def _alarm(loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> Alarm:
    try:
        return _TimerFd(loop, wake)
    except (OSError, AttributeError):
        return _LoopTimer(loop, wake)
