"""What the target said of itself while it was under load: `metrics.csv` of a run directory.

One column ``time``, UTC as ISO 8601 or as seconds since 1970, and one column per metric; an empty cell says that there
is no value. Whoever measures the target may put such a file there, and make the report again.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pwdload.errors import RunDirectoryError
from pwdload.rundir import write_whole

TIME = "time"
SIZE_MAX = 100_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,59}")
_NOTHING = ("", "nan", "null", "none", "-")
_TIMES = "allowed is ISO 8601 or seconds since 1970, both UTC"
_NEXT_STEP = "mend that line, or take the file away, and make the report again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Values over time, of several metrics at the same times."""

    at_s: tuple[float, ...]
    """Seconds on the run's clock, ascending; those before the run are negative."""
    series: Mapping[str, tuple[float | None, ...]]
    """By name; one value per time, null where there is none."""


def write_metrics(path: Path, times_utc_s: Sequence[float], series: Mapping[str, Mapping[float, float]]) -> None:
    """Write values by name and time (seconds since 1970)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((TIME, *series))
    for time_s in times_utc_s:
        values = (series[name].get(time_s) for name in series)
        writer.writerow((f"{time_s:.3f}", *("" if value is None else repr(value) for value in values)))
    write_whole(path, out.getvalue())


def read_metrics(path: Path, started_utc: str) -> Metrics | None:
    """Read the metrics of a run whose clock began at a time (ISO 8601); null where there is no such file.

    Raises:
        RunDirectoryError: it is there and is no such file: the line, what is wrong, what to do.
    """
    try:
        if path.stat().st_size > SIZE_MAX:
            raise RunDirectoryError(f"{path.name}: larger than 100 MB; leave out what the run does not need")
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(f"{path.name}: cannot be read as text ({type(error).__name__})") from None
    return parse_metrics(text.splitlines(), path.name, started_utc)


def parse_metrics(lines: Iterable[str], name: str, started_utc: str) -> Metrics:
    """Read metrics from the lines of a CSV file; else as `read_metrics`."""
    rows = csv.reader(lines)
    head = [cell.strip() for cell in next(rows, [])]
    names = [column for column in head if column != TIME]
    if head.count(TIME) != 1 or not names or len(set(head)) != len(head) or not all(map(_NAME.fullmatch, names)):
        raise RunDirectoryError(
            f"{name}: line 1: not a head of metrics; allowed is {TIME} and a column per metric, named by letters, "
            f"digits and _ . : - with a letter first, each once; {_NEXT_STEP}"
        )
    zero_s, at = seconds_utc(started_utc), head.index(TIME)
    found: list[tuple[float, list[float | None]]] = []
    for number, cells in enumerate(rows, 2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            _check_width(cells, head)
            values = [_number(cell) for place, cell in enumerate(cells) if place != at]
            found.append((seconds_utc(cells[at]) - zero_s, values))
        except ValueError as error:
            raise RunDirectoryError(f"{name}: line {number}: {error}; {_NEXT_STEP}") from None
    found.sort(key=lambda row: row[0])
    columns = zip(*(values for _, values in found), strict=True) if found else [()] * len(names)
    return Metrics(
        at_s=tuple(round(at_s, 3) for at_s, _ in found), series=dict(zip(names, map(tuple, columns), strict=True))
    )


def seconds_utc(text: str) -> float:
    """Return the seconds since 1970 that a time means: a number, or ISO 8601, which is UTC where it names no zone.

    Raises:
        ValueError: it is neither.
    """
    shown = text.strip()
    try:
        seconds = float(shown)
    except ValueError:
        seconds = _seconds_of_iso(shown)
    if not math.isfinite(seconds):
        raise ValueError(f"{shown[:40]!r} is no time; {_TIMES}")
    return seconds


def _seconds_of_iso(shown: str) -> float:
    try:
        moment = datetime.fromisoformat(shown)
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _check_width(cells: Sequence[str], head: Sequence[str]) -> None:
    if len(cells) != len(head):
        raise ValueError(f"{len(cells)} cells where the head has {len(head)}")


def _number(cell: str) -> float | None:
    shown = cell.strip()
    if shown.lower() in _NOTHING:
        return None
    try:
        number = float(shown)
    except ValueError:
        raise ValueError(f"{shown[:40]!r} is no number") from None
    return number if math.isfinite(number) else None
