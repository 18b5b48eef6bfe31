"""What is said of two sides of a comparison, as plain values. Times in seconds, rates per second, shares 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pwdload.analysis.run import Run
from pwdload.outcome import Verdict


class Result(StrEnum):
    """What a comparison comes to, of one number or of all that count. Declared from best to worst.

    Doubt is never success: "cannot tell" is not "the same".
    """

    BETTER = "better"
    EQUIVALENT = "equivalent"
    CANNOT_TELL = "cannot tell"
    WORSE = "worse"

    @property
    def exit_code(self) -> int:
        """The process exit code, of the same meaning as a run's: 0 good, 1 failed, 5 nobody knows."""
        return _EXIT_CODES[self]


_EXIT_CODES = {Result.BETTER: 0, Result.EQUIVALENT: 0, Result.CANNOT_TELL: 5, Result.WORSE: 1}


def worst(results: Sequence[Result]) -> Result:
    """Return the worst of several results; of none that nothing can be told."""
    ranks = list(Result)
    return max(results, key=ranks.index, default=Result.CANNOT_TELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRun:
    """One run of a side."""

    shown: str
    """Its directory, as a person would type it."""
    run: Run
    verdict: Verdict
    """What the run itself is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The runs that stand for one state of the target, in their order in time."""

    name: str
    """What it is called in tables and plots: "base", "new", "new 2"."""
    runs: tuple[SideRun, ...]

    @property
    def measured_s(self) -> float:
        """Measured time of all its runs together."""
        return sum(one.run.measured_s for one in self.runs)


QuantityKind = Literal["time", "factor", "rate", "share", "lag"]
"""A time, a factor of times or a share is better when it is lower, a rate when it is higher; a lag is the generator's,
and no result. A factor is of the base's own times, so that the base's is 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number that both sides have."""

    name: str
    """Names it for programs, for ever: ``update_password_p95``."""
    label: str
    """For a person: "p95 of update_password"."""
    kind: QuantityKind
    is_primary: bool = False
    """Whether the verdict rests on it."""
    weight: float = 1.0
    """Of a primary number: how large a part of the 5 % of false alarms it gets, beside those of the others."""

    @property
    def is_relative(self) -> bool:
        """Whether it is held against the margin by its relative difference; a share is by its absolute one."""
        return self.kind != "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One number of both sides, and the difference: new less base."""

    quantity: Quantity
    base: float | None
    """Null where the side has too few values for it."""
    new: float | None
    difference: float | None = None
    lower: float | None = None
    """Of the 95 % interval of the difference."""
    upper: float | None = None
    relative: float | None = None
    """The difference as a share of the base; null where the base is 0."""
    relative_lower: float | None = None
    relative_upper: float | None = None
    p_value: float | None = None
    """Of the test that there is no difference, by itself."""
    p_adjusted: float | None = None
    """Of a primary number: together with the others, by Holm's method; of any other number null."""
    one_sided: tuple[float, float] | None = None
    """What the two one-sided tests of equivalence rule out lies beyond these: relative, of a share absolute."""
    result: Result = Result.CANNOT_TELL
    basis: Literal["samples", "runs", "none"] = "none"
    """What the interval rests on: the samples within the runs, or the spread from run to run as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A new side held against the base."""

    base: Side
    new: Side
    margin: float
    """By how much a number may differ and still count as the same, as a share."""
    numbers: tuple[Compared, ...]
    """In their order on the page, primary ones first."""
    result: Result
    reason: str
    """One sentence for a person."""

    @property
    def primary(self) -> tuple[Compared, ...]:
        """The numbers that the verdict rests on."""
        return tuple(one for one in self.numbers if one.quantity.is_primary)
