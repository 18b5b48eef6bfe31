"""Whether memory stays flat in a long soak: a scaled run at 500 arrivals a second, and what an hour of it would take.

    python -m tests.bench.soak          three minutes, and the table in docs/benchmarks.md
    python -m tests.bench.soak 10       so many minutes, and nothing is written

Open arrivals of the whole flow against the stand-in, on accounts whose passwords are about to expire, so that each is
changed over and over and none is used up; a master, a worker, and the process that exports metrics, which is scraped
as in a team's own system. Every second the memory of each is read (RSS; the stand-in is not ours to watch). After the
warm-up a line is laid through means of ten seconds: its slope, with its 95 % interval, says what an hour would add.
Leaves with 1 where a process would grow by more in an hour than is allowed, or the load was not what it should be.
"""

import datetime as dt
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tests.bench.conditions import cpu_model
from tests.bench.cpu import family, rss_bytes
from tests.bench.report import put_into
from tests.bench.target import free_port
from tests.processes import ROOT, start_locust

from pwdload.rundir import RunDirectory
from pwdload.statistics.lines import Line, fit_line

RATE_PER_S = 500
_MINUTES = 3.0
_WARM_UP_S = 75.0
"""Until every slot has connected, buffers have their size, each account has been seen, and what is kept of passwords
(16,384 of them, two for each change) is full."""
_MEAN_OF_S = 10.0
_ACCOUNTS = 5_000
"""Few enough for each to be seen in the warm-up: what is kept for each account is then there."""
_GROWTH_MB_MOST = 64.0
"""An hour may add so much to a process: more than that is a leak."""
_RATE_SHARE_LEAST = 0.9
"""A machine that is busy with other things, or slow, does not show what that rate takes."""
_SAMPLES_A_FLOW = 2
_PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = "## Memory of a soak"
_SCENARIO = """title = "Soak"
seed = 11
[accounts]
count = {accounts}
reuse = "warn"
[load]
model = "open"
arrivals = "poisson"
max_in_flight = 500
[[load.stages]]
name = "soak"
rate = "{rate}/s"
for = "{seconds:.0f}s"
[oracle]
probes = 0
[slo]
p95_update_password = "1s"
failed_share = "1%"
[mix]
valid_change = 1
"""
_CLOCK = re.compile(r"^pwdload_run_clock_seconds\{.*\} (\S+)$", re.MULTILINE)
_OURS = {"pwdload.exporting": "metrics", "locust": "worker"}
"""By what their command lines have in them, the children of the master that are watched."""

Series = dict[str, list[tuple[float, float]]]
"""Of each process: seconds since the load began, and megabytes (a million bytes)."""


class Grown(NamedTuple):
    """What one process took."""

    name: str
    first_mb: float
    """At the end of the warm-up."""
    last_mb: float
    line: Line
    """Of megabytes over seconds."""

    @property
    def hour_mb(self) -> tuple[float, float, float]:
        """What an hour would add, by the slope and by the ends of its interval."""
        return self.line.slope * 3600, self.line.lower * 3600, self.line.upper * 3600

    @property
    def row(self) -> str:
        """The row of the table."""
        slope, lower, upper = self.hour_mb
        return (
            f"| {self.name} | {self.first_mb:.1f} | {self.last_mb:.1f} | {self.line.slope * 60:+.3f} "
            f"| {slope:+.1f} ({lower:+.1f} to {upper:+.1f}) |"
        )


def soaked(folder: Path, minutes: float) -> tuple[Series, RunDirectory, str]:
    """Play the soak; return the memory of each process, the run, and what it is worth."""
    scenario = folder / "soak.toml"
    scenario.write_text(_SCENARIO.format(accounts=_ACCOUNTS, rate=RATE_PER_S, seconds=60 * minutes), "utf-8")
    port, metrics = free_port(), free_port()
    options = ["--scenario", str(scenario), "--headless", "--only-summary", "--loglevel", "WARNING", "--processes", "1"]
    options += ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(port), "--master-port", str(port)]
    options += ["--prometheus-port", str(metrics)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = start_locust(*options, cwd=folder, output=said)
        try:
            series = _watched(process, metrics, 60 * minutes)
        finally:
            if process.poll() is None:
                process.kill()
        said.seek(0)
        text = said.read()
    verdict = re.search(r"^(PASS|INCONCLUSIVE|SLO_FAILED|INVALID|CORRECTNESS_FAILED): .*", text, re.MULTILINE)
    return series, RunDirectory.open(folder / "reports" / "latest"), verdict[0] if verdict else text[-500:]


def _watched(process: "subprocess.Popen[str]", metrics: int, seconds: float) -> Series:
    """Read the memory of each process once a second while the load is on."""
    series: Series = defaultdict(list)
    begun_s: float | None = None
    while process.poll() is None:
        time.sleep(1.0 - time.time() % 1.0)
        clock_s = _scraped(metrics)
        if begun_s is None and clock_s is not None and clock_s > 0.0:
            begun_s = time.monotonic() - clock_s
        at_s = time.monotonic() - begun_s if begun_s is not None else -1.0
        if 0.0 < at_s < seconds:
            for pid, name in _ours(process.pid).items():
                with suppress(OSError):
                    series[name].append((at_s, rss_bytes(pid) / 1e6))
    return series


def _parent_of(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
    return 0


def _scraped(port: int) -> float | None:
    """Scrape as Prometheus would; return what the run's clock says."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/metrics")
        found = _CLOCK.search(connection.getresponse().read().decode())
        return float(found[1]) if found else None
    except OSError:
        return None
    finally:
        connection.close()


def _ours(master: int) -> dict[int, str]:
    """Return the processes that are watched, with what they are."""
    found = {master: "master"}
    for pid in family(master)[1:]:
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
            name = next((name for word, name in _OURS.items() if f"-m {word} " in command), None)
            if name is not None and _parent_of(pid) == master:
                found[pid] = name
    return found


def grown(series: Mapping[str, Sequence[tuple[float, float]]], warm_up_s: float) -> Iterator[Grown]:
    """Yield what each process took after the warm-up; those too short-lived for a line are left out."""
    for name, points in series.items():
        means = [*_means([point for point in points if point[0] >= warm_up_s])]
        if not means:
            continue
        at_s, memory_mb = (np.array(column) for column in zip(*means, strict=True))
        line = fit_line(at_s, memory_mb)
        if line is not None:
            yield Grown(name, means[0][1], means[-1][1], line)


def _means(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield means of some seconds: neighbouring seconds say nearly the same, and a line takes them for independent."""
    slots: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for point in points:
        slots[int(point[0] // _MEAN_OF_S)].append(point)
    for kept in slots.values():
        yield float(np.mean([at_s for at_s, _ in kept])), float(np.mean([value for _, value in kept]))


def text(found: Sequence[Grown], minutes: float, verdict: str, samples: int) -> str:
    """Return the part of the page."""
    when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    load, _, _ = os.getloadavg()
    return "\n".join(
        [
            HEAD,
            "",
            f"{RATE_PER_S} arrivals a second for {minutes:g} minutes, each a log-in and a change, on {_ACCOUNTS:,} "
            'accounts that are changed over and over (`reuse = "warn"`), against the stand-in; a worker, its master, '
            "and the process that exports metrics, scraped every second (`python -m tests.bench.soak`). Memory is RSS, "
            "read every second, in millions of bytes. The slope after the warm-up is that of a line through means of "
            f"{_MEAN_OF_S:g} s, its 95 % interval in brackets. Allowed: {_GROWTH_MB_MOST:g} MB an hour.",
            "",
            f"{when}; {cpu_model()}, {os.cpu_count()} cores, load average {load:.1f} at the end; {samples:,} samples, "
            f"{_flows_per_s(samples, minutes):.0f} flows a second.",
            "",
            "| process | after the warm-up (MB) | at the end (MB) | MB per minute | an hour would add (MB) |",
            "|---|---|---|---|---|",
            *(one.row for one in found),
            "",
            f"The run: {verdict}",
            "",
        ]
    )


def _flows_per_s(samples: int, minutes: float) -> float:
    return samples / _SAMPLES_A_FLOW / (60 * minutes)


def problems(found: Sequence[Grown], minutes: float, samples: int) -> list[str]:
    """Return what is not as it has to be."""
    flows_per_s = _flows_per_s(samples, minutes)
    missing = {"master", "worker", "metrics"} - {one.name for one in found}
    return [
        *(f"{name}: not seen for long enough" for name in sorted(missing)),
        *(
            f"{one.name}: an hour would add {one.hour_mb[0]:.0f} MB, {_GROWTH_MB_MOST:g} MB are allowed"
            for one in found
            if one.hour_mb[0] > _GROWTH_MB_MOST
        ),
        *([f"only {flows_per_s:.0f} flows a second"] if flows_per_s < _RATE_SHARE_LEAST * RATE_PER_S else []),
    ]


def main() -> int:
    """Play, print, write; return the exit code."""
    asked = float(sys.argv[1]) if sys.argv[1:] else None
    minutes = asked or _MINUTES
    with tempfile.TemporaryDirectory() as folder:
        series, run, verdict = soaked(Path(folder), minutes)
        samples = sum(worker.samples for worker in run.read_record().workers)
    found = [*grown(series, min(_WARM_UP_S, 20 * minutes))]
    part = text(found, minutes, verdict, samples)
    if asked is None:
        _PAGE.write_text(put_into(_PAGE.read_text("utf-8"), part, HEAD), "utf-8")
    wrong = problems(found, minutes, samples)
    sys.stdout.write("\n".join([part, *wrong, ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
