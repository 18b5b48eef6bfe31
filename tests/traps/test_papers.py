"""What a run leaves behind: the papers of stock Locust beside those of pwdload, before the same target (J, K, L, N).

Each test asserts both sides, as in `test_whole_runs`.
"""

import csv
import json
import signal
from pathlib import Path

import pytest
from tests.e2e.runs import latest, on_a_port_of_its_own, open_scenario, samples, wait_for
from tests.processes import start_locust
from tests.traps.sides import KEEPING, Target, aggregated, finished, ours, start_stock, target

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TWO_PROCESSES = ("--processes", "2")


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open() as file:
        return list(csv.DictReader(file))


def ours_counts(folder: Path) -> tuple[int, int]:
    """Return how many log-ins the newest report counts, and how many samples lie beside it."""
    run = latest(folder)
    row = next(row for row in rows_of(run.path / "tables" / "latency_by_step.csv") if row["step"] == "login")
    return int(float(row["count"])), samples(run).num_rows


def test_the_last_file_has_the_last_second(tmp_path: Path) -> None:
    """Trap J: 20 users are in the middle of a request when the two seconds of the load are over, and may finish it.

    Stock: its CSV is written once a second and not at the end: what was answered since the last time is in none.
    Ours: the tables are made from the samples when the run is over, and count what the target counted.
    """
    slow = ("servers=100", "service_mean_s=0.2")
    with target(tmp_path, *slow) as at:
        arguments = ("-u", "20", "-r", "20", "-t", "2s", "--stop-timeout", "5", "--csv", "stock")
        stock = finished(start_stock(at, tmp_path, *arguments, per_user_per_s=20.0))
        committed = at.logins()
    assert stock.exit_code == 0, stock.err
    assert int(aggregated(tmp_path)["Request Count"]) < committed

    with target(tmp_path, *slow) as at:
        ours(at, tmp_path, "--stop-timeout", "5", rate='"75/s"', length="2s", slots=100)
        committed = at.logins()
    assert ours_counts(tmp_path) == (committed, committed) == (150, 150)


def test_an_order_to_end_still_leaves_a_report(tmp_path: Path) -> None:
    """Trap K: SIGTERM in the middle, as a pipeline sends it that has had enough.

    Stock: it ends in order, and the HTML that was asked for is not there. Ours: it is, with all that was answered.
    """
    with target(tmp_path) as at:
        process = start_stock(at, tmp_path, "-u", "5", "-r", "5", "-t", "30s", "--html", "stock.html")
        wait_for(lambda: at.logins() > 20)
        process.send_signal(signal.SIGTERM)
        finished(process)
    assert not (tmp_path / "stock.html").exists()

    with target(tmp_path) as at:
        _terminated(at, tmp_path)
        committed = at.logins()
    run = latest(tmp_path)
    assert (run.path / "report.html").exists()
    assert samples(run).num_rows == committed > 20


def _terminated(at: Target, folder: Path) -> None:
    """Run ours, and tell it to end when it is under way."""
    path = open_scenario(folder, rate='"50/s"', length="30s")
    more = ("--headless", "--host", at.url, "--accounts", str(at.accounts), "--only-summary")
    process = start_locust("--scenario", path, *more, cwd=folder)
    wait_for(lambda: at.logins() > 20)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def test_the_file_for_machines_says_what_went_wrong(tmp_path: Path) -> None:
    """Trap L: every password is wrong, and a script reads the JSON.

    Stock: the file has another name than it was given, no totals, and not a word of what the target said.
    Ours: report.json has the verdict, the totals, and the target's own code with its count.
    """
    wrong = "trap0000 wrong-password-1"
    with target(tmp_path) as at:
        arguments = ("-u", "2", "-r", "2", "-t", "2s", "--json-file", "stock.json")
        finished(start_stock(at, tmp_path, *arguments, STOCK_ACCOUNT=wrong))
    assert not (tmp_path / "stock.json").exists()
    entries = json.loads((tmp_path / "stock.json.json").read_text("utf-8"))
    assert [entry["name"] for entry in entries] == ["login"]
    assert entries[0]["num_failures"] > 0
    assert not any("error" in key.lower() for key in entries[0])

    with target(tmp_path) as at:
        at.accounts.write_text(at.accounts.read_text().replace("Xy!", "Zy!"))
        ours(at, tmp_path, rate='"50/s"', length="2s")
    run = latest(tmp_path)
    report = json.loads((run.path / "report.json").read_text("utf-8"))
    (codes,) = (
        table for section in report["sections"] for table in section["tables"] if table["name"] == "error_codes"
    )
    assert report["verdict"] != "PASS"
    assert [row[:3] for row in codes["rows"]] == [["LOGIN.0002", "Account name or password is wrong", 100]]
    assert samples(run).num_rows == 100


def test_two_processes_do_not_write_over_each_other(tmp_path: Path) -> None:
    """Trap L: every request as a row of a file, from two workers and their master.

    Stock: its own logger opens the same file in each of them, and what is left is less than the target answered.
    Ours: each process has a file of its own, and together they have every answer.
    """
    with target(tmp_path) as at:
        arguments = ("-u", "10", "-r", "10", "-t", "3s", *TWO_PROCESSES, *on_a_port_of_its_own())
        process = start_stock(
            at, tmp_path, *arguments, per_user_per_s=10.0, file=KEEPING, STOCK_REQUESTS_CSV=str(tmp_path / "all.csv")
        )
        stock = finished(process)
        committed = at.logins()
    assert stock.exit_code == 0, stock.err
    whole = [row for row in rows_of(tmp_path / "all.csv") if row["name"] == "login" and row["exception"] == ""]
    assert len(whole) < committed

    with target(tmp_path) as at:
        ours(at, tmp_path, *TWO_PROCESSES, *on_a_port_of_its_own(), rate='"60/s"', length="3s")
        committed = at.logins()
    assert ours_counts(tmp_path) == (committed, committed) == (180, 180)
    assert len(list(latest(tmp_path).samples.iterdir())) == 2


def test_a_listener_that_loses_every_request_is_no_success(tmp_path: Path) -> None:
    """Trap N: what was to keep the requests raises each time, in both of two workers.

    Stock: the run goes on to its end, and its master leaves with exit code 0. (Ours: INVALID with the listener's name
    and how often it failed, see `test_nothing_lost`.)
    """
    with target(tmp_path) as at:
        arguments = ("-u", "2", "-r", "2", "-t", "2s", *TWO_PROCESSES, *on_a_port_of_its_own())
        stock = finished(start_stock(at, tmp_path, *arguments, file=KEEPING, STOCK_LISTENER_RAISES="1"))
        assert at.logins() > 0
    assert "the disk is full" in stock.err
    assert stock.exit_code == 0
