"""A finished run in a notebook: its frames with documented columns, its verdict and its report.

Nothing is written into the run's directory, and nothing is computed before it is asked for.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

import pandas as pd

from pwdload.analysis import Run
from pwdload.analysis import load_run as read_run
from pwdload.analysis.journeys import journey_frame
from pwdload.analysis.latency import latency_table
from pwdload.analysis.run import read_samples_of
from pwdload.analysis.stages import stage_table
from pwdload.analysis.timeline import latency_in_time, throughput_in_time
from pwdload.errors import RunDirectoryError, UsageError
from pwdload.injections import Injection
from pwdload.oracle.judgement import Judgement
from pwdload.outcome import Verdict
from pwdload.report.build import build
from pwdload.report.formats import is_number
from pwdload.report.judged import judged
from pwdload.report.model import Report, Table
from pwdload.report.notebook.columns import FRAMES, LATENCY, SAMPLES, Described, typed
from pwdload.rundir import RunDirectory

__all__ = ["LoadedRun", "load_run"]
VALUES = ("response_s", "service_s", "lag_s")
"""What a latency table can be of."""


def load_run(directory: str | Path) -> "LoadedRun":
    """Read the directory of a finished run.

    Raises:
        RunDirectoryError: there is no such directory, or it has no readable run.json.
    """
    path = Path(directory)
    if not path.is_dir():
        raise RunDirectoryError(f"{path} is no directory; name one that holds a run.json, such as reports/latest.")
    place = RunDirectory(path)
    samples = read_samples_of(place)  # once for both
    return LoadedRun(directory=path, run=read_run(place, samples), judgement=judged(place, samples))


@dataclass(frozen=True, kw_only=True)
class LoadedRun:
    """A finished run. Times are seconds on its clock; `describe` says what each column of its frames means."""

    directory: Path
    run: Run
    """What was read; see `pwdload.analysis.Run`."""
    judgement: Judgement
    """What the oracle found."""

    @property
    def samples(self) -> pd.DataFrame:
        """One row per HTTP exchange of the load, ordered by when it was due."""
        return typed(self.run.samples, SAMPLES)

    @property
    def journeys(self) -> pd.DataFrame:
        """One row per flow: a person's way from log-in to the last answer."""
        return typed(journey_frame(self.run.samples), FRAMES["journeys"])

    @property
    def stages(self) -> pd.DataFrame:
        """One row per planned stage, in their order in time."""
        return typed(stage_table(self.run), FRAMES["stages"])

    def timeline(self, width_s: float = 1.0) -> pd.DataFrame:
        """Return one row per bin of this width, in seconds; a bin without an answer has zeros.

        Raises:
            UsageError: the width is not above 0.
        """
        if not width_s > 0:
            raise UsageError(f"width_s is {width_s!r}; it must be above 0, such as timeline(width_s=5).")
        of_update = latency_in_time(self.run, "update_password", width_s)
        latencies = {f"update_{name}": of_update[name] for name in ("p50_s", "p95_s", "max_s")}
        return typed(throughput_in_time(self.run, width_s).assign(**latencies), FRAMES["timeline"])

    @property
    def faults(self) -> pd.DataFrame:
        """One row per injected fault; none where nothing was done to the target."""
        injections = self.run.faults.injections if self.run.faults is not None else ()
        names = [field.name for field in fields(Injection)]
        return typed(pd.DataFrame([asdict(one) for one in injections], columns=names), FRAMES["faults"])

    def latency(self, by: str | Sequence[str] = "step", *, of: str = "response_s") -> pd.DataFrame:
        """Return exact percentiles over the requests due in the measured time, one row per value of ``by``.

        ``by`` is one or several of the columns of samples that hold texts, or flags; ``of`` is response_s, service_s or
        lag_s. A percentile that too few samples support is NaN.

        Raises:
            UsageError: there is no such column.
        """
        keys = [by] if isinstance(by, str) else list(by)
        known = [column.name for column in SAMPLES if column.dtype in ("category", "bool")]
        for key in keys:
            _require("by", key, known)
        _require("of", of, VALUES)
        table = latency_table(self.run.due, keys, of)
        return typed(table, LATENCY).assign(**{key: table[key] for key in keys})[
            [*keys, *(one.name for one in LATENCY)]
        ]

    @cached_property
    def report(self) -> Report:
        """The report; the last line of a notebook's cell shows it."""
        return build(self.run, self.judgement)

    @property
    def verdict(self) -> Verdict:
        """What the run is worth."""
        return self.report.verdict

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the report as a frame: raw values, the columns of its CSV file, NaN where there is none.

        Raises:
            UsageError: the report has no such table; the message names those that it has.
        """
        tables: dict[str, Table] = {table.name: table for table in self.report.tables}
        _require("name", name, tuple(tables))
        return _frame(tables[name])

    @staticmethod
    def describe(frame: str) -> pd.DataFrame:
        """Return the name, type and meaning of each column of samples, journeys, stages, latency, timeline or faults.

        Raises:
            UsageError: there is no such frame.
        """
        _require("frame", frame, tuple(FRAMES))
        names = [field.name for field in fields(Described)]
        return pd.DataFrame([asdict(column) for column in FRAMES[frame]], columns=names).rename(
            columns={"name": "column"}
        )


def _frame(table: Table) -> pd.DataFrame:
    """Return a table as a frame; a column of numbers is one of numbers, whatever is missing in it."""
    frame = pd.DataFrame(table.rows, columns=[column.name for column in table.columns])
    for column in table.columns:
        cells = frame[column.name]
        if is_number(column.kind) and not any(isinstance(cell, str) for cell in cells):
            frame[column.name] = pd.to_numeric(cells)
    return frame


def _require(argument: str, value: str, allowed: Sequence[str]) -> None:
    """Raise unless a value is one of those allowed."""
    if value not in allowed:
        raise UsageError(f"{argument} is {value!r}; it must be one of {', '.join(allowed)}.")
