"""`pwdload plan` and criteria: whether the planned load can be enough to judge them."""

import pytest
from tests.scenario.support import parse

from pwdload.cases.catalogue import CASES
from pwdload.criteria import stated
from pwdload.run.judgeable import criteria_lines, planned_samples
from pwdload.scenario import Scenario, parse_scenario

OPEN = """
title = "Open"
[load]
model = "open"
[[load.stages]]
name = "warm up"
rate = "100/s"
for = "10s"
measured = false
[[load.stages]]
name = "hold"
rate = "10/s"
for = "20s"
[slo]
"""
MIX = {"valid_change": 3.0, "login_only": 1.0}
"""All flows log in, and three of four change a password."""


def scenario(slo: str, head: str = OPEN) -> Scenario:
    """Return a scenario that may name any case."""
    return parse_scenario(head + slo, case_names=CASES)


@pytest.mark.parametrize(
    ("slo", "line"),
    [
        ('p95_login = "1s"', "p95 of login at most 1.00 s"),
        (
            'p99_login = "1s"',
            "p99 of login at most 1.00 s: cannot be told, 200 exchanges at most are planned, 299 are needed",
        ),
        (
            'p99_journey = "1s"',
            "p99 of journeys at most 1.00 s: cannot be told, 150 journeys at most are planned, 299 are needed",
        ),
        ('goodput = "7/s"', "goodput at least 7.00/s"),
        ('goodput = "9/s"', "goodput at least 9.00/s: cannot be told, at most about 7.50/s are planned"),
        (
            '[[slo.criteria]]\nmetric = "failed_share"\nat_most = "0.1%"\nstage = "warm up"\nstep = "login"',
            "failed share of login, stage warm up at most 0.10 %: cannot be told, 1,000 exchanges at most are planned, "
            "2,995 are needed",
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nseconds = "90%"',
            "p95 of all exchanges at most 1.00 s in 90.00 % of the seconds: cannot be told, 20.0 s are planned, "
            "29.0 s are needed",
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nwindow = "30s"',
            "p95 of all exchanges at most 1.00 s, never broken for 30 s: cannot be told, 20.0 s are planned, "
            "30.0 s are needed",
        ),
        (
            '[[slo.criteria]]\nmetric = "p50"\ncase = "token_missing"\nat_most = "1s"',
            "p50 of all exchanges, case token_missing at most 1.00 s: cannot be told, 0 exchanges at most are planned, "
            "5 are needed",
        ),
    ],
)
def test_what_the_plan_cannot_tell_is_said_beforehand(slo: str, line: str) -> None:
    """Nobody should run an hour to read that it was too short."""
    assert [*criteria_lines(scenario(slo), MIX)] == [line]


def test_without_stages_nobody_knows() -> None:
    """Where -u and -t decide, nothing is said against a criterion."""
    by_hand = scenario('p99_9 = "1s"\ngoodput = "100/s"', 'title = "By hand"\n[slo]\n')
    assert all("cannot" not in line for line in criteria_lines(by_hand, MIX))


def test_users_bring_at_most_what_their_think_time_allows() -> None:
    """Ten users that think for a second begin 610 flows in a minute, if the target answers at once."""
    closed = parse('title = "Closed"\n[[load.stages]]\nname = "a"\nusers = 10\nfor = "1m"\n[slo]\np95_login = "1s"\n')
    assert planned_samples(stated(closed.slo)[0], closed, MIX) == pytest.approx(610)
