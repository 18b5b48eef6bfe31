"""A search for capacity by the real harness, at targets whose capacity is known."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.runs import findings
from tests.processes import LOCUSTFILE

from pwdload.analysis import load_run
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


def test_a_search_that_is_killed_has_what_it_announced_and_what_it_found(tmp_path: Path) -> None:
    """After kill -9 the report has the levels that were done, and each sample is of a load that is on record."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(accounts_csv(400))
    file = tmp_path / "search.toml"
    file.write_text(SHORT.format(at_least=15).replace('to = "28/s"', 'to = "90/s"'))
    with reference_target(("floor",)) as target:
        command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--no-calibrate"]
        command += ["--loglevel", "WARNING", "--only-summary", "--scenario", str(file), "--host", target.url]
        command += ["--accounts", str(accounts), "--reports", str(tmp_path / "reports")]
        with subprocess.Popen(
            command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            try:
                run = _when_levels_are_done(tmp_path / "reports", child, 1)
            finally:
                child.kill()
    record = run.read_record()
    assert record.arrivals is not None
    assert record.ended_utc is None
    rates = {piece.from_per_s for piece in record.arrivals.pieces}
    assert {20.0, 5.0} < rates, "a level, and what lies between two"
    assert [stage.name for stage in record.stages].count("search 20.0/s") == 1
    announced_s = record.arrivals.pieces[-1].end_s
    said = subprocess.run(
        [sys.executable, "-m", "pwdload", "report", str(run.path)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in said.stdout + said.stderr
    report = json.loads((run.path / "report.json").read_text())
    assert any("cut short" in one["text"] for one in report["caveats"])
    assert report["capacity"]["source"] == "search"
    due_s = load_run(run).samples["intended_s"]
    assert 2.0 < due_s.max() <= announced_s


def _when_levels_are_done(reports: Path, child: "subprocess.Popen[bytes]", count: int) -> RunDirectory:
    """Wait until a search has written down so many levels, and has announced some seconds more; return its run."""
    for _ in range(600):
        for found in reports.glob("search/2*/search.json"):
            record = read_search(found)
            run = RunDirectory.open(found.parent)
            plan = run.read_record()
            if record is not None and len(record.levels) >= count and plan.stages[-1].name.startswith("search 2"):
                return run
        assert child.poll() is None, "the run ended before it was killed"
        time.sleep(0.1)
    raise AssertionError("no level was done within a minute")


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
