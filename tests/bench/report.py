"""What a report costs: runs of 100,000, 1,000,000 and 10,000,000 samples, from their files to the full report.

    python -m tests.bench.report              as above, and the table in docs/benchmarks.md
    python -m tests.bench.report 200_000      of so many samples only, and nothing is written
    python -m tests.bench.report --samples 30_000_000 100_000_000
                                              of runs whose columns are in files, and their table on that page: ten
                                              minutes on a quiet machine, and 30 GB of TMPDIR

Each run is made up (`tests.bench.big_run`), and its report made as `pwdload report` does, in a process of its own.
Leaves with 1 if a bound that was promised is not kept.
"""

import datetime as dt
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tests.bench.big_run import write_big_run
from tests.bench.conditions import cpu_model
from tests.processes import ROOT

from pwdload.samples.room import BYTES_AT_LEAST, BYTES_EACH, DISK_BYTES_EACH, IN_FILES_FROM

_ROWS = (100_000, 1_000_000, 10_000_000)
_SECONDS_MOST = 30.0
_MEMORY_MB_MOST = 2_500.0
"""Of the longest run; a megabyte is a million bytes."""
_GROWTH_MOST = 1.3
"""A sample of the longest run may take so many times the CPU time of one of the run that is a tenth of it."""
_LOOK_S = 0.1
_PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = "## The report of a long run"
HEAD_IN_FILES = "## The report of a run that is longer than memory"
_KEPT_MB_MOST = 4_000.0
"""What a run whose columns are in files may take of memory that the system can not take back, however long it is."""


class Cost(NamedTuple):
    """What one report took."""

    rows: int
    seconds: float
    cpu_s: float
    memory_mb: float
    kept_mb: float
    """Memory that the system can not take back: all but files that can be read again."""
    verdict: str

    @property
    def line_in_files(self) -> str:
        """The row of the table of runs that are longer than memory."""
        per_s = f"{self.rows / self.seconds:,.0f}"
        return (
            f"| {self.rows:,} | {self.seconds:.0f} | {self.cpu_s:.0f} | {per_s} | {self.kept_mb:,.0f} "
            f"| {self.memory_mb:,.0f} | {self.verdict} |"
        )

    @property
    def line(self) -> str:
        """The row of the table."""
        per_s = f"{self.rows / self.seconds:,.0f}"
        return (
            f"| {self.rows:,} | {self.seconds:.1f} | {self.cpu_s:.1f} | {per_s} | {self.memory_mb:,.0f} "
            f"| {self.verdict} |"
        )


def measured(rows: int) -> Cost:
    """Make a run and its report; return what the report took."""
    with tempfile.TemporaryDirectory() as folder:
        directory = write_big_run(Path(folder) / "run", rows)
        begun_s, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "tests.bench.report", "--child", str(directory.path)]
        with subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, text=True) as child:
            peak_kb, kept_kb = _peaks_kb(child)
            assert child.stdout is not None
            verdict, own_kb = child.stdout.read().split()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds, memory_kb = time.perf_counter() - begun_s, peak_kb if rows >= IN_FILES_FROM else max(int(own_kb), peak_kb)
    return Cost(rows, seconds, cpu_s, memory_kb * 1024 / 1e6, kept_kb * 1024 / 1e6, verdict)


def _peaks_kb(child: "subprocess.Popen[str]") -> tuple[int, int]:
    """Return the most memory that a process and its own had at once, what they share counted once, until it has ended.

    All of it, and what is no page of a file. Looked at ten times a second.
    """
    most = kept = 0
    while child.poll() is None:
        now = [_proportional_kb(pid) for pid in _with_children(child.pid)]
        most, kept = max(most, sum(one for one, _ in now)), max(kept, sum(one for _, one in now))
        time.sleep(_LOOK_S)
    return most, kept


def _with_children(pid: int) -> list[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return [pid]
    return [pid, *(one for word in words for one in _with_children(int(word)))]


def _proportional_kb(pid: int) -> tuple[int, int]:
    """Return the memory of a process, of what it shares with others its part, and how much of it is no page of a file.

    0 of one that has ended.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0, 0
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
    return sizes["Pss"], sizes["Pss_Anon"] + sizes["Pss_Shmem"]


def _child(path: Path) -> None:
    """Do what `pwdload report` does, and say what the run is worth and how much memory that took at most."""
    from pwdload.report import make  # noqa: PLC0415 - its import is a part of what a report takes
    from pwdload.rundir import RunDirectory  # noqa: PLC0415

    verdict = make(RunDirectory.open(path)).verdict
    sys.stdout.write(f"{verdict.value} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")


def text(costs: Sequence[Cost]) -> str:
    """Return the part of the page."""
    return "\n".join(
        [
            HEAD,
            "",
            "From the files of a run on four workers to every file of its report, the oracle included "
            "(`python -m tests.bench.report`). Open arrivals at 2,000/s, two samples a flow, each account used ten "
            "times. Memory is that of all processes together. Allowed for the longest: "
            f"{_SECONDS_MOST:g} s and {_MEMORY_MB_MOST:,.0f} MB on two cores.",
            "",
            _conditions(),
            "",
            "| samples | seconds | CPU seconds | samples per second | peak memory (MB) | verdict |",
            "|---|---|---|---|---|---|",
            *(cost.line for cost in costs),
            "",
            *_bytes_each(costs),
        ]
    )


def text_in_files(costs: Sequence[Cost]) -> str:
    """Return the part of the page of runs whose columns are in files."""
    return "\n".join(
        [
            HEAD_IN_FILES,
            "",
            f"The same of runs of {IN_FILES_FROM:,} samples and more (`python -m tests.bench.report --samples "
            f"{' '.join(str(cost.rows) for cost in costs)}`). Their columns are in files without a name beside the run "
            "or "
            f"in TMPDIR: {DISK_BYTES_EACH} bytes of disk a sample are reckoned with. Memory is what the system cannot "
            f"take back, {_KEPT_MB_MOST:,.0f} MB at most; with the pages of those files that were there it is what the "
            "last column but one says, and is as much as the machine has to spare.",
            "",
            _conditions(),
            "",
            "| samples | seconds | CPU seconds | samples per second | peak memory (MB) | with cached files (MB) "
            "| verdict |",
            "|---|---|---|---|---|---|---|",
            *(cost.line_in_files for cost in costs),
            "",
        ]
    )


def _bytes_each(costs: Sequence[Cost]) -> list[str]:
    """Return what a sample takes of memory, from the shortest run to the longest; nothing of one run alone."""
    if len(costs) < 2:
        return []
    first, last = costs[0], costs[-1]
    each = (last.memory_mb - first.memory_mb) * 1e6 / (last.rows - first.rows)
    return [
        f"A sample takes {each:.0f} bytes of memory; {BYTES_EACH} are reckoned with, and "
        f"{BYTES_AT_LEAST / 1e6:,.0f} MB for any run, before a run is read: one that the machine has no room for "
        f"keeps its columns in files, as one of {IN_FILES_FROM:,} samples and more does anyway.",
        "",
    ]


def _conditions() -> str:
    """Return when and on what this was measured, and how busy the machine was: seconds stand for a quiet one only."""
    when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "pyarrow"))
    load, _, _ = os.getloadavg()
    return (
        f"{when}; {cpu_model()}, {os.cpu_count()} cores, load average {load:.1f} at the end (about 1 is its own); "
        f"{platform.python_implementation()} {platform.python_version()}, {packages}."
    )


def problems(costs: Sequence[Cost]) -> list[str]:
    """Return which bounds are not kept."""
    last = costs[-1]
    found = [f"{cost.rows:,} samples: {cost.verdict}" for cost in costs if cost.verdict not in ("PASS", "INCONCLUSIVE")]
    if last.rows >= IN_FILES_FROM:
        if last.kept_mb > _KEPT_MB_MOST:
            found.append(f"{last.rows:,} samples took {last.kept_mb:,.0f} MB, {_KEPT_MB_MOST:,.0f} MB are allowed")
        return found + _grown(costs)
    if last.seconds > _SECONDS_MOST:
        found.append(f"{last.rows:,} samples took {last.seconds:.1f} s, {_SECONDS_MOST:g} s are allowed")
    if last.memory_mb > _MEMORY_MB_MOST:
        found.append(f"{last.rows:,} samples took {last.memory_mb:,.0f} MB, {_MEMORY_MB_MOST:,.0f} MB are allowed")
    return found + _grown(costs)


def _grown(costs: Sequence[Cost]) -> list[str]:
    """Say so where a sample of the longest run took more time than one of the run before it."""
    if len(costs) < 2:
        return []
    last, before = costs[-1], costs[-2]
    growth = (last.cpu_s / last.rows) / (before.cpu_s / before.rows)
    return [f"a sample took {growth:.2f} times the CPU time of one of {before.rows:,}"] if growth > _GROWTH_MOST else []


def put_into(page: str, part: str, head: str = HEAD) -> str:
    """Return a page with a part in the place of the one with the same heading, or at its end."""
    old = re.compile(rf"{re.escape(head)}\n.*?(?=\n## |\Z)", re.DOTALL)
    return old.sub(lambda _: part, page) if old.search(page) else f"{page.rstrip()}\n\n{part}"


def with_others(page: str, before: str) -> str:
    """Return a page with the parts of an earlier one behind its own that it does not have."""
    old, new = (re.findall(r"^## .*?(?=^## |\Z)", one, re.DOTALL | re.MULTILINE) for one in (before, page))
    heads = {part.partition("\n")[0] for part in new}
    others = [part.rstrip() for part in old if part.partition("\n")[0] not in heads]
    return "\n\n".join([page.rstrip(), *others]) + "\n"


def main() -> int:
    """Measure, print, write; return the exit code."""
    is_in_files = sys.argv[1:2] == ["--samples"]
    asked = [int(word.replace("_", "").replace(",", "")) for word in sys.argv[1 + is_in_files :]]
    costs = [measured(rows) for rows in asked or _ROWS]
    part, head = (text_in_files(costs), HEAD_IN_FILES) if is_in_files else (text(costs), HEAD)
    if is_in_files or not asked:
        _PAGE.write_text(put_into(_PAGE.read_text("utf-8"), part, head), "utf-8")
    found = problems(costs)
    sys.stdout.write("\n".join([part, *found, ""]))
    return 1 if found else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(Path(sys.argv[2]))
    else:
        sys.exit(main())
