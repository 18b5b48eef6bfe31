"""How long does the thread that encodes samples keep the users' thread waiting? Run as ``python -m gevent.monkey ...``.

The users' thread does what an exchange does to Python's lock: it lets go of it, twice for each. Its longest wait is
told in the processor time of the whole process, of which only the other thread can have used any meanwhile: what else
goes on on the machine is not in it. First without the writer's giving way, then with it; in milliseconds, the median
of several blocks.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from _socket import socketpair
from collections.abc import Callable
from pathlib import Path

import gevent
from tests.test_samples import sample

from pwdload.harness.writing import WriterThread
from pwdload.samples import SampleWriter
from pwdload.samples.page import ROWS_MAX, no_one_waits

_BLOCKS = 15
ROWS = [sample(n, account=n, token=n * 123_456_789_123, intended_s=n * 1e-4, sent_s=n * 1e-4) for n in range(ROWS_MAX)]


def longest_ms(folder: Path, thread: WriterThread, give_way: Callable[[], None]) -> float:
    """Return the longest wait while one block is encoded, the median of several blocks."""
    writer = SampleWriter(folder, "local", run=thread.put, give_way=give_way)
    ours, theirs = socketpair()
    longest = []
    for _ in range(_BLOCKS):
        for row in ROWS:
            writer.append(row)
        waits_ms = [0.0]
        while writer.file.rows < writer.rows:  # the writer may get the processor late, and must not be missed
            waits_ms.append(_exchange_ms(ours, theirs))
            gevent.sleep(0)  # as users do: a lock that the writer waits for may be the loop's to hand on
        longest.append(max(waits_ms))
        gevent.sleep(0.02)  # the next block finds the writer idle
    return statistics.median(longest)


def _exchange_ms(ours: object, theirs: object) -> float:
    begun_s = time.process_time()
    ours.send(b"x")  # type: ignore[attr-defined]
    theirs.recv(1)  # type: ignore[attr-defined]
    return (time.process_time() - begun_s) * 1000


if __name__ == "__main__":

    def fail(error: Exception) -> None:
        """Say what the writer could not do."""
        sys.stderr.write(f"{error}\n")

    if sys.platform == "linux":  # with a core for each thread they would not wait for one another
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        thread = WriterThread(failed=fail)
        ways = {"without": no_one_waits, "with": thread.give_way}
        longest_ms(Path(name) / "first", thread, no_one_waits)  # what is imported at the first block is imported now
        sys.stdout.write(json.dumps({way: longest_ms(Path(name) / way, thread, call) for way, call in ways.items()}))
