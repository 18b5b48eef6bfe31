"""Looking at a run under gevent, in a process of its own: see `tests.harness.onlooking`."""

import subprocess
import sys

from tests.processes import ROOT


def test_a_run_is_shown_and_cannot_be_harmed_by_whoever_looks() -> None:
    """Snapshots follow a run from its beginning to its end; what breaks while looking breaks nothing else."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.onlooking"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
