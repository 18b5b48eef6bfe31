"""Criteria that end a run, played by real Locust processes against the real stand-in."""

import json
from pathlib import Path

import pytest
from tests.e2e.runs import QUIET, findings, latest, open_scenario, samples, two_processes
from tests.processes import locust

from pwdload.outcome import Verdict

pytestmark = pytest.mark.e2e

SLOW = """
[standin]
servers = 64
service_mean_s = 0.05
[slo]
p95 = "5s"
[[slo.criteria]]
name = "slow"
metric = "p95"
step = "login"
at_most = "20ms"
window = "2s"
stop = true
"""


@pytest.mark.parametrize("processes", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_criterion_that_is_broken_for_its_window_ends_the_run(tmp_path: Path, processes: int) -> None:
    """Every login takes 50 ms where 20 ms are allowed: of forty seconds a few are played, and the verdict says why."""
    path = open_scenario(tmp_path, rate='"40/s"', length="40s", after=SLOW)
    workers = two_processes() if processes == 2 else []
    done = locust("--scenario", path, "--headless", *workers, *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    record, found = run.read_record(), findings(run)
    assert record.duration_s is not None
    assert record.duration_s < 15.0
    assert record.ended_by.startswith("criterion slow: p95 of login at most 20.0 ms")
    assert samples(run).num_rows > 60
    assert (done.exit_code, found["slo.slow"], found["end"]) == (1, Verdict.SLO_FAILED, Verdict.PASS)
    assert found["slo.p95"] is Verdict.PASS
    verdict = json.loads((run.path / "verdict.json").read_text("utf-8"))
    assert verdict["verdict"] == "SLO_FAILED"
    assert verdict["reason"].startswith("p95 of login at most 20.0 ms, never broken for 2 s")
    assert "SLO_FAILED: p95 of login at most 20.0 ms" in done.out
