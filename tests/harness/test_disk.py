"""A journal among greenlets, in a process of its own: see `tests.harness.disk`."""

import subprocess
import sys

from tests.processes import ROOT


def test_users_go_on_while_others_wait_for_the_disk() -> None:
    """With fsync = "group" a slow disk holds up those who wait for it and nobody else, and many wait for one sync."""
    command = [sys.executable, "-m", "tests.harness.disk"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
