"""The directory of one run: what is in it, and its record `run.json`.

A report is built from this directory alone, on any machine and at any later time. `run.json` is written when the
run starts, with `ended_utc` null, and again when it ends: a null there means that the run was cut short.

    reports/<scenario>/<utc start>/
      run.json            this module
      scenario.toml       the scenario as given
      samples/            one file per process (`pwdload.samples`)
      spool/              what a worker had written but not been told is safe; empty after a run that ended in order
      endings.parquet     what became of each account, by the ledger (`pwdload.endings`)
      faults.json         what was done to the target, where anything was (`pwdload.injections`)
      journal.json        the same in the shape of Chaos Toolkit's journal
      search.json         the levels of a search for capacity, where the run was one (`pwdload.searching`)
      health.csv          how the load generators were, second by second (`pwdload.health`)
      metrics.csv         what the target said of itself, where it was asked (`pwdload.metrics`)
      calibration.json    what this machine's instrument was found to be worth before the run
      target_counts.json  the stand-in's own counts, where the target was one that counts
      report.html report.md report.json verdict.json junit.xml tables/*.csv
"""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import FiniteFloat, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from pwdload.errors import RunDirectoryError
from pwdload.outcome import Verdict

FORMAT = 1
"""Version of the run directory's format; a reader refuses a newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """A load stage as it was planned: its name, when it begins and ends on the run's clock, and its users."""

    name: str
    start_s: FiniteFloat
    end_s: FiniteFloat | None
    """Null when the stage lasts until the run is stopped."""
    users: int | None
    """Null when the number was set by hand."""
    measured: bool = True


class RateRecord(NamedTuple):
    """A piece of the planned rate of arrivals: linear in time from its start to its end, on the run's clock."""

    stage: str
    start_s: FiniteFloat
    end_s: FiniteFloat
    from_per_s: FiniteFloat
    to_per_s: FiniteFloat


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPlan:
    """What a run with open arrivals had planned: enough to make its schedule again (`pwdload.pacing.Schedule`)."""

    kind: Literal["even", "poisson"]
    seed: int
    pieces: tuple[RateRecord, ...]
    slots: PositiveInt
    """How many flows could be under way at once, over all processes."""
    queue_limit: NonNegativeInt
    """How many flows that were due could wait for a slot, over all processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalCounts:
    """What became of the arrivals that were one process's turn: due = begun + dropped + abandoned."""

    due: NonNegativeInt = 0
    begun: NonNegativeInt = 0
    """Flows that were begun; the samples say how each went."""
    waited: NonNegativeInt = 0
    """How many of them found no idle slot when they were due; the wait is part of their response time."""
    waited_s_max: FiniteFloat = 0.0
    dropped: NonNegativeInt = 0
    """Found the queue full: never begun, in no sample, and the run is INVALID."""
    first_dropped_s: FiniteFloat | None = None
    abandoned: NonNegativeInt = 0
    """Still waiting when the run was broken off: never begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRecord:
    """A worker's clock against the master's, measured by messages there and back (the shortest of several)."""

    offset_s: FiniteFloat
    """Added to the worker's monotonic clock to get the master's; exactly 0 where both are one clock."""
    error_s: FiniteFloat
    """The offset is right to plus or minus this: half of the shortest way there and back; 0 on one clock."""
    drift_s: FiniteFloat = 0.0
    """By how much the offset, measured again at the end, had moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """What one process said when it had closed its samples."""

    name: str
    samples: NonNegativeInt
    dropped: NonNegativeInt = 0
    """Samples that its recorder failed to keep: anything but 0 makes the run INVALID."""
    errors: tuple[str, ...] = ()
    """What went wrong within the instrument itself (a listener that raised, ...), one sentence each: INVALID."""
    notes: tuple[str, ...] = ()
    """What it met and the reader must know, one sentence each."""
    arrivals: ArrivalCounts | None = None
    """Null in the closed model."""
    clock: ClockRecord | None = None
    """Null where the process is the one whose clock it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostWorker:
    """A worker that was gone before it had reported."""

    name: str
    noticed_s: FiniteFloat
    """When the master noticed, on the run's clock."""
    last_heard_s: FiniteFloat | None
    """When it had last said anything; null if it never did."""
    samples_received: NonNegativeInt
    """How many of its samples the master has; what its own disk holds beyond that is merged when it can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRecord:
    """What became of the doubtful changes when their accounts were logged in to."""

    applied: NonNegativeInt = 0
    not_applied: NonNegativeInt = 0
    neither: NonNegativeInt = 0
    """Neither password opened the account, so that it was retired."""
    still_unknown: NonNegativeInt = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredAccount:
    """An account that no run will use again, and why."""

    index: NonNegativeInt
    user_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsRecord:
    """What a run did to its test accounts, by their ledger."""

    reuse: Literal["once", "warn", "rearm"]
    ledger: str = ""
    """Directory of the ledger; empty where the accounts ended with the embedded stand-in."""
    ready_before: NonNegativeInt = 0
    ready_after: NonNegativeInt = 0
    changed: NonNegativeInt = 0
    """Passwords that flows changed, by the target's own word."""
    doubtful: NonNegativeInt = 0
    """Changes of flows that ended in doubt."""
    settled_before: SettledRecord | None = None
    """Doubts of earlier runs, settled before this one; null when there was none."""
    settled: SettledRecord | None = None
    """Doubts of this run, settled at its end; null when there was none."""
    unknown_left: NonNegativeInt = 0
    """Accounts of which nobody knows the password."""
    retired: NonNegativeInt = 0
    """Accounts that this run took out of use."""
    retired_first: tuple[RetiredAccount, ...] = ()
    """The first of them."""
    rearmed: NonNegativeInt = 0
    """Accounts that were put back while the run was on."""
    rearm_failed: NonNegativeInt = 0
    dry_s: FiniteFloat | None = None
    """When the first flow found no account left, on the run's clock; null if none did."""
    damages: tuple[str, ...] = ()
    """What of the ledger was found damaged, one sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a run was: everything about it that the samples do not say. Holds no secret."""

    title: str
    scenario: str
    """Short name, the scenario file's stem; names the directory above."""
    seed: int
    target: str
    """Base URL of the target."""
    target_is_standin: bool
    """Whether the harness started the embedded stand-in for this run."""
    started_utc: str
    """ISO 8601, when zero of the run's clock was."""
    ended_utc: str | None = None
    duration_s: FiniteFloat | None = None
    """From zero of the run's clock to the moment when the load was told to stop."""
    ended_by: str = ""
    """Why the load ended: ``schedule``, ``stopped``, ``accounts ran dry``, ``criterion NAME: ...``,
    ``error: ...``."""
    stages: tuple[StageRecord, ...] = ()
    arrivals: ArrivalPlan | None = None
    """Null in the closed model."""
    workers: tuple[WorkerRecord, ...] = ()
    lost_workers: tuple[LostWorker, ...] = ()
    expected_workers: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    """Of Python, pwdload, Locust and the libraries that decide the numbers."""
    generator: dict[str, str] = field(default_factory=dict)
    """The machine that generated the load: cores, system."""
    users: int | None = None
    """Most Locust users that were asked for."""
    accounts: int = 0
    """How many test accounts the run could draw on."""
    ledger: AccountsRecord | None = None
    """What became of them; null in a run that kept no ledger."""
    notes: tuple[str, ...] = ()
    """What the harness met and the reader must know, one sentence each."""
    format: PositiveInt = FORMAT

    @property
    def is_finished(self) -> bool:
        """Whether the run got as far as writing its end."""
        return self.ended_utc is not None


_RECORD = TypeAdapter(RunRecord)


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Paths and records of one run directory."""

    path: Path

    @classmethod
    def create(cls, reports: Path, scenario: str, started: datetime) -> Self:
        """Make ``reports/<scenario>/<utc start>/``; a second run within the same second gets a suffix."""
        stamp = started.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        for suffix in ("", *(f"-{n}" for n in range(2, 100))):
            path = reports / scenario / f"{stamp}{suffix}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise RunDirectoryError(
                    f"{path}: cannot be made ({error.strerror}); give a folder you may write to with --reports"
                ) from error
            return cls(path)
        raise RunDirectoryError(f"{reports / scenario}: 99 runs began in one second; wait a second and start again")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take an existing directory of a run.

        Raises:
            RunDirectoryError: it is none, with the nearest thing to do.
        """
        if not path.is_dir():
            raise RunDirectoryError(f"{path}: no such directory; runs are kept as reports/SCENARIO/START")
        if not (path / "run.json").is_file():
            raise RunDirectoryError(f"{path}: no run.json here; give a run's own directory, reports/SCENARIO/START")
        return cls(path.resolve())

    @property
    def shown(self) -> Path:
        """The path as a person would type it from here."""
        here = Path.cwd()
        return self.path.relative_to(here) if self.path.is_relative_to(here) else self.path

    @property
    def samples(self) -> Path:
        """Where the samples are."""
        return self.path / "samples"

    @property
    def spool(self) -> Path:
        """Where workers keep what nobody has acknowledged yet."""
        return self.path / "spool"

    @property
    def endings_file(self) -> Path:
        """What became of each account, by the ledger."""
        return self.path / "endings.parquet"

    @property
    def faults_file(self) -> Path:
        """What was done to the target while the run was on."""
        return self.path / "faults.json"

    @property
    def search_file(self) -> Path:
        """The levels of a search for capacity, and why each was played."""
        return self.path / "search.json"

    @property
    def journal_file(self) -> Path:
        """The same in the shape of Chaos Toolkit's journal."""
        return self.path / "journal.json"

    @property
    def health_file(self) -> Path:
        """How the load generators were, second by second."""
        return self.path / "health.csv"

    @property
    def metrics_file(self) -> Path:
        """What the target said of itself."""
        return self.path / "metrics.csv"

    @property
    def calibration_file(self) -> Path:
        """What this machine's instrument was found to be worth before the run."""
        return self.path / "calibration.json"

    @property
    def scenario_file(self) -> Path:
        """The scenario as it was given."""
        return self.path / "scenario.toml"

    @property
    def target_counts_file(self) -> Path:
        """What the target itself counted, if it could be asked."""
        return self.path / "target_counts.json"

    def write_record(self, record: RunRecord) -> None:
        """Write `run.json`, whole or not at all."""
        write_json(self.path / "run.json", asdict(record))

    def read_record(self) -> RunRecord:
        """Read `run.json`.

        Raises:
            RunDirectoryError: it is not readable, not ours, or of a newer format.
        """
        path = self.path / "run.json"
        try:
            text = path.read_bytes()
            record = _RECORD.validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            what = ".".join(map(str, first["loc"])) or "the file"
            raise RunDirectoryError(
                f"{path}: not a run record ({what}: {first['msg']}); give another run's directory"
            ) from None
        except OSError as error:
            raise RunDirectoryError(f"{path}: not readable ({error.strerror}); give another run's directory") from None
        if record.format > FORMAT:
            raise RunDirectoryError(
                f"{path}: format {record.format}, this pwdload reads up to {FORMAT}; use a newer pwdload"
            )
        return record

    def read_verdict(self) -> Verdict | None:
        """Return the verdict that the last report came to; null when there is no report yet."""
        try:
            return Verdict(json.loads((self.path / "verdict.json").read_text("utf-8"))["verdict"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def link_latest(self) -> None:
        """Point ``reports/latest`` and ``reports/<scenario>/latest`` at this run; without links, do nothing."""
        for folder in (self.path.parent, self.path.parent.parent):
            link = folder / "latest"
            try:
                link.unlink(missing_ok=True)
                link.symlink_to(os.path.relpath(self.path, folder), target_is_directory=True)
            except OSError:
                return  # a file system without links, or someone's own "latest" folder: a convenience, no more


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees either the old text or the whole new one."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
