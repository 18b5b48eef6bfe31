"""Waiting until a moment, to some ten microseconds.

The event loop's own timers come up to a millisecond late, since epoll counts in whole milliseconds. The kernel has
better ones, which are waited for as a file descriptor that becomes readable (timerfd, Linux). Elsewhere the loop's own
have to do, and the lag that is measured says so.
"""

import ctypes
import os
import sys
import time
from functools import partial
from typing import Any, Protocol

from gevent import getcurrent
from gevent.event import Event
from gevent.hub import get_hub

_CLOCK_MONOTONIC = 1  # the clock of `time.perf_counter` on Linux
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC if hasattr(os, "O_CLOEXEC") else 0
_ABSOLUTE = 1
_READ = 1
_ALREADY_S = 20e-6
"""Setting a timer costs about this much: a moment that is nearer has come."""


class Timer(Protocol):
    """Waits, for one greenlet."""

    def wait_until(self, at_s: float) -> float:
        """Return when `time.perf_counter` has reached a moment, at once if it has: and with it, which it has reached.

        A moment that is not later than that needs no waiting for. Earlier where it is `cut_short`.
        """

    def cut_short(self) -> None:
        """Let whoever waits go on now. To be called from the event loop."""

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
    def __init__(self) -> None:
        self._is_cut = Event()

    def wait_until(self, at_s: float) -> float:
        self._is_cut.clear()
        while (now_s := time.perf_counter()) < at_s and not self._is_cut.is_set():
            self._is_cut.wait(at_s - now_s)
        return now_s

    def cut_short(self) -> None:
        self._is_cut.set()

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
    """Its descriptor is watched all the time: each waiting sets it anew, which takes back that it had gone off."""

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._library.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = _Spec(0, 0, 0, 0)
        self._set = partial(self._library.timerfd_settime, self._descriptor, _ABSOLUTE, ctypes.byref(self._spec), None)
        self._hub = get_hub()
        self._watcher = self._hub.loop.io(self._descriptor, _READ)
        self._waiting: Any = None
        self._is_cut = False

    def wait_until(self, at_s: float) -> float:
        self._is_cut = False
        while at_s > (reached_s := time.perf_counter() + _ALREADY_S) and not self._is_cut:
            seconds = int(at_s)
            self._spec.value_s, self._spec.value_ns = seconds, int((at_s - seconds) * 1e9)
            if self._set() < 0:
                raise OSError(ctypes.get_errno(), "timerfd_settime")
            self._waiting = getcurrent()
            if not self._watcher.active:
                self._watcher.start(self._gone_off)
            try:
                while self._waiting is not None:  # only what follows may wake it
                    self._hub.switch()
            finally:
                self._waiting = None  # also when it is killed
        return reached_s

    def cut_short(self) -> None:
        if self._waiting is not None:
            self._is_cut = True
            self._gone_off()

    def _gone_off(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.switch()
        else:
            self._watcher.stop()  # nobody will set it anew, and the loop would be busy with it

    def close(self) -> None:
        self._watcher.close()
        os.close(self._descriptor)
