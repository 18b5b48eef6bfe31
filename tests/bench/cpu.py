"""CPU time of a process and its children, and which cores they may use."""

import os
from collections.abc import Sequence
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0))
TARGET_CORE = _CORES[0]
GENERATOR_CORE = _CORES[-1]
"""Another one than the target's wherever the machine has two."""


def all_cores() -> tuple[int, ...]:
    """Return the cores that may be used at all."""
    return tuple(_CORES)


def pinned(command: Sequence[str], cores: Sequence[int]) -> list[str]:
    """Return a command that stays on these cores, with all the children it will have."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds, user and system, that a process and its living children have used, to 10 ms."""
    return sum(_own_cpu_s(one) for one in family(pid))


def rss_bytes(pid: int) -> int:
    """Return the memory of one process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kept_and_mapped_bytes(pid: int) -> tuple[int, int]:
    """Return the memory in RAM that is one process's own, and the pages of files that it looks into.

    The system takes those pages back whenever it wants the room, and lends one copy to all that look into the file.

    Raises:
        OSError: there is no such process, or it has ended.
    """
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines())
    kib = {line[0]: int(line[1]) for line in lines if line and line[0].startswith("Rss")}
    if not kib:
        raise ProcessLookupError(f"process {pid} has ended")
    return 1024 * (kib["RssAnon:"] + kib["RssShmem:"]), 1024 * kib["RssFile:"]


def family(pid: int) -> list[int]:
    """Return a process and everything that it has started and that still lives."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def _own_cpu_s(pid: int) -> float:
    fields = _stat(Path(f"/proc/{pid}"))
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S if fields else 0.0


def _parent(path: Path) -> int:
    fields = _stat(path)
    return int(fields[1]) if fields else 0


def _stat(path: Path) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may hold anything; none if the process has gone."""
    try:
        return (path / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []
