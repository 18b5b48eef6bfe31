"""Encoding beside the users, in a process of its own: see `tests.harness.encoding_aside`."""

import json
import subprocess
import sys

from tests.processes import ROOT


def test_users_are_not_kept_waiting_for_a_whole_block() -> None:
    """A block is encoded in pieces: the longest wait for the writer's thread is less than two thirds of the former."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.encoding_aside"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(done.stdout)
    assert found["with"] < found["without"] * 2 / 3, found
