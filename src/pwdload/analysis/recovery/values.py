"""What is found out about each injection: inert values with a name for everything that could not be."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Literal, Self

from pwdload.injections import Injection


class State(StrEnum):
    """How much could be found out about an injection; of several the first that applies."""

    SKIPPED = "skipped"
    """Left out on purpose: the steady state before it was not met."""
    NOT_INJECTED = "not injected"
    """The call that injects it failed, or was never made."""
    NOT_HEALED = "not healed"
    """Nobody knows of an end: nothing can be said of a recovery."""
    OVERLAPPED = "overlapped"
    """Another fault was on when this one was healed: its recovery cannot be told apart."""
    NO_BASELINE = "no baseline"
    """No long enough piece of a measured stage came before it."""
    TARGET_WAS_DOWN = "target was down"
    """Nothing succeeded before it: there is nothing to recover to."""
    NO_REQUESTS = "no requests"
    """No request was due while it was on: what it did, nobody felt."""
    MEASURED = "measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """A time until something happened; where it did not, for how long it was looked for (a censored value)."""

    value_s: float | None = None
    seen_s: float | None = None
    """It had not happened within this time; null where it did, or where nothing can be said."""

    @classmethod
    def not_within(cls, seen_s: float) -> Self:
        """A time that is longer than this."""
        return cls(seen_s=max(seen_s, 0.0))

    @property
    def is_known(self) -> bool:
        """Whether it happened."""
        return self.value_s is not None

    @property
    def least_s(self) -> float | None:
        """It took at least so long; null where nothing can be said."""
        return self.value_s if self.value_s is not None else self.seen_s

    @property
    def order(self) -> tuple[float, float]:
        """Sorts what happened before what did not."""
        return (inf, self.seen_s or 0.0) if self.value_s is None else (self.value_s, 0.0)


UNTOLD = Elapsed()
"""A time of which nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How the target was without the fault."""

    start_s: float
    end_s: float
    length_s: float
    """Time looked at, which has gaps where only parts of it were measured."""
    is_own: bool
    """Whether it is the piece just before; else the one before an earlier injection."""
    requests: int
    requests_per_s: float
    """Rate due, first tries."""
    flows_per_s: float
    good_flows_per_s: float
    """Flows that came out wholly as expected: the goodput."""
    changes_per_s: float
    failed_share: float
    p50_s: float | None
    """Null where there are too few requests to print one, and so for the next."""
    p95_s: float | None
    p99_s: float | None
    p95_limit_s: float
    """What the p95 response time is held against."""

    @property
    def good_share(self) -> float:
        """Share of the flows that came out as expected."""
        return self.good_flows_per_s / self.flows_per_s if self.flows_per_s else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorClass:
    """How often one kind of failure came while the fault was on; every exchange counts, also one tried again."""

    name: str
    """The error code, else ``HTTP 503`` and the like."""
    outcome: str
    count: int
    share: float
    """Of the exchanges that were due meanwhile."""
    lower: float
    """A 95 % interval of the share (two-sided, Wilson score), as is the next."""
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What clients felt while the fault was on: of requests by the time they were due, retries folded into them."""

    requests: int
    failed: int
    """Requests that failed, the last try included."""
    exchanges: int
    failed_exchanges: int
    lower: float
    """A 95 % interval of the failed share, as is the next."""
    upper: float
    hit_in_flight: int
    """Requests that were due before it and failed with it."""
    classes: tuple[ErrorClass, ...]
    """The most frequent first."""

    @property
    def failed_share(self) -> float | None:
        """Share of the requests that failed; null where none was due."""
        return self.failed / self.requests if self.requests else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Whether the load was still there while the fault was on."""

    basis: Literal["schedule", "baseline"]
    """schedule: flows that the plan has, against flows begun. baseline, in a closed loop: the requests that the rate
    before would have brought, against first tries."""
    due: float
    sent: int

    @property
    def unsent(self) -> float:
        """How many were due and not sent meanwhile; below 0 where more were sent."""
        return self.due - self.sent

    @property
    def share(self) -> float | None:
        """Sent over due; null where none was due."""
        return self.sent / self.due if self.due > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplification:
    """Exchanges sent for each first try; 1 without retries, null where nothing was sent."""

    before: float | None
    during: float | None
    after: float | None
    """From healing until recovered, or as far as was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything about one injection. Null, or `UNTOLD`, is what cannot be told; `state` says why."""

    injection: Injection
    state: State
    together_with: tuple[str, ...] = ()
    """Other faults that were on at some time with it."""
    uncertainty_s: float = 0.0
    """The longer of the two calls: injecting and healing took hold within so long."""
    window_s: float | None = None
    """Length of a window: the resolution of the time to sustained recovery."""
    windows: int | None = None
    """How many of them must be good in a row."""
    baseline: Baseline | None = None
    effect: Effect | None = None
    detected: Elapsed = UNTOLD
    """From injection to the first failed completion."""
    first: Elapsed = UNTOLD
    """From healing to the first success that was sent after it."""
    sustained: Elapsed = UNTOLD
    """From healing to the first of the windows that are good in a row."""
    watched_s: float | None = None
    """How long the recovery could be watched, from healing to the next fault or the end of the load."""
    good_since_s: float | None = None
    """Where it was not sustained: since when it was good in the end, from healing, too short to count; null if not."""
    lost_flows: float | None = None
    """Goodput of the baseline over the time it was on, less what was seen."""
    lost_changes: float | None = None
    """The same in accepted changes; null where the baseline has none."""
    offered: Offered | None = None
    offered_planned_share: float | None = None
    """Flows begun over flows planned by the rate, of an open load."""
    budget_spent: float | None = None
    """Failed requests, from injection until recovered, over the failures that the SLO allows in the whole run."""
    amplification: Amplification | None = None

    @property
    def came_back(self) -> bool | None:
        """Whether the target came back by itself; null where it cannot be told."""
        if self.sustained.is_known:
            return True
        return None if self.sustained.seen_s is None or self.good_since_s is not None else False
