"""What `run.json` holds, as plain values. Times in seconds on the run's clock."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pydantic import FiniteFloat, NonNegativeInt, PositiveInt

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
class Announced:
    """One more piece of a load that grows, and the stage that it is a part of, as long as that is by now."""

    stage: StageRecord
    piece: RateRecord


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
    scenario_sha256: str = ""
    """Of `scenario.toml` as the run was given it; empty in a run of an older version."""
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
