"""When growth has eaten a head-room: ``peak * (1 + growth) ** years = capacity``, years of 365.25 days from the run."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pwdload.analysis.forecast.bounds import Bounds

YEAR_DAYS = 365.25
YEARS_MAX = 50.0
"""Growth that far ahead is no forecast: what lies beyond is told as never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day, or why there is none."""

    kind: Literal["on", "already", "never"]
    on: date | None = None
    """Of "on"."""

    @property
    def words(self) -> str:
        """For a person: "2027-03-01", "already", "never"."""
        return self.on.isoformat() if self.on is not None else self.kind


ALREADY = Day(kind="already")
NEVER = Day(kind="never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The day on which something runs out, by the capacity and by its bounds; null where one is not known."""

    best: Day | None
    earliest: Day | None
    """By the capacity's lower bound."""
    latest: Day | None
    """By its upper bound; null as well where no limit was found: it may be any day from `best` on."""

    def before(self, lead_s: float, today: date) -> "Dates":
        """Return the same so much earlier; what then lies before today is already due."""
        return Dates(
            best=_before(self.best, lead_s, today),
            earliest=_before(self.earliest, lead_s, today),
            latest=_before(self.latest, lead_s, today),
        )


def runs_out(bounds: Bounds, needed_per_s: float, growth_per_year: float, today: date) -> Dates:
    """Return when a rate that grows so fast passes a capacity."""
    best, lower, upper = (
        None if capacity is None else _day(capacity, needed_per_s, growth_per_year, today)
        for capacity in (bounds.best, bounds.lower, bounds.upper)
    )
    return Dates(best=best, earliest=lower, latest=upper)


def _day(capacity_per_s: float, needed_per_s: float, growth_per_year: float, today: date) -> Day:
    if capacity_per_s < needed_per_s:
        return ALREADY
    if growth_per_year <= 0 or needed_per_s <= 0:
        return NEVER
    years = math.log(capacity_per_s / needed_per_s) / math.log1p(growth_per_year)
    if years > YEARS_MAX:
        return NEVER
    # Rounded down: a day on which it is said to hold must not be one on which it does not.
    return Day(kind="on", on=today + timedelta(days=math.floor(years * YEAR_DAYS)))


def _before(day: Day | None, lead_s: float, today: date) -> Day | None:
    if day is None or day.on is None:
        return day
    earlier = day.on - timedelta(seconds=lead_s)
    return Day(kind="on", on=earlier) if earlier > today else ALREADY
