"""What is known of a target's capacity, as plain values. Rates are per second of the run's clock."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pwdload.criteria import Standing


class Shape(StrEnum):
    """How goodput answers to more load."""

    SATURATES = "saturates"
    """It levels off: more load is not served, and nothing is lost by it."""
    RETROGRADE = "retrograde"
    """It falls again past its highest: more load gets less done."""
    FOLLOWS = "follows"
    """It still follows the load where a criterion breaks: the target's own limit lies beyond what was tried."""
    NEVER_SATURATES = "never_saturates"
    """All that was offered was served within the criteria: the limit lies beyond what was tried."""
    NEVER_KEPT = "never_kept"
    """Not even the lowest rate was served within the criteria."""
    UNKNOWN = "unknown"
    """Too few levels, or too short ones, to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What came of one rate that was held for a time."""

    stage: str
    start_s: float
    """Of what counts of it: after the time in which queues settle."""
    end_s: float
    offered_flows_per_s: float
    """Flows that were due."""
    offered_requests_per_s: float
    changes_per_s: float
    """Goodput: accepted changes, completed, per second."""
    p95_s: float | None
    """Of update_password, response time, or of all steps where the mix has none; null by the least-samples rule."""
    failed_share: float
    in_flight: float
    """Requests under way, on average."""
    samples: int
    standing: Standing
    """Whether every criterion was kept at this rate."""
    broken: tuple[str, ...] = ()
    """The criteria that were not, by name; the one that is furthest from its limit first."""
    served_per_s: float = 0.0
    """Exchanges that were completed and did not fail, per second: goodput of a mix without changes too."""
    role: Literal["coarse", "bracket", "refine", "repeat", "beyond", "return", "stage"] = "stage"
    """What it was for in a search; "stage" where a scenario states it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limiter:
    """What gives first when there is more load than capacity."""

    criterion: str
    """Name of the criterion that breaks first."""
    words: str
    """For a person: "p95 of update_password passes 300 ms", with what was seen beside the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The highest rate that keeps the criteria, with its 95 % interval."""

    source: Literal["search", "levels", "ramp"]
    """By a search, or estimated from the levels or the ramp of a run that did not look for it."""
    shape: Shape
    flows_per_s: float | None
    """Highest sustainable rate of flows due; null where it cannot be told."""
    flows_lower: float | None
    flows_upper: float | None
    """95 % interval; the upper bound is null where no rate was found that breaks a criterion."""
    changes_per_s: float | None
    """The same as accepted changes per second, which is what a review counts in."""
    changes_lower: float | None
    changes_upper: float | None
    highest_changes_per_s: float | None
    """The most that was got done in any level, criteria or not: the limit beyond the capacity."""
    limiter: Limiter | None
    """Null where nothing broke."""
    levels: tuple[Level, ...]
    beyond_kept_share: float | None = None
    """Past the limit: goodput there as a share of the capacity's; null where nothing was tried there."""
    returned_s: float | None = None
    """How long after the load came down again the criteria were kept again; null where unknown or never."""
    words: str = ""
    """One sentence for a person: what it is and how far to trust it."""
