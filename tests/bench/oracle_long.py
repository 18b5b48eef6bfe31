"""What it costs to judge a long run in parts: memory that stays as it is, time that grows with the run.

    python -m tests.bench.oracle_long                     runs of 1,000,000 and 10,000,000 samples, made up
    python -m tests.bench.oracle_long DIR ...             runs that are there (`python -m tests.bench.big_run DIR ROWS`)
    python -m tests.bench.oracle_long --write DIR ...     the same, and the table in docs/benchmarks.md

Each is judged in a process of its own. Memory is what it has for itself (RssAnon), looked at fifty times a second:
pages of its temporary files are the system's, and given up when others need them. Leaves with 1 if a bound is not kept.
"""

import datetime as dt
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.bench.big_run import write_big_run
from tests.bench.conditions import cpu_model
from tests.bench.report import put_into
from tests.processes import ROOT

from pwdload.samples.room import samples_in

_ROWS = (1_000_000, 10_000_000)
_MEMORY_MB_MOST = 1_000.0
_GROWTH_MOST = 1.3
"""A sample of the longest run may take so many times the CPU time of one of the run before it."""
_LOOK_S = 0.02
_PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = "## The oracle of a long run"
_JUDGE = (
    "import sys; from pathlib import Path;"
    "from pwdload.oracle import check_run; from pwdload.rundir import RunDirectory;"
    "print(check_run(RunDirectory.open(Path(sys.argv[1]))).verdict.value)"
)


class Cost(NamedTuple):
    """What judging one run took."""

    rows: int
    seconds: float
    cpu_s: float
    memory_mb: float
    verdict: str

    @property
    def line(self) -> str:
        """The row of the table."""
        each_us = self.cpu_s / self.rows * 1e6
        return (
            f"| {self.rows:,} | {self.seconds:.1f} | {self.cpu_s:.1f} | {each_us:.2f} | {self.memory_mb:,.0f} "
            f"| {self.verdict} |"
        )


def measured(path: Path) -> Cost:
    """Judge a run; return what that took."""
    begun_s, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _JUDGE, str(path)]
    with subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, text=True) as child:
        peak_kb = 0
        while child.poll() is None:
            peak_kb = max(peak_kb, _anonymous_kb(child.pid))
            time.sleep(_LOOK_S)
        assert child.stdout is not None
        verdict = child.stdout.read().strip()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(samples_in(path / "samples"), time.perf_counter() - begun_s, cpu_s, peak_kb * 1024 / 1e6, verdict)


def _anonymous_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def text(costs: Sequence[Cost]) -> str:
    """Return the part of the page."""
    when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    load, _, _ = os.getloadavg()
    return "\n".join(
        [
            HEAD,
            "",
            "Runs as above, judged in parts by one process (`python -m tests.bench.oracle_long`). Memory is what the "
            f"process has for itself, RssAnon; allowed are {_MEMORY_MB_MOST:,.0f} MB, whatever the length. Pages of "
            "its temporary files are the system's.",
            "",
            f"{when}; {cpu_model()}, {os.cpu_count()} cores, load average {load:.1f} at the end (1 is its own).",
            "",
            "| samples | seconds | CPU seconds | CPU time of a sample (us) | peak memory (MB) | verdict |",
            "|---|---|---|---|---|---|",
            *(cost.line for cost in costs),
            "",
        ]
    )


def problems(costs: Sequence[Cost]) -> list[str]:
    """Return which bounds are not kept."""
    found = [f"{cost.rows:,} samples: {cost.verdict}" for cost in costs if cost.verdict != "PASS"]
    found += [
        f"{cost.rows:,} samples took {cost.memory_mb:,.0f} MB" for cost in costs if cost.memory_mb > _MEMORY_MB_MOST
    ]
    if len(costs) > 1:
        last, before = costs[-1], costs[-2]
        growth = (last.cpu_s / last.rows) / (before.cpu_s / before.rows)
        if growth > _GROWTH_MOST:
            found.append(f"a sample took {growth:.2f} times the CPU time of one of {before.rows:,}")
    return found


def main() -> int:
    """Measure, print; return the exit code."""
    asked = [word for word in sys.argv[1:] if word != "--write"]
    with ExitStack() as stack:
        paths = [Path(word) for word in asked]
        for rows in () if asked else _ROWS:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            paths.append(write_big_run(folder / "run", rows).path)
        costs = [measured(path) for path in paths]
    if "--write" in sys.argv:
        _PAGE.write_text(put_into(_PAGE.read_text("utf-8"), text(costs), HEAD), "utf-8")
    found = problems(costs)
    sys.stdout.write("\n".join([text(costs), *found, ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
