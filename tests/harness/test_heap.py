"""What the heap of a process that generates load does in the long run."""

import subprocess
import sys

from tests.processes import LOCUSTFILE, environment

SCRIPT = """
import ctypes, random, runpy, sys
from collections import deque
from functools import lru_cache
if sys.argv[2] == "ours":
    runpy.run_path(sys.argv[1], run_name="password_update")
names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
Usage = type("Usage", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_size_t) for name in names.split()]})
usage = ctypes.CDLL(None).mallinfo2
usage.restype = Usage
bytes(1_000_000)  # the block that glibc learns from
drawn = random.Random(7)
kept = lru_cache(16_384)(lambda number: number)  # a dictionary of 1.3 MB, made anew after each 27,000 entries
answers = deque(maxlen=3_000)
heap = []
for number in range(30 * 27_000):
    kept(number)
    if not number % 20:
        answers.append(bytearray(drawn.choice((600, 700, 900, 2_000))))
    if not number % 1_000:
        heap.append(usage().arena)
print(max(heap[108:]) - min(heap[108:]))
"""
"""Flows as the heap sees them: entries come and go in a large dictionary, and answers stay for a while."""


def moved_bytes(whose: str) -> int:
    """Return between which bounds the heap of a process moves that has its size and keeps no more than before."""
    command = [sys.executable, "-c", SCRIPT, str(LOCUSTFILE), whose]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


def test_what_is_made_anew_over_and_over_leaves_no_holes() -> None:
    """That of any other process grows and shrinks by megabytes, so that this shows it; ours stays as it is."""
    assert moved_bytes("any") > 1_000_000
    assert moved_bytes("ours") < 300_000
