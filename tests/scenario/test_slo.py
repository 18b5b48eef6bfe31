"""The table [slo]: its short forms, its criteria, and all that can be wrong with them, at once."""

import pytest
from tests.scenario.support import parse, problems

from pwdload.cases.catalogue import CASES
from pwdload.criteria import Breadth, Criterion, Metric, Sense, stated
from pwdload.scenario import Scenario
from pwdload.scenario.slo import STEPS

HEAD = 'title = "x"\n[[load.stages]]\nname = "steady"\nusers = 10\nfor = "1m"\n[slo]\n'


def criteria(text: str) -> tuple[Criterion, ...]:
    """Return the criteria of a scenario with this in its [slo]."""
    return stated(parse(HEAD + text).slo)


def percentile(name: str, limit: float, **about: object) -> Criterion:
    """Return a percentile, p95 unless it says otherwise."""
    return Criterion(name=name, metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=limit, **{"permille": 950} | about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "criterion"),
    [
        ('p95 = "300ms"', percentile("p95", 0.3)),
        ('p99_9 = "1s"', percentile("p99_9", 1.0, permille=999)),
        ('p95_update_password = "300ms"', percentile("p95_update_password", 0.3, step="update_password")),
        ('p50_journey = "2s"', percentile("p50_journey", 2.0, permille=500, of="journey")),
        (
            'goodput = "6000/m"',
            Criterion(name="goodput", metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=100.0),
        ),
        (
            '[[slo.criteria]]\nmetric = "p99_5"\nof = "service"\nstep = "login"\nstage = "steady"\nat_most = "1s"',
            percentile("p99_5_service_login_steady", 1.0, permille=995, of="service", step="login", stage="steady"),
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\ncase = "valid_change"\nat_most = "1s"\nseconds = "99%"\nname = "mostly"',
            percentile("mostly", 1.0, case="valid_change", breadth=Breadth(kind="seconds", share=0.99)),
        ),
        (
            '[[slo.criteria]]\nmetric = "failed_share"\nat_most = "5%"\nwindow = "10s"\nstop = true',
            Criterion(
                name="failed_share_window",
                metric=Metric.FAILED_SHARE,
                sense=Sense.AT_MOST,
                limit=0.05,
                breadth=Breadth(kind="window", window_s=10.0, stop=True),
            ),
        ),
        (
            '[[slo.criteria]]\nmetric = "goodput"\nat_most = "5/s"',
            Criterion(name="goodput", metric=Metric.GOODPUT, sense=Sense.AT_MOST, limit=5.0),
        ),
    ],
)
def test_what_is_stated_is_the_criterion_that_it_says(text: str, criterion: Criterion) -> None:
    """Each form, short and long, becomes one value."""
    assert criteria(text) == (criterion,)


def test_criteria_travel_to_workers_unchanged() -> None:
    """Limits keep their units on the way."""
    scenario = parse(
        HEAD + 'p95 = "300ms"\n[[slo.criteria]]\nmetric = "failed_share"\nat_most = 0.02\n'
        '[[slo.criteria]]\nmetric = "goodput"\nat_least = "10/m"\n[[slo.criteria]]\nmetric = "p9"\nat_most = "1ms"'
    )
    assert Scenario.from_json(scenario.to_json()).slo == scenario.slo
    assert [one.limit for one in stated(scenario.slo)] == [0.3, 0.02, 10 / 60, 0.001]


def test_every_step_of_the_load_has_its_short_form() -> None:
    """A new step of a case must be known here too."""
    played = {step.step.value for case in CASES.values() for step in case.steps if hasattr(step, "step")}
    assert played <= set(STEPS)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'p95_lgin = "1s"',
            "slo.p95_lgin: unknown key; allowed: failed_share, recover_within, max_failed_share_during, data_correct, "
            "goodput, criteria, p50, p90, p95, p99, p99_9, each percentile also with _STEP or _journey; "
            'did you mean "p95_login"?',
        ),
        ("p95 = 3", "slo.p95 = 3: a duration needs a unit: 10s, 200ms, 2m, 1m30s, 1.5h or 1d"),
        ('goodput = "fast"', 'slo.goodput = "fast": not a rate; write a number per unit of time: 50/s, 3000/m or 10/h'),
        (
            '[[slo.criteria]]\nmetric = "p100"\nat_most = "1s"',
            'slo.criteria[0].metric = "p100": unknown; allowed: failed_share, goodput, or a percentile such as "p95" '
            'or "p99_9"',
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "3%"',
            'slo.criteria[0].at_most = "3%": not a duration; write a number and its unit: 10s, 200ms, 2m, 1m30s, 1.5h '
            "or 1d",
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nat_least = "1ms"',
            'slo.criteria[0].at_least = "1ms": a second limit; allowed is one: make it two tables',
        ),
        (
            '[[slo.criteria]]\nmetric = "goodput"',
            'slo.criteria[0].at_least: missing; give a duration for a percentile, such as "300ms", a share for '
            'failed_share, such as "1%", or a rate for goodput, such as "100/s"',
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nstage = "peak"',
            'slo.criteria[0].stage = "peak": no stage has this name; allowed: steady',
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nwindow = "1500ms"',
            'slo.criteria[0].window = "1500ms": not 2 whole seconds or more; allowed is 2s, 3s, ...',
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nseconds = "99%"\nwindow = "5s"',
            'slo.criteria[0].window = "5s": beside seconds; allowed is one of them: make it two tables',
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nstop = true',
            'slo.criteria[0].stop = true: only with a window, such as window = "10s": remove it, or state that',
        ),
        (
            '[[slo.criteria]]\nmetric = "failed_share"\nat_most = "1%"\nof = "service"',
            'slo.criteria[0].of = "service": for percentiles only: remove it',
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nof = "journey"\nstep = "login"\nat_most = "1s"',
            'slo.criteria[0].step = "login": a journey is a whole flow, and goodput counts changes: remove it',
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nname = "Slow!"',
            'slo.criteria[0].name = "Slow!": does not fit; allowed: a name of lower-case letters, digits and _, with a '
            "letter first of at most 60 characters",
        ),
        (
            'p95 = "1s"\n[[slo.criteria]]\nmetric = "p95"\nat_most = "2s"',
            "slo.criteria[0] = {...}: named p95, as slo.p95 is; give it a name, or remove one",
        ),
        (
            '[[slo.criteria]]\nmetric = "p95"\nat_most = "1s"\nname = "x"\n'
            '[[slo.criteria]]\nmetric = "p99"\nat_most = "1s"\nname = "x"',
            'slo.criteria[1].name = "x": named x, as slo.criteria[0] is; allowed is a name of its own',
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(text: str, line: str) -> None:
    """One line that says what to do."""
    assert problems(HEAD + text) == (f"x.toml: {line}",)


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody has to start four times."""
    broken = '[[slo.criteria]]\nmetric = "p95"\nstop = true\nstage = "peak"\nof = "journey"\nstep = "login"\n'
    assert len(problems(HEAD + broken)) == 4
