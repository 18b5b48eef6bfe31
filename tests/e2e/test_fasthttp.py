"""The same scenario by Locust's FastHttpUser's client: same outcomes, and within its own error the same latencies."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.processes import ROOT, SECRET, environment, standin

from pwdload.accounts.source import MadeUpAccounts
from pwdload.cases.catalogue import CASES
from pwdload.passwords import PasswordBook, PasswordPolicy
from pwdload.rundir import RunDirectory
from pwdload.samples import read_samples

pytestmark = pytest.mark.e2e

SIZE = 4 * len(CASES)
SEED = "".join(
    MadeUpAccounts(sizes={"expired": SIZE, "warning": SIZE}).seed_csv(PasswordBook(SECRET.encode(), PasswordPolicy()))
)
QUICK = ("--set", "hash_algorithm=sha256", "--set", "state_token_life_s=0.3")
LOCUSTFILES = {"ours": "locustfiles/password_update.py", "fasthttp": "tests/e2e/fasthttp_locustfile.py"}
SCENARIO = """
title = "Both ways"
[load]
think_time = "5ms"
[oracle]
probes = 0
[mix]
login_only = 1
valid_change = 1
wrong_old_password_then_right = 1
token_missing = 1
body_not_json = 1
"""


def both_ways(*arguments: str) -> Any:
    """Run the script that sends the same both ways, and return what it found."""
    command = [sys.executable, "-m", "tests.e2e.both_ways", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_case_comes_out_the_same_both_ways() -> None:
    """Step by step: the same outcome, HTTP status, error code and status, for each case of the catalogue."""
    with standin(*QUICK, seed_csv=SEED) as url:
        found = both_ways("cases", url, SECRET)
    assert len(found["ours"]) > 40
    assert found["ours"] == found["fasthttp"]
    assert found["fired"] == sum(map(len, found["fasthttp"].values()))


def bounds(values: list[float], share: float) -> tuple[float, float]:
    """Return order statistics between which the true percentile lies in more than 99.9 % of all samples.

    3.3 standard deviations of the binomial to either side of the percentile's rank; nothing else is assumed.
    """
    ordered, n = sorted(values), len(values)
    reach = 3.3 * (n * share * (1 - share)) ** 0.5
    low, high = int(n * share - reach), int(n * share + reach) + 1
    assert 0 <= low < high < n, "too few values for this percentile"
    return ordered[low], ordered[high]


@pytest.mark.slow
def test_latencies_agree_within_their_own_error() -> None:
    """Median and p95 of the same request against the same fixed service time, the two ways in turn.

    What remains between them is what FastHttpSession itself takes for an exchange. That is not guessed: it is measured
    in the same minute, against the same target without any service time, and as rested as after waiting for one.
    """
    service_s = 0.005
    capacity = ("--set", "servers=4", "--set", "service_time=constant", "--set", f"service_mean_s={service_s}")
    with standin(*QUICK, seed_csv=SEED) as quick, standin(*QUICK, *capacity, seed_csv=SEED) as fixed:
        found = both_ways("latencies", quick, fixed, SECRET, "300", str(service_s))
    (ours_floor, ours), (other_floor, other) = found["ours"], found["fasthttp"]
    assert min(*ours, *other) >= service_s
    for share in (0.5, 0.95):
        low, high = bounds(ours, share)
        floor_low, floor_high = bounds(ours_floor, share)
        other_low, other_high = bounds(other, share)
        other_floor_low, other_floor_high = bounds(other_floor, share)
        assert low + (other_floor_low - floor_high) <= other_high, share
        assert other_low <= high + (other_floor_high - floor_low), share


@pytest.mark.slow
def test_a_run_by_either_way_has_the_same_outcomes_and_fires_every_event(tmp_path: Path) -> None:
    """Locust counts as many requests as there are samples, whichever client sends them, and the answers agree."""
    (tmp_path / "both.toml").write_text(SCENARIO, "utf-8")
    outcomes = {}
    for way, locustfile in LOCUSTFILES.items():
        folder = tmp_path / way
        command = [
            sys.executable,
            "-m",
            "locust",
            "-f",
            str(ROOT / locustfile),
            "--scenario",
            str(tmp_path / "both.toml"),
        ]
        options = ["--headless", "-u", "5", "-r", "5", "-t", "2s", "--csv", str(folder), "--reports", str(folder)]
        done = subprocess.run(
            [*command, *options, "--only-summary", "--loglevel", "WARNING"],
            cwd=tmp_path,
            env=environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in (0, 5), done.stderr
        table, _ = read_samples(RunDirectory.open(folder / "latest").samples)
        with Path(f"{folder}_stats.csv").open() as file:
            (counted,) = [int(row["Request Count"]) for row in csv.DictReader(file) if row["Name"] == "Aggregated"]
        assert counted == table.num_rows > 100
        columns = ("case", "step", "outcome", "http_status", "error_code")
        outcomes[way] = set(zip(*(table[name].to_pylist() for name in columns), strict=True))
    assert outcomes["ours"] == outcomes["fasthttp"]
