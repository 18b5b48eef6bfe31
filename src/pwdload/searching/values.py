"""What a search is told, what it asks for, and what it is given back, as plain values. Rates are flows per second."""

from dataclasses import dataclass
from math import ceil, log
from typing import Literal

Role = Literal["coarse", "bracket", "refine", "repeat", "beyond", "return"]
"""What a level is for, in the order in which a search goes through them."""
GROWTH_MAX = 1.5
"""By which factor the rate grows from one coarse level to the next, at most: no level is far above the capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a search is to do."""

    from_per_s: float
    to_per_s: float
    resolution: float
    """Half the width of the interval that is wanted, as a share of the capacity: 0.02 for plus or minus 2 %."""
    settle_s: float
    """How long a level's rate is held before anything counts, so that the queue forgets what came before."""
    hold_s: float
    """How long it is held then, counted; a level on which nobody can tell is held longer."""
    repeats: int
    """At least so many levels are played around the limit."""
    beyond: float
    """The step past the limit, as a factor: 1.2 for 120 %."""
    budget_s: float
    """The search ends itself within so long."""
    start_s: float = 0.0
    """When the search begins on the run's clock: after a warm-up, if there is one."""
    gap_s: float = 6.0
    """How long a level takes beyond its hold, while it is judged at a low rate."""
    hold_longer: int = 3
    """How many times `hold_s` a level may be held, while nobody can tell."""

    @property
    def growth(self) -> float:
        """Factor from one coarse level to the next: equal steps that reach `to_per_s` exactly."""
        ratio = self.to_per_s / self.from_per_s
        steps = max(ceil(log(ratio) / log(GROWTH_MAX) - 1e-9), 1)
        return float(ratio ** (1 / steps))

    @property
    def level_s(self) -> float:
        """How long a level takes that is not held longer."""
        return self.settle_s + self.hold_s + self.gap_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One criterion on one level: how many there were, and how many past the limit, in blocks of equal length.

    A percentile is kept when at most the rest is past its limit: p95 <= 300 ms says that at most 5 % take longer.
    """

    criterion: str
    allowed: float
    """Largest share that may be past the limit, more than 0 and less than 1."""
    due: tuple[int, ...]
    over: tuple[int, ...]

    @property
    def share(self) -> float:
        """Share past the limit; 0 of none."""
        due = sum(self.due)
        return sum(self.over) / due if due else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one level."""

    role: Role
    rate_per_s: float
    """Planned."""
    offered_per_s: float
    """Flows that were due in the time that counts."""
    start_s: float
    """Of what counts, on the run's clock."""
    end_s: float
    counts: tuple[Counts, ...]
    """Of every criterion that a search can go by."""
    overload: str = ""
    """Why the level was broken off to protect the target; empty where it was not."""
    disturbed: str = ""
    """The fault that lay in it, for which it says nothing of the load and does not count; empty where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The next level."""

    role: Role
    rate_per_s: float
    reason: str
    """Why this rate: one sentence for a person."""
    lower_per_s: float | None = None
    """What is known of the capacity by now: the highest rate that was kept, or the interval's lower end."""
    upper_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The search is over."""

    reason: str
    found: bool
    """Whether there is a capacity within what was tried."""
