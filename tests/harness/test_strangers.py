"""Workers of an earlier run that call a master, in a process of its own: see `tests.harness.calling`."""

import subprocess
import sys

from tests.processes import ROOT


def test_a_master_hears_its_own_workers_and_of_its_own_run_alone() -> None:
    """What a stranger says does not end a run, and a stranger is sent away; the last worker may go before a run."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.calling"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
