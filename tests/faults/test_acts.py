"""Waiting for a state, and commands run to their end."""

import os
import sys
import time
from pathlib import Path

import pytest
from tests.faults.clock import SleepingClock

from pwdload.errors import FaultError
from pwdload.faults.running import cleaned, last_line, must_run, run


def test_a_state_that_is_there_is_not_waited_for() -> None:
    """Whoever is there already costs one look and no sleep."""
    clock = SleepingClock()
    clock.patience().until(lambda: True, "it: to be there")
    assert clock.sleeps == 0


def test_a_state_is_seen_at_the_first_look_after_it_comes() -> None:
    """Looks are a step apart, and the first that succeeds ends the waiting."""
    clock = SleepingClock()
    clock.patience(step_s=0.5).until(lambda: clock.now_s >= 1.2, "it: to be there")
    assert clock.now_s == 1.5


def test_a_state_that_never_comes_is_a_fault_error_at_the_limit() -> None:
    """Waiting ends at the limit, and says what was waited for and how long."""
    clock = SleepingClock()
    with pytest.raises(FaultError, match=r"^the service: to answer: not within 10 s$"):
        clock.patience().until(lambda: False, "the service: to answer")
    assert clock.now_s == 10.0


def test_a_command_tells_what_it_wrote_and_why_it_failed() -> None:
    """Output, exit code and the last line of standard error come back."""
    ended = run(["sh", "-c", "cat; echo one >&2; echo two >&2; exit 3"], limit_s=10, text_in="given")
    assert (ended.exit_code, ended.out, ended.complaint) == (3, "given", "two")
    with pytest.raises(FaultError, match=r"exit 3: exit code 3 \(it does not say why\)"):
        must_run(["sh", "-c", "exit 3"], limit_s=10)


def test_a_complaint_cannot_write_on_the_terminal() -> None:
    """Colours are taken out, other control characters spelt, blank lines at the end ignored, long lines cut."""
    assert last_line(b"first\n\x1b[31mred\x1b[0m \x07\xff\n  \n") == "red \\x07\ufffd"
    assert last_line(b"") == ""
    assert len(cleaned("x" * 1000)) == 203


def test_a_command_that_hangs_is_killed_with_what_it_has_started(tmp_path: Path) -> None:
    """At the limit neither the command nor its children are left."""
    child = tmp_path / "child"
    with pytest.raises(FaultError, match=r"not ended within 0\.3 s, and killed"):
        run(["sh", "-c", f"sleep 60 & echo $! > {child}; wait"], limit_s=0.3)
    pid, deadline_s = int(child.read_text()), time.monotonic() + 5
    while _runs(pid) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not _runs(pid)


def test_what_a_command_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    """A start command returns although its service holds its output open."""
    service = tmp_path / "service"
    run(["sh", "-c", f"sleep 60 & echo $! > {service}"], limit_s=10)
    pid = int(service.read_text())
    assert _runs(pid)
    os.kill(pid, 9)


@pytest.mark.parametrize("argv", [["/no/such/program"], ["sh\0"], ["/"]])
def test_what_cannot_be_started_is_one_line(argv: list[str]) -> None:
    """A missing program, and one that is none, are told by name."""
    with pytest.raises(FaultError, match=r"cannot be started \(.+\)$"):
        run(argv, limit_s=10)


def test_tools_of_the_system_are_found_with_a_short_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no sbin in PATH has it for the commands that are run here."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    path = run([sys.executable, "-c", "import os; print(os.environ['PATH'])"], limit_s=10).out.strip()
    assert path == "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
