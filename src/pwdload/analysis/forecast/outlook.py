"""A capacity held against each peak that is to come. Pure: the same capacity, forecast and day give the same answer."""

from dataclasses import dataclass
from datetime import date

from pwdload.analysis.forecast.bounds import Bounds
from pwdload.analysis.forecast.dates import Dates, runs_out
from pwdload.criteria import Standing
from pwdload.scenario.demand import Peak, expected_peaks, next_year
from pwdload.scenario.forecast import Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """One peak, and what the capacity is to it."""

    peak: Peak
    headroom: float | None
    """``capacity / peak - 1``: 0.3 is 30 % more than is needed, -0.2 is 20 % too little. Null where unknown."""
    headroom_lower: float | None
    headroom_upper: float | None
    """95 % interval, from that of the capacity; the upper bound is null where no limit was found."""
    standing: Standing
    """Whether the capacity is enough, the head-room that is wanted included; by the bounds of its interval."""
    used_up: Dates | None
    """When the growing peak reaches the capacity; null where no growth is stated, and for next year's."""
    act_by: Dates | None
    """When to begin to add capacity, so that the wanted head-room is never missed: lead time before that day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All peaks of a forecast, against one capacity."""

    forecast: Forecast
    bounds: Bounds
    today: date
    prospects: tuple[Prospect, ...]

    @property
    def tightest(self) -> Prospect:
        """The prospect with the highest peak of those that are expected as of now."""
        return max((one for one in self.prospects if one.peak.when != "next_year"), key=lambda one: one.peak.peak_per_s)


def outlook(forecast: Forecast, bounds: Bounds, today: date) -> Outlook:
    """Return what a capacity is to each peak, as of a day."""
    peaks = (*expected_peaks(forecast), next_year(forecast))
    return Outlook(
        forecast=forecast,
        bounds=bounds,
        today=today,
        prospects=tuple(_prospect(peak, forecast, bounds, today) for peak in peaks if peak is not None),
    )


def _prospect(peak: Peak, forecast: Forecast, bounds: Bounds, today: date) -> Prospect:
    growth, needed_per_s = forecast.growth_per_year, peak.peak_per_s * (1 + forecast.headroom)
    used_up = act_by = None
    if growth is not None and peak.when != "next_year":
        used_up = runs_out(bounds, peak.peak_per_s, growth, today)
        act_by = runs_out(bounds, needed_per_s, growth, today).before(forecast.lead_time_s or 0.0, today)
    return Prospect(
        peak=peak,
        headroom=_headroom(bounds.best, peak),
        headroom_lower=_headroom(bounds.lower, peak),
        headroom_upper=_headroom(bounds.upper, peak),
        standing=_standing(bounds, needed_per_s),
        used_up=used_up,
        act_by=act_by,
    )


def _headroom(capacity_per_s: float | None, peak: Peak) -> float | None:
    if capacity_per_s is None or peak.peak_per_s <= 0:
        return None
    return capacity_per_s / peak.peak_per_s - 1


def _standing(bounds: Bounds, needed_per_s: float) -> Standing:
    """Enough if the whole interval is, too little if none of it is: what lies between cannot be told."""
    if bounds.lower is not None and bounds.lower >= needed_per_s:
        return Standing.KEPT
    if bounds.upper is not None and bounds.upper < needed_per_s:
        return Standing.BROKEN
    return Standing.CANNOT_TELL
