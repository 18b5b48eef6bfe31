"""A finished run directory as one value: its record, its samples as a frame, and what else it holds."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import wraps
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar, cast

import pandas as pd

from pwdload.analysis.arrivals import ArrivalAccount, account_for
from pwdload.analysis.frame import ACCEPTED, AS_EXPECTED, STEPS, TRANSPORT, frame_of, within
from pwdload.analysis.kinds import chosen, with_columns
from pwdload.analysis.recovery.stated import problem_of_slo, stated_criteria
from pwdload.analysis.recovery.thresholds import NOTHING_ASKED, RecoveryCriteria
from pwdload.analysis.windows import Window, measured_windows
from pwdload.calibration import Certificate, read_certificate
from pwdload.errors import RunDirectoryError, UsageError
from pwdload.health import HealthRow, read_health_file
from pwdload.injections import FaultsRecord, read_faults
from pwdload.metrics import Metrics, read_metrics
from pwdload.rundir import RunDirectory, RunRecord
from pwdload.samples import SCHEMA, SampleFile, Samples, read_samples
from pwdload.searching import SearchRecord, read_search

__all__ = ["ACCEPTED", "AS_EXPECTED", "STEPS", "TRANSPORT", "CountRow", "Run", "kept", "load_run"]

Asked = ParamSpec("Asked")
Worked = TypeVar("Worked")
AnswerKind = tuple[str, str, int, str, str]
"""Method, route, HTTP status, body status, error code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """How often the target gave one kind of answer between the start and the end of the run, by its own count."""

    method: str
    route: str
    http_status: int
    status: str
    """The body's ``status`` field; empty when it has none."""
    error_code: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that a report is built from.

    ``samples`` has one row per HTTP exchange of the load, ordered by intended time, with the columns of
    `pwdload.samples.Sample` (times in seconds on the run's clock, texts as ordered categoricals, whole numbers
    that may be null as pandas' nullable ones) and these:

    ======================  ============================================================================
    ``response_s``          ``done_s - intended_s``: what a client that came when it was due waited
    ``service_s``           ``done_s - sent_s``: what the target took; NaN when nothing was sent
    ``lag_s``               ``sent_s - intended_s``: how late the request left, which on a new connection includes
                            connecting and TLS; NaN when nothing was sent
    ``is_reused``           sent on a connection that was open already: all of its lag is the generator's
    ``is_as_expected``      the outcome is right_accept or right_reject
    ``is_change``           an accepted update_password: a password was changed
    ``is_answered``         a complete answer came
    ``is_by_target``        of those, the target's own; else it was made up by what stands before it
    ``is_due_measured``     due (intended) within a measured stage: its latency counts
    ``is_done_measured``    sent, and done within a measured stage: it counts towards throughput
    ``kind``                a number that rows have in common which agree in all of `KIND_KEYS` (`analysis.kinds`)
    ======================  ============================================================================
    """

    record: RunRecord
    samples: pd.DataFrame
    rearms: pd.DataFrame
    """The exchanges that put accounts back, of step ``rearm``, with the same columns: in no other number."""
    files: tuple[SampleFile, ...]
    target_counts: tuple[CountRow, ...] | None
    """What the target counted itself; null when it was not asked, or its counts cannot be read."""
    end_s: float
    """When the load was told to stop; of a run cut short the last time that a sample knows. Seconds."""
    measured: tuple[Window, ...]
    """The measured stages, as far as the run reached them; without stages the whole run."""
    calibration: Certificate | None = None
    """What the instrument was found to be worth before the run; null when it was not calibrated."""
    arrivals: ArrivalAccount | None = None
    """What became of every planned arrival; null in the closed model, and where the plan on record is none."""
    health: tuple[HealthRow, ...] = ()
    """How each process was, second by second; empty where that is not on record."""
    health_problem: str = ""
    """What of that cannot be read, one sentence; empty where all can."""
    scenario_source: str = ""
    """The scenario as it was given, a TOML document; empty when it is not on record."""
    scenario_problem: str = ""
    """Why nobody knows what the scenario said, a clause; empty where that is known, or an older version kept none."""
    has_scenario: bool = True
    """Whether the directory has a scenario at all."""
    faults: FaultsRecord | None = None
    """What was done to the target, with its stamps; null where nothing was to be done, or that cannot be read."""
    faults_unreadable: str = ""
    """Why that cannot be read, one sentence."""
    search: SearchRecord | None = None
    """The levels of a search for capacity; null where the run was none, or that cannot be read."""
    criteria: RecoveryCriteria = NOTHING_ASKED
    """What a run with faults has to keep."""
    metrics: Metrics | None = None
    """What the target said of itself; null where that is not on record, or cannot be read."""
    problems: tuple[str, ...] = ()
    """What of the directory could not be read, one sentence each."""
    memory: dict[object, object] = field(default_factory=dict, repr=False, compare=False)
    """What was worked out of it already (`kept`)."""

    @property
    def measured_s(self) -> float:
        """Length of the measured time, in seconds; 0 when the run never reached it."""
        return sum(window.length_s for window in self.measured)

    @property
    def due(self) -> pd.DataFrame:
        """The samples due within the measured time: the ones that latency is computed from."""
        return chosen(self.samples, self.samples["is_due_measured"].to_numpy())

    @property
    def is_open(self) -> bool:
        """Whether arrivals came by a schedule, whatever the answers; else users waited for their answers."""
        return self.record.arrivals is not None

    @property
    def last_s(self) -> float:
        """When the last thing happened: the end of the load, or the last answer after it. Seconds."""
        return max(self.end_s, float(self.samples["done_s"].max())) if len(self.samples) else self.end_s


def kept(work: Callable[Concatenate[Run, Asked], Worked]) -> Callable[Concatenate[Run, Asked], Worked]:
    """Let a function of a run work the same out once: several sections ask for it, and millions of samples take time.

    What it returns is shared by all who ask, and not to be changed. Of two threads that ask at once one waits.
    """

    @wraps(work)
    def asked(run: Run, *args: Asked.args, **kwargs: Asked.kwargs) -> Worked:
        key = (work.__qualname__, args, tuple(sorted(kwargs.items())))
        with cast("Lock", run.memory.setdefault((Lock, key), Lock())):
            if key not in run.memory:
                run.memory[key] = work(run, *args, **kwargs)
        return cast("Worked", run.memory[key])

    return cast("Callable[Concatenate[Run, Asked], Worked]", asked)


def load_run(
    directory: RunDirectory,
    samples: Samples | None = None,
    *,
    criteria: RecoveryCriteria | None = None,
    is_lean: bool = False,
) -> Run:
    """Read a run directory; `samples` are its own, where somebody has read them already.

    `criteria` take the place of those that its scenario states. Samples of a lean run lack ``service_s`` and ``lag_s``,
    for the sake of memory: `pwdload.analysis.frame.time_of` works them out. A run that was cut short is read as far as
    it got. Raises `RunDirectoryError` when there is no readable record.
    """
    record = directory.read_record()
    table, files = samples or read_samples_of(directory) or (SCHEMA.empty_table(), ())
    frame = frame_of(table, [stage.name for stage in record.stages], is_lean=is_lean)
    end_s = _end_s(record, frame)
    measured = measured_windows(record.stages, end_s)
    times = {"is_due_measured": "intended_s", "is_done_measured": "done_s"}
    flags = {name: within(frame[at].to_numpy(), measured) for name, at in times.items()}
    flags["is_done_measured"] &= frame["sent_s"].notna().to_numpy()
    frame = with_columns(frame, flags)
    is_rearm = (frame["step"] == "rearm").to_numpy()
    rearms, frame = chosen(frame, is_rearm), chosen(frame, ~is_rearm)
    problems: list[str] = []
    counts = arrivals = calibration = metrics = None
    health, health_problem = read_health_file(directory.health_file)
    problems += [health_problem] if health_problem else []
    try:
        counts = read_target_counts(directory)
    except RunDirectoryError as error:
        problems.append(str(error))
    try:
        arrivals = account_for(record, frame, health)
    except UsageError as error:
        problems.append(f"run.json does not hold a plan of arrivals ({error}).")
    try:
        calibration = read_certificate(directory.calibration_file)
    except RunDirectoryError as error:
        problems.append(str(error))
    try:
        metrics = read_metrics(directory.metrics_file, record.started_utc)
    except (RunDirectoryError, ValueError) as error:
        problems.append(f"{str(error).rstrip('.')}.")
    search = None
    try:
        search = read_search(directory.search_file)
    except RunDirectoryError as error:
        problems.append(str(error))
    given = directory.read_scenario(record)
    source = given.source
    faults, faults_unreadable = _faults(directory)
    problems += [faults_unreadable] if faults_unreadable else []
    return Run(
        record=record,
        samples=frame,
        rearms=rearms,
        files=files,
        target_counts=counts,
        end_s=end_s,
        measured=measured,
        calibration=calibration,
        arrivals=arrivals,
        health=health,
        health_problem=health_problem,
        scenario_source=source,
        scenario_problem=given.problem or problem_of_slo(source),
        has_scenario=given.is_there,
        faults=faults,
        search=search,
        faults_unreadable=faults_unreadable,
        criteria=stated_criteria(source) if criteria is None else criteria,
        metrics=metrics,
        problems=tuple(problems),
    )


def read_samples_of(directory: RunDirectory, without: Collection[str] = ()) -> Samples | None:
    """Return the samples of a run, those that were never delivered among them; null where it has none.

    `without` some columns where those are not asked for.
    """
    return read_samples(directory.samples, directory.spool, without) if directory.samples.is_dir() else None


def _faults(directory: RunDirectory) -> tuple[FaultsRecord | None, str]:
    """Return what was done to the target, or why nobody knows."""
    try:
        return read_faults(directory.faults_file), ""
    except RunDirectoryError as error:
        return None, f"{str(error).replace(f'{directory.path}/', '').rstrip('.')}."


def read_target_counts(directory: RunDirectory) -> tuple[CountRow, ...] | None:
    """Return what the target counted between the start and the end of the run; None when it was not asked.

    Raises:
        RunDirectoryError: the file is there and does not hold what it must, or only the counts before the run.
    """
    path = directory.target_counts_file
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["before"] is None:
            return None  # a target that does not count
        if document["after"] is None:
            raise RunDirectoryError("The target's own counts were not taken at the end of the run.")
        before, after = (_counts_by_kind(document[moment]["counts"]) for moment in ("before", "after"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunDirectoryError(
            f"{path.name} does not hold the target's counts before and after the run ({reason})."
        ) from error
    return tuple(
        CountRow(method=kind[0], route=kind[1], http_status=kind[2], status=kind[3], error_code=kind[4], count=count)
        for kind in sorted(before.keys() | after.keys())
        if (count := after.get(kind, 0) - before.get(kind, 0))
    )


def _counts_by_kind(rows: Sequence[dict[str, object]]) -> dict[AnswerKind, int]:
    counts: dict[AnswerKind, int] = {}
    for row in rows:
        http_status = int(str(row["http_status"]))
        kind = str(row["method"]), str(row["route"]), http_status, str(row["status"]), str(row["error_code"])
        counts[kind] = counts.get(kind, 0) + int(str(row["count"]))
    return counts


def _end_s(record: RunRecord, samples: pd.DataFrame) -> float:
    if record.duration_s is not None:
        return max(record.duration_s, 0.0)
    return float(samples["done_s"].max()) if len(samples) else 0.0
