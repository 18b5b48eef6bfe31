"""What surrounds a flow, in a process of its own: see `tests.harness.looping`."""

import subprocess
import sys

from tests.processes import ROOT


def test_what_surrounds_a_flow_is_as_if_each_were_looked_after_by_itself() -> None:
    """Locust's loop around tasks, and arrivals that come while all slots are busy."""
    command = [sys.executable, "-m", "tests.harness.looping"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
