"""A view whose process is killed: ``python -m gevent.monkey --module tests.harness.killed_view``."""

import os
import signal
import sys
import time

from tests.watched.snapshots import running

from pwdload.harness.showing import Live

if __name__ == "__main__":
    sys.stderr.write("said before\n")
    live = Live(sys.stderr, {})
    for _ in range(3):
        live(running())
        while live._is_busy:
            time.sleep(0.01)
    sys.stderr.write("said last\n")
    os.kill(os.getpid(), signal.SIGKILL)
