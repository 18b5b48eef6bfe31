"""What is known of a capacity as a number with its bounds, whatever it is known from."""

from dataclasses import dataclass

from pwdload.analysis.capacity import Capacity, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Accepted changes per second that the target can take within the criteria; null where a side is not known."""

    estimate: float | None
    lower: float | None
    upper: float | None

    @property
    def is_at_least(self) -> bool:
        """Whether no limit was found: the truth is the lower bound or more."""
        return self.upper is None and self.lower is not None

    @property
    def best(self) -> float | None:
        """The number to go by: the estimate, or the lower bound where there is nothing else."""
        return self.estimate if self.estimate is not None else self.lower


def bounds_of(capacity: Capacity) -> Bounds:
    """Return the bounds of a capacity.

    Where the target never saturated there is no upper bound, and where it kept the criteria at no rate there is no
    lower one: the limit then lies below the lowest rate that was tried.
    """
    if capacity.shape is Shape.NEVER_SATURATES:
        lower = capacity.changes_per_s if capacity.changes_lower is None else capacity.changes_lower
        return Bounds(estimate=capacity.changes_per_s, lower=lower, upper=None)
    if capacity.shape is Shape.NEVER_KEPT:
        lowest = min((level.changes_per_s for level in capacity.levels), default=None)
        upper = lowest if capacity.changes_upper is None else capacity.changes_upper
        return Bounds(estimate=None, lower=None, upper=upper or None)  # below nothing there is no rate
    return Bounds(estimate=capacity.changes_per_s, lower=capacity.changes_lower, upper=capacity.changes_upper)


def without_proof(bounds: Bounds) -> Bounds:
    """Return the same number without bounds: of a run whose instrument failed, nothing can be proved."""
    return Bounds(estimate=bounds.best, lower=None, upper=None)


def served(changes_per_s: float) -> Bounds:
    """Return what a rate says that was served within the criteria while nobody looked for a limit: at least that."""
    return Bounds(estimate=changes_per_s, lower=changes_per_s, upper=None)
