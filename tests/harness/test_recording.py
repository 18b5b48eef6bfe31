"""What a recorder does with what is no sample, in a process of its own: see `tests.harness.recording`."""

import subprocess
import sys

from tests.processes import ROOT


def test_what_cannot_be_recorded_is_counted_and_told() -> None:
    """Whatever is lost is known by its number, and makes the run INVALID with a reason."""
    command = [sys.executable, "-m", "tests.harness.recording"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
