"""A run held against a truth: perfect instruments pass, each known way to lie is caught."""

import math
from dataclasses import replace

import pytest
from tests.calibration.made import record, samples

from pwdload.calibration.certificate import Comparison
from pwdload.calibration.compare import (
    Dictated,
    compare_mmc,
    compare_stall,
    even_of,
    floor_of,
    lag_of,
    measured_of,
    poisson_of,
)
from pwdload.calibration.realization import mmc_realization, realize, schedule_of
from pwdload.calibration.trials import (
    SHORT_STALL,
    SHORT_STALL_RATE_PER_S,
    STALL,
    WARM_UP_S,
    floor_trial,
    mmc_trial,
    mmc_truth,
    stall_trial,
)
from pwdload.errors import UsageError
from pwdload.rundir import ArrivalPlan

STALLED = stall_trial(STALL, 100.0).plan()


def stall_responses(plan: ArrivalPlan = STALLED) -> list[float]:
    return [STALL.response_s(arrival.due_s) for arrival in schedule_of(plan)]


def stall_comparison(responses_s: list[float], tolerance: float = 0.01) -> Comparison:
    run = measured_of(record(STALLED), samples(STALLED, responses_s))
    return compare_stall(run, STALL, tolerance=tolerance, floor_s=0.0003)


def test_an_instrument_that_tells_the_truth_passes() -> None:
    """The truth itself, and the truth plus the floor, are within the limits; n is exact."""
    comparison = stall_comparison([response_s + 0.0002 for response_s in stall_responses()])
    assert (comparison.arrivals, comparison.measured, comparison.problems()) == (3000, 3000, ())
    assert [figure.name for figure in comparison.figures] == ["mean", "p50", "p90", "p95", "p99"]


def test_coordinated_omission_is_caught() -> None:
    """An instrument that asks less while it waits, and sells service time as response time, fails on every tail."""
    omitting = [min(response_s, 0.02) for response_s in stall_responses()]
    problems = stall_comparison(omitting).problems()
    assert [problem.split()[1] for problem in problems] == ["p90", "p95", "p99"]
    assert "p99 20.0 ms where 4695.1 ms is true (-99.6%; allowed is 1% and 0.3 ms)" in problems[-1]


def late_stall(first_lag_s: float, later_s: float) -> Comparison:
    """Return what is said of a run whose first login left so late, at a target whose stall was so much later."""
    plan = stall_trial(SHORT_STALL, SHORT_STALL_RATE_PER_S).plan()
    responses_s = [SHORT_STALL.response_s(arrival.due_s - later_s) for arrival in schedule_of(plan)]
    responses_s[0] += first_lag_s
    table = samples(plan, responses_s, lag_s=lambda number: 0.0 if number else first_lag_s)
    return compare_stall(measured_of(record(plan), table), SHORT_STALL, tolerance=0.01, floor_s=0.0003)


def test_a_first_login_that_left_late_makes_the_stall_later_and_nothing_else() -> None:
    """By it the target sets its clock: half a gap later is beyond 1 % of p90, and no error where it is told.

    Where it says that the first one was punctual, the same answers are wrong; so they are where the stall was on time.
    """
    assert late_stall(0.015, 0.015).problems() == ()
    assert late_stall(0.0, 0.015).problems()
    assert late_stall(0.015, 0.0).problems()


@pytest.mark.parametrize("factor", [0.985, 1.015])
def test_an_error_of_one_and_a_half_per_cent_is_caught(factor: float) -> None:
    """One per cent is the limit, in both directions."""
    assert stall_comparison([response_s * factor for response_s in stall_responses()]).problems()


def test_a_sample_that_is_missing_or_doubled_is_caught() -> None:
    """N must be exact: as many samples as arrivals, one each, due when they were planned."""
    table = samples(STALLED, stall_responses())
    short = measured_of(record(STALLED), table.slice(0, 2990))
    comparison = compare_stall(short, STALL, tolerance=0.01, floor_s=0.0003)
    assert comparison.problems()[0] == "stall: 2,990 samples of 3,000 arrivals."
    moved = table.set_column(table.schema.get_field_index("flow"), "flow", [[0] * 10 + list(range(10, 3000))])
    assert measured_of(record(STALLED), moved).exact == 2990


def test_too_few_slots_make_a_truth_of_their_own() -> None:
    """With 20 slots and a line of 100, 380 arrivals are dropped: expected, unlike samples that are lost."""
    plan = replace(STALLED, slots=20, queue_limit=100)
    played = realize([arrival.due_s for arrival in schedule_of(plan)], STALL.response_s, slots=20, queue_limit=100)
    kept = [response is not None for response in played.responses_s]
    table = samples(plan, [response or 0.005 for response in played.responses_s]).filter(kept)
    comparison = compare_stall(measured_of(record(plan), table), STALL, tolerance=0.05, floor_s=0.0003)
    assert (comparison.expected_dropped, comparison.measured) == (380, 2620)
    assert not any("samples of" in problem for problem in comparison.problems())


def test_a_queue_is_judged_by_its_formula_and_by_its_own_draw() -> None:
    """Mean and p95 are held against Erlang C, the others against the same arrivals in virtual time."""
    trial, truth = mmc_trial(0.7, 30, for_s=20.0), mmc_truth(0.7)
    played = mmc_realization(trial.plan(), servers=8, service_s_mean=0.05, seed=30).kept_s
    for added_s, passes in ((0.0002, True), (0.004, False)):
        table = samples(trial.plan(), [response_s + added_s for response_s in played])
        comparison = compare_mmc(
            measured_of(record(trial.plan()), table),
            truth,
            service_seed=30,
            warm_up_s=WARM_UP_S,
            tolerance=0.03,
            floor_s=0.0003,
        )
        assert (not comparison.problems()) is passes, comparison.problems()
        assert comparison.name == "M/M/8 at 70%"
        assert comparison.arrivals == comparison.measured < len(played)


def test_what_the_target_dictated_stands_beside() -> None:
    """The target's own word, and how late its answers were."""
    dictated = Dictated(
        timer="timerfd",
        cpu_s=0.1,
        arrived_s=(0.0, 1.0, 2.0),
        promised_s=(0.5, 1.25, 2.0),
        written_s=(0.5002, 1.2501, 0.0),
    )
    assert dictated.responses_s == (0.5, 0.25, 0.0)
    error = dictated.timer_error()
    assert (error.answers, error.timer) == (2, "timerfd")
    assert error.max_s == pytest.approx(0.0002)
    comparison = compare_stall(
        measured_of(record(STALLED), samples(STALLED, stall_responses())),
        STALL,
        tolerance=0.01,
        floor_s=0.0,
        dictated=dictated,
    )
    assert comparison.figures[0].dictated_s == pytest.approx(0.25)


def test_floor_lag_and_evenness_are_read_from_a_run() -> None:
    """Of connections that were open; the first request opened one."""
    plan = floor_trial("even", "even", 100.0, for_s=10.0).plan()
    late = samples(plan, [0.003] * 1000, lag_s=lambda number: 0.002 if number % 100 == 99 else 0.0001)
    run = measured_of(record(plan), late)
    assert floor_of(run).requests == 999
    assert floor_of(run).p99_s == pytest.approx(0.003)
    lag = lag_of(run, 100.0)
    assert lag.arrivals == 999
    assert (lag.max_s, lag.p50_s) == pytest.approx((0.002, 0.0001))
    even = even_of(run, 100.0, from_s=0.0, until_s=10.0)
    assert (even.fewest, even.most, even.is_even) == (10, 10, True)
    poisson = floor_trial("poisson", "poisson", 100.0, for_s=10.0).plan()
    fit = poisson_of(
        measured_of(record(poisson), samples(poisson, [0.003] * sum(1 for _ in schedule_of(poisson)))), 100
    )
    assert fit.p_value > 0.01


def test_a_run_without_samples_is_said_to_have_measured_nothing() -> None:
    """No number stands where nothing was measured."""
    run = measured_of(record(STALLED), samples(STALLED, stall_responses()).slice(0, 0))
    problems = compare_stall(run, STALL, tolerance=0.01, floor_s=0.0).problems()
    assert problems[0] == "stall: 0 samples of 3,000 arrivals."
    assert problems[1] == "stall: p50 was not measured."
    assert not any(math.isnan(figure.theory_s) for figure in compare_stall(run, STALL, tolerance=1, floor_s=0).figures)


def test_a_closed_run_cannot_be_compared() -> None:
    """A known truth needs to know when each request was due."""
    with pytest.raises(UsageError, match="closed model"):
        measured_of(replace(record(STALLED), arrivals=None), samples(STALLED, stall_responses()))
