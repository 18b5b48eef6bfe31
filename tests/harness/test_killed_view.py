"""What a run whose process is killed leaves on its terminal."""

import signal

from tests.processes import ROOT, environment
from tests.terminal.at_terminal import watch


def test_a_killed_run_leaves_a_whole_terminal() -> None:
    """After kill -9 all of it scrolls again, the view is gone, and the next word stands right below the last one."""
    command = ["-m", "gevent.monkey", "--module", "tests.harness.killed_view"]
    seen = watch(command, cwd=ROOT, environment=environment(more={"TERM": "xterm"}))
    terminal = seen.terminal
    assert seen.exit_code == -signal.SIGKILL
    assert any("RUNNING" in screen for screen in seen.screens)
    assert terminal.is_whole
    assert [line for line in terminal.said if line] == ["said before", "said last"]
    assert terminal.screen[terminal.row - 1] == "said last"
