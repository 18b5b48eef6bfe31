"""A search for capacity by the real harness, at targets whose capacity is known."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.runs import findings
from tests.processes import LOCUSTFILE

from pwdload.calibration.drive import accounts_csv, environment
from pwdload.calibration.process import reference_target
from pwdload.outcome import Verdict
from pwdload.rundir import RunDirectory
from pwdload.searching import SearchRecord, estimate, read_search

pytestmark = pytest.mark.e2e

EXACT = """
title = "Search at a known truth"
seed = 5
[target]
timeout = "20s"
[accounts]
count = 3000
[load]
model = "open"
arrivals = "even"
max_in_flight = 1500
[search]
from = "{low:g}/s"
to = "{high:g}/s"
hold = "12s"
settle = "2s"
resolution = "2%"
repeats = 3
budget = "6m"
abort_when = {{ p99 = "5s" }}
[slo]
p95_login = "{limit_ms:g}ms"
[mix]
login_only = 1
[oracle]
probes = 0
[standin]
servers = {servers}
service_time = "constant"
service_mean_s = {service_s}
"""
SHORT = """
title = "A search that finds no limit"
seed = 5
[load]
model = "open"
max_in_flight = 100
[[load.stages]]
name = "warm up"
rate = "20/s"
for = "1s"
measured = false
[search]
from = "20/s"
to = "28/s"
hold = "2s"
settle = "500ms"
budget = "2m"
at_least = "{at_least}/s"
[slo]
p95_login = "9s"
failed_share = "50%"
[mix]
login_only = 1
"""


def run_search(folder: Path, scenario: str, *more: str) -> tuple[RunDirectory, SearchRecord, str]:
    """Run a search; return its directory, what it wrote down, and what was said meanwhile."""
    file = folder / "search.toml"
    file.write_text(scenario)
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--no-calibrate"]
    command += ["--loglevel", "WARNING", "--only-summary", "--scenario", str(file)]
    command += ["--reports", str(folder / "reports"), *more]
    done = subprocess.run(
        command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False
    )
    runs = sorted(path.parent for path in (folder / "reports").glob("search/2*/run.json"))
    assert runs, done.stdout + done.stderr
    run = RunDirectory.open(runs[-1])
    record = read_search(run.search_file)
    assert record is not None, done.stdout + done.stderr
    return run, record, done.stderr


@pytest.mark.parametrize("processes", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_every_arrival_of_a_load_that_grows_is_begun_once_and_on_record(tmp_path: Path, processes: int) -> None:
    """A load that nobody knew from the start is accounted for as one that was planned, in one process and in two."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(accounts_csv(400))
    with reference_target(("floor",)) as target:
        several = ("--processes", "2") if processes > 1 else ()
        options = ("--host", target.url, "--accounts", str(accounts), *several)
        run, record, said = run_search(tmp_path, SHORT.format(at_least=15), *options)
    plan = run.read_record()
    assert [one.result.role for one in record.levels] == ["coarse", "coarse"]
    assert record.outcome == "28.0/s, the highest rate that was to be tried, was kept."
    checks = findings(run)
    assert {checks[name] for name in ("arrivals_begun", "arrivals_dropped", "capacity")} == {Verdict.PASS}
    stages = {stage.name: stage.measured for stage in plan.stages}
    assert stages["search 20.0/s"]
    assert stages["search 28.0/s"]
    assert not any(measured for name, measured in stages.items() if "settling" in name or name == "warm up")
    assert plan.arrivals is not None
    assert plan.arrivals.pieces[-1].end_s == plan.stages[-1].end_s
    assert plan.ended_by == "schedule"
    assert "coarse level at 28.0/s; at most" in said
    assert (run.path / "tables" / "capacity_levels.csv").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("servers", "service_s", "limit_s"), [(1, 0.02, 0.1), (4, 0.04, 0.15), (16, 0.1, 0.3)], ids=["1", "4", "16"]
)
def test_the_capacity_of_a_real_target_is_found_within_three_per_cent(
    tmp_path: Path, servers: int, service_s: float, limit_s: float
) -> None:
    """So many servers that always take as long serve exactly so much: with even arrivals there is no luck in it."""
    truth = servers / service_s
    scenario = EXACT.format(
        low=0.4 * truth, high=2 * truth, servers=servers, service_s=service_s, limit_ms=1000 * limit_s
    )
    run, record, _ = run_search(tmp_path, scenario)
    found = estimate(record.results)
    assert found is not None
    off = found.per_s / truth - 1
    told = f"{servers} servers: {found.per_s:.2f}/s of {truth:g}/s, {off:+.2%}, {len(record.levels)} levels"
    print(told)  # noqa: T201 - the proof is to be read
    assert record.found
    assert found.criterion == "p95_login"
    assert abs(off) <= 0.03
    assert run.read_verdict() is Verdict.PASS
