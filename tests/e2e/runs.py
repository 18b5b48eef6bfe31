"""What the end-to-end tests share: scenarios as files, runs that are on, and what they leave."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from pwdload.rundir import RunDirectory
from pwdload.samples import read_samples

QUIET = ("--loglevel", "WARNING", "--only-summary")
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
    path.write_text(OPEN.format(**fields, more=more) + after)
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


def has_begun(folder: Path) -> bool:
    """Whether a run below the folder has written its first samples."""
    return any(path.stat().st_size > 1_000 for path in folder.glob("reports/*/2*/samples/*.arrows"))
