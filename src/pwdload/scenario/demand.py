"""What a forecast expects: the highest rate of changes today, in the morning rush, on the mass-expiry day, in a year.

With ``d`` changes on a working day (stated as a rate, or ``people / expires_every`` over the working days alone):

    today            d / working_hours, over the working hours
    morning rush     share * d / time
    mass-expiry day  share * people / time

Each is an average; its peak is that times `peak_factor`, or else the busiest span of `peak_over` that people make
by chance who come independently of one another: the count that none of the spans passes, with 95 % probability.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pwdload.scenario.forecast import Forecast
from pwdload.statistics.poisson import busiest_count
from pwdload.units import format_count, format_duration, format_rate, format_share

When = Literal["today", "morning_rush", "mass_expiry", "next_year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A time of many changes that is to come. Rates are accepted changes per second."""

    when: When
    name: str
    """For a person."""
    changes: float
    """How many are to come in all, on average."""
    within_s: float
    mean_per_s: float
    peak_per_s: float
    words: str
    """How it comes about, for a person: "60.00 % of 622 within 15 m 00 s"."""


def expected_peaks(forecast: Forecast) -> tuple[Peak, ...]:
    """Return what is expected as of now, in the order today, morning rush, mass-expiry day; what is stated of it."""
    return tuple(_peaks(forecast))


def next_year(forecast: Forecast) -> Peak | None:
    """Return the highest of the peaks as it will be in a year; null where no growth is stated."""
    if forecast.growth_per_year is None:
        return None
    highest = max(expected_peaks(forecast), key=lambda peak: peak.peak_per_s)
    grown = _peak(forecast, highest.when, highest.changes * (1 + forecast.growth_per_year), highest.within_s, "")
    words = f"{highest.name.lower()}, {'grown' if forecast.growth_per_year >= 0 else 'shrunk'} for a year"
    return replace(grown, when="next_year", name="Next year", words=words)


def peak_rule(forecast: Forecast) -> str:
    """Return how a peak is made of an average, for a person."""
    if forecast.peak_factor is not None:
        return f"peak = {forecast.peak_factor:g} times the average, as stated"
    return (
        f"peak = the busiest {format_duration(forecast.peak_over_s)} by chance, "
        "of people who come independently (not passed with 95 % probability)"
    )


def demand_lines(forecast: Forecast | None) -> Iterator[str]:
    """Yield what is expected, for the plan of a scenario; nothing without a forecast."""
    if forecast is None:
        return
    people = f"{format_count(forecast.people)} people, " if forecast.people is not None else ""
    day = forecast.changes_per_day
    yield people + (f"{_about(day)} changes on a working day" if day is not None else "no changes on an ordinary day")
    yield peak_rule(forecast)
    peaks = [*expected_peaks(forecast), next_year(forecast)]
    for peak in (peak for peak in peaks if peak is not None):
        average = f"{format_rate(peak.mean_per_s)} on average, {format_rate(peak.peak_per_s)} at the peak"
        yield f"{peak.name.lower()}: {average} ({peak.words})"
    if forecast.headroom:
        yield f"the capacity is to exceed each by {forecast.headroom * 100:g} %"
    if forecast.lead_time_s is not None:
        yield f"it takes {format_duration(forecast.lead_time_s)} to add capacity"


def _peaks(forecast: Forecast) -> Iterator[Peak]:
    day, rush, mass = forecast.changes_per_day, forecast.morning_rush, forecast.mass_expiry
    if day is not None:
        hours = format_duration(forecast.working_hours_s)
        yield _peak(forecast, "today", day, forecast.working_hours_s, f"{_about(day)} in {hours} of work")
    if day is not None and rush is not None:
        words = f"{format_share(rush.share)} of {_about(day)} within {format_duration(rush.within_s)}"
        yield _peak(forecast, "morning_rush", rush.share * day, rush.within_s, words)
    if forecast.people is not None and mass is not None:
        words = f"{format_share(mass.share)} of {format_count(forecast.people)} within {format_duration(mass.within_s)}"
        yield _peak(forecast, "mass_expiry", mass.share * forecast.people, mass.within_s, words)


_NAMES = {"today": "Today", "morning_rush": "Morning rush", "mass_expiry": "Mass-expiry day", "next_year": "Next year"}


def _peak(forecast: Forecast, when: When, changes: float, within_s: float, words: str) -> Peak:
    mean_per_s = changes / within_s
    return Peak(
        when=when,
        name=_NAMES[when],
        changes=changes,
        within_s=within_s,
        mean_per_s=mean_per_s,
        peak_per_s=_highest_per_s(forecast, mean_per_s, within_s),
        words=words,
    )


def _highest_per_s(forecast: Forecast, mean_per_s: float, within_s: float) -> float:
    if forecast.peak_factor is not None:
        return mean_per_s * forecast.peak_factor
    over_s = min(forecast.peak_over_s, within_s)
    return busiest_count(mean_per_s * over_s, math.ceil(round(within_s / over_s, 9))) / over_s


def _about(changes: float) -> str:
    return format_count(round(changes)) if changes >= 10 else f"{changes:.1f}"
