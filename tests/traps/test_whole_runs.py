"""Stock Locust and pwdload side by side, before the same target: what each says of an outage, a death, or silence.

Each test asserts both: that stock Locust still gives the false answer, and that pwdload gives the true one. A stock
side that fails here has been mended, and its half of the test can go.
"""

import csv
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.runs import assert_nothing_wrong, latest, on_a_port_of_its_own, samples, wait_for
from tests.traps.sides import Target, aggregated, finished, ours, response_s, start_stock, target

pytestmark = pytest.mark.e2e


@pytest.mark.slow
def test_an_outage_is_seen_and_its_whole_length_is_in_the_tail(tmp_path: Path) -> None:
    """Traps D and E: the target hangs for 3 s of 10 s under 50/s.

    Stock: ten users wait, ask nothing meanwhile, and the p95 stays in milliseconds; its history never shows a zero.
    Ours: everyone who was due in the outage is in the percentiles, and the seconds without an answer are empty.
    """
    with target(tmp_path) as at:
        before = at.logins()
        arguments = ("-u", "10", "-r", "10", "-t", "10s", "--csv", "stock", "--csv-full-history")
        process = start_stock(at, tmp_path, *arguments)
        wait_for(lambda: at.logins() > before + 50)
        at.hang(3.0)
        stock = finished(process)
    assert stock.exit_code == 0, stock.err
    assert float(aggregated(tmp_path)["95%"]) < 1_000
    with (tmp_path / "stock_stats_history.csv").open() as file:
        rates = [float(row["Requests/s"]) for row in csv.DictReader(file) if row["Name"] == "Aggregated"]
    assert min(rates[next(n for n, rate in enumerate(rates) if rate) :]) > 0  # for three seconds it was

    with target(tmp_path) as at:
        threading.Thread(target=_hang_soon, args=(at,)).start()
        ours(at, tmp_path, rate='"50/s"', length="10s", slots=300)
    run = latest(tmp_path)
    table = samples(run)
    assert table.num_rows == 500
    waits = response_s(table)
    assert np.percentile(waits, 95) > 2.0
    assert (waits > 0.5).mean() == pytest.approx(0.25, abs=0.05)  # due in the first 2.5 s of the outage
    with (run.path / "tables" / "timeline.csv").open() as file:
        seconds = list(csv.DictReader(file))
    answered = [sum(float(row[name] or 0) for name in ("right_accept", "right_reject")) for row in seconds]
    assert answered.count(0) >= 2


def _hang_soon(at: Target) -> None:
    wait_for(lambda: at.logins() > 80)
    at.hang(3.0)


@pytest.mark.slow
def test_a_headless_run_on_several_processes_reports_what_was_in_flight_at_its_end(tmp_path: Path) -> None:
    """Trap F: slow answers, two processes, `--stop-timeout 5`.

    Stock: the master leaves half a second after its order to quit, and what workers finish later is in no report.
    Ours: every answer that the target gave is in the report.
    """
    slow = ("servers=100", "service_mean_s=1.5")
    with target(tmp_path, *slow) as at:
        port = on_a_port_of_its_own()
        arguments = ("-u", "20", "-r", "20", "-t", "4s", "--processes", "2", "--stop-timeout", "5", *port)
        stock = finished(start_stock(at, tmp_path, *arguments, "--csv", "stock", per_user_per_s=100.0))
        committed = at.logins()
    assert stock.exit_code == 0, stock.err
    assert int(aggregated(tmp_path)["Request Count"]) < committed

    with target(tmp_path, *slow) as at:
        port = on_a_port_of_its_own()
        done = ours(
            at, tmp_path, "--processes", "2", "--stop-timeout", "5", *port, rate='"20/s"', length="4s", slots=100
        )
        committed = at.logins()
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.out + done.err, run)
    assert samples(run).num_rows == committed == 80


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_stock_its_outcomes_and_nobody_hears_of_it(tmp_path: Path) -> None:
    """Trap G: `kill -9` of one of two workers.

    Stock: exit code 0, and fewer requests than the target answered. (Ours: exit code 3, see `test_nothing_lost`.)
    """
    with target(tmp_path) as at:
        arguments = ("-u", "10", "-r", "10", "-t", "9s", "--processes", "2", *on_a_port_of_its_own())
        process = start_stock(at, tmp_path, *arguments, "--csv", "stock", per_user_per_s=10.0)
        wait_for(lambda: at.logins() > 100)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        stock = finished(process)
        committed = at.logins()
    assert stock.exit_code == 0, stock.err
    assert int(aggregated(tmp_path)["Request Count"]) < committed


def test_a_run_without_a_request_is_no_success(tmp_path: Path) -> None:
    """Trap M: the run is over before anybody asks anything. Stock exits 0, ours is INCONCLUSIVE."""
    with target(tmp_path) as at:
        stock = finished(start_stock(at, tmp_path, "-u", "1", "-r", "0.01", "-t", "1s", per_user_per_s=0.001))
        asked = at.logins()
    if asked == 0:
        assert stock.exit_code == 0
    with target(tmp_path) as at:
        done = ours(
            at, tmp_path, "-t", "1s", rate='{ base = "0/s", spike = "1/s", at = "50s", for = "5s" }', length="60s"
        )
    assert done.exit_code != 0


@pytest.mark.slow
def test_percentiles_are_not_rounded_above_the_maximum(tmp_path: Path) -> None:
    """Trap M: a service of 147 ms. Stock rounds to two digits and may print a p99 above its own maximum.

    Ours come from the samples: none is above the largest of them.
    """
    with target(tmp_path, "servers=100", "service_mean_s=0.147") as at:
        arguments = ("-u", "5", "-r", "5", "-t", "3s", "--csv", "stock")
        stock = finished(start_stock(at, tmp_path, *arguments))
        assert stock.exit_code == 0, stock.err
        assert float(aggregated(tmp_path)["50%"]) % 10 == 0
    with target(tmp_path, "servers=100", "service_mean_s=0.147") as at:
        ours(at, tmp_path, rate='"25/s"', length="3s")
    waits = response_s(samples(latest(tmp_path)))
    median_s = float(np.percentile(waits, 50))
    assert 0.147 <= median_s <= waits.max()
    assert round(median_s * 1000, 3) % 10 != 0
