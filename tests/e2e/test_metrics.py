"""Metrics of real runs: scraped while they go on, pushed, read by a real Prometheus; exact in the end."""

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.e2e.runs import (
    QUIET,
    assert_nothing_wrong,
    free_port,
    latest,
    open_scenario,
    samples,
    two_processes,
    wait_for,
)
from tests.exporting.collector import Collector, collector, labels
from tests.exporting.expressions import with_values
from tests.exporting.test_dashboard import EXPRESSIONS
from tests.processes import locust, start_locust

from pwdload.exporting.catalogue import CHANGES, REQUESTS, RESPONSE_TIME
from pwdload.exporting.program import LAST_PUSH_WITHIN_S
from pwdload.rundir import RunDirectory

Counts = dict[tuple[str, str], int]
MIX = "valid_change = 3\ntoken_forged = 1"


def counted(run: RunDirectory) -> Counts:
    """Return how many exchanges a run's files hold, by step and outcome."""
    rows = samples(run).select(["step", "outcome"]).to_pylist()
    return dict(Counter((row["step"], row["outcome"]) for row in rows))


def scrape(port: str, path: str = "/metrics") -> str:
    """Return what is served; empty where nothing is."""
    connection = HTTPConnection("127.0.0.1", int(port), timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()


def requests_in(text: str) -> Counts:
    """Return the counts of a scrape that are not zero, of all runs in it."""
    found = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {
        (one.labels["step"], one.labels["outcome"]): int(one.value)
        for one in found
        if one.name == REQUESTS.prometheus_name and one.value
    }


def requests_pushed(kept: Collector) -> Counts:
    """Return the counts of a collector's last push that are not zero."""
    points = kept.metrics()[REQUESTS.otel_name].sum.data_points
    said = [(labels(point.attributes), point.as_int) for point in points]
    return {(of["step"], of["outcome"]): count for of, count in said if count}


def test_what_cannot_be_served_is_one_clear_line(tmp_path: Path) -> None:
    """No such port: told before anything is asked of anybody, with exit code 2."""
    done = locust("--prometheus-port", "99999", "--headless", *QUIET, cwd=tmp_path)
    assert (done.exit_code, done.err) == (
        2,
        "pwdload: --prometheus-port 99999: not a port; give one from 1 to 65535, or 0 for any\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["one", "two"])
def test_scrapes_and_pushes_end_with_exactly_the_samples_of_the_run(tmp_path: Path, processes: str) -> None:
    """Counters only grow while the run goes on; the last values are those of its files, on both ways."""
    port = free_port()
    path = open_scenario(tmp_path, rate='"40/s"', length="5s", mix=MIX)
    with collector() as kept:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": kept.url, "OTEL_METRIC_EXPORT_INTERVAL": "500"}
        more = two_processes() if processes == "two" else []
        options = ("--scenario", path, "--headless", *QUIET, "--prometheus-port", port, "--otlp", *more)
        process = start_locust(*options, cwd=tmp_path, more=settings)
        seen: list[Counts] = []
        last = ""
        while process.poll() is None:
            if text := scrape(port):
                seen.append(requests_in(text))
                last = text
            time.sleep(0.1)
        out, err = process.communicate()
    run = latest(tmp_path)
    assert_nothing_wrong(process.returncode, out + err, run)
    assert seen[-1] == requests_pushed(kept) == counted(run)
    assert len({json.dumps(sorted(one.items())) for one in seen}) >= 4
    for before, after in pairwise(seen):
        assert all(after[key] >= value for key, value in before.items())
    assert f"Metrics for Prometheus: http://127.0.0.1:{port}/metrics" in err
    found = {(s.name, s.labels.get("step")): s.value for f in text_string_to_metric_families(last) for s in f.samples}
    of_step: Counter[str] = Counter()
    for (step, _), count in counted(run).items():
        of_step[step] += count
    for step, count in of_step.items():
        assert found[f"{RESPONSE_TIME.prometheus_name}_count", step] == count
    assert found[CHANGES.prometheus_name, None] == counted(run)["update_password", "right_accept"]
    assert not scrape(port)


@pytest.mark.slow
def test_a_collector_that_hangs_does_not_harm_a_run(tmp_path: Path) -> None:
    """Every arrival is on time, the verdict is what it would be, and the end comes within the bound that is stated."""
    path = open_scenario(tmp_path, length="4s", mix=MIX)
    with collector(hangs=True) as kept:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": kept.url, "OTEL_METRIC_EXPORT_INTERVAL": "300"}
        begun_s = time.monotonic()
        done = locust("--scenario", path, "--headless", *QUIET, "--otlp", cwd=tmp_path, more=settings)
        took_s = time.monotonic() - begun_s
    begun_s = time.monotonic()
    plain = locust("--scenario", path, "--headless", *QUIET, cwd=tmp_path)
    assert took_s < time.monotonic() - begun_s + LAST_PUSH_WITHIN_S + 5
    assert plain.exit_code == done.exit_code
    assert_nothing_wrong(done.exit_code, done.err, latest(tmp_path))


@pytest.mark.slow
def test_the_web_ui_shows_metrics_and_a_second_run_begins_anew(tmp_path: Path) -> None:
    """`/metrics` of the web UI: series of a run carry its run_id; those of the next begin at zero, with another."""
    port = free_port()
    path = open_scenario(tmp_path, rate='"20/s"', length="60s", mix=MIX)
    options = ("--scenario", path, "--web-host", "127.0.0.1", "--web-port", port, *QUIET)
    process = start_locust(*options, cwd=tmp_path)
    runs: list[tuple[set[str], Counts]] = []
    try:
        wait_for(lambda: scrape(port, "/"))
        for number in (1, 2):
            before = {run_id for ids, _ in runs for run_id in ids}
            assert json.loads(post(port, "/swarm", "user_count=50&spawn_rate=50"))["success"]
            wait_for(partial(has_shown, port, before))
            runs.append((run_ids(scrape(port)), requests_in(scrape(port))))
            post(port, "/stop", "")
            wait_for(partial(has_reports, tmp_path, number))
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert [len(ids) for ids, _ in runs] == [1, 1]
    assert runs[0][0] != runs[1][0]


def has_shown(port: str, before: set[str]) -> bool:
    """Whether the web UI shows some of a run that is none of those before."""
    text = scrape(port)
    return sum(requests_in(text).values()) > 20 and not before & run_ids(text)


def has_reports(folder: Path, count: int) -> bool:
    """Whether so many runs have their reports."""
    return len([*folder.glob("reports/open/2*/report.html")]) == count


def run_ids(text: str) -> set[str]:
    """Return the runs that a scrape is of."""
    return {one.labels["run_id"] for family in text_string_to_metric_families(text) for one in family.samples}


def post(port: str, path: str, form: str) -> str:
    """Send a form of the web UI."""
    connection = HTTPConnection("127.0.0.1", int(port), timeout=60)
    try:
        connection.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.slow
def test_a_real_prometheus_can_answer_every_query_of_the_dashboard(tmp_path: Path) -> None:
    """It scrapes a run; its totals are the run's, and every expression of the dashboard has an answer."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not on PATH (Debian: apt-get install prometheus)")
    port = free_port()
    path = open_scenario(tmp_path, rate='"40/s"', length="12s", mix=MIX, after=FAULT)
    with prometheus(tmp_path, port) as asked:
        options = ("--scenario", path, "--headless", *QUIET, "--prometheus-port", port)
        process = start_locust(*options, cwd=tmp_path)
        answers = dict.fromkeys(EXPRESSIONS, 0)
        while process.poll() is None:
            for expression in EXPRESSIONS:
                answers[expression] = max(answers[expression], len(query(asked, with_values(expression))))
            time.sleep(0.5)
        out, err = process.communicate()
        run = latest(tmp_path)
        # As far back as the run: its series have gone stale with it.
        totals = query(asked, f"sum by (step, outcome) (max_over_time({REQUESTS.prometheus_name}[5m])) > 0")
    assert {(one["step"], one["outcome"]): int(value) for one, value in totals} == counted(run), out + err
    silent = {one for one, count in answers.items() if not count}
    assert silent <= {one for one in EXPRESSIONS if "search_" in one or "generator_lost" in one or "errors" in one}


FAULT = """
[[faults]]
name = "slow"
kind = "latency"
at = "3s"
for = "4s"
latency = "5ms"
[slo]
p95_update_password = "300ms"
"""


@contextmanager
def prometheus(folder: Path, port: str) -> Iterator[str]:
    """Run a Prometheus that scrapes a port every second; gives its own."""
    own = free_port()
    settings = folder / "prometheus.yml"
    settings.write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: pwdload, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
    )
    command = ["prometheus", f"--config.file={settings}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    command += [f"--web.listen-address=127.0.0.1:{own}", "--log.level=error"]
    process = subprocess.Popen(command)
    try:
        wait_for(lambda: "Ready" in scrape(own, "/-/ready"))
        yield own
    finally:
        process.terminate()
        process.wait(20)


def query(port: str, expression: str) -> list[tuple[dict[str, str], float]]:
    """Return what a Prometheus answers now: labels and value of each series."""
    answer = json.loads(scrape(port, f"/api/v1/query?query={quote(expression)}"))
    assert answer["status"] == "success", answer
    return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]
