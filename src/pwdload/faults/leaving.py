"""How the fault proxy ends: quietly on SIGTERM and Ctrl-C, and not after the process that it was started for."""

import os
import signal
import threading
import time
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PARENT_CHECK_S = 0.25
_STOP_WITHIN_S = 5.0


def vanish_on_signals() -> None:
    """End at once on a signal; for the time of the imports, when there is nothing to tidy up yet."""

    def vanish(_signal: int, _frame: FrameType | None) -> None:
        os._exit(0)

    for number in _SIGNALS:
        signal.signal(number, vanish)


def leave_cleanly_on_signals() -> None:
    """Let both signals end the process with exit code 0, whatever it is doing.

    uvicorn takes the signals over while it serves, and raises them once more when it has stopped.
    """

    def leave(_signal: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second one must not cut the tidying up short
        raise SystemExit(0)

    for number in _SIGNALS:
        signal.signal(number, leave)


def leave_with(parent_pid: int) -> None:
    """Send ourselves SIGTERM when a process is gone; it is watched from now on, whatever we are doing."""
    is_child = os.getppid() == parent_pid
    threading.Thread(target=_watch, args=(parent_pid, is_child), name="parent watch", daemon=True).start()


def _watch(parent_pid: int, is_child: bool) -> None:
    while _is_alive(parent_pid, is_child=is_child):
        time.sleep(_PARENT_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_WITHIN_S)
    os._exit(1)


def _is_alive(parent_pid: int, *, is_child: bool) -> bool:
    """Whether the parent still runs. Its own children notice by their new parent, even while it is a zombie."""
    if is_child:
        return os.getppid() == parent_pid
    try:
        os.kill(parent_pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
