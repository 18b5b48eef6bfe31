"""Stock Locust and pwdload as whole runs, before the same kind of target: how each is started, and what it leaves."""

import csv
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
from tests.e2e.runs import QUIET, open_scenario
from tests.processes import ROOT, Done, environment, get_json, locust

STOCK = Path(__file__).with_name("stock_locustfile.py")
KEEPING = Path(__file__).with_name("keeping_locustfile.py")
ACCOUNTS = "user_name,password,state\n" + "".join(f"trap{n:04},Xy!12345{n:04},expired\n" for n in range(600))


class Target:
    """A stand-in that can be made to hang."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, folder: Path) -> None:
        self.url = url
        self.accounts = folder / "accounts.csv"
        self.accounts.write_text(ACCOUNTS)
        self._process = process

    def logins(self) -> int:
        """Return how many log-ins it has answered."""
        counts = get_json(self.url, "/standin/counts")["counts"]
        assert isinstance(counts, list)
        return sum(row["count"] for row in counts if row["route"] == "/api/v2/sdk/login")

    def hang(self, seconds: float) -> None:
        """Stop for a while in the middle of everything, as a machine that swaps or a paused container does."""
        self._process.send_signal(signal.SIGSTOP)
        threading.Timer(seconds, self._process.send_signal, [signal.SIGCONT]).start()


@contextmanager
def target(folder: Path, *settings: str) -> Iterator[Target]:
    """Run a stand-in with these settings."""
    command = [sys.executable, "-m", "pwdload.standin", "--port", "0", "--seed-from", "-"]
    for setting in ("hash_algorithm=sha256", *settings):
        command += ["--set", setting]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(ACCOUNTS)
        process.stdin.close()
        try:
            yield Target(process, json.loads(process.stdout.readline())["url"], folder)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(10)


def start_stock(
    at: Target, folder: Path, *arguments: str, per_user_per_s: float = 5.0, file: Path = STOCK, **variables: str
) -> "subprocess.Popen[str]":
    """Start stock Locust, headless, with more variables in its environment."""
    command = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--host", at.url, *QUIET, *arguments]
    mine = {"STOCK_PER_USER_PER_S": str(per_user_per_s), "STOCK_ACCOUNT": "trap0000 Xy!123450000"}
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment() | mine | path | variables,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )


def finished(process: "subprocess.Popen[str]") -> Done:
    """Wait for it to end."""
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)


def aggregated(folder: Path) -> dict[str, str]:
    """Return the totals that stock Locust wrote."""
    with (folder / "stock_stats.csv").open() as file:
        return list(csv.DictReader(file))[-1]


def ours(at: Target, folder: Path, *arguments: str, **scenario: object) -> Done:
    """Run pwdload with open arrivals of log-ins against the target."""
    path = open_scenario(folder, **scenario)  # type: ignore[arg-type]
    more = ("--headless", "--host", at.url, "--accounts", str(at.accounts), *QUIET)
    return locust("--scenario", path, *more, *arguments, cwd=folder)


def response_s(table: pa.Table) -> np.ndarray:
    """Return the response times of samples, from when each was due."""
    made: np.ndarray = np.array(table["done_s"]) - np.array(table["intended_s"])
    return made
