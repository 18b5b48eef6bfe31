"""Waiting for answers under gevent, in a process of its own: see `tests.harness.waiting`."""

import subprocess
import sys

from tests.processes import ROOT


def test_users_wait_for_their_answers_and_no_longer_than_they_may() -> None:
    """Answers, hang-ups, limits and kills reach the user that waits, and an idle connection costs nothing."""
    command = [sys.executable, "-m", "tests.harness.waiting"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
