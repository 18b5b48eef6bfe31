"""What state processes are in, from /proc where there is one, otherwise from `ps`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pwdload.faults.running import must_run

_PROC = Path("/proc")
_STOPPED = "T"
_GONE = "ZX"
_PS_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a process, or at all of a process group."""

    states: tuple[str, ...]
    """A letter for each thread, or for each process where threads cannot be seen; empty when there is none."""
    born: str = ""
    """When a process began, in the system's own words: tells it from a later one with its number."""

    @property
    def is_stopped(self) -> bool:
        """Whether all of it stands still."""
        return bool(self.states) and set(self.states) == {_STOPPED}

    @property
    def has_stopped(self) -> bool:
        """Whether any of it stands still."""
        return _STOPPED in self.states

    def is_same(self, earlier: "Look") -> bool:
        """Whether this is still what it was earlier, and not gone."""
        return bool(self.states) and self.born == earlier.born


def looked_at(number: int) -> Look:
    """Return the states of a process, or of a process group: its number with a minus."""
    if not (_PROC / "self" / "stat").exists():
        return _from_ps(number)
    if number > 0:
        leader = _fields(_PROC / str(number) / "stat")
        return Look(states=_alive(_threads(number)), born=leader[19] if leader else "")
    members = [int(path.name) for path in _PROC.iterdir() if path.name.isdigit() and _group_of(path) == -number]
    return Look(states=_alive(state for pid in members for state in _threads(pid)))


def _threads(pid: int) -> Iterator[str]:
    try:
        paths = list((_PROC / str(pid) / "task").iterdir())
    except OSError:
        return
    for path in paths:
        if fields := _fields(path / "stat"):
            yield fields[0]


def _alive(states: Iterator[str]) -> tuple[str, ...]:
    return tuple(state for state in states if state not in _GONE)


def _group_of(path: Path) -> int:
    fields = _fields(path / "stat")
    return int(fields[2]) if fields else 0


def _fields(path: Path) -> list[str]:
    """Return the fields after the name, from the state on; proc(5) numbers that one 3. Empty for one that is gone."""
    try:
        # The name stands in brackets, and may have blanks and brackets itself.
        return path.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _from_ps(number: int) -> Look:
    listed = must_run(["ps", "-A", "-o", "pid=,pgid=,state="], limit_s=_PS_WITHIN_S)
    rows = re.findall(r"^\s*(\d+)\s+(\d+)\s+(\S)", listed, re.MULTILINE)
    return Look(states=_alive(state for pid, group, state in rows if number in (int(pid), -int(group))))
