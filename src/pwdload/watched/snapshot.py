"""The values of a `Snapshot`. What is not known is null, never NaN and never a zero that nobody counted."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from pwdload.criteria.values import Standing

BOUNDS_S: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0,
    5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0,
)  # fmt: skip
"""Upper bounds of the buckets of a `StepLatency`, in seconds, each inclusive; what is slower is in one more bucket."""


class Phase(StrEnum):
    """How far a run is."""

    STARTING = "starting"
    """The run has begun, its clock does not go yet: slots and workers are awaited."""
    RUNNING = "running"
    """The load is on."""
    FINISHING = "finishing"
    """The load has ended; flows are finished and last samples are awaited."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The load of the last few seconds: what was done in them. A preview: the report counts by when a thing was due."""

    length_s: float
    """How long, up to the newest second whose samples have arrived; shorter at the start."""
    requests_per_s: float
    """Requests that were sent and are over, per second."""
    goodput_per_s: float
    """Password changes that were accepted as expected, per second."""
    failed_share: float | None
    """Share of the exchanges that did not come out as expected; null where there were none."""
    p50_ms: float | None
    """Response time (from intended to done) of password changes; null where none was done."""
    p95_ms: float | None
    p99_ms: float | None
    changes: int
    """So many changes these percentiles are of."""
    lag_p99_ms: float | None
    """How late requests were sent, against when they were intended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLatency:
    """All response times of one step since the start, for whoever draws percentiles of its own."""

    step: str
    counts: tuple[int, ...]
    """How many in each bucket of `BOUNDS_S`, and last those that were slower: not cumulative."""
    sum_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    """How often an outcome was seen at a step."""

    step: str
    outcome: str
    """A `pwdload.outcome.Outcome`."""
    count: int
    """Since the start."""
    recent: int
    """In the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCount:
    """How often an error code was answered: the API's own, or ``transport:...``."""

    step: str
    code: str
    count: int
    """Since the start. Of codes there are a few dozen at most; those beyond are counted as ``other``."""
    recent: int
    """In the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorNow:
    """One process that generates load, as it last said (`pwdload.health.HealthRow`)."""

    worker: str
    at_s: float
    """When it said so, on the run's clock: long ago means that it is silent."""
    cpu_share: float
    loop_lag_ms: float
    """The worst of the last second."""
    in_flight: int
    queued: int
    begun: int
    dropped: int
    unacknowledged: int
    is_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsNow:
    """The test accounts of the run. Numbers that the kind of supply does not have are null."""

    total: int | None
    ready: int | None
    """That a flow may still take."""
    leased: int | None
    """In the hands of a flow, or of a worker."""
    changed: int
    """Whose password has been changed in this run, as the target answered."""
    in_doubt: int
    """Between two passwords: a change was sent and no answer tells what became of it."""
    lasts_s: float | None
    """For how long the ready ones last at the present rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBegun:
    """A stage of the load that has begun."""

    name: str
    start_s: float
    """When it began, on the run's clock."""


FaultState = Literal["planned", "active", "healed", "skipped", "failed"]
"""How far an injection is. Skipped: the load ended before it was due, or the target was not in its steady state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultNow:
    """One injection of a fault."""

    name: str
    kind: str
    state: FaultState
    start_s: float
    """When it is planned to begin and to end, on the run's clock; as it was, once it was."""
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionNow:
    """One criterion of the scenario's, over what has arrived so far. A preview of the verdict, not the verdict."""

    name: str
    title: str
    """What it asks for, in words."""
    standing: Standing
    seen: str
    """What was seen, in words, such as ``p95 182 ms``; empty where nothing was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for capacity that is on."""

    role: str
    """What the level that is on is for: coarse, bracket, refine, ..."""
    rate_per_s: float
    highest_held_per_s: float | None
    lowest_broken_per_s: float | None
    levels: int
    """So many have been judged."""
    time_left_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a run stands at one moment. Times are seconds on the run's clock."""

    scenario: str
    run_id: str
    directory: str
    """Where its report will be, as it is shown to people; empty where nothing is kept."""
    target: str
    model: Literal["open", "closed"]
    phase: Phase
    at_s: float
    end_s: float | None
    """When the load ends, as planned; null where a search decides it."""
    stage: str
    stage_number: int
    """From 1; 0 before the first."""
    stages: int
    planned_per_s: float | None
    """Arrivals per second that the schedule wants now; null in the closed model."""
    offered_per_s: float | None
    """Flows that were begun per second in the window; null before there is one."""
    users: int
    """Users of the closed model, or slots of the open one."""
    in_flight: int
    queued: int
    dropped: int
    window: Window | None
    """Null until the first samples have arrived."""
    requests: int
    """Since the start."""
    changes: int
    """Accepted as expected, since the start."""
    outcomes: tuple[OutcomeCount, ...] = ()
    codes: tuple[CodeCount, ...] = ()
    latency: tuple[StepLatency, ...] = ()
    generators: tuple[GeneratorNow, ...] = ()
    accounts: AccountsNow | None = None
    faults: tuple[FaultNow, ...] = ()
    criteria: tuple[CriterionNow, ...] = ()
    search: Search | None = None
    end_reason: str = ""
    """Why the run ends early; empty while it goes on as planned."""
    title: str = ""
    """The scenario's title; empty where it has none."""
    stages_begun: tuple[StageBegun, ...] = ()
    """In the order of their time, the one that is on last; of a search its latest hundred."""
    notes: tuple[str, ...] = ()
    """What whoever watches should know, a sentence each."""

    @property
    def time_left_s(self) -> float | None:
        """Return how long the load still goes on; null where that is not known."""
        return max(self.end_s - max(self.at_s, 0.0), 0.0) if self.end_s is not None else None

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot as what JSON can hold, with `time_left_s`."""
        return asdict(self) | {"time_left_s": self.time_left_s}
