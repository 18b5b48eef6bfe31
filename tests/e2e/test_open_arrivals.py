"""Open arrivals, played by real Locust processes against the real stand-in."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen

import numpy as np
import pyarrow as pa
import pytest
from tests.e2e.runs import (
    QUIET,
    assert_nothing_wrong,
    findings,
    free_port,
    has_begun,
    latest,
    on_a_port_of_its_own,
    open_scenario,
    samples,
    two_processes,
    wait_for,
)
from tests.processes import SECRET, Done, locust, start_locust

from pwdload.cases.catalogue import case_weights
from pwdload.health import read_health
from pwdload.outcome import Verdict
from pwdload.pacing import Arrivals, Mix, RatePlan, Schedule
from pwdload.rundir import RunDirectory
from pwdload.samples import read_samples

pytestmark = pytest.mark.e2e


def schedule(run: RunDirectory) -> Schedule:
    """Return the schedule that a run had planned, from its record alone."""
    planned = run.read_record().arrivals
    assert planned is not None
    return Schedule(plan=RatePlan.of(planned.pieces), arrivals=planned.kind, seed=planned.seed)


def first_requests(table: pa.Table) -> dict[str, np.ndarray]:
    """Return the first request of each flow, by the number of its arrival."""
    columns = {
        name: table[name].to_numpy(zero_copy_only=False) for name in ("flow", "seq", "worker", "intended_s", "sent_s")
    }
    columns["case"] = np.array(table["case"].to_pylist())
    columns["worker"] = np.array(table["worker"].to_pylist())
    order = np.lexsort((columns["seq"], columns["flow"]))
    _, first = np.unique(columns["flow"][order], return_index=True)
    return {name: values[order][first] for name, values in columns.items()}


def assert_all_were_played(run: RunDirectory, first: dict[str, np.ndarray]) -> None:
    """Insist that each planned arrival was begun once, when and where it was due, and not before."""
    planned = list(schedule(run))
    assert first["flow"].tolist() == [arrival.number for arrival in planned]
    np.testing.assert_allclose(first["intended_s"], [arrival.due_s for arrival in planned], atol=1e-6)
    assert (first["sent_s"] >= first["intended_s"]).all()
    # How evenly they leave is a matter of `make truth`: here other tests have a part of the processors.
    assert np.median(first["sent_s"] - first["intended_s"]) < 0.02


@pytest.mark.parametrize(
    ("arrivals", "processes"),
    [
        pytest.param("even", 1, marks=pytest.mark.slow),  # a ramp of even arrivals is below
        pytest.param("even", 2, marks=pytest.mark.slow),
        pytest.param("poisson", 1, marks=pytest.mark.slow),
        ("poisson", 2),
    ],
)
def test_the_schedule_is_played_as_planned(tmp_path: Path, processes: int, arrivals: Arrivals) -> None:
    """Alone and shared out over two workers: every arrival once, at its time, with the case that the seed gives it."""
    path = open_scenario(tmp_path, arrivals=arrivals, mix="login_only = 3\npolicy = 2\nchange = 1")
    workers = two_processes() if processes == 2 else []
    done = locust("--scenario", path, "--headless", *workers, *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err + done.out, run)
    first = first_requests(samples(run))
    assert_all_were_played(run, first)
    mix = Mix(case_weights({"login_only": 3, "policy": 2, "change": 1}), 7)
    assert first["case"].tolist() == [mix.case(number) for number in first["flow"].tolist()]
    assert len(set(first["worker"].tolist())) == processes
    counts = [worker.arrivals for worker in run.read_record().workers]
    assert sum(count.begun for count in counts if count is not None) == len(first["flow"])
    assert {row.worker for row in read_health(run.health_file)} == {w.name for w in run.read_record().workers}


def test_what_finds_no_slot_waits_and_its_wait_is_response_time(tmp_path: Path) -> None:
    """Two slots and a service that holds 20/s under 40/s: the queue grows, and response times say so.

    However slow the machine: two slots take half of the summed service times, and the last one is due at 3 s.
    """
    slow = "[standin]\nservers = 2\nservice_mean_s = 0.1\n"
    path = open_scenario(tmp_path, slots=2, rate='"40/s"', length="3s", more="queue_limit = 1000", after=slow)
    done = locust("--scenario", path, "--headless", *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    table = samples(run)
    assert done.exit_code != 2, done.err
    assert table.num_rows == 120
    response_s = np.array(table["done_s"]) - np.array(table["intended_s"])
    service_s = np.array(table["done_s"]) - np.array(table["sent_s"])
    ends_s = service_s.sum() / 2
    assert ends_s > 5.5
    assert response_s.max() == pytest.approx(np.max(table["done_s"]) - 3.0, abs=0.1)
    assert response_s.max() > ends_s - 3.0 - 0.1
    assert np.median(service_s) < 0.2 * response_s.max(), "none of the wait for a slot is in it"
    counts = run.read_record().workers[0].arrivals
    assert counts is not None
    assert (counts.due, counts.begun, counts.dropped, counts.abandoned) == (120, 120, 0, 0)
    assert counts.waited > 100


def test_options_of_locust_bound_slots_and_time(tmp_path: Path) -> None:
    """`-u` is the most in flight and `-t` ends the schedule: what was planned says so."""
    path = open_scenario(tmp_path, rate='{ from = "20/s", to = "60/s" }', length="4s")
    done = locust("--scenario", path, "--headless", "-u", "8", "-t", "2s", *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err + done.out, run)
    record = run.read_record()
    assert record.arrivals is not None
    assert (record.arrivals.slots, record.users, record.ended_by) == (8, 8, "schedule")
    assert record.stages[-1].end_s == 2.0
    first = first_requests(samples(run))
    assert len(first["flow"]) == 60  # (20 + 40) / 2 * 2 s
    assert_all_were_played(run, first)


def test_mixed_user_classes_share_arrivals_by_their_cases(tmp_path: Path) -> None:
    """Each class gets what it plays; shares hold as if one class carried all."""
    path = open_scenario(tmp_path, mix="login_only = 2\nheader = 1\ntoken_forged = 1", length="3s")
    named = ["Person", "FaultyApp", "Attacker"]
    done = locust(*named, "--scenario", path, "--headless", *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err + done.out, run)
    first = first_requests(samples(run))
    assert_all_were_played(run, first)
    logins = (first["case"] == "login_only").mean()
    assert logins == pytest.approx(0.5, abs=4 * (0.25 / 300) ** 0.5)  # four standard errors
    assert {"token_forged", "agent_blank"} <= set(first["case"].tolist())


@contextmanager
def started(*arguments: str, folder: Path, secret: str = SECRET) -> Iterator["Popen[str]"]:
    """Give a `locust` process that is on, and leave none behind."""
    process = start_locust(*arguments, *QUIET, cwd=folder, secret=secret)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def finish(process: "Popen[str]") -> Done:
    """Wait for a process to end."""
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)


def test_a_run_that_is_broken_off_begins_nothing_more_and_says_so(tmp_path: Path) -> None:
    """Ctrl-C before the schedule's end: what was begun is kept, nothing is begun afterwards, the verdict knows."""
    path = open_scenario(tmp_path, length="30s")
    with started("--scenario", path, "--headless", folder=tmp_path) as process:
        wait_for(lambda: has_begun(tmp_path, 20_000))
        process.send_signal(signal.SIGINT)
        done = finish(process)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err + done.out, run)
    assert findings(run)["end"] is Verdict.INCONCLUSIVE
    record = run.read_record()
    assert record.ended_by == "stopped"
    assert record.duration_s is not None
    first = first_requests(samples(run))
    assert first["intended_s"].max() <= record.duration_s
    assert first["flow"].tolist() == list(range(len(first["flow"])))


def worker_pids(process: "Popen[str]") -> list[int]:
    """Return the Locust workers that a master has forked."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [pid for pid in map(int, children) if b"locust" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_when_a_worker_dies_the_other_takes_its_turns(tmp_path: Path) -> None:
    """Every arrival is begun again within seconds, and the run is INVALID for what was lost meanwhile."""
    path = open_scenario(tmp_path, length="12s")
    with started("--scenario", path, "--headless", *two_processes(), folder=tmp_path) as process:
        wait_for(lambda: has_begun(tmp_path))
        os.kill(worker_pids(process)[0], signal.SIGKILL)
        done = finish(process)
    assert done.exit_code == 3, done.err + done.out
    run = latest(tmp_path)
    assert findings(run)["workers"] is Verdict.INVALID
    first = first_requests(read_samples(run.samples)[0])
    (survivor,) = [worker.name for worker in run.read_record().workers]
    its_own = first["worker"] == survivor
    assert its_own[first["intended_s"] < 0.5].sum() == pytest.approx(25, abs=2)  # of the 50 that are due by then
    at_the_end = first["intended_s"] > 10.0
    assert first["flow"][at_the_end].tolist() == [arrival.number for arrival in schedule(run) if arrival.due_s > 10.0]
    assert its_own[at_the_end].all()


def test_a_worker_that_joins_gets_its_share(tmp_path: Path) -> None:
    """Started while the run is on, it takes turns from then on; no arrival is lost or doubled over it.

    The run goes on until the joiner has played for a while: a busy machine takes its time to start a process.
    """
    path, port = open_scenario(tmp_path, length="90s"), on_a_port_of_its_own()
    worker = ["--worker", "--master-host", "127.0.0.1", *port[4:]]
    with (
        started(
            "--scenario", path, "--headless", "--master", "--expect-workers", "1", *port, folder=tmp_path
        ) as master,
        started(*worker, folder=tmp_path) as first_worker,
    ):
        wait_for(lambda: has_begun(tmp_path))
        with started(*worker, folder=tmp_path) as second_worker:
            wait_for(lambda: begun_by("worker-1", latest(tmp_path)) > 150, timeout_s=60.0)
            master.send_signal(signal.SIGINT)
            done = finish(master)
            finish(first_worker)
            finish(second_worker)
    run = latest(tmp_path)
    assert done.exit_code in (3, 5), done.err + done.out
    record, first = run.read_record(), first_requests(samples(run))
    assert record.duration_s is not None
    assert len(record.workers) == 2
    settled_s = record.duration_s - 1.0  # the two are told to stop at slightly different times
    settled = first["intended_s"] < settled_s
    due = [arrival.number for arrival in schedule(run) if arrival.due_s < settled_s]
    # A machine that starts a process may leave the others no time, and an arrival finds the queue full: it is counted.
    dropped = sum(worker.arrivals.dropped for worker in record.workers if worker.arrivals is not None)
    begun = first["flow"][settled].tolist()
    assert begun == sorted(set(begun) & set(due))
    assert len(due) - len(begun) <= dropped
    by_second = first["worker"] == "worker-1"
    assert first["intended_s"][by_second].min() > 1.0
    assert by_second[settled & (first["intended_s"] > settled_s - 1.0)].mean() == pytest.approx(0.5, abs=0.1)


def begun_by(worker: str, run: RunDirectory) -> int:
    """Return how many flows a worker of a run that is on says it has begun."""
    return max((row.begun for row in read_health(run.health_file) if row.worker == worker), default=0)


def test_a_worker_that_cannot_take_part_says_why_and_is_not_waited_for(tmp_path: Path) -> None:
    """Its secret is another one: one line there, the reason in the verdict here, and both are gone in seconds."""
    path, port = open_scenario(tmp_path, length="60s"), on_a_port_of_its_own()
    with (
        started(
            "--scenario", path, "--headless", "--master", "--expect-workers", "1", *port, folder=tmp_path
        ) as master,
        started(
            "--worker",
            "--master-host",
            "127.0.0.1",
            *port[4:],
            folder=tmp_path,
            secret="another one than the master has",
        ) as worker,
    ):
        begun_s = time.monotonic()
        refused, done = finish(worker), finish(master)
        assert time.monotonic() - begun_s < 30.0
    assert refused.exit_code == 2
    assert "PWDLOAD_RUN_SECRET is not the master's" in refused.err
    assert done.exit_code == 3, done.err + done.out
    assert "worker-0 cannot take part: its PWDLOAD_RUN_SECRET is not the master's" in done.out


def ask(port: int, method: str, path: str) -> bytes:
    """Ask the web UI, or press one of its buttons."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path)
        return connection.getresponse().read()


def answers(port: int) -> bool:
    """Whether the web UI is there."""
    try:
        return bool(ask(port, "GET", "/stats/requests"))
    except OSError:
        return False


def test_the_web_ui_breaks_a_run_off_and_starts_another(tmp_path: Path) -> None:
    """Start, stop, start, with two workers: each run has a clock, a schedule and a report of its own."""
    path, port = open_scenario(tmp_path, length="4s"), int(free_port())
    web = ["--web-host", "127.0.0.1", "--web-port", str(port)]
    with started("--scenario", path, *web, *two_processes(), folder=tmp_path) as process:
        wait_for(lambda: answers(port))
        for reports, broken_off in ((1, True), (2, False)):
            wait_for(lambda: b"true" in ask(port, "POST", "/swarm"))  # refused until the run before is written up
            if broken_off:
                wait_for(lambda: has_begun(tmp_path))
                ask(port, "POST", "/stop")
            wait_for(lambda: len(list(tmp_path.glob("reports/open/2*/report.html"))) == reports)  # noqa: B023
        process.send_signal(signal.SIGTERM)
        done = finish(process)
    first_run, second_run = sorted(map(RunDirectory, tmp_path.glob("reports/open/2*")), key=lambda run: run.path.name)
    assert_nothing_wrong(done.exit_code, done.err + done.out, first_run, second_run)
    assert first_run.read_record().ended_by == "stopped"
    played = first_requests(samples(first_run))
    assert 0 < len(played["flow"]) < 400
    assert second_run.read_record().ended_by == "schedule"
    assert_all_were_played(second_run, first_requests(samples(second_run)))
