"""How a load generator was while it generated: one row a second from each process, kept in the run directory.

An instrument that is overloaded measures itself. These rows are what says that it was not.
"""

import csv
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import NamedTuple, Self, TextIO

_KEPT_LATER = frozenset({"answers", "failed", "slow"})
"""Columns that runs of earlier versions do not have."""


class HealthRow(NamedTuple):
    """One process in one second of a run."""

    worker: str
    at_s: float
    """End of the second, on the run's clock."""
    cpu_share: float
    """CPU time of the process over wall time: 1.0 is one core, the most that one Python process can use for itself."""
    loop_lag_s_max: float
    """By how much a timer of the event loop was late, at worst: what any reader of a socket may have had to wait."""
    in_flight: int
    """Flows under way."""
    queued: int
    """Arrivals that were due and waited for a slot; 0 in the closed model."""
    begun: int
    """Flows begun since the start of the run."""
    dropped: int
    """Arrivals dropped since the start of the run."""
    unacknowledged: int
    """Blocks of samples that the master has not acknowledged; 0 in a process that is its own master."""
    answers: int = 0
    """Exchanges of the load since the start of the run."""
    failed: int = 0
    """Those of them that did not come out as expected."""
    slow: int = 0
    """Those of them that took longer than the steady state's p95 may be; 0 where none is stated."""

    @classmethod
    def parse(cls, cells: dict[str, str]) -> Self:
        """Read a row of the file.

        Raises:
            ValueError, KeyError: it is none.
        """
        worker, *numbers = (cells.get(name) or "0" if name in _KEPT_LATER else cells[name] for name in cls._fields)
        at_s, cpu_share, loop_lag_s_max = map(float, numbers[:3])
        if not all(map(isfinite, (at_s, cpu_share, loop_lag_s_max))):
            raise ValueError("not a number of seconds or a share")
        return cls(worker, at_s, cpu_share, loop_lag_s_max, *map(int, numbers[3:]))


class HealthLog:
    """Appends rows to the file of a run, each complete when it is on disk."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(HealthRow._fields)

    def append(self, rows: Iterable[HealthRow]) -> None:
        """Append rows, and hand them to the disk."""
        self._writer.writerows(rows)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class HealthFile(NamedTuple):
    """What the file of a run holds."""

    rows: tuple[HealthRow, ...]
    problem: str = ""
    """What of it cannot be read, one sentence; empty where all can, or where there is no such file."""


def read_health_file(path: Path) -> HealthFile:
    """Read the rows of a run. A line that was damaged is left out; the last one of a run that was killed may be cut."""
    try:
        text = path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return HealthFile(())
    except OSError as error:
        return HealthFile((), f"{path.name} cannot be read ({error.strerror}).")
    rows, damaged = [], 0
    for cells in csv.DictReader(text.splitlines()):
        try:
            rows.append(HealthRow.parse(cells))
        except (ValueError, KeyError, TypeError):
            damaged += 1
    if text and not text.startswith(_HEADER):
        return HealthFile(tuple(rows), f"{path.name} does not hold how the processes were.")
    damaged -= bool(damaged) and not text.endswith("\n")
    return HealthFile(tuple(rows), f"{path.name} has lines that cannot be read ({damaged:,})." if damaged else "")


def read_health(path: Path) -> tuple[HealthRow, ...]:
    """Read the rows of a run; none where there is no such file. A line that was cut or damaged is left out."""
    return read_health_file(path).rows


_HEADER = ",".join(name for name in HealthRow._fields if name not in _KEPT_LATER)
