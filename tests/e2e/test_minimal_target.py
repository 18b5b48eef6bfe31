"""The harness against a second target that was written from the published pages alone.

Harness and stand-in could share a misreading, and every test between the two would pass; this target shares nothing
with either.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.runs import QUIET, findings, latest, open_scenario, samples
from tests.processes import ROOT, environment, locust

from pwdload.cases.catalogue import CASES
from pwdload.outcome import Verdict

pytestmark = pytest.mark.e2e

TOKEN_LIFE_S = 1
SILENT = """
[password_policy]
max_repeats = 10
# Nothing is published on a token that is sent from another device, or on the largest body.
[expect.token_of_another_device]
http_status = [200]
[expect.body_of_1_mb]
http_status = [200]
"""
_LEFT_OUT = ("session_opens_ticket", "lockout")
"""They need what the published page does not have: the tenant API, and a lock-out."""
PLAYED = [name for name, case in CASES.items() if not case.needs_tenant and name not in _LEFT_OUT]


def accounts_csv(folder: Path, count: int) -> Path:
    """Write a list of accounts, every fourth of them with a password that is about to expire."""
    rows = (
        f"staff{n:05d},Given-{n:05d}-Xq,Prior-{n:05d}-Xq,{'warning' if n % 4 == 0 else 'expired'}" for n in range(count)
    )
    path = folder / "accounts.csv"
    path.write_text("\n".join(["user_name,password,previous_password,state", *rows, ""]))
    return path


@contextmanager
def minimal_target(accounts: Path) -> Iterator[str]:
    """Run the target with these accounts; gives its base URL."""
    options = ["--port", "0", "--accounts", str(accounts), "--token-life", str(TOKEN_LIFE_S)]
    command = [sys.executable, "-m", "tests.minimal_target", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    with process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def test_every_case_comes_out_as_the_catalogue_says(tmp_path: Path) -> None:
    """300 flows of every case that needs no tenant: each answer is one that the catalogue expects.

    Where the documentation is silent, the scenario says what this target does; nothing else is adapted to it.
    """
    mix = "\n".join(f"{name} = 1" for name in PLAYED)
    scenario = open_scenario(tmp_path, rate='"60/s"', length="5s", mix=mix, after=SILENT)
    accounts = accounts_csv(tmp_path, 1200)
    with minimal_target(accounts) as url:
        options = ("--scenario", scenario, "--host", url, "--accounts", str(accounts), "--headless")
        done = locust(*options, *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    rows = samples(run).select(["case", "step", "outcome", "expected", "error_code"]).to_pylist()
    wrong = Counter(tuple(row.values()) for row in rows if not row["outcome"].startswith("right_"))
    assert not wrong, done.err
    assert {row["case"] for row in rows} == set(PLAYED)
    assert len(rows) > 500
    assert Verdict.CORRECTNESS_FAILED not in findings(run).values()
