"""What is to come: the formulas by hand, and one clear line for whatever a forecast cannot mean."""

import re
from pathlib import Path

import pytest
from tests.scenario.support import parse, problems

from pwdload.scenario import Forecast, Scenario
from pwdload.scenario.demand import demand_lines, expected_peaks, next_year

GUIDE = Path(__file__).parents[2] / "docs" / "forecast.md"
HEAD = 'title = "x"\n[forecast]\n'
WHOLE = """people = 40_000
expires_every = "90d"
morning_rush = "60% within 15m"
mass_expiry = "100% within 2h"
growth_per_year = "20%"
peak_factor = 2.0
"""


def forecast(text: str) -> Forecast:
    """The forecast of a scenario."""
    found = parse(HEAD + text).forecast
    assert found is not None
    return found


def test_a_worked_example() -> None:
    """40,000 people, a password of 90 days, 5 working days: 622.2 changes a day, and from there on by hand."""
    found = forecast(WHOLE)
    assert found.changes_per_day == pytest.approx(40_000 / 90 * 7 / 5)
    today, rush, mass = expected_peaks(found)
    assert (today.when, rush.when, mass.when) == ("today", "morning_rush", "mass_expiry")
    assert today.mean_per_s == pytest.approx(622.2222 / 28_800)
    assert rush.mean_per_s == pytest.approx(0.6 * 622.2222 / 900)
    assert mass.mean_per_s == pytest.approx(40_000 / 7_200)
    assert [peak.peak_per_s / peak.mean_per_s for peak in (today, rush, mass)] == pytest.approx([2.0, 2.0, 2.0])


def test_next_year_is_the_highest_peak_grown() -> None:
    """Whatever peak is highest now is what a year of growth is added to."""
    grown = next_year(forecast(WHOLE))
    assert grown is not None
    assert grown.peak_per_s == pytest.approx(2 * 1.2 * 40_000 / 7_200)
    assert (grown.name, grown.words) == ("Next year", "mass-expiry day, grown for a year")
    shrunk = next_year(forecast(WHOLE.replace('"20%"', '"-5%"')))
    assert shrunk is not None
    assert shrunk.peak_per_s == pytest.approx(2 * 0.95 * 40_000 / 7_200)
    assert next_year(forecast(WHOLE.replace('growth_per_year = "20%"\n', ""))) is None


def test_a_measured_rate_is_the_average_of_the_day() -> None:
    """0.5/s over 8 hours are 14,400 changes, of which the rush has its share."""
    found = forecast('today = "0.5/s"\nmorning_rush = "50% within 1h"\npeak_factor = 1.0')
    today, rush = expected_peaks(found)
    assert today.peak_per_s == 0.5
    assert rush.peak_per_s == pytest.approx(0.5 * 0.5 * 28_800 / 3_600)


def test_chance_alone_makes_a_peak_above_the_average() -> None:
    """5.56/s for two hours: 333 a minute, of which the busiest of 120 has 396, as drawn arrivals confirm elsewhere."""
    (mass,) = expected_peaks(forecast('people = 40_000\nmass_expiry = "100% within 2h"'))
    assert mass.peak_per_s * 60 == 396
    (shorter,) = expected_peaks(forecast('people = 40_000\nmass_expiry = "100% within 2h"\npeak_over = "10s"'))
    assert shorter.peak_per_s > mass.peak_per_s


def test_a_rush_shorter_than_a_peak_is_one_peak() -> None:
    """What comes within 30 s is not spread over a minute."""
    (mass,) = expected_peaks(forecast('people = 300\nmass_expiry = "100% within 30s"'))
    assert mass.mean_per_s == pytest.approx(10)
    assert mass.peak_per_s == pytest.approx(329 / 30)


def test_a_forecast_reaches_other_processes_as_it_is() -> None:
    """Every number survives being shipped, also those that no float has exactly."""
    text = WHOLE.replace("60%", "33.3%").replace("20%", "0.1%") + 'headroom = "150%"\nlead_time = "90d"'
    scenario = parse(HEAD + text)
    assert Scenario.from_json(scenario.to_json()) == scenario


def test_no_forecast_is_none() -> None:
    """A scenario without the table has nothing to hold a capacity against, and its plan is as it was."""
    assert parse('title = "x"').forecast is None
    assert list(demand_lines(None)) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "people = 1",
            "forecast = {...}: says nothing of what is to come; "
            'give expires_every = "90d" and people, today = "2/s", or mass_expiry',
        ),
        ('people = 4\nexpires_every = "1h"', 'forecast.expires_every = "1h": less than a day; allowed is 1d to 365d'),
        (
            'expires_every = "90d"',
            'forecast.expires_every = "90d": of nobody; allowed beside people, such as people = 40000',
        ),
        (
            'people = 4\ntoday = "2/s"\nexpires_every = "90d"',
            'forecast.expires_every = "90d": says a second time what comes in a day; '
            "allowed is one of today and expires_every",
        ),
        (
            'people = 4\nmorning_rush = "60% within 15m"',
            'forecast.morning_rush = "60% within 15m": of how many that day; '
            'allowed beside expires_every = "90d" (with people) or today = "2/s"',
        ),
        (
            'mass_expiry = "60% within 15m"',
            'forecast.mass_expiry = "60% within 15m": of nobody; allowed beside people, such as people = 40000',
        ),
        (
            'people = 4\nmass_expiry = "100%"',
            'forecast.mass_expiry = "100%": not a share within a time; write both: 60% within 15m',
        ),
        (
            'people = 4\nmass_expiry = "0% within 2h"',
            'forecast.mass_expiry = "0% within 2h": allowed is more than 0% up to 100%, within 1s to 1d',
        ),
        (
            'people = 4\nmass_expiry = "120% within 2h"',
            'forecast.mass_expiry = "120% within 2h": more than everything; a share is 0% to 100%',
        ),
        (
            'today = "2/s"\ngrowth_per_year = 0.2',
            "forecast.growth_per_year = 0.2: not a part to grow by; write it in per cent: 20% or -5%",
        ),
        (
            'today = "2/s"\ngrowth_per_year = "-100%"',
            'forecast.growth_per_year = "-100%": allowed is -90% to 1000%',
        ),
        ('today = "2/s"\nheadroom = "-3%"', 'forecast.headroom = "-3%": allowed is 0% to 1000%'),
        (
            'today = "2/s"\nworking_hours = "25h"',
            'forecast.working_hours = "25h": more than a day has; allowed is 1ms to 1d',
        ),
        (
            'today = "2/s"\npeak_factor = 0.5',
            "forecast.peak_factor = 0.5: too small; allowed: a number from 1 to 100",
        ),
    ],
)
def test_what_a_forecast_cannot_mean_is_one_line(text: str, line: str) -> None:
    """The place, the value, what is allowed."""
    assert [told.removeprefix("x.toml: ") for told in problems(HEAD + text)] == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", '= {}: says nothing; give prometheus = "http://HOST:PORT" with queries, or csv = "metrics.csv"'),
        (
            'prometheus = "http://a:b@x"\nqueries = { cpu = "x" }',
            '.prometheus = "http://...@x": has a user in it, and secrets come from the environment only: '
            "set PWDLOAD_METRICS_TOKEN there",
        ),
        (
            'prometheus = "http://x"',
            "= {...}: nothing is asked of prometheus; give queries = { cpu = 'sum(rate(...[30s]))' }",
        ),
        (
            'csv = "a.csv"\nqueries = { cpu = "x" }',
            '.queries = {...}: asked of nobody; allowed beside prometheus = "http://HOST:PORT"',
        ),
        (
            'prometheus = "http://x"\nqueries = { cpu = "x" }\ncsv = "a.csv"',
            '.csv = "a.csv": a second source; allowed is one of prometheus and csv',
        ),
        (
            'prometheus = "http://x/p?q=1"\nqueries = { cpu = "x" }',
            '.prometheus = "http://x/p?q=1": not the URL of a Prometheus; '
            "allowed is http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH], without query or user",
        ),
        (
            'csv = "a.csv"\ntoken = "x"',
            ".token: looks like a secret, and secrets come from the environment only: remove it",
        ),
    ],
)
def test_what_metrics_cannot_mean_is_one_line(text: str, line: str) -> None:
    """The same for where the target's metrics come from; a secret is never read from the file."""
    (told,) = problems(f'title = "x"\n[target.metrics]\n{text}')
    assert told.removeprefix("x.toml: target.metrics").lstrip() == line


def test_what_the_guide_shows_can_be_run() -> None:
    """Its examples are read as scenarios, and the sums that it does are those of the program."""
    text = GUIDE.read_text("utf-8")
    first, second = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    found = parse(f'title = "x"\n{first}{second}').forecast
    assert found is not None
    today, rush, mass = expected_peaks(found)
    assert f"{today.mean_per_s:.3f}/s, rush" in text
    assert f"900 s = {rush.mean_per_s:.2f}/s" in text
    assert f"7,200 s = {mass.mean_per_s:.2f}/s" in text
    assert f"{round(mass.peak_per_s * 60)}: {mass.peak_per_s:.2f}/s" in text
