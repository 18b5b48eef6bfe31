"""Locust's own statistics, told in batches, in a process of its own: see `tests.harness.adding_up`."""

import subprocess
import sys

from tests.processes import ROOT


def test_locusts_statistics_do_not_show_that_they_are_told_in_batches() -> None:
    """Counts, sums, extremes, histogram and requests of each second are those of one call for each request."""
    command = [sys.executable, "-m", "tests.harness.adding_up"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
