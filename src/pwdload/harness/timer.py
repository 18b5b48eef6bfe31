"""Waiting until a moment, to some ten microseconds.

The event loop's own timers come up to a millisecond late, since epoll counts in whole milliseconds. The kernel has
better ones, which are waited for as a file descriptor that becomes readable (timerfd, Linux). Elsewhere the loop's own
have to do, and the lag that is measured says so.
"""

import ctypes
import os
import sys
import time
from typing import Any, Protocol

import gevent
from gevent.hub import get_hub

_CLOCK_MONOTONIC = 1  # the clock of `time.perf_counter` on Linux
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC if hasattr(os, "O_CLOEXEC") else 0
_ABSOLUTE = 1
_READ = 1
_ALREADY_S = 20e-6
"""Setting a timer costs about this much: a moment that is nearer has come."""


class Timer(Protocol):
    """Waits, for one greenlet."""

    def wait_until(self, at_s: float) -> None:
        """Return when `time.perf_counter` has reached a moment; at once if it has."""

    def close(self) -> None:
        """Give back what it holds."""


def make_timer() -> Timer:
    """Return the best timer of this machine."""
    if sys.platform == "linux":
        try:
            return _KernelTimer()
        except (OSError, AttributeError):  # a C library or a sandbox without it
            pass
    return _LoopTimer()


class _LoopTimer:
    def wait_until(self, at_s: float) -> None:
        while (left_s := at_s - time.perf_counter()) > 0:
            gevent.sleep(left_s)

    def close(self) -> None:
        pass


class _Spec(ctypes.Structure):
    """The kernel's struct itimerspec: how often again (never), and when."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class _KernelTimer:
    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._library.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._hub = get_hub()
        self._readable = self._hub.loop.io(self._descriptor, _READ)

    def wait_until(self, at_s: float) -> None:
        while at_s - time.perf_counter() > _ALREADY_S:
            seconds, rest = divmod(at_s, 1.0)
            spec = _Spec(0, 0, int(seconds), int(rest * 1e9))
            # Setting it anew also takes back that it had gone off before.
            if self._library.timerfd_settime(self._descriptor, _ABSOLUTE, ctypes.byref(spec), None) < 0:
                raise OSError(ctypes.get_errno(), "timerfd_settime")
            self._hub.wait(self._readable)

    def close(self) -> None:
        self._readable.close()
        os.close(self._descriptor)
