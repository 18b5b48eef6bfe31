"""Over the repeats of a fault: the median and the range, with censored values where they belong, at the long end."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from pwdload.analysis.recovery.values import Elapsed, Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpread:
    """Times over repeats. A value that never came is longer than all that did."""

    count: int
    """How many repeats say anything of it."""
    median: Elapsed
    least: Elapsed
    most: Elapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSpread:
    """A number over repeats."""

    count: int
    median: float
    least: float
    most: float


def times(measured: Iterable[Measured], of: Callable[[Measured], Elapsed]) -> TimeSpread | None:
    """Return how a time spreads; null where no repeat says anything of it.

    Of an even number of values the median is the middle of the two in the middle. Where one of these is censored so is
    the median: it is longer than the middle of what is known of them.
    """
    values = sorted((of(one) for one in measured if of(one).least_s is not None), key=lambda value: value.order)
    if not values:
        return None
    return TimeSpread(count=len(values), median=_median(values), least=values[0], most=values[-1])


def numbers(measured: Iterable[Measured], of: Callable[[Measured], float | None]) -> NumberSpread | None:
    """Return how a number spreads; null where no repeat has it."""
    values = [value for one in measured if (value := of(one)) is not None]
    if not values:
        return None
    return NumberSpread(count=len(values), median=median(values), least=min(values), most=max(values))


def _median(values: Sequence[Elapsed]) -> Elapsed:
    middle = (values[(len(values) - 1) // 2], values[len(values) // 2])
    least_s = sum(value.least_s or 0.0 for value in middle) / 2
    return Elapsed(value_s=least_s) if all(value.is_known for value in middle) else Elapsed.not_within(least_s)
