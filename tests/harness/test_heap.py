"""What the heap of a process that generates load does in the long run."""

import subprocess
import sys
from pathlib import Path

from tests.processes import LOCUSTFILE, environment

LARGE = """
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
SMALL = """
import random, runpy, sys
runpy.run_path(sys.argv[1], run_name="password_update")
import gevent
from types import SimpleNamespace
from locust.env import Environment
from pwdload.harness import recorder
recorder._FLUSH_EVERY_S = 0.001

def own_kb():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

scenario = SimpleNamespace(steady_state=None)
plan = SimpleNamespace(scenario=scenario, stages=(), run_directory=sys.argv[2])
recording = recorder.Recorder(Environment(), plan, "local")
drawn = random.Random(7)
before = own_kb()
crowd = [bytearray(drawn.choice((700, 2_000, 16_000))) for _ in range(5_000)]
there = own_kb()
crowd = crowd[::20]
gevent.sleep(0.2)
print(there - before, own_kb() - before)
recording.close()
"""
"""A crowd of flows waits and goes, and some of what it had stays, in a process that keeps its samples."""


def said(script: str, *arguments: str) -> list[int]:
    """Return the numbers that a process says."""
    command = [sys.executable, "-c", script, str(LOCUSTFILE), *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)
    return [*map(int, done.stdout.split())]


def test_what_is_made_anew_over_and_over_leaves_no_holes() -> None:
    """That of any other process grows and shrinks by megabytes, so that this shows it; ours stays as it is."""
    (moved_by_others,) = said(LARGE, "any")
    (moved,) = said(LARGE, "ours")
    assert moved_by_others > 1_000_000
    assert moved < 300_000


def test_the_holes_that_a_crowd_leaves_are_given_back(tmp_path: Path) -> None:
    """Of 30 MB in which a twentieth is still kept, the larger part is with the system again after some flushes."""
    taken_kb, left_kb = said(SMALL, str(tmp_path))
    assert taken_kb > 20_000
    assert left_kb < taken_kb / 2
