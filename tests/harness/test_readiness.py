"""Sending and waiting under gevent, in processes of their own: see `tests.harness.waiting` and `gathered`."""

import subprocess
import sys

from tests.processes import ROOT


def test_users_wait_for_their_answers_and_no_longer_than_they_may() -> None:
    """Answers, hang-ups, limits and kills reach the user that waits, and an idle connection costs nothing."""
    command = [sys.executable, "-m", "tests.harness.waiting"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr


def test_a_gathered_request_comes_to_the_same_as_one_by_itself() -> None:
    """All that a hostile, slow or broken target does to a connection ends as where each sends and waits for itself."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.gathered"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
