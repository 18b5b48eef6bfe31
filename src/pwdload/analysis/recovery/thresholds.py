"""What counts as recovered, and what a run with faults has to keep: no standard fixes either, so both are values.

They are printed beside every number that depends on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pwdload.units import format_duration, format_share


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryThresholds:
    """When service counts as truly back, and how finely that is looked at."""

    failed_share_delta: float = 0.01
    """The failed share may be so much above the baseline's."""
    goodput_share: float = 0.9
    """The goodput must be so much of the baseline's."""
    p95_factor: float = 1.5
    """The p95 response time may be so many times the baseline's,"""
    p95_floor_s: float = 0.005
    """or the baseline's and this, whichever is more: a target of one millisecond may have a bad day of two."""
    window_least_s: float = 0.25
    """A window is at least so long,"""
    window_requests: float = 20.0
    """and so long that the baseline's rate brings so many requests into it: below 20 there is no p95."""
    windows_least: int = 4
    """Service must hold for so many windows in a row,"""
    held_least_s: float = 5.0
    """and for so long."""
    baseline_least_s: float = 5.0
    """A piece of the run shorter than this is no baseline,"""
    baseline_requests_least: int = 20
    """nor is one with fewer requests."""
    budget_share: float = 0.01
    """The share of all requests that may fail, 1 - SLO: the error budget; until a scenario states one, 1 %."""

    def window_s(self, rate_per_s: float) -> float:
        """Return how long a window is at a rate of requests above 0: the resolution of every time to recovery."""
        return max(self.window_least_s, self.window_requests / rate_per_s)

    def windows(self, window_s: float) -> int:
        """Return how many windows in a row must be good."""
        least = int(-(-self.held_least_s // window_s))
        return max(self.windows_least, least)

    def p95_limit_s(self, baseline_s: float) -> float:
        """Return the longest p95 that still counts as recovered."""
        return max(self.p95_factor * baseline_s, baseline_s + self.p95_floor_s)

    @property
    def words(self) -> Iterator[tuple[str, str]]:
        """Each threshold as a person reads it: what it is held against, and what is allowed."""
        yield "failed share", f"at most the baseline's + {format_share(self.failed_share_delta)}"
        yield "goodput", f"at least {format_share(self.goodput_share)} of the baseline's"
        p95 = f"at most {self.p95_factor:g} x the baseline's, or the baseline's + {format_duration(self.p95_floor_s)}"
        yield "p95 response time", f"{p95}, whichever is more"
        window = f"{format_duration(self.window_least_s)}, or the time of {self.window_requests:g} requests"
        yield "window", f"{window}, whichever is more"
        yield "held for", f"{self.windows_least} windows in a row and {format_duration(self.held_least_s)} at least"
        requests = f"{self.baseline_requests_least} requests"
        yield "baseline", f"{format_duration(self.baseline_least_s)} and {requests} at least, of measured stages"
        yield "error budget", f"{format_share(self.budget_share)} of all requests of the run"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCriteria:
    """What a run with faults has to keep; null where nothing is asked for."""

    recover_within_s: float | None = None
    """Sustained recovery within so long after healing, every time."""
    max_failed_share_during: float | None = None
    """At most this share of the requests that were due while a fault was on may fail, every time; 0 to 1."""
    data_correct: bool | None = None
    """True: the data must be right afterwards, by the oracle, doubts settled."""
    failed_share: float | None = None
    """The run-wide limit of failed requests, 0 to 1: the error budget that a fault spends."""

    @property
    def tolerates_failures(self) -> bool:
        """Whether these criteria say what may fail because of a fault, so that the run-wide limit need not."""
        return self.recover_within_s is not None or self.max_failed_share_during is not None


NOTHING_ASKED = RecoveryCriteria()
"""A run that states no criterion of resilience."""
