"""Real `locust` processes against the real stand-in: what a person types, and what it leaves behind."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.e2e.runs import (
    QUIET,
    free_port,
    has_begun,
    latest,
    plain_scenario,
    samples,
    two_processes,
    wait_for,
    with_few_accounts,
)
from tests.made_once import made_once
from tests.processes import LOCUSTFILE, SECRET, Done, environment, locust, pwdload, standin, start_locust
from tests.warm import MODULES

from pwdload.accounts.account import NO_ACCOUNT
from pwdload.cases.catalogue import CASES
from pwdload.endings import read_endings
from pwdload.passwords import PasswordBook, PasswordPolicy, run_secret
from pwdload.rundir import RunDirectory, RunRecord
from pwdload.samples import read_samples

pytestmark = pytest.mark.e2e

NOTHING_WRONG = (0, 5)
"""Exit codes of a run in which nothing went wrong: PASS, or INCONCLUSIVE where it was too short to say so."""
SCENARIO = """
title = "A short test"
seed = {seed}
[target]
state_token_life = "1s"
[load]
think_time = "{think_time}"
{stages}
[oracle]
probes = 0
[mix]
{mix}
"""
ONE_SECOND_STAGES = """
[[load.stages]]
name = "first"
users = 5
for = "2s"
measured = false
[[load.stages]]
name = "second"
users = 20
for = "3s"
"""


def scenario(
    folder: Path, *, seed: int = 1, think_time: str = "100ms", stages: str = "", mix: str = "change = 1", more: str = ""
) -> str:
    """Write a scenario and return its path."""
    path = folder / "short.toml"
    text = SCENARIO.format(seed=seed, think_time=think_time, stages=stages, mix=mix) + more
    path.write_text(with_few_accounts(text))
    return str(path)


def assert_reconciled(run: RunDirectory) -> None:
    """Insist that the report's counts per route, status and error_code equal the stand-in's own."""
    with (run.path / "tables" / "reconciliation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(float(row["difference"]) == 0 for row in rows), rows
    assert sum(int(float(row["ours"])) for row in rows) == samples(run).num_rows


def assert_one_line(done: Done, *words: str) -> None:
    """Insist on exit code 2 and one clear line, without a traceback."""
    lines = [line for line in done.err.splitlines() if line.startswith("pwdload: ")]
    assert done.exit_code == 2, done.err
    assert len(lines) == 1, done.err
    assert "Traceback" not in done.err + done.out
    for word in words:
        assert word in lines[0]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, RunDirectory]:
    """A run by `locust -f ... --headless -u -r -t` alone, and what it left.

    That it does not calibrate is said by the option, as a user says it, and not by the environment. It and its report
    are processes of their own, as for a user.
    """

    def run(folder: Path) -> tuple[Done, RunDirectory]:
        arguments = ("--headless", "-u", "80", "-r", "80", "-t", "4s", "--no-calibrate", *QUIET)
        return locust(*arguments, cwd=folder, without=("PWDLOAD_NO_CALIBRATE", MODULES)), latest(folder)

    return made_once(tmp_path_factory, "plain", run)


def test_plain_locust_runs_against_the_stand_in_and_leaves_a_report_that_the_target_confirms(
    plain: tuple[Done, RunDirectory],
) -> None:
    """Nothing but Locust's own options is needed, and every count is the target's own."""
    done, run = plain
    assert done.exit_code == 0, done.err
    record = run.read_record()
    assert (record.target_is_standin, record.ended_by, record.is_finished) == (True, "schedule", True)
    assert_reconciled(run)
    assert set(samples(run)["outcome"].to_pylist()) <= {"right_accept", "right_reject"}
    assert "Report: " in done.out
    assert {path.name for path in run.path.iterdir()} == {
        *("run.json", "scenario.toml", "samples", "endings.parquet", "target_counts.json", "health.csv"),
        *("report.html", "report.md", "report.json", "verdict.json", "junit.xml", "tables"),
    }


def test_going_without_calibration_leaves_a_caveat(plain: tuple[Done, RunDirectory]) -> None:
    """`--no-calibrate` saves three seconds, and the report says that nothing is known of the instrument."""
    _, run = plain
    assert not run.calibration_file.exists()
    assert "was not calibrated" in (run.path / "report.md").read_text("utf-8")


def test_a_run_says_what_became_of_each_account(plain: tuple[Done, RunDirectory]) -> None:
    """By its ledger, and by a last look at accounts that were changed: only the new password opens each."""
    _, run = plain
    table = read_endings(run.endings_file)
    assert table is not None
    rows = {row["account"]: row for row in table.to_pylist()}
    exchanges = samples(run).to_pylist()
    assert rows.keys() >= {one["account"] for one in exchanges} - {NO_ACCOUNT}
    changes = [one for one in exchanges if one["step"] == "update_password" and one["status"] == "SUCCESS"]
    assert changes
    for one in changes:
        assert rows[one["account"]]["status"] == "changed"
    last = {one["account"]: one["new_password"] for one in changes}
    assert {account: rows[account]["after"] for account in last} == last
    seen = [(row["opens"], row["earlier_opens"]) for row in rows.values() if row["opens"] is not None]
    assert len(seen) == 100
    assert set(seen) == {(True, False), (True, None)}


def test_the_samples_name_passwords_and_tokens(plain: tuple[Done, RunDirectory]) -> None:
    """Each change sends the password that its account has, asks for the next, and carries its login's token."""
    _, run = plain
    handed_out = set()
    for one in samples(run).to_pylist():
        if one["case"] != "valid_change":
            continue
        if one["step"] == "login":
            assert (one["password"], one["new_password"], one["session"]) == (str(one["generation"]), "", None)
            handed_out.add((one["account"], one["token"]))
        else:
            assert (one["password"], one["new_password"]) == (str(one["generation"]), str(one["generation"] + 1))
            assert (one["account"], one["token"]) in handed_out
            assert one["session"] is not None
    assert len({token for _, token in handed_out}) == len(handed_out) > 10


def test_the_record_of_a_run_holds_no_secret(plain: tuple[Done, RunDirectory]) -> None:
    """No file of a run contains the secret that all its passwords come from, or one of the passwords."""
    done, run = plain
    assert isinstance(run.read_record(), RunRecord)
    book = PasswordBook(run_secret({"PWDLOAD_RUN_SECRET": SECRET}), PasswordPolicy())
    words = [SECRET] + [
        book.password(f"load{index:07d}", generation)
        for index in sorted(set(samples(run)["account"].to_pylist()))[:50]
        for generation in (0, 1, 2)
    ]
    texts = [path.read_bytes() for path in run.path.rglob("*") if path.is_file()]
    assert not [word for word in words if any(word.encode() in text for text in texts)]
    assert not [word for word in words if word in done.out + done.err]


def test_two_processes_together_lose_nothing(tmp_path: Path) -> None:
    """`--processes 2`: both workers' samples are there, no account was in two hands, every count is the target's."""
    path = scenario(tmp_path)
    done = locust(
        "--scenario", path, "--headless", "-u", "20", "-r", "20", "-t", "4s", *two_processes(), *QUIET, cwd=tmp_path
    )
    assert done.exit_code == 0, done.err
    run = latest(tmp_path)
    assert {worker.name for worker in run.read_record().workers} == {"worker-0", "worker-1"}
    assert_reconciled(run)
    table = samples(run)
    owners: dict[int, str] = {}
    for worker, account in zip(table["worker"].to_pylist(), table["account"].to_pylist(), strict=True):
        assert owners.setdefault(account, worker) == worker
    assert set(owners.values()) == {"worker-0", "worker-1"}


def test_stages_are_played_on_the_runs_clock(tmp_path: Path) -> None:
    """Each stage has its users for its time, and a sample says in which stage its flow was due."""
    path = scenario(tmp_path, stages=ONE_SECOND_STAGES)
    done = pwdload("run", path, "--locustfile", str(LOCUSTFILE), cwd=tmp_path)
    assert done.exit_code == 0, done.err
    run = latest(tmp_path)
    record = run.read_record()
    assert record.ended_by == "schedule"
    assert record.duration_s == pytest.approx(5.0, abs=1.0)
    rows = samples(run).select(["step", "stage", "intended_s"]).to_pylist()
    assert {row["stage"] for row in rows} == {"first", "second"}
    begun = [row for row in rows if row["step"] == "login"]  # a flow's later steps belong to where it was due
    assert all((row["stage"] == "first") == (row["intended_s"] < 2.0) for row in begun)
    assert all(row["stage"] == "second" or row["intended_s"] < 3.0 for row in rows)


def _story(folder: Path, seed: int) -> list[tuple[str, int, str]]:
    """Return what one user did: case, account and device family of each flow in order."""
    folder.mkdir()
    path = scenario(folder, seed=seed, think_time="1ms", mix="change = 3\npolicy = 2\nheader = 1")
    done = locust("--scenario", path, "--headless", "-u", "1", "-t", "1s", *QUIET, cwd=folder)
    assert done.exit_code in NOTHING_WRONG, done.err
    table = samples(latest(folder)).select(["flow", "case", "account", "device"]).to_pylist()
    flows = {row["flow"]: (row["case"], row["account"], row["device"]) for row in table}
    return [flows[flow] for flow in sorted(flows)]


def test_the_same_seed_gives_the_same_devices_and_cases(tmp_path: Path) -> None:
    """Two runs of a seed agree as far as both got."""
    first, again = (_story(tmp_path / name, 7) for name in ("a", "b"))
    common = min(len(first), len(again))
    assert common > 20, "more than luck: one in six cases, of one account in thousands, on one of four devices"
    assert first[:common] == again[:common]


@pytest.mark.slow
def test_another_seed_tells_another_story(tmp_path: Path) -> None:
    """Of two runs with different seeds not even the beginnings are the same."""
    first, other = (_story(tmp_path / name, seed) for name, seed in (("a", 7), ("b", 8)))
    assert min(len(first), len(other)) > 50
    assert first[:50] != other[:50]


@pytest.mark.parametrize(
    ("arguments", "groups"),
    [
        pytest.param(["--tags", "policy"], {"policy"}, marks=pytest.mark.slow),
        (["--exclude-tags", "login", "change", "mistake", "policy"], {"token", "header", "body", "protocol", "probe"}),
        pytest.param(["Attacker"], {"token"}, marks=pytest.mark.slow),
    ],
    ids=["tags", "exclude-tags", "class"],
)
def test_locusts_own_ways_of_choosing_work(tmp_path: Path, arguments: list[str], groups: set[str]) -> None:
    """`--tags`, `--exclude-tags` and user classes by name limit what is played, and nothing else."""
    options = ["--scenario", plain_scenario(tmp_path), "--headless", "-u", "10", "-r", "10", "-t", "2s"]
    done = locust(*arguments, *options, *QUIET, cwd=tmp_path)
    assert done.exit_code in NOTHING_WRONG, done.err
    played = {CASES[case].group for case in samples(latest(tmp_path))["case"].to_pylist()}
    assert played
    assert played <= groups


@pytest.fixture
def running(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A locust that has begun a run without an end."""
    path = plain_scenario(tmp_path)
    process = start_locust("--scenario", path, "--headless", "-u", "20", "-r", "20", *QUIET, cwd=tmp_path)
    try:
        wait_for(lambda: has_begun(tmp_path))
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("order", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_run_that_is_told_to_stop_ends_with_its_report(
    running: "subprocess.Popen[str]", tmp_path: Path, order: signal.Signals
) -> None:
    """Ctrl-C (to the whole group, as a terminal sends it) and SIGTERM finish the flows and report them."""
    if order is signal.SIGINT:
        os.killpg(running.pid, order)
    else:
        running.send_signal(order)
    out, err = running.communicate(timeout=30)
    assert running.returncode in NOTHING_WRONG, err
    assert "Report: " in out
    run = latest(tmp_path)
    assert run.read_record().ended_by == "stopped"
    assert_reconciled(run)


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A master with two workers that both have begun a run without an end."""
    options = ["--scenario", plain_scenario(tmp_path), "--headless", "-u", "20", "-r", "20"]
    process = start_locust(*options, *two_processes(), *QUIET, cwd=tmp_path)
    try:
        wait_for(lambda: len(_sizes(tmp_path)) == 2 and min(_sizes(tmp_path)) > 10_000)
        yield process
    finally:
        process.kill()
        process.communicate()


def _sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.glob("reports/*/2*/samples/*.arrows")]


@pytest.mark.parametrize("order", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_master_that_is_told_to_stop_waits_for_its_workers(
    two_workers: "subprocess.Popen[str]", tmp_path: Path, order: signal.Signals
) -> None:
    """SIGTERM to the master alone, Ctrl-C to all three: both workers finish their flows, the report has everything."""
    if order is signal.SIGINT:
        os.killpg(two_workers.pid, order)
    else:
        two_workers.send_signal(order)
    out, err = two_workers.communicate(timeout=30)
    assert two_workers.returncode in NOTHING_WRONG, out + err
    assert_reconciled(latest(tmp_path))


def test_workers_do_not_outlive_their_master(two_workers: "subprocess.Popen[str]") -> None:
    """After kill -9 of the master its workers stop the load by themselves."""
    workers = _children(two_workers.pid)
    assert len(workers) == 2
    two_workers.kill()
    two_workers.communicate()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() and not _is_dead(pid) for pid in workers), timeout_s=20)


@pytest.mark.parametrize("order", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_run_with_stages_that_is_told_to_stop_ends_with_its_report(tmp_path: Path, order: signal.Signals) -> None:
    """Locust takes no notice of SIGTERM while a load shape runs; a pipeline that cancels still gets its report."""
    path = scenario(tmp_path, stages=ONE_SECOND_STAGES.replace("3s", "60s"))
    process = start_locust("--scenario", path, "--headless", *QUIET, cwd=tmp_path)
    wait_for(lambda: has_begun(tmp_path))
    process.send_signal(order)
    out, err = process.communicate(timeout=40)
    assert process.returncode in NOTHING_WRONG, out + err
    assert "Traceback" not in err
    assert latest(tmp_path).read_record().ended_by == "stopped"
    assert_reconciled(latest(tmp_path))


@pytest.mark.slow
def test_a_worker_that_is_killed_makes_the_run_invalid_and_is_named(
    two_workers: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Exit code 3, the report says who is missing, and what its disk held is in the tables."""
    victim = max(_children(two_workers.pid))
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in _children(two_workers.pid) or _is_dead(victim))
    two_workers.terminate()
    out, err = two_workers.communicate(timeout=60)
    assert two_workers.returncode == 3, out + err
    run = latest(tmp_path)
    (lost,) = {"worker-0", "worker-1"} - {worker.name for worker in run.read_record().workers}
    assert lost in (run.path / "report.md").read_text("utf-8")
    table, files = read_samples(run.samples)
    assert {file.worker: file.finished for file in files} == {
        "worker-0": lost != "worker-0",
        "worker-1": lost != "worker-1",
    }
    assert lost in table["worker"].to_pylist()


def _children(pid: int) -> list[int]:
    """Return the processes that a process has forked and that still are Locust's workers, not the stand-in's."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"locust" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _is_dead(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_an_impatient_second_ctrl_c_leaves_data_and_no_success(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Whoever interrupts the report as well gets no exit code 0, and can still make the report."""
    running.send_signal(signal.SIGINT)
    (path,) = tmp_path.glob("reports/plain/2*")
    wait_for(lambda: RunDirectory(path).read_record().is_finished)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode != 0 or (path / "verdict.json").is_file(), err
    assert "Traceback" not in err
    assert pwdload("report", str(path)).exit_code in NOTHING_WRONG


def test_a_run_that_was_killed_takes_its_stand_in_along_and_still_gives_a_report_that_says_so(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """After kill -9 the report is INVALID, names what is missing, and holds everything but the last second."""
    (path,) = tmp_path.glob("reports/plain/2*")
    port = int(RunDirectory(path).read_record().target.rsplit(":", 1)[1])
    assert _listens(port)
    running.kill()
    running.communicate()
    wait_for(lambda: not _listens(port), timeout_s=10)
    done = pwdload("report", str(path))
    assert done.exit_code == 3, done.err
    assert "Traceback" not in done.err
    assert "INVALID" in done.out
    table, (file,) = read_samples(path / "samples")
    assert table.num_rows > 0
    assert not file.finished
    assert "cut short" in (path / "report.md").read_text("utf-8").lower()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_target_that_goes_away_leaves_doubt_and_no_traceback(tmp_path: Path) -> None:
    """Requests that nobody answered are doubt or not sent; the run goes on to its report."""
    accounts = tmp_path / "accounts.csv"
    rows = [f"user{n:05d},Abcdef12!x{n:05d}" for n in range(3000)]
    accounts.write_text("user_name,password,state\n" + "".join(f"{row},expired\n" for row in rows))
    with standin(seed_csv=accounts.read_text()) as url:
        path = scenario(tmp_path, mix="valid_change = 1")
        options = ["--scenario", path, "--host", url, "--accounts", str(accounts)]
        process = start_locust(*options, "--headless", "-u", "10", "-r", "10", "-t", "4s", *QUIET, cwd=tmp_path)
        wait_for(lambda: has_begun(tmp_path))
    out, err = process.communicate(timeout=40)
    assert process.returncode in (1, 5), out + err
    assert "Traceback" not in err
    outcomes = samples(latest(tmp_path))["outcome"].to_pylist()
    assert outcomes.count("right_accept") > 20
    assert outcomes.count("not_sent") > 20


@pytest.mark.parametrize(
    "by_hand",
    [pytest.param(["-u", "20", "-r", "20", "-t", "30s"], marks=pytest.mark.slow), []],
    ids=["by hand", "stages"],
)
def test_accounts_that_run_dry_end_the_run_as_invalid(tmp_path: Path, by_hand: list[str]) -> None:
    """The report says why the load ended, and the exit code is that of a broken instrument."""
    stages = ONE_SECOND_STAGES.replace("3s", "30s")
    path = scenario(tmp_path, mix="valid_change = 1", stages=stages, more="\n[accounts]\ncount = 150\n")
    done = locust("--scenario", path, "--headless", *by_hand, *QUIET, cwd=tmp_path)
    assert done.exit_code == 3, done.err
    assert "Traceback" not in done.err
    record = latest(tmp_path).read_record()
    assert record.ended_by.startswith("accounts ran dry")
    assert record.duration_s is not None
    assert record.duration_s < 20
    assert "ran dry" in done.out


@pytest.mark.slow
def test_the_web_ui_starts_and_stops_runs_each_with_its_report(tmp_path: Path) -> None:
    """Start, stop, start again from the browser's buttons: two runs, two reports, no account used twice."""
    port = int(free_port())
    process = start_locust("--web-host", "127.0.0.1", "--web-port", str(port), "--class-picker", *QUIET, cwd=tmp_path)
    try:
        wait_for(lambda: _listens(port))
        for reports in (1, 2):
            form = {"user_count": 10, "spawn_rate": 10, "user_classes": "EveryClient"}
            wait_for(partial(_starts, port, form))  # refused until the run before is written up
            wait_for(lambda: has_begun(tmp_path))
            _ask(port, "POST", "/stop")
            wait_for(partial(_has_reports, tmp_path, reports))
    finally:
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert process.returncode in NOTHING_WRONG, err
    changed: list[int] = []
    for path in tmp_path.glob("reports/plain/2*"):
        rows = samples(RunDirectory(path)).select(["account", "step", "outcome", "case"]).to_pylist()
        assert rows
        changed += [r["account"] for r in rows if (r["step"], r["outcome"]) == ("update_password", "right_accept")]
    assert len(changed) == len(set(changed))


def test_classes_picked_in_the_web_ui_keep_the_shares_of_the_mix(tmp_path: Path) -> None:
    """Two kinds of client picked side by side play as often as the mix says, not one user each."""
    port = int(free_port())
    path = scenario(tmp_path, think_time="50ms", mix="valid_change = 90\ntoken_forged = 10")
    options = ["--scenario", path, "--web-host", "127.0.0.1", "--web-port", str(port), "--class-picker"]
    process = start_locust(*options, *QUIET, cwd=tmp_path)
    try:
        wait_for(lambda: _listens(port))
        form = [("user_count", 20), ("spawn_rate", 20), ("user_classes", "Person"), ("user_classes", "Attacker")]
        assert json.loads(_ask(port, "POST", "/swarm", form))["success"]
        wait_for(lambda: any(size > 60_000 for size in _sizes(tmp_path)))
    finally:
        process.terminate()
        process.communicate(timeout=30)
    cases = samples(latest(tmp_path))["case"].to_pylist()
    assert 0.05 < cases.count("token_forged") / len(cases) < 0.15


def _starts(port: int, form: object) -> bool:
    return bool(json.loads(_ask(port, "POST", "/swarm", form))["success"])


def _has_reports(folder: Path, count: int) -> bool:
    return len(list(folder.glob("reports/plain/2*/report.html"))) == count


def _ask(port: int, method: str, path: str, form: object = None) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)  # Stop answers when the report is made
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, path, urlencode(form or {}), headers)  # type: ignore[arg-type]
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_single_user_can_be_run_under_a_debugger(tmp_path: Path) -> None:
    """`run_single_user` at the bottom of the locustfile plays flows, prints them, and leaves no run directory."""
    process = start_single_user(tmp_path)
    assert process.stdout is not None
    lines: list[str] = []
    while len([line for line in lines if "login" in line]) < 2:
        line = process.stdout.readline()
        assert line, "it ended by itself"
        lines.append(line)
    process.kill()
    process.communicate()
    assert not list(tmp_path.iterdir())


def start_single_user(folder: Path) -> "subprocess.Popen[str]":
    """Run the locustfile as a program."""
    return subprocess.Popen(
        [sys.executable, "-u", str(LOCUSTFILE)],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_ledger_keeps_a_secret_that_nobody_has_given(tmp_path: Path) -> None:
    """Without PWDLOAD_RUN_SECRET one is made for the ledger, for its owner's eyes; one that others can read is refused.

    Else the changed accounts would be lost with the process.
    """
    (tmp_path / "accounts.csv").write_text("user_name,password\nann,p\n")
    run = ("--headless", "-t", "2s", "--host", "http://127.0.0.1:9", "--accounts", "accounts.csv", *QUIET)
    assert_one_line(locust(*run, cwd=tmp_path, secret=""), "no answer")
    key = tmp_path / "accounts.ledger" / "run_secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    kept = key.read_bytes()
    assert_one_line(locust(*run, cwd=tmp_path, secret=""), "no answer")
    assert key.read_bytes() == kept
    key.chmod(0o644)
    assert_one_line(locust(*run, cwd=tmp_path, secret=""), str(key.name), "chmod 600")
    key.unlink()
    assert_one_line(locust(*run, cwd=tmp_path, secret=""), "PWDLOAD_RUN_SECRET")


BAD = {
    "no scenario": (["--scenario", "nope.toml"], ["nope.toml"]),
    "no base URL": (["--host", "staging"], ["staging", "http://HOST"]),
    "host not allowed": (["--host", "https://staging.example.com"], ["--allow-host staging.example.com"]),
    "production": (
        ["--host", "https://www.example.com", "--allow-host", "www.example.com", "--accounts", "nope.csv"],
        ["looks like production", "--yes-this-is www.example.com"],
    ),
    "no accounts": (["--host", "http://127.0.0.1:9"], ["--accounts"]),
    "no such accounts": (["--host", "http://127.0.0.1:9", "--accounts", "nope.csv"], ["nope.csv"]),
    "reports is no folder": (["--reports", "/dev/null"], ["--reports"]),
    "accounts without a host": (["--accounts", "nope.csv"], ["--accounts", "--host"]),
    "no case left": (["Attacker", "--tags", "header"], ["Attacker", "--tags"]),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_one_clear_line_and_exit_code_2(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    """The line names what was given and what to do; nothing is left running or half written."""
    done = locust("--headless", "-t", "2s", *arguments, *QUIET, cwd=tmp_path)
    assert_one_line(done, *words)
    assert not list(tmp_path.glob("reports/*"))


def test_a_host_that_does_not_answer_is_one_clear_line(tmp_path: Path) -> None:
    """The load never begins against a target that is not there."""
    (tmp_path / "accounts.csv").write_text("user_name,password\nann,p\n")
    path = scenario(tmp_path, mix="valid_change = 1")
    host = ["--host", "http://127.0.0.1:9", "--accounts", "accounts.csv"]
    done = locust("--headless", "--scenario", path, *host, "-t", "2s", *QUIET, cwd=tmp_path)
    assert_one_line(done, "127.0.0.1:9", "refused")


def test_a_taken_web_port_is_one_clear_line(tmp_path: Path) -> None:
    """Locust's own traceback is not what a person sees."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = locust("--web-host", "127.0.0.1", "--web-port", port, *QUIET, cwd=tmp_path)
    assert_one_line(done, port, "--headless")
