"""Nothing lost: workers that die, connections that break, answers that are slow, and every way to end a run."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.e2e.runs import QUIET, assert_nothing_wrong, free_port, latest, samples, two_processes, wait_for
from tests.e2e.test_locust import _ask, _has_reports, _listens, assert_reconciled, scenario
from tests.processes import LOCUSTFILE, environment, locust, pwdload, start_locust
from tests.relay import relay_to

from pwdload.rundir import RunDirectory
from pwdload.samples import read_samples

pytestmark = pytest.mark.e2e

BUSY = ("-u", "20", "-r", "20")


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """Make sure that a process is gone at the end of a test, however that ends."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def start_master(port: str, folder: Path) -> "subprocess.Popen[str]":
    """Start a master that waits for two workers and runs until it is stopped."""
    bind = ["--master", "--expect-workers", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    return start_locust("--headless", "--scenario", scenario(folder), *BUSY, *bind, *QUIET, cwd=folder)


def start_worker(port: str, folder: Path) -> "subprocess.Popen[str]":
    """Start a worker for a master behind a port of loopback."""
    return start_locust("--worker", "--master-host", "127.0.0.1", "--master-port", port, *QUIET, cwd=folder)


def grown(folder: Path, pattern: str, size: int) -> bool:
    """Whether files of that name are there, and each has so many bytes."""
    sizes = [path.stat().st_size for path in folder.glob(f"reports/*/2*/{pattern}")]
    return bool(sizes) and min(sizes) > size


def only_run(folder: Path) -> RunDirectory:
    """Return the one run below a folder, ended or not."""
    (path,) = folder.glob("reports/*/2*")
    return RunDirectory.open(path)


def test_a_killed_worker_is_named_and_what_its_disk_held_is_merged(tmp_path: Path) -> None:
    """The master is deaf to its last blocks, then kill -9: exit 3, its name and times, and the blocks in the report."""
    port = free_port()
    with (
        relay_to(port) as relay,
        ended(start_master(port, tmp_path)) as master,
        ended(start_worker(port, tmp_path)) as survivor,
        ended(start_worker(relay.port, tmp_path)) as victim,
    ):
        wait_for(lambda: len(list(tmp_path.glob("reports/*/2*/samples/*.arrows"))) == 2)
        wait_for(lambda: grown(tmp_path, "samples/*.arrows", 20_000))
        run = only_run(tmp_path)
        relay.stall()
        sizes = {path.name: path.stat().st_size for path in run.spool.glob("*.arrows")}
        wait_for(lambda: all((run.spool / name).stat().st_size > size + 5_000 for name, size in sizes.items()))
        victim.kill()
        victim.wait()
        assert master.stderr is not None
        said = ""
        while " is lost, " not in said:  # said while the load goes on, not only at its end
            said = master.stderr.readline()
            assert said, "the master ended without a word"
        assert master.poll() is None
        before = sum(path.stat().st_size for path in run.samples.iterdir())
        wait_for(lambda: sum(path.stat().st_size for path in run.samples.iterdir()) > before + 10_000)
        master.terminate()
        out, err = master.communicate(timeout=60)
        survivor.communicate(timeout=30)
    assert master.returncode == 3, out + err
    record = run.read_record()
    (lost,) = record.lost_workers
    (whole,) = record.workers
    assert {lost.name, whole.name} == {"worker-0", "worker-1"}
    assert lost.name in said
    assert lost.last_heard_s is not None
    assert record.duration_s is not None
    assert 0 < lost.last_heard_s < lost.noticed_s < record.duration_s
    assert lost.name in (run.path / "report.md").read_text("utf-8")

    _, files = read_samples(run.samples, run.spool)
    account = {file.worker: file for file in files}
    assert (account[whole.name].finished, account[whole.name].from_spool) == (True, 0)
    assert account[whole.name].rows == whole.samples
    dead = account[lost.name]
    assert (dead.finished, dead.missing, dead.damaged) == (False, 0, 0)
    assert dead.from_spool > 50
    assert dead.rows == lost.samples_received + dead.from_spool
    assert [path.name for path in run.spool.glob("*.arrows")] == [f"{lost.name}.arrows"]

    again = pwdload("report", str(run.path))
    assert again.exit_code == 3
    total = json.loads((run.path / "report.json").read_text("utf-8"))
    assert f"{dead.rows + whole.samples}" in json.dumps(total).replace(",", "")


@pytest.mark.slow
def test_a_connection_that_breaks_loses_nothing(tmp_path: Path) -> None:
    """Whatever was on the way when it broke is sent again: both workers' samples are whole, as the target counted."""
    port = free_port()
    with (
        relay_to(port) as relay,
        ended(start_master(port, tmp_path)) as master,
        ended(start_worker(port, tmp_path)) as direct,
        ended(start_worker(relay.port, tmp_path)) as relayed,
    ):
        for size in (10_000, 50_000, 90_000):
            wait_for(partial(grown, tmp_path, "samples/*.arrows", size))
            dropped = relay.dropped
            relay.stall()
            wait_for(lambda: relay.dropped > dropped + 5_000)  # noqa: B023 - waited for within the turn
            relay.hang_up()
            relay.resume()
        master.terminate()
        out, err = master.communicate(timeout=60)
        for worker in (direct, relayed):
            worker.communicate(timeout=30)
    assert relay.connections > 3
    assert relay.dropped > 15_000
    run = latest(tmp_path)
    assert_nothing_wrong(master.returncode, out + err, run)
    assert_reconciled(run)
    assert not run.spool.exists(), "nothing of it is needed any more"


def another_disk(command: list[str], folder: Path) -> list[str]:
    """Return a command that sees an empty file system in the place of a folder; skip where that is not allowed."""
    hidden = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs none "{folder}" && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*hidden, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mount namespace: a worker with a disk of its own cannot be had")
    return [*hidden, *command]


@pytest.mark.slow
def test_a_worker_with_a_disk_of_its_own_keeps_its_spool_there(tmp_path: Path) -> None:
    """It does not see the master's folder: its samples come over the network, or are copied when it was killed."""
    port = free_port()
    reports, own = tmp_path / "reports", tmp_path / "own"
    reports.mkdir()
    arguments = ["--worker", "--master-host", "127.0.0.1", "--master-port", port, "--reports", str(own)]
    command = another_disk([sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments, *QUIET], reports)
    with (
        ended(start_master(port, tmp_path)) as master,
        ended(start_worker(port, tmp_path)) as near,
        ended(subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)) as far,
    ):
        wait_for(lambda: len(list(tmp_path.glob("reports/*/2*/samples/*.arrows"))) == 2)
        wait_for(lambda: grown(tmp_path, "samples/*.arrows", 10_000))
        run = only_run(tmp_path)
        (spool,) = own.glob("*/*/spool/*.arrows")
        assert spool.relative_to(own).parts[:2] == run.path.relative_to(reports).parts
        os.kill(master.pid, signal.SIGSTOP)  # deaf, while the worker writes on
        size = spool.stat().st_size
        wait_for(lambda: spool.stat().st_size > size + 5_000)
        far.kill()
        far.wait()
        os.kill(master.pid, signal.SIGCONT)
        wait_for(lambda: master.poll() is None)
        master.terminate()
        out, err = master.communicate(timeout=60)
        near.communicate(timeout=30)
    assert master.returncode == 3, out + err
    held, _ = read_samples(spool.parent)
    shutil.copy(spool, run.spool)
    assert pwdload("report", str(run.path)).exit_code == 3
    _, files = read_samples(run.samples, run.spool)
    (dead,) = [file for file in files if file.worker == spool.stem]
    assert (dead.rows, dead.missing, dead.damaged) == (held.num_rows, 0, 0)
    (lost,) = run.read_record().lost_workers
    assert (lost.name, lost.samples_received) == (dead.worker, dead.rows - dead.from_spool)


@pytest.mark.slow
def test_a_worker_with_a_disk_of_its_own_leaves_nothing_there_after_a_good_end(tmp_path: Path) -> None:
    """Once all of it is safe with the master, the worker's machine is as it was."""
    port = free_port()
    reports, own = tmp_path / "reports", tmp_path / "own"
    reports.mkdir()
    arguments = ["--worker", "--master-host", "127.0.0.1", "--master-port", port, "--reports", str(own)]
    command = another_disk([sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments, *QUIET], reports)
    with (
        ended(start_master(port, tmp_path)) as master,
        ended(start_worker(port, tmp_path)) as near,
        ended(subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)) as far,
    ):
        wait_for(lambda: len(list(own.glob("*/*/spool/*.arrows"))) == 1)
        wait_for(lambda: grown(tmp_path, "samples/*.arrows", 10_000))
        master.terminate()
        out, err = master.communicate(timeout=60)
        near.communicate(timeout=30)
        _, said = far.communicate(timeout=30)
    assert_nothing_wrong(master.returncode, out + err + said, latest(tmp_path))
    assert_reconciled(latest(tmp_path))
    assert not list(own.rglob("*.arrows"))
    assert not list(own.glob("*/*"))


def test_slow_answers_are_waited_for_at_the_end(tmp_path: Path) -> None:
    """`--processes 2 --stop-timeout 5`: every outcome that the target committed after the order to stop is there."""
    path = Path(scenario(tmp_path, mix="valid_change = 1", more="\n[standin]\nservers = 40\nservice_mean_s = 1.5\n"))
    path.write_text(path.read_text().replace('state_token_life = "1s"', 'state_token_life = "60s"'))
    done = locust(
        *("--scenario", str(path), "--headless", "-u", "30", "-r", "30", "-t", "6s", "--stop-timeout", "5"),
        *two_processes(),
        *QUIET,
        cwd=tmp_path,
    )
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err, run)
    assert_reconciled(run)
    record, table = run.read_record(), samples(run)
    assert record.duration_s is not None
    late = sum(done_s > record.duration_s for done_s in table["done_s"].to_pylist())
    assert late >= 10, "the end came while answers were under way"
    assert not record.lost_workers


@pytest.mark.slow
def test_stop_in_the_web_ui_keeps_what_two_workers_did(tmp_path: Path) -> None:
    """Locust's own order to stop makes a worker deaf for the stop-timeout: its samples arrive all the same, twice."""
    port = int(free_port())
    options = ["--web-host", "127.0.0.1", "--web-port", str(port), "--stop-timeout", "3", *two_processes()]
    with ended(start_locust(*options, *QUIET, cwd=tmp_path)) as process:
        wait_for(lambda: _listens(port))
        for reports in (1, 2):
            wait_for(lambda: json.loads(_ask(port, "GET", "/stats/requests"))["state"] in ("ready", "stopped"))
            wait_for(lambda: _ready_workers(port) == 2)
            wait_for(lambda: json.loads(_ask(port, "POST", "/swarm", {"user_count": 20, "spawn_rate": 20}))["success"])
            wait_for(lambda: len(list(tmp_path.glob("reports/plain/2*/samples/*.arrows"))) == 2)
            wait_for(lambda: grown(tmp_path, "samples/*.arrows", 10_000))
            _ask(port, "POST", "/stop")
            wait_for(partial(_has_reports, tmp_path, reports))
        process.terminate()
        _, err = process.communicate(timeout=30)
    runs = [RunDirectory(path) for path in tmp_path.glob("reports/plain/2*")]
    assert_nothing_wrong(process.returncode, err, *runs)
    changed: list[int] = []
    for run in runs:
        assert_reconciled(run)
        rows = samples(run).select(["account", "step", "outcome"]).to_pylist()
        changed += [r["account"] for r in rows if (r["step"], r["outcome"]) == ("update_password", "right_accept")]
        assert {file.worker for file in read_samples(run.samples)[1]} == {"worker-0", "worker-1"}
        assert not run.spool.exists()
    assert changed
    assert len(changed) == len(set(changed)), "no account is used twice"


def _ready_workers(port: int) -> int:
    workers = json.loads(_ask(port, "GET", "/stats/requests"))["workers"]
    return sum(worker["state"] == "ready" for worker in workers)


RAISING = """
import sys
sys.path.insert(0, {folder!r})
from password_update import *
from locust import events

seen = []

@events.request.add_listener
def broken_statistics(**_):
    seen.append(1)
    if len(seen) % 2:
        raise KeyError("a bug of a plug-in")
"""


@pytest.mark.parametrize(
    "processes", [pytest.param([], marks=pytest.mark.slow), two_processes()], ids=["one process", "two workers"]
)
def test_a_listener_that_raises_is_counted_and_not_swallowed(tmp_path: Path, processes: list[str]) -> None:
    """Locust logs it and its master leaves with 0; here each process says which listener failed, how, and how often."""
    path = tmp_path / "raising.py"
    path.write_text(RAISING.format(folder=str(LOCUSTFILE.parent)))
    done = locust("-f", str(path), "--headless", *BUSY, "-t", "4s", *processes, *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    made = samples(run)["worker"].to_pylist()
    workers = run.read_record().workers
    assert len(workers) == (2 if processes else 1)
    for worker in workers:
        (error,) = worker.errors
        assert "broken_statistics raised KeyError: 'a bug of a plug-in'" in error
        assert f"({(made.count(worker.name) + 1) // 2:,} x)" in error
    assert "broken_statistics" in done.err
