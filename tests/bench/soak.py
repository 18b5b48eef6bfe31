"""Whether memory stays flat in a long soak: a scaled run at 500 arrivals a second, and what an hour of it would take.

    python -m tests.bench.soak          eight minutes, and the table in docs/benchmarks.md
    python -m tests.bench.soak 10       so many minutes, and nothing is written

Open arrivals of the whole flow against the stand-in, on accounts whose passwords are about to expire, so that each is
changed over and over and none is used up; a master, a worker, and the process that exports metrics, which is scraped
as in a team's own system. Every second the memory of each is read (the stand-in is not ours to watch): what is its own,
and apart from it the pages of files that it looks into, which the system takes back when it wants them. After the
warm-up a line is laid through means of ten seconds: its slope, with its 95 % interval, says what an hour would add.
In the warm-up the stand-in is stopped for a moment, so that every slot has played a flow: else each later moment in
which more flows wait than ever before would add what a slot takes, and luck decide what is measured.
Leaves with 1 where a process would grow by more in an hour than is allowed, or the load was not what it should be.
"""

import datetime as dt
import os
import re
import signal
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
from tests.bench.cpu import family, kept_and_mapped_bytes
from tests.bench.report import put_into
from tests.bench.target import free_port
from tests.processes import ROOT, start_locust

from pwdload.rundir import RunDirectory
from pwdload.statistics.lines import Line, fit_line

RATE_PER_S = 500
_MINUTES = 8.0
_WARM_UP_S = 120.0
"""Until every slot has connected, buffers have their size, each account has been seen, and what is kept of passwords
(16,384 of them, two for each change) is full."""
_STOPPED_AT_S, _STOPPED_FOR_S = 20.0, 1.3
"""So that more arrivals come than there are slots; all others may wait, for as long as a busy machine wants."""
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
queue_limit = 5000
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
_WHY = (
    "What a run keeps has a bound: slots and their connections, what is known of each account, the passwords used "
    "last, some seconds of samples; and the holes that all of this leaves in the heap where flows come in crowds are "
    "given back to the system (`src/pwdload/heap.py`). As long as the run grows what Locust counts of each "
    "second and notes every five seconds, about 2 MB an hour in the master; what else grows in it is not known."
)
_CLOCK = re.compile(r"^pwdload_run_clock_seconds\{.*\} (\S+)$", re.MULTILINE)
_OURS = {"pwdload.exporting": "metrics", "locust": "worker"}
"""By what their command lines have in them, the children of the master that are watched."""


class Seen(NamedTuple):
    """One look at one process."""

    at_s: float
    """Since the load began."""
    kept_mb: float
    """What is its own, in millions of bytes."""
    mapped_mb: float
    """Pages of files."""


Series = dict[str, list[Seen]]
"""Of each process."""


class Grown(NamedTuple):
    """What one process took."""

    name: str
    first_mb: float
    """At the end of the warm-up."""
    last_mb: float
    mapped_mb: tuple[float, float]
    """Pages of files, at both times."""
    line: Line
    """Of megabytes over seconds."""
    late: Line
    """That of the second half alone: lower, if what grew is about to be there."""

    @property
    def hour_mb(self) -> float:
        """What an hour would add, by the slope."""
        return self.line.slope * 3600

    @property
    def row(self) -> str:
        """The row of the table."""
        first, last = self.mapped_mb
        return (
            f"| {self.name} | {self.first_mb:.1f} | {self.last_mb:.1f} | {first:.1f} to {last:.1f} "
            f"| {_an_hour(self.line)} | {_an_hour(self.late)} |"
        )


def _an_hour(line: Line) -> str:
    slope, lower, upper = (value * 3600 for value in (line.slope, line.lower, line.upper))
    return f"{slope:+.1f} ({lower:+.1f} to {upper:+.1f})"


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
    was_stopped = False
    while process.poll() is None:
        time.sleep(1.0 - time.time() % 1.0)
        clock_s = _scraped(metrics)
        if begun_s is None and clock_s is not None and clock_s > 0.0:
            begun_s = time.monotonic() - clock_s
        at_s = time.monotonic() - begun_s if begun_s is not None else -1.0
        if 0.0 < at_s < seconds:
            for pid, name in _ours(process.pid).items():
                with suppress(OSError):
                    kept, mapped = kept_and_mapped_bytes(pid)
                    series[name].append(Seen(at_s, kept / 1e6, mapped / 1e6))
        if at_s >= _STOPPED_AT_S and not was_stopped:
            was_stopped = True
            _stop_for_a_moment(process.pid)
    return series


def _stop_for_a_moment(master: int) -> None:
    """Stop the stand-in, and let it go on."""
    (standin,) = (pid for pid in family(master) if " -m pwdload.standin " in _command(pid))
    os.kill(standin, signal.SIGSTOP)
    try:
        time.sleep(_STOPPED_FOR_S)
    finally:
        os.kill(standin, signal.SIGCONT)


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
    return ""


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
        command = _command(pid)
        name = next((name for word, name in _OURS.items() if f"-m {word} " in command), None)
        if name is not None and _parent_of(pid) == master:
            found[pid] = name
    return found


def grown(series: Mapping[str, Sequence[Seen]], warm_up_s: float) -> Iterator[Grown]:
    """Yield what each process took after the warm-up; those too short-lived for two lines are left out."""
    for name, looks in series.items():
        means = [*_means([look for look in looks if look.at_s >= warm_up_s])]
        line, late = _line(means), _line(means[len(means) // 2 :])
        if line is not None and late is not None:
            first, last = means[0], means[-1]
            yield Grown(name, first.kept_mb, last.kept_mb, (first.mapped_mb, last.mapped_mb), line, late)


def _line(means: Sequence[Seen]) -> Line | None:
    return fit_line(np.array([one.at_s for one in means]), np.array([one.kept_mb for one in means]))


def _means(looks: Sequence[Seen]) -> Iterator[Seen]:
    """Yield means of some seconds: neighbouring seconds say nearly the same, and a line takes them for independent."""
    slots: dict[int, list[Seen]] = defaultdict(list)
    for look in looks:
        slots[int(look.at_s // _MEAN_OF_S)].append(look)
    for kept in slots.values():
        yield Seen(*(float(np.mean(column)) for column in zip(*kept, strict=True)))


def _warm_up_s(minutes: float) -> float:
    return min(_WARM_UP_S, 20 * minutes)


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
            "and the process that exports metrics, scraped every second (`python -m tests.bench.soak`). Memory is what "
            "a process has of its own in RAM, read every second, in millions of bytes; pages of files, which the "
            "system takes back at will, are told apart. What an hour would add is the slope after the warm-up of "
            f"{_warm_up_s(minutes):g} s, of a line through means of {_MEAN_OF_S:g} s, its 95 % interval in brackets. "
            f"Allowed: {_GROWTH_MB_MOST:g} MB an hour.",
            "",
            f"{when}; {cpu_model()}, {os.cpu_count()} cores, load average {load:.1f} at the end; {samples:,} samples, "
            f"{_flows_per_s(samples, minutes):.0f} flows a second.",
            "",
            "| process | after the warm-up (MB) | at the end (MB) | pages of files (MB) | an hour would add (MB) "
            "| by the second half alone (MB) |",
            "|---|---|---|---|---|---|",
            *(one.row for one in found),
            "",
            f"The run: {verdict}",
            "",
            _WHY,
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
            f"{one.name}: an hour would add {one.hour_mb:.0f} MB, {_GROWTH_MB_MOST:g} MB are allowed"
            for one in found
            if one.hour_mb > _GROWTH_MB_MOST
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
    found = [*grown(series, _warm_up_s(minutes))]
    part = text(found, minutes, verdict, samples)
    if asked is None:
        _PAGE.write_text(put_into(_PAGE.read_text("utf-8"), part, HEAD), "utf-8")
    wrong = problems(found, minutes, samples)
    sys.stdout.write("\n".join([part, *wrong, ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
