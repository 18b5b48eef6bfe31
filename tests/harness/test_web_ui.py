"""Pages and buttons of the web UI, no load behind them, in a process of its own: see `tests.harness.web_checks`."""

import subprocess
import sys

from tests.processes import ROOT, environment


def test_pages_and_buttons_of_the_web_ui_keep_what_they_promise() -> None:
    """Login, base path, markup, hosts, options, slots, ceiling, and a start or stop at the wrong moment."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.web_checks"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"after {done.stdout.splitlines()[-1:]}: {done.stderr}"
    assert done.stdout.endswith("all hold\n")
