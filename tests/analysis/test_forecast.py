"""Head-room, whether it is enough, and until when: by hand, at the bounds, and where little is known."""

from datetime import date

import pytest
from tests.analysis.capacities import AT_LEAST, FOUND, NEVER_KEPT, UNKNOWN

from pwdload.analysis.forecast import (
    Bounds,
    Day,
    Outlook,
    bounds_of,
    outlook,
    served,
    stated_forecast,
    without_proof,
)
from pwdload.criteria import Standing
from pwdload.scenario import Forecast

TODAY = date(2026, 11, 23)


def look(bounds: Bounds, **stated: object) -> Outlook:
    """A capacity against 40/s on the mass-expiry day and what else is stated."""
    table = {"people": 40_000, "mass_expiry": "6% within 1m", "peak_factor": 1.0, **stated}
    return outlook(Forecast.model_validate(table), bounds, TODAY)


def test_headroom_is_capacity_over_peak_less_one() -> None:
    """100/s (95 to 105) against 40/s: 150 % more than is needed, from 137.5 % to 162.5 %."""
    one = look(bounds_of(FOUND)).tightest
    assert one.peak.peak_per_s == pytest.approx(40.0)
    assert (one.headroom, one.headroom_lower, one.headroom_upper) == pytest.approx((1.5, 1.375, 1.625))
    assert one.standing is Standing.KEPT


@pytest.mark.parametrize(
    ("headroom", "standing"),
    [("0%", "kept"), ("137.4%", "kept"), ("140%", "cannot_tell"), ("162.4%", "cannot_tell"), ("163%", "broken")],
)
def test_enough_is_judged_by_the_bounds(headroom: str, standing: str) -> None:
    """Enough if the whole interval is, too little if none of it is, and between them nobody can tell."""
    assert look(bounds_of(FOUND), headroom=headroom).tightest.standing.value == standing


def test_a_lower_bound_can_prove_enough_and_never_too_little() -> None:
    """A target that never saturated is enough below what it served, and above that nothing is known."""
    assert bounds_of(AT_LEAST).is_at_least
    one = look(bounds_of(AT_LEAST)).tightest
    assert one.headroom_lower == pytest.approx(1.375)
    assert one.headroom_upper is None
    assert one.standing is Standing.KEPT
    assert look(bounds_of(AT_LEAST), headroom="900%").tightest.standing is Standing.CANNOT_TELL


def test_a_rate_that_was_served_is_a_lower_bound() -> None:
    """A run that looked for no limit still shows that much."""
    assert look(served(41.0)).tightest.standing is Standing.KEPT
    assert look(served(39.0)).tightest.standing is Standing.CANNOT_TELL


def test_where_no_rate_kept_the_criteria_the_lowest_is_an_upper_bound() -> None:
    """50/s were too much: that is not enough for 60/s, and for 40/s nobody knows."""
    assert bounds_of(NEVER_KEPT) == Bounds(estimate=None, lower=None, upper=50.0)
    assert look(bounds_of(NEVER_KEPT), mass_expiry="9% within 1m").tightest.standing is Standing.BROKEN
    one = look(bounds_of(NEVER_KEPT), growth_per_year="20%").tightest
    assert (one.headroom, one.standing) == (None, Standing.CANNOT_TELL)
    assert one.used_up is not None
    assert one.used_up.best is None


@pytest.mark.parametrize("bounds", [bounds_of(UNKNOWN), without_proof(bounds_of(FOUND))])
def test_without_bounds_nothing_is_proved(bounds: Bounds) -> None:
    """Neither an unknown capacity nor one measured by a broken instrument says yes or no."""
    assert {one.standing for one in look(bounds, growth_per_year="20%").prospects} == {Standing.CANNOT_TELL}


def test_the_day_when_growth_has_eaten_the_headroom() -> None:
    """40/s grow by 20 % a year: 100/s are reached after ln(2.5) / ln(1.2) = 5.0257 years, 95 and 105 likewise."""
    one = look(bounds_of(FOUND), growth_per_year="20%").tightest
    assert one.used_up is not None
    days = [day.on for day in (one.used_up.best, one.used_up.earliest, one.used_up.latest) if day is not None]
    assert days == [date(2031, 12, 2), date(2031, 8, 21), date(2032, 3, 9)]


def test_the_day_to_act_leaves_lead_time_and_the_wanted_headroom() -> None:
    """With 25 % to spare it is 80/s that must not be passed: 1,388 days, less 90."""
    one = look(bounds_of(FOUND), growth_per_year="20%", headroom="25%", lead_time="90d").tightest
    assert one.act_by is not None
    assert one.act_by.best == Day(kind="on", on=date(2030, 6, 13))


def test_what_is_over_or_due_says_so() -> None:
    """A capacity below the peak is used up already; one that is not for long is to be acted on now."""
    too_small = look(Bounds(estimate=30.0, lower=29.0, upper=31.0), growth_per_year="20%").tightest
    soon = look(Bounds(estimate=41.0, lower=40.5, upper=41.5), growth_per_year="20%", lead_time="180d").tightest
    assert too_small.used_up is not None
    assert too_small.used_up.best == Day(kind="already")
    assert soon.used_up is not None
    assert soon.act_by is not None
    assert soon.used_up.best == Day(kind="on", on=date(2027, 1, 11))
    assert soon.act_by.best == Day(kind="already")


@pytest.mark.parametrize("growth", ["0%", "-5%"])
def test_without_growth_a_headroom_is_never_eaten(growth: str) -> None:
    """What stays or shrinks has no such day, and next year needs no more than now."""
    found = look(bounds_of(FOUND), growth_per_year=growth)
    assert found.tightest.used_up is not None
    assert found.tightest.used_up.best == Day(kind="never")
    assert found.prospects[-1].peak.when == "next_year"
    assert found.prospects[-1].peak.peak_per_s <= 40.0 + 1e-9


def test_growth_too_far_ahead_is_no_forecast() -> None:
    """After half a century a date would be a joke."""
    one = look(bounds_of(FOUND), growth_per_year="1%").tightest
    assert one.used_up is not None
    assert one.used_up.best == Day(kind="never")


def test_without_growth_stated_there_are_no_days_and_no_next_year() -> None:
    """What is not stated has no row."""
    found = look(bounds_of(FOUND))
    assert [one.peak.when for one in found.prospects] == ["mass_expiry"]
    assert found.tightest.used_up is found.tightest.act_by is None


@pytest.mark.parametrize("source", ["", "title = 'x'", "[forecast]\npeople = 'x'", "no toml", "forecast = 3"])
def test_a_scenario_that_has_none_or_was_edited_has_no_forecast(source: str) -> None:
    """A report is made of any old directory."""
    assert stated_forecast(source) is None
