"""Criteria over a whole run: kept, broken, or cannot tell, and how many samples would tell."""

from typing import Any

import numpy as np
import pytest
from tests.criteria.seen import evenly, seen

from pwdload.criteria import Criterion, Judged, Metric, Observed, Sense, Span, Standing, judge

FAILED = Criterion(name="failed", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=0.01)
GOODPUT = Criterion(name="goodput", metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=10.0)
WHOLE = (Span(0.0, 1_000.0),)


def percentile(permille: int, limit_s: float, **about: Any) -> Criterion:
    """Return the criterion that a percentile is at most a limit."""
    return Criterion(name="x", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=limit_s, permille=permille, **about)


P95 = percentile(950, 0.3)


def times(quick: int, slow: int) -> Observed:
    """Return so many exchanges of 100 ms and of 500 ms, the slow ones spread evenly."""
    count = quick + slow
    took = np.full(count, 0.1)
    took[np.linspace(0, count - 1, slow).astype(int)] = 0.5
    return seen(evenly(count), took)


def failing(ok: int, failed: int) -> Observed:
    """Return so many exchanges, the failed ones spread evenly."""
    flags = np.zeros(ok + failed, dtype=bool)
    flags[np.linspace(0, ok + failed - 1, failed).astype(int)] = True
    return seen(evenly(ok + failed), failed=flags)


@pytest.mark.parametrize(
    ("observed", "standing"),
    [
        (times(59, 0), Standing.KEPT),
        (times(58, 0), Standing.CANNOT_TELL),
        (times(980, 20), Standing.KEPT),
        (times(955, 45), Standing.CANNOT_TELL),
        (times(945, 55), Standing.CANNOT_TELL),
        (times(900, 100), Standing.BROKEN),
        (times(0, 2), Standing.BROKEN),
        (times(0, 0), Standing.CANNOT_TELL),
    ],
)
def test_a_percentile_is_kept_or_broken_only_where_the_bound_says_so(observed: Observed, standing: Standing) -> None:
    """p95 is at most 300 ms where at most 5 % took longer, beyond what chance explains."""
    assert judge(P95, observed, WHOLE).standing is standing


def test_what_is_slower_in_a_part_of_the_run_but_far_from_the_limit_is_kept() -> None:
    """Three times as slow in the second half, ten times as quick as it must be: there is nothing to doubt."""
    rng = np.random.default_rng(12)
    took = np.concatenate([rng.lognormal(np.log(0.005), 0.5, 50_000), rng.lognormal(np.log(0.015), 0.5, 50_000)])
    took[40_000:40_100] = 0.25  # one bad spell, within the limit
    judged = judge(P95, seen(evenly(100_000, 100.0), took), WHOLE)
    assert judged.standing is Standing.KEPT, judged.reason


def test_what_comes_near_the_limit_in_a_part_of_the_run_is_not_called_kept() -> None:
    """Half of the run is just within the limit: what a longer one would meet, nobody can tell."""
    took = np.concatenate([np.full(500, 0.05), np.full(500, 0.29)])
    assert judge(P95, seen(evenly(1_000), took), WHOLE).standing is Standing.CANNOT_TELL


@pytest.mark.parametrize(
    ("observed", "standing"),
    [
        (failing(300, 0), Standing.KEPT),
        (failing(298, 0), Standing.CANNOT_TELL),
        (failing(4_980, 20), Standing.KEPT),
        (failing(980, 20), Standing.BROKEN),
        (failing(985, 15), Standing.CANNOT_TELL),
    ],
)
def test_a_failed_share_is_judged_like_a_share_of_slow_ones(observed: Observed, standing: Standing) -> None:
    """At most 1 % may fail."""
    assert judge(FAILED, observed, WHOLE).standing is standing


def test_of_no_failure_at_all_one_is_too_many() -> None:
    """A limit of nothing is kept where nothing failed, and needs no statistics."""
    never = Criterion(name="never", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=0.0)
    assert judge(never, failing(20, 0), WHOLE).standing is Standing.KEPT
    assert judge(never, failing(2_000, 1), WHOLE).standing is Standing.BROKEN


@pytest.mark.parametrize("seconds", [30, 60])
def test_goodput_counts_changes_when_they_were_done(seconds: int) -> None:
    """12 and 8 changes a second lie on either side of 10, 10 cannot be told."""
    spans = (Span(0.0, float(seconds)),)
    rng = np.random.default_rng(2)
    for per_s, standing in ((13, Standing.KEPT), (7, Standing.BROKEN), (10, Standing.CANNOT_TELL)):
        due_s = np.sort(rng.uniform(0.0, seconds, size=per_s * seconds))
        judged = judge(GOODPUT, seen(due_s, 0.0), spans)
        assert judged.standing is standing
        assert judged.value == pytest.approx(per_s)


def test_without_any_change_goodput_is_broken() -> None:
    """A target that changes nothing for half a minute does not do 10/s."""
    judged = judge(GOODPUT, seen(evenly(300), changed=False), (Span(0.0, 30.0),))
    assert (judged.standing, judged.value, judged.samples) == (Standing.BROKEN, 0.0, 0)


def test_goodput_of_a_few_seconds_cannot_be_told() -> None:
    """Seven seconds have too few batches to say how sure their mean is."""
    judged = judge(GOODPUT, seen(evenly(700, 100.0)), (Span(0.0, 7.0),))
    assert judged.standing is Standing.CANNOT_TELL
    assert "8 s or more" in judged.reason


def test_bounds_and_verdict_are_one() -> None:
    """Kept is where the upper bound is within the limit, broken where the lower one is beyond it."""
    rng = np.random.default_rng(4)
    for _ in range(200):
        judged = judge(P95, seen(evenly(800), rng.exponential(0.1, size=800)), WHOLE)
        assert judged.lower is not None
        assert judged.upper is not None
        kept, broken = judged.upper <= P95.limit, judged.lower > P95.limit
        expected = Standing.KEPT if kept else Standing.BROKEN if broken else Standing.CANNOT_TELL
        assert judged.standing is expected


def test_what_would_tell_does_tell() -> None:
    """As many samples as are said to be needed, of the same kind, are enough."""
    few = judge(P95, times(195, 5), WHOLE)
    assert few.standing is Standing.CANNOT_TELL
    assert few.needed is not None
    assert f"about {few.needed:,} would" in few.reason
    slow = round(few.needed * 1.2 * 5 / 200)
    assert judge(P95, times(round(few.needed * 1.2) - slow, slow), WHOLE).standing is Standing.KEPT
    assert judge(P95, times(20, 0), WHOLE).needed == 59


def test_exchanges_that_are_slow_together_count_for_fewer() -> None:
    """The same numbers, once spread and once in three stalls: the stalls are luck of three draws."""
    spread, count = times(2_920, 80), 3_000
    took = np.full(count, 0.1)
    for begin in (400, 1_500, 2_300):
        took[begin : begin + 27] = 0.5
    assert judge(P95, spread, WHOLE).standing is Standing.KEPT
    assert judge(P95, seen(evenly(count), took), WHOLE).standing is Standing.CANNOT_TELL


def test_only_what_a_criterion_is_about_is_judged() -> None:
    """Step, case and stage narrow it; warm-up is left out unless its stage is named."""
    observed = seen(
        evenly(400),
        np.tile([0.1, 0.5], 200),
        step=np.tile(np.array(["login", "update_password"], dtype=object), 200),
        case=np.repeat(np.array(["valid_change", "replayed"], dtype=object), 200),
    )
    spans = (Span(0.0, 10.0, "warm up", measured=False), Span(10.0, 40.0, "hold"))

    def judged(**about: str) -> Judged:
        return judge(percentile(950, 0.3, **about), observed, spans)

    assert judged().samples == 300
    assert judged(step="login").standing is Standing.KEPT
    assert judged(step="update_password").standing is Standing.BROKEN
    assert judged(stage="warm up").samples == 100
    assert judged(case="replayed").samples == 200
    assert judged(stage="never reached").reason == "The run never reached the time that it is about."


def test_service_and_journey_are_times_of_their_own() -> None:
    """Service is from the sending, a journey from its flow's due time to its change; what has none is left out."""
    due_s = evenly(200)
    observed = seen(
        due_s,
        0.5,
        sent_s=np.where(np.arange(200) % 2 == 0, due_s + 0.4, np.nan),
        flow_due_s=due_s - 1.0,
        changed=np.arange(200) < 100,
    )
    service = judge(percentile(500, 0.3, of="service"), observed, WHOLE)
    assert (service.standing, service.samples) == (Standing.KEPT, 100)
    assert service.value == pytest.approx(0.1)
    journey = judge(percentile(500, 2.0, of="journey"), observed, WHOLE)
    assert (journey.standing, journey.samples) == (Standing.KEPT, 100)
    assert journey.value == pytest.approx(1.5)


def test_a_least_value_is_the_mirror_of_a_greatest() -> None:
    """A p50 of at least 300 ms is kept by slow ones and broken by quick ones."""
    slow_enough = Criterion(name="x", metric=Metric.PERCENTILE, sense=Sense.AT_LEAST, limit=0.3, permille=500)
    assert judge(slow_enough, times(20, 180), WHOLE).standing is Standing.KEPT
    assert judge(slow_enough, times(180, 20), WHOLE).standing is Standing.BROKEN
    assert judge(slow_enough, times(100, 100), WHOLE).standing is Standing.CANNOT_TELL


def test_the_reason_has_the_numbers() -> None:
    """A person reads what was seen, how sure that is, and what was asked."""
    assert judge(P95, times(980, 20), WHOLE).reason == (
        "p95 of 1,000 exchanges was 100 ms, with 95 % confidence at most 100 ms; at most 300 ms is asked."
    )
    assert judge(FAILED, failing(980, 20), WHOLE).reason == (
        "2.00 % of 1,000 exchanges failed, with 95 % confidence at least 1.33 %; at most 1.00 % is asked."
    )
    assert judge(P95, times(100, 20), WHOLE).reason == (
        "20 of 120 exchanges took longer than 300 ms, with 95 % confidence p95 at least 500 ms; "
        "at most 300 ms is asked."
    )
