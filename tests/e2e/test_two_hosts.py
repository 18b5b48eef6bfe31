"""A master and a worker on two hosts: another network, another clock, another disk."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import numpy as np
import pytest
from tests.e2e.hosts import CLOCK_AHEAD_S, MASTER_ADDRESS, Hosts, lacking, two_hosts
from tests.e2e.runs import QUIET, assert_nothing_wrong, latest, open_scenario, samples
from tests.processes import LOCUSTFILE, environment

from pwdload.accounts.source import made_up_accounts
from pwdload.passwords import PasswordBook, PasswordPolicy

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(lacking() != "", reason=f"two hosts cannot be had here: {lacking()}"),
]
LOCUST = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *QUIET]
TARGET = f"http://{MASTER_ADDRESS}:8080"


@contextmanager
def running(command: Sequence[str], folder: Path, stdin: str = "") -> Iterator["Popen[str]"]:
    """Give a process that is on, and leave none behind."""
    pipe = subprocess.PIPE
    folder.mkdir(exist_ok=True)
    process = Popen(command, cwd=folder, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdin is not None
    try:
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextmanager
def standin(hosts: Hosts, folder: Path) -> Iterator[Path]:
    """Run a stand-in on the master's host; gives the list of its accounts."""
    source = made_up_accounts(5_000, 0.0)
    listed = folder / "accounts.csv"
    listed.write_text("".join(source.seed_csv(PasswordBook(b"of the list alone", PasswordPolicy()))))
    command = [sys.executable, "-m", "pwdload.standin", "--host", MASTER_ADDRESS, "--port", "8080"]
    command += ["--seed-from", str(listed), "--set", "hash_algorithm=sha256"]
    with running(hosts.on_master(command), folder / "standin") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["url"]
        yield listed


def target_counts(hosts: Hosts) -> int:
    """Return how many log-ins and updates the stand-in has counted."""
    ask = f"import urllib.request as r; print(r.urlopen('{TARGET}/standin/counts').read().decode())"
    said = subprocess.run(hosts.on_master([sys.executable, "-c", ask]), check=True, capture_output=True, text=True)
    return sum(row["count"] for row in json.loads(said.stdout)["counts"] if "/sdk/" in row["route"])


def test_two_hosts_are_one_instrument(tmp_path: Path) -> None:
    """Each arrival is begun once, by a worker here or there, at its time on one clock, and no sample is lost.

    The truth is known: the other host's monotonic clock is exactly 5,000 s ahead, so the measured offset must be
    right to within the error that it states.
    """
    scenario = open_scenario(tmp_path, mix="valid_change = 1\nlogin_only = 1", length="6s", arrivals="poisson")
    Path(scenario).write_text(Path(scenario).read_text().replace("probes = 0", "probes = 0\nfinal_logins = 0"))
    with two_hosts() as hosts, standin(hosts, tmp_path) as listed:
        there = tmp_path / "there"
        there.mkdir()
        copy = shutil.copy(listed, there / "copy.csv")
        master = ["--master", "--expect-workers", "2", "--headless", "--scenario", scenario, "--host", TARGET]
        master += ["--allow-host", MASTER_ADDRESS, "--yes-this-is", MASTER_ADDRESS, "--accounts", str(listed)]
        worker = ["--worker", "--master-host", MASTER_ADDRESS]
        with (
            running(hosts.on_master([*LOCUST, *master]), tmp_path) as in_charge,
            running(hosts.on_master([*LOCUST, *worker]), tmp_path),
            running(hosts.on_worker([*LOCUST, *worker, "--accounts", str(copy)]), there) as far,
        ):
            out, err = in_charge.communicate(timeout=90)
            far.communicate(timeout=30)
        run = latest(tmp_path)
        table = samples(run)
        assert_nothing_wrong(in_charge.returncode, out + err, run)
        assert table.num_rows == target_counts(hosts) - 1  # one request asked whether anybody is there
    assert not list((there / "reports").glob("*/*")), "all of it is safe with the master: the other disk is as it was"
    record = run.read_record()
    assert record.arrivals is not None
    clocks = {worker.name: worker.clock for worker in record.workers if worker.clock is not None}
    here, other = sorted(clocks, key=lambda name: abs(clocks[name].offset_s))
    assert (clocks[here].offset_s, clocks[here].error_s) == (0.0, 0.0)
    assert abs(clocks[other].offset_s + CLOCK_AHEAD_S) <= clocks[other].error_s < 0.01
    assert abs(clocks[other].drift_s) < 0.01
    flows = np.array(table["flow"])
    assert np.unique(flows).tolist() == list(range(flows.max() + 1))
    assert set(table["worker"].to_pylist()) == {here, other}
    lag_s = np.array(table["sent_s"]) - np.array(table["intended_s"])
    assert np.median(lag_s[np.array(table["worker"].to_pylist()) == other]) < 0.05
