"""What the end-to-end tests share: scenarios as files, runs that are on, and what they leave."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from pwdload.outcome import Verdict
from pwdload.rundir import RunDirectory
from pwdload.samples import read_samples

PUNCTUALITY = frozenset({"cpu", "event_loop", "arrivals_late"})
"""The checks that tell how much of the machine a run had. Tests run side by side, so none of theirs is about it."""
NOTHING_WRONG = (Verdict.PASS, Verdict.INCONCLUSIVE)
QUIET = ("--loglevel", "WARNING", "--only-summary")
FEW_ACCOUNTS = "\n[accounts]\ncount = 3000\n"
"""Enough for any of these runs; the 20,000 that the stand-in is given else take a second of processor time."""
OPEN = """
title = "Open arrivals"
seed = {seed}
[target]
state_token_life = "1s"
[load]
model = "open"
arrivals = "{arrivals}"
max_in_flight = {slots}
{more}
[[load.stages]]
name = "steady"
rate = {rate}
for = "{length}"
[oracle]
probes = 0
[mix]
{mix}
"""


def open_scenario(
    folder: Path,
    *,
    seed: int = 7,
    arrivals: str = "even",
    slots: int = 50,
    rate: str = '"100/s"',
    length: str = "4s",
    mix: str = "login_only = 1",
    more: str = "",
    after: str = "",
) -> str:
    """Write a scenario of open arrivals with one stage and return its path."""
    path = folder / "open.toml"
    fields = {"seed": seed, "arrivals": arrivals, "slots": slots, "rate": rate, "length": length, "mix": mix}
    path.write_text(with_few_accounts(OPEN.format(**fields, more=more) + after))
    return str(path)


def with_few_accounts(scenario: str) -> str:
    """Return a scenario that gives the stand-in few accounts, unless it says itself how many."""
    return scenario if "[accounts]" in scenario else scenario + FEW_ACCOUNTS


def plain_scenario(folder: Path) -> str:
    """Write the scenario that a run without one has, but for the number of accounts, and return its path."""
    path = folder / "plain.toml"
    path.write_text(with_few_accounts('title = "Plain"\n'))
    return str(path)


def latest(folder: Path) -> RunDirectory:
    """Return the newest run below a folder."""
    return RunDirectory.open(folder / "reports" / "latest")


def samples(run: RunDirectory) -> pa.Table:
    """Return all samples of a run, and insist that every process has finished and nothing is missing."""
    table, files = read_samples(run.samples)
    assert files
    assert all(file.finished and not file.missing for file in files)
    return table


def findings(run: RunDirectory) -> dict[str, Verdict]:
    """Return what each check found of a run, but for those of its punctuality."""
    found = json.loads((run.path / "verdict.json").read_text("utf-8"))["findings"]
    return {one["check"]: Verdict(one["verdict"]) for one in found if one["check"] not in PUNCTUALITY}


def assert_nothing_wrong(exit_code: int | None, said: str, *runs: RunDirectory) -> None:
    """Insist that every finding is PASS, or INCONCLUSIVE where a run was too short, and that the exit code says so.

    A machine that was busy with other tests may have made a run INVALID for its lateness; that is no fault of the run.
    """
    assert exit_code in {json.loads((run.path / "verdict.json").read_text("utf-8"))["exit_code"] for run in runs}, said
    for run in runs:
        wrong = {check: verdict for check, verdict in findings(run).items() if verdict not in NOTHING_WRONG}
        assert not wrong, said


def wait_for(what: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait until something is true; real processes need real time."""
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "timed out"
        time.sleep(0.05)


def free_port() -> str:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def on_a_port_of_its_own() -> list[str]:
    """Return the options for a master and its workers, apart from those of other tests."""
    port = free_port()
    return ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]


def two_processes() -> list[str]:
    """Return the options for a master with two workers, on a port of its own: tests run side by side."""
    return ["--processes", "2", *on_a_port_of_its_own()]


def has_begun(folder: Path, size: int = 1_000) -> bool:
    """Whether a run below the folder has written its first samples, or so many bytes of them."""
    return any(path.stat().st_size > size for path in folder.glob("reports/*/2*/samples/*.arrows"))
