"""Requests sent at one moment, in a process of its own: see `tests.harness.racing`."""

import subprocess
import sys

from tests.processes import ROOT


def test_a_race_is_one() -> None:
    """Connections are open beforehand, requests leave with nobody in between, and every answer or failure is kept."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.racing"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
