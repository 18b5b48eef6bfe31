"""Runs that are started, watched and stopped in a real browser: what is promised of a run holds for them too."""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.e2e.runs import (
    QUIET,
    assert_nothing_wrong,
    free_port,
    has_begun,
    open_scenario,
    plain_scenario,
    samples,
    two_processes,
    wait_for,
)
from tests.processes import start_locust

from pwdload.rundir import RunDirectory

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TABS = ("Outcomes", "Error codes", "Accounts", "Faults", "Generator health")


@contextmanager
def locust_with_ui(folder: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Start Locust with its web UI on a port of its own."""
    port = int(free_port())
    process = start_locust("--web-host", "127.0.0.1", "--web-port", str(port), *QUIET, *options, cwd=folder)
    try:
        wait_for(lambda: _answers(port))
        yield process, port
    finally:
        process.kill()
        process.communicate()


def ask(port: int, method: str, path: str, form: dict[str, object] | None = None) -> str:
    with closing(HTTPConnection("127.0.0.1", port, timeout=90)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, path, urlencode(form or {}), headers)
        return connection.getresponse().read().decode()


def _answers(port: int) -> bool:
    try:
        return bool(ask(port, "GET", "/stats/requests"))
    except OSError:
        return False


def press(port: int, button: str, **form: object) -> dict[str, object]:
    told: dict[str, object] = json.loads(ask(port, "POST", button, form))
    return told


def seen(port: int) -> dict[str, object]:
    told: dict[str, object] = json.loads(ask(port, "GET", "/pwdload/snapshot.json"))["snapshot"] or {}
    return told


def reports(folder: Path) -> list[RunDirectory]:
    """Return the runs that have a verdict, the oldest first."""
    return [RunDirectory(path.parent) for path in sorted(folder.glob("reports/*/2*/verdict.json"))]


def changed(runs: list[RunDirectory]) -> list[int]:
    rows = [row for run in runs for row in samples(run).select(["account", "step", "outcome"]).to_pylist()]
    return [row["account"] for row in rows if (row["step"], row["outcome"]) == ("update_password", "right_accept")]


@pytest.mark.browser
def test_a_run_is_started_watched_and_stopped_in_a_browser(tmp_path: Path) -> None:
    """Start, all tabs, live page, Stop, report, Start again to its end, and a process that goes away."""
    from tests.harness.pages import browser, expect, open_page  # noqa: PLC0415 - skips where there is no Playwright

    path = open_scenario(tmp_path, length="12s", rate='"40/s"', mix="valid_change = 3\nnew_password_too_simple = 1")
    with browser() as started, locust_with_ui(tmp_path, "--scenario", path) as (process, port):
        control = open_page(started, f"http://127.0.0.1:{port}/").page
        live = open_page(started, f"http://127.0.0.1:{port}/pwdload")
        expect(live.page.locator("#empty")).to_contain_text("No run yet")
        control.get_by_role("button", name=re.compile("^start", re.IGNORECASE)).click()
        expect(live.page.locator("#phase")).to_contain_text("Running")
        expect(live.page.locator("#codes")).to_contain_text("PWD.")
        for title in TABS:
            control.get_by_role("tab", name=title).click()
            if title != "Faults":
                expect(control.locator("tbody tr").first).to_be_visible()
        expect(control.locator("tbody")).to_contain_text("local")
        control.get_by_role("button", name=re.compile("^stop", re.IGNORECASE)).click()
        expect(live.page.locator("#phase")).to_contain_text("Ended")
        wait_for(lambda: len(reports(tmp_path)) == 1)
        expect(live.page.locator("#report")).to_be_visible()
        report = open_page(started, f"http://127.0.0.1:{port}/pwdload/report")
        assert "Open arrivals" in report.page.inner_text("h1")
        first = seen(port)["run_id"]
        wait_for(lambda: press(port, "/swarm")["success"])
        wait_for(lambda: seen(port)["run_id"] != first)
        expect(live.page.locator("#phase")).to_contain_text("Running")
        wait_for(lambda: len(reports(tmp_path)) == 2, timeout_s=60.0)
        assert not live.complaints
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        expect(live.page.locator("#lost")).to_contain_text("No answer from the harness")
    runs = reports(tmp_path)
    assert [run.read_record().ended_by for run in runs] == ["stopped", "schedule"]
    assert_nothing_wrong(process.returncode, said, *runs)
    used = changed(runs)
    assert used
    assert len(used) == len(set(used)), "no account is used twice"


def test_a_start_while_the_run_before_is_written_up_is_refused(tmp_path: Path) -> None:
    """Impatient hands: Stop twice, Start at once. Each run is whole, and the second begins when the first is done."""
    path = open_scenario(tmp_path, length="60s", rate='"40/s"', mix="valid_change = 1")
    with locust_with_ui(tmp_path, "--scenario", path) as (process, port):
        assert press(port, "/swarm")["success"]
        assert not press(port, "/swarm")["success"]
        wait_for(lambda: has_begun(tmp_path))
        ask(port, "POST", "/stats/reset")
        stopping = threading.Thread(target=press, args=(port, "/stop"))
        stopping.start()
        wait_for(lambda: "written up" in str(press(port, "/swarm")["message"]))
        assert press(port, "/stop") == {"success": True, "message": "The run is being ended already"}
        stopping.join(60)
        assert len(reports(tmp_path)) == 1, "Stop answers when the report is made"
        assert press(port, "/swarm")["success"]
        assert press(port, "/stop")["success"], "and Stop right after Start waits for the run to begin"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    runs = reports(tmp_path)
    assert 1 <= len(runs) <= 2
    assert "Traceback" not in out + err
    assert runs[0].read_record().ended_by == "stopped"
    assert_nothing_wrong(process.returncode, out + err, *runs)
    used = changed(runs)
    assert len(used) == len(set(used))


def test_a_form_cannot_get_round_what_the_command_line_has_settled(tmp_path: Path) -> None:
    """Another host, one that the form itself lets in, a folder: refused, and the run goes to the target alone."""
    with locust_with_ui(tmp_path, "--scenario", plain_scenario(tmp_path)) as (process, port):
        load = {"user_count": 5, "spawn_rate": 5}
        target = json.loads(re.search(r'"host": ("[^"]*")', ask(port, "GET", "/"))[1])  # type: ignore[index]
        for form in (
            {"host": "http://127.0.0.1:1"},
            {"host": "http://production.example", "allow_host": "production.example"},
            {"reports": str(tmp_path / "elsewhere")},
            {"headless": "true"},
        ):
            assert not press(port, "/swarm", **load, **form)["success"], form
        assert press(port, "/swarm", **load, host=target, run_time="3s")["success"]
        wait_for(lambda: len(reports(tmp_path)) == 1, timeout_s=60.0)
        wait_for(lambda: press(port, "/swarm", **load, host="", run_time="")["success"])
        wait_for(lambda: len([*tmp_path.glob("reports/plain/2*")]) == 2)
        wait_for(lambda: press(port, "/swarm", user_count=8, spawn_rate=8)["success"])
        wait_for(lambda: seen(port).get("users") == 8)
        assert seen(port)["end_s"] is None, "the length of the first run is not that of the second"
        press(port, "/stop")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    runs = reports(tmp_path)
    assert [run.read_record().target for run in runs] == [target] * 2
    assert [run.read_record().ended_by for run in runs] == ["schedule", "stopped"]
    assert_nothing_wrong(process.returncode, err, *runs)
    assert not (tmp_path / "elsewhere").exists()


def test_the_live_page_of_a_master_shows_its_workers(tmp_path: Path) -> None:
    """Before there are workers Start says so; with two of them both are seen, and the run that is started is whole."""
    path = open_scenario(tmp_path, length="6s", rate='"40/s"', mix="valid_change = 1")
    with locust_with_ui(tmp_path, "--scenario", path, *two_processes()) as (process, port):
        wait_for(lambda: press(port, "/swarm")["success"])
        wait_for(lambda: len(seen(port).get("generators", ())) == 2)  # type: ignore[arg-type]
        wait_for(lambda: len(reports(tmp_path)) == 1, timeout_s=60.0)
        wait_for(lambda: seen(port)["phase"] == "ended")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    (run,) = reports(tmp_path)
    assert_nothing_wrong(process.returncode, err, run)
    assert run.read_record().ended_by == "schedule"
