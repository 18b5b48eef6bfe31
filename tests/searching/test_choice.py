"""Which level comes next, out of levels that are written down."""

from dataclasses import replace
from itertools import pairwise

from pwdload.criteria import Standing
from pwdload.searching import Counts, Done, Result, Role, Settings, Step, estimate, next_step, standing, wants_more_time

SETTINGS = Settings(
    from_per_s=10.0,
    to_per_s=100.0,
    resolution=0.02,
    settle_s=5.0,
    hold_s=20.0,
    repeats=4,
    beyond=1.2,
    budget_s=1200.0,
)


def level(rate_per_s: float, share: float, role: Role = "coarse", *, end_s: float = 30.0, overload: str = "") -> Result:
    """Return a level on which a share of 1,000 requests was past a limit that allows 5 %."""
    over = tuple(round(100 * share) for _ in range(10))
    counts = (Counts(criterion="p95", allowed=0.05, due=(100,) * 10, over=over),)
    return Result(
        role=role,
        rate_per_s=rate_per_s,
        offered_per_s=rate_per_s,
        start_s=end_s - 20.0,
        end_s=end_s,
        counts=counts,
        overload=overload,
    )


def step_after(*history: Result, settings: Settings = SETTINGS) -> Step:
    """Return the step that follows."""
    step = next_step(history, settings)
    assert isinstance(step, Step)
    return step


def test_the_lowest_rate_comes_first() -> None:
    """A target is never met with a high rate out of nothing."""
    assert (step_after().role, step_after().rate_per_s) == ("coarse", 10.0)


def test_coarse_levels_grow_by_equal_factors_and_reach_the_highest_rate_exactly() -> None:
    """No level is half as high again as one that was kept, and the last is the one that was stated."""
    history: list[Result] = []
    while isinstance(step := next_step(history, SETTINGS), Step):
        history.append(level(step.rate_per_s, 0.0))
    rates = [one.rate_per_s for one in history]
    assert rates[-1] == 100.0
    assert all(after / before <= 1.5 for before, after in pairwise(rates))
    assert step == Done(reason="100/s, the highest rate that was to be tried, was kept.", found=False)


def test_a_target_that_keeps_not_even_the_lowest_rate_ends_the_search() -> None:
    """Nothing higher is tried at a target that is too slow already."""
    assert next_step([level(10.0, 0.5)], SETTINGS) == Done(reason="Not even 10.0/s was kept.", found=False)


def test_a_bracket_is_made_smaller_from_within() -> None:
    """After a level that broke, rates lie between the highest kept and the lowest broken, and never at an end."""
    history = [level(40.0, 0.0), level(60.0, 0.5)]
    for _ in range(6):
        step = step_after(*history)
        if step.role == "repeat":
            break
        assert step.lower_per_s is not None
        assert step.upper_per_s is not None
        assert step.lower_per_s < step.rate_per_s < step.upper_per_s
        history.append(level(step.rate_per_s, 0.0 if step.rate_per_s < 50 else 0.5, step.role))
    assert step.role == "repeat"
    assert 0.9 * 50 < step.rate_per_s < 1.1 * 50


def test_a_level_that_was_broken_off_is_an_upper_end_whatever_it_counted() -> None:
    """What had to be ended to spare the target was too much for it."""
    spared = level(60.0, 0.0, overload="20 % failed")
    assert standing(spared) is Standing.BROKEN
    step = step_after(level(40.0, 0.0), spared)
    assert (step.role, step.upper_per_s) == ("bracket", 60.0)


def test_a_level_with_a_fault_in_it_is_played_again_and_counts_for_nothing() -> None:
    """What a fault broke is no limit, and the time that it took is gone all the same."""
    kept = level(10.0, 0.0)
    broken = replace(level(15.0, 0.6, end_s=60.0, overload="All failed."), disturbed='the fault "gone"')
    again = step_after(kept, broken)
    assert (again.role, again.rate_per_s) == (step_after(kept).role, step_after(kept).rate_per_s)
    assert estimate([kept, broken]) is None
    assert step_after(broken).rate_per_s == 10.0
    late = replace(broken, end_s=1190.0)
    assert isinstance(next_step([kept, late], SETTINGS), Done)
    assert next_step([late], SETTINGS) == Done(
        reason="A fault lay in each level that was played, so that none counts.", found=False
    )


def test_past_the_limit_comes_one_step_and_then_the_way_back() -> None:
    """A search leaves the target as it may be left: below its capacity."""
    history = [level(rate, share) for rate, share in ((40.0, 0.01), (50.0, 0.05), (60.0, 0.2))]
    history += [level(rate, 0.05 * (rate / 50.0) ** 8, "repeat") for rate in (49.0, 50.0, 51.0, 50.0, 48.0, 52.0)]
    roles: list[str] = []
    while isinstance(step := next_step(history, SETTINGS), Step) and len(roles) < 60:
        roles.append(step.role)
        history.append(level(step.rate_per_s, min(0.05 * (step.rate_per_s / 50.0) ** 8, 1.0), step.role))
    assert roles[-2:] == ["beyond", "return"]
    assert history[-2].rate_per_s > 55
    assert history[-1].rate_per_s < 50
    assert step == Done(reason="The capacity was found, passed, and left again.", found=True)


def test_a_search_ends_within_its_budget() -> None:
    """However little is known: the last levels are those past the limit and back, and no level begins too late."""
    settings = SETTINGS
    history: list[Result] = []
    now_s = 0.0
    while isinstance(step := next_step(history, settings), Step):
        now_s += settings.level_s
        # Two levels of a rate contradict one another for ever: nothing becomes precise.
        share = 0.0 if step.rate_per_s < 40 or (len(history) % 2 and step.rate_per_s < 60) else 0.3
        history.append(level(step.rate_per_s, share, step.role, end_s=now_s - settings.gap_s))
    assert now_s <= settings.budget_s
    assert [one.role for one in history[-2:]] == ["beyond", "return"]


def test_a_level_is_not_held_beyond_the_budget() -> None:
    """Not even the last one, by which nobody can tell whether the target comes back: a plan says how long at most."""
    settings = replace(SETTINGS, start_s=30.0)
    latest_s = settings.start_s + settings.budget_s - settings.hold_s - settings.gap_s
    assert wants_more_time(level(50.0, 0.05, "return", end_s=latest_s), 1, settings)
    assert not wants_more_time(level(50.0, 0.05, "return", end_s=latest_s + 0.1), 1, settings)


def test_the_same_levels_give_the_same_next_one() -> None:
    """A search can be understood afterwards: nothing in it is left to chance."""
    history = [level(40.0, 0.01), level(60.0, 0.2), level(50.0, 0.05)]
    assert next_step(history, SETTINGS) == next_step(list(history), SETTINGS)


def test_where_nobody_can_tell_a_level_is_held_longer_but_not_for_ever() -> None:
    """A doubtful level gets more time first; at the limit doubt is the rule, and no level there is held longer."""
    doubtful = level(50.0, 0.05)
    assert standing(doubtful) is Standing.CANNOT_TELL
    assert wants_more_time(doubtful, 1, SETTINGS)
    assert not wants_more_time(doubtful, 3, SETTINGS)
    assert not wants_more_time(level(50.0, 0.05, "repeat"), 1, SETTINGS)
    assert not wants_more_time(level(50.0, 0.0), 1, SETTINGS)


def test_bursts_count_for_less_than_as_many_independent_requests() -> None:
    """All that was late in one tenth of a level says less against it than the same number spread over all of it."""
    spread = Counts(criterion="p95", allowed=0.05, due=(100,) * 10, over=(8,) * 10)
    burst = Counts(criterion="p95", allowed=0.05, due=(100,) * 10, over=(80, *(0,) * 9))
    whole = level(50.0, 0.0)
    stands = [standing(_with(whole, counts)) for counts in (spread, burst)]
    assert stands == [Standing.BROKEN, Standing.CANNOT_TELL]


def test_the_criterion_that_gives_first_is_the_capacity() -> None:
    """With several criteria the lowest limit counts, and it is named."""
    history = []
    for rate in (30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0):
        late = tuple(round(1000 * 0.05 * (rate / 50.0) ** 8) for _ in range(10))
        failed = tuple(round(1000 * 0.01 * (rate / 40.0) ** 8) for _ in range(10))
        whole = level(rate, 0.0)
        history.append(
            Result(
                role="coarse",
                rate_per_s=rate,
                offered_per_s=rate,
                start_s=whole.start_s,
                end_s=whole.end_s,
                counts=(
                    Counts(criterion="p95", allowed=0.05, due=(1000,) * 10, over=late),
                    Counts(criterion="failed_share", allowed=0.01, due=(1000,) * 10, over=failed),
                ),
            )
        )
    found = estimate(history)
    assert found is not None
    assert found.criterion == "failed_share"
    assert abs(found.per_s / 40.0 - 1) < 0.01
    assert found.lower_per_s < 40.0 < found.upper_per_s


def _with(result: Result, counts: Counts) -> Result:
    return Result(
        role=result.role,
        rate_per_s=result.rate_per_s,
        offered_per_s=result.offered_per_s,
        start_s=result.start_s,
        end_s=result.end_s,
        counts=(counts,),
    )


def test_levels_that_contradict_each_other_give_a_wide_interval_and_not_a_narrow_gap() -> None:
    """Counted in a real run at four servers of 40 ms, capacity 43/s: by luck 38.1/s was broken and 42.7/s was kept."""
    shares = {13.8: 0.0, 24.1: 0.0, 30.9: 0.0, 37.7: 0.0, 37.8: 0.002, 38.1: 0.147, 39.2: 0.012, 39.7: 0.068}
    shares |= {42.7: 0.018, 44.1: 0.194, 44.5: 0.047, 48.3: 0.996}
    found = estimate([level(rate_per_s, share) for rate_per_s, share in shares.items()])
    assert found is not None
    assert found.lower_per_s < 40.0
    assert found.upper_per_s > 43.1
    assert 38.0 < found.per_s < 46.0


def test_where_nothing_is_in_order_the_limit_is_between_what_was_never_broken_and_never_kept() -> None:
    """Three levels are too few for a curve: below 20/s none was broken, above 40/s none was kept."""
    found = estimate([level(20.0, 0.0), level(30.0, 0.2), level(35.0, 0.01), level(40.0, 0.9)])
    assert found is not None
    assert found.lower_per_s <= 25.0
    assert found.upper_per_s >= 35.0
