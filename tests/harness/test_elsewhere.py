"""A worker on a network where the target's name is another machine: see `tests.harness.elsewhere`."""

import subprocess
import sys

from tests.processes import ROOT


def test_a_name_must_be_the_same_machine_for_a_worker() -> None:
    """Split DNS: the staging of one network is the production of another, and the worker refuses to take part."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.elsewhere"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.endswith("all hold\n"), done.stdout + done.stderr
