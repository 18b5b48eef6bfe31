"""The rate of a plan, its integral, and the inverse of that: all exact."""

from fractions import Fraction
from itertools import pairwise
from math import inf, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pacing.plans import PLANS, RUSH, plan_of

from pwdload.errors import UsageError
from pwdload.pacing import RatePlan, Segment


def exactly_expected(plan: RatePlan, t_s: float) -> Fraction:
    """Return the integral of the rate in exact arithmetic, straight from its definition."""
    total = Fraction(0)
    for segment in plan.segments:
        start_s, end_s = Fraction(segment.start_s), Fraction(segment.end_s)
        within_s = min(max(Fraction(t_s) - start_s, Fraction(0)), end_s - start_s)
        rise = (Fraction(segment.to_per_s) - Fraction(segment.from_per_s)) * within_s / (end_s - start_s)
        total += (Fraction(segment.from_per_s) + rise / 2) * within_s
    return total


@given(PLANS, st.floats(-0.1, 1.1))
def test_expected_is_the_integral_of_the_rate(plan: RatePlan, share: float) -> None:
    """What the plan text promises and what the schedule sends agree with the scenario to the last digits."""
    t_s = plan.end_s * share
    exact = float(exactly_expected(plan, t_s))
    assert plan.expected(t_s) == pytest.approx(exact, rel=1e-11, abs=1e-11 * plan.expected_total)


@given(PLANS, st.floats(0, 1))
def test_time_of_is_the_inverse_of_expected(plan: RatePlan, share: float) -> None:
    """An arrival comes when the plan has brought its count: on ramps, nearly flat ramps, and around pauses."""
    count = min(plan.expected_total * share, plan.expected_total)
    t_s = plan.time_of(count)
    assert plan.start_s <= t_s <= plan.end_s
    # A time is known to its last bit only, and in that time the plan goes on at its highest rate.
    fastest_per_s = max(max(segment.from_per_s, segment.to_per_s) for segment in plan.segments)
    slack = 1e-12 * plan.expected_total + 4e-16 * plan.end_s * fastest_per_s
    assert plan.expected(t_s) == pytest.approx(count, abs=slack)


@given(PLANS, st.floats(0, 1))
def test_expected_then_time_of_comes_back_where_arrivals_come(plan: RatePlan, share: float) -> None:
    """No time is shifted where the rate is well above nothing."""
    t_s = plan.start_s + (plan.end_s - plan.start_s) * share
    rate_per_s = plan.rate_at(t_s)
    if rate_per_s * (plan.end_s - plan.start_s) > 1e-3 * plan.expected_total > 0:
        assert plan.time_of(min(plan.expected(t_s), plan.expected_total)) == pytest.approx(t_s, rel=1e-7, abs=1e-7)


@given(PLANS, st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_many_arrivals_are_due_when_each_of_them_is(plan: RatePlan, shares: list[float]) -> None:
    """A time does not depend on how many are asked for at once: not at a border, nor beyond it, nor to the last bit."""
    for span in plan.spans:
        counts = sorted(span.before + (span.until - span.before) * (2 * share - 0.5) for share in shares)
        for several in (counts, [span.before, *counts[:1]], [*counts[-1:], span.until]):
            several.sort()
            assert list(span.all_due_s(several)) == [span.due_s(count) for count in several]


@given(PLANS, st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_later_arrivals_are_not_due_earlier(plan: RatePlan, shares: list[float]) -> None:
    """The order of arrivals is the order in which they are due, but for the last bit of a time."""
    times = [plan.time_of(plan.expected_total * share) for share in sorted(shares)]
    assert all(after >= before - 1e-12 * plan.end_s for before, after in pairwise(times))


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e5), st.floats(0.0, 1.0))
def test_at_a_flat_rate_the_short_form_gives_the_same_times(rate: float, before_s: float, share: float) -> None:
    """Arrivals at a flat rate are the same to the last bit as those of runs from before there was a short form."""
    _, span = plan_of((before_s, rate, rate), (10.0, rate, rate)).spans
    inside = span.before + (span.until - span.before) * share - span.before
    long_form_s = min(span.start_s + 2 * inside / (rate + sqrt(rate * rate)), span.last_s)
    assert span.due_s(span.before + (span.until - span.before) * share) == long_form_s


def test_the_figures_of_a_rush_are_those_of_a_pocket_calculator() -> None:
    """Ten seconds at 20/s, a ramp to 200/s over thirty, ten at 200/s, a pause, a ramp down over twenty."""
    assert RUSH.expected_by_stage() == {"s0": 200.0, "s1": 3300.0, "s2": 2000.0, "s3": 0.0, "s4": 2000.0}
    assert (RUSH.expected_total, RUSH.start_s, RUSH.end_s) == (7500.0, 0.0, 75.0)
    assert [RUSH.expected(t_s) for t_s in (-1, 0, 5, 10, 25, 40, 52, 65, 75, 99)] == [
        *(0, 0, 100, 200, 1175, 3500, 5500, 7000, 7500, 7500)
    ]
    assert [RUSH.time_of(count) for count in (0, 100, 200, 1175, 3500, 7000, 7500)] == [0, 5, 10, 25, 40, 65, 75]


@pytest.mark.parametrize(
    ("t_s", "rate_per_s"), [(-0.1, 0), (0, 20), (10, 20), (25, 110), (40, 200), (50, 0), (55, 200), (65, 100), (75, 0)]
)
def test_the_rate_at_a_border_is_that_of_what_begins(t_s: float, rate_per_s: float) -> None:
    """A moment belongs to one stage, the one that starts with it, and none lies outside of the plan."""
    assert RUSH.rate_at(t_s) == rate_per_s


def test_around_a_pause_time_belongs_to_the_next_arrival() -> None:
    """An arrival that is due on the border of a pause comes after it, not in a stage that has none."""
    plan = plan_of((5, 0, 0), (10, 2, 2), (7, 0, 0), (10, 2, 2), (3, 0, 0))
    assert [plan.time_of(count) for count in (0, 19.5, 20, 40)] == [5.0, 14.75, 22.0, 32.0]


def test_a_plan_of_nothing_expects_nothing() -> None:
    """A pause alone is a plan, and divides nothing by zero."""
    plan = plan_of((5, 0, 0))
    assert (plan.expected_total, plan.expected(3), plan.rate_at(3), plan.time_of(0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("count", [-1e-9, 7500.000001, inf, nan])
def test_a_count_that_the_plan_never_brings_has_no_time(count: float) -> None:
    """A mistake in counting is not turned into a time."""
    with pytest.raises(ValueError, match="0 to 7500"):
        RUSH.time_of(count)


@pytest.mark.parametrize(
    "piece", [(0, 0, 1, 1), (1, 0, 1, 1), (0, inf, 1, 1), (0, nan, 1, 1), (0, 1, -1, 1), (0, 1, 1, nan), (0, 1, 1, inf)]
)
def test_an_impossible_piece_is_refused_in_one_line(piece: tuple[float, float, float, float]) -> None:
    """No arrival is planned from times and rates that make no sense."""
    start_s, end_s, from_per_s, to_per_s = piece
    with pytest.raises(UsageError, match=r"^stage 'x': .* allowed is [^\n]*$"):
        Segment(stage="x", start_s=start_s, end_s=end_s, from_per_s=from_per_s, to_per_s=to_per_s)


def test_pieces_that_do_not_meet_are_refused() -> None:
    """A gap between two stages is stated as a pause, or it is a mistake."""
    with pytest.raises(UsageError, match=r"stage 'b': starts at 2\.0 s, .* ends at 1\.0 s"):
        RatePlan.of([("a", 0.0, 1.0, 5.0, 5.0), ("b", 2.0, 3.0, 5.0, 5.0)])
    with pytest.raises(UsageError, match="one piece or more"):
        RatePlan.of([])
