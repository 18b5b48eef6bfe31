"""The table [search]: its defaults, its mistakes, and what `pwdload plan` says of it."""

import pytest
from tests.scenario.support import EVERY_OPEN_KEY, parse, problems

from pwdload.scenario.model import Scenario
from pwdload.scenario.plan import describe

HEAD = 'title = "Search"\n[load]\nmodel = "open"\n[search]\nfrom = "10/s"\n'


def test_two_rates_are_enough() -> None:
    """Whoever knows a low and a high rate can search: the rest has good defaults, and no stage is needed."""
    search = parse(HEAD + 'to = "200/s"').search
    assert search is not None
    assert (search.from_per_s, search.to_per_s, search.resolution, search.beyond) == (10.0, 200.0, 0.02, 1.2)
    assert (search.hold_s, search.settling_s, search.budget_s, search.repeats) == (30.0, 7.5, 1200.0, 6)
    assert (search.abort_when.failed_share, search.abort_when.p99_s) == (0.2, 10.0)


def test_a_scenario_with_a_search_travels_to_a_worker_unchanged() -> None:
    """What a worker is shipped is what the file says, with and without a warm-up."""
    for scenario in (parse(HEAD + 'to = "200/s"'), parse(EVERY_OPEN_KEY)):
        assert Scenario.from_json(scenario.to_json()).search == scenario.search


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('to = "5/s"', 'search.to = "5/s": not above from = 10.0/s; allowed is a higher rate'),
        ('to = "50/s"\nbeyond = "90%"', 'search.beyond = "90%": too little; allowed is 101% to 500%'),
        ('to = "50/s"\nresolution = 2', "search.resolution = 2: too much; allowed is 0.5% to 20%"),
        ('to = "50/s"\nresolution = "x"', 'search.resolution = "x": not a share; allowed is 0.5% to 20%'),
        (
            'to = "50/s"\nbudget = "1m"',
            'search.budget = "1m": too short for 8 levels of this hold; allowed is 5 m 48 s or more, or a shorter hold',
        ),
        (
            'to = "50/s"\nabort_when = {}',
            'search.abort_when = {}: says nothing; give failed_share = "20%", shed = "5%", p99 = "10s" or '
            "several of them",
        ),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_allowed(text: str, said: str) -> None:
    """A person who mistypes a search learns at once what would be right."""
    assert problems(HEAD + text) == (f"x.toml: {said}",)


def test_a_search_needs_open_arrivals() -> None:
    """Users that wait for answers have no rate that could be set."""
    assert problems(HEAD.replace("open", "closed") + 'to = "50/s"') == (
        'x.toml: search = {...}: needs [load] model = "open", since it sets the rate of arrivals; state that',
    )


def test_the_plan_says_what_the_search_will_do_and_for_how_long() -> None:
    """Before anything is sent, a person reads how far the search may go and when it ends."""
    text = describe(parse(EVERY_OPEN_KEY), {"valid_change": 1.0})
    for words in ("from 20.0/s up to 500/s", "within 2.00 %", "at most 15 m 00 s", "fails below 80.0/s", "120 % of it"):
        assert words in text
