"""A controller that is killed in the midst of a fault."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable


def died_of_kill_9(code: str) -> None:
    """Run code in an interpreter of its own, which is killed by SIGKILL at the end of it."""
    last = "\nimport os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code) + last], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def waited_until(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Return when a condition holds; the test fails when it does not in time."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)
