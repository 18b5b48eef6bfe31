"""The ceiling on the rate, with real `locust` processes."""

from pathlib import Path

import pytest
from tests.e2e.runs import FEW_ACCOUNTS, QUIET, free_port, latest, two_processes
from tests.processes import locust

from pwdload.outcome import Verdict

CLOSED = """
title = "Faster than allowed"
[target]
rate_max = "40/s"
[load]
think_time = "0s"
[mix]
login_only = 1
"""


@pytest.mark.e2e
@pytest.mark.slow
def test_users_that_are_faster_than_the_ceiling_end_the_run(tmp_path: Path) -> None:
    """Two processes, each below the ceiling or not, are added up; the run ends long before its time, as INVALID."""
    path = tmp_path / "closed.toml"
    path.write_text(CLOSED + FEW_ACCOUNTS)
    run = ("--headless", "-u", "10", "-r", "10", "-t", "60s", *two_processes())
    done = locust("--scenario", str(path), *run, *QUIET, cwd=tmp_path, timeout_s=120)
    record = latest(tmp_path).read_record()
    assert done.exit_code == Verdict.INVALID.exit_code, done.out + done.err
    assert "40.0/s is the ceiling" in record.ended_by
    assert record.duration_s is not None
    assert record.duration_s < 20


@pytest.mark.e2e
def test_a_plan_above_the_ceiling_sends_nothing(tmp_path: Path) -> None:
    """Users who think are known to be too fast before the first of them begins: one line, exit code 2."""
    path = tmp_path / "closed.toml"
    path.write_text(CLOSED.replace('"0s"', '"100ms"') + FEW_ACCOUNTS)
    port = free_port()
    (tmp_path / "accounts.csv").write_text("user_name,password\nann,p\n")
    target = ("--host", f"http://127.0.0.1:{port}", "--accounts", "accounts.csv")
    done = locust("--scenario", str(path), "--headless", "-u", "10", "-t", "5s", *target, *QUIET, cwd=tmp_path)
    assert done.exit_code == 2
    assert "100/s requests are planned at the peak, and 40.0/s is [target] rate_max" in done.err
    assert not list(tmp_path.glob("reports/*"))
