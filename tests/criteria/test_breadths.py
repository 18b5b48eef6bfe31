"""Criteria that are judged second by second: in most of the seconds, or not broken for too long."""

from typing import Any

import numpy as np
import pytest
from tests.criteria.seen import Floats, evenly, seen

from pwdload.criteria import Breadth, Criterion, Metric, Observed, Sense, Span, Standing, judge
from pwdload.criteria.seconds import by_second, streaks

WINDOW = Breadth(kind="window", window_s=10.0)
MOSTLY = Breadth(kind="seconds", share=0.99)


def slow(breadth: Breadth, **about: Any) -> Criterion:
    """Return that p95 is at most 300 ms."""
    return Criterion(
        name="x", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=0.3, permille=950, breadth=breadth, **about
    )


def load(slow_seconds: Any, length_s: int = 400, per_s: int = 10) -> Observed:
    """Return a load of 100 ms, and of 500 ms in some seconds."""
    due_s = evenly(length_s * per_s, per_s)
    return seen(due_s, np.where(np.isin(due_s.astype(int), np.asarray(slow_seconds, dtype=int)), 0.5, 0.1))


def whole(length_s: float = 400.0) -> tuple[Span, ...]:
    """Return a run of one measured stage."""
    return (Span(0.0, length_s),)


@pytest.mark.parametrize(
    ("broken", "length_s", "standing"),
    [
        ([], 400, Standing.KEPT),
        ([], 200, Standing.CANNOT_TELL),
        ([50, 200, 300], 400, Standing.CANNOT_TELL),
        (range(0, 400, 10), 400, Standing.BROKEN),
    ],
)
def test_a_share_of_seconds_is_as_sure_as_their_number_makes_it(broken: Any, length_s: int, standing: Standing) -> None:
    """299 good seconds say that 99 % are good; three bad ones of 400 say neither."""
    judged = judge(slow(MOSTLY), load(broken, length_s), whole(length_s))
    assert judged.standing is standing
    assert judged.share_kept == pytest.approx(1.0 - len(list(broken)) / length_s)


def test_all_of_the_seconds_is_a_statement_about_the_run() -> None:
    """Where every second is asked for, one that is broken breaks it, and none keeps it."""
    always = slow(Breadth(kind="seconds", share=1.0))
    assert judge(always, load([], 20), whole(20)).standing is Standing.KEPT
    assert judge(always, load([7], 20), whole(20)).standing is Standing.BROKEN


@pytest.mark.parametrize(
    ("broken", "standing", "from_s"),
    [
        ([*range(100, 109)], Standing.KEPT, None),
        ([*range(100, 110)], Standing.BROKEN, 100.0),
        ([*range(100, 105), *range(106, 111)], Standing.KEPT, None),
        ([*range(20, 25), *range(390, 400)], Standing.BROKEN, 390.0),
    ],
)
def test_a_window_is_broken_only_without_a_break(broken: Any, standing: Standing, from_s: float | None) -> None:
    """Ten seconds in a row are too many; nine, or ten with a good one among them, are not."""
    judged = judge(slow(WINDOW), load(broken), whole())
    assert (judged.standing, judged.broken_from_s) == (standing, from_s)


def test_a_window_of_few_requests_is_not_beyond_chance() -> None:
    """One slow login each second for ten seconds proves a p95; one slow one among a few slow ones of a p50 does not."""
    median = Criterion(name="x", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=0.3, permille=500, breadth=WINDOW)
    assert judge(slow(WINDOW), load(range(100, 110), per_s=1), whole()).standing is Standing.BROKEN
    few = judge(median, seen(evenly(20, 1.0)[5:14], 0.5), (Span(0.0, 20.0),))
    assert few.standing is Standing.KEPT
    nine = Breadth(kind="window", window_s=9.0)
    nine_seconds = Criterion(
        name="x", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=0.3, permille=500, breadth=nine
    )
    assert judge(nine_seconds, seen(evenly(20, 1.0)[5:14], 0.5), (Span(0.0, 20.0),)).standing is Standing.CANNOT_TELL


def test_a_silent_second_proves_nothing() -> None:
    """What nobody asked in a second neither breaks a streak nor lengthens it at its ends."""
    due_s: Floats = np.concatenate([100 + evenly(50), 106 + evenly(40), 120 + evenly(10)])
    seconds = by_second(slow(WINDOW), seen(due_s, 0.5), whole())
    first, second = streaks(seconds)[0], len(streaks(seconds))
    assert (first.start_s, first.end_s, second) == (100.0, 121.0, 1)
    good_between = seen(np.append(due_s, 115.5), np.append(np.full(len(due_s), 0.5), 0.1))
    ends = [(one.start_s, one.end_s) for one in streaks(by_second(slow(WINDOW), good_between, whole()))]
    assert ends == [(100.0, 110.0), (120.0, 121.0)]


def test_a_streak_does_not_reach_over_a_gap_between_stages() -> None:
    """Six broken seconds before a pause that is not measured and six after it are no twelve."""
    spans = (Span(0.0, 10.0, "a"), Span(10.0, 20.0, "pause", measured=False), Span(20.0, 30.0, "b"))
    observed = load([*range(4, 10), *range(20, 26)], 30)
    assert judge(slow(WINDOW), observed, spans).standing is Standing.KEPT
    joined = tuple(one._replace(measured=True) for one in spans)
    assert judge(slow(WINDOW), load(range(4, 26), 30), joined).standing is Standing.BROKEN


def test_a_window_longer_than_the_run_cannot_be_told() -> None:
    """Doubt is never success, and neither is silence."""
    assert judge(slow(WINDOW), load([], 9), whole(9)).standing is Standing.CANNOT_TELL
    assert judge(slow(WINDOW), seen(np.empty(0)), whole(60)).standing is Standing.CANNOT_TELL


@pytest.mark.parametrize("breadth", [WINDOW, MOSTLY])
def test_goodput_is_judged_by_the_second_too(breadth: Breadth) -> None:
    """A second without any change is a second of no goodput."""
    enough = Criterion(name="x", metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=5.0, breadth=breadth)
    due_s = evenly(4_000)
    stalled = due_s[(due_s < 100) | (due_s >= 130)]
    assert judge(enough, seen(due_s, 0.0), whole()).standing is Standing.KEPT
    judged = judge(enough, seen(stalled, 0.0), whole())
    assert judged.standing is Standing.BROKEN
    assert judged.broken_from_s == (100.0 if breadth is WINDOW else None)


def test_failed_shares_are_judged_by_the_second_too() -> None:
    """Ten seconds in which half of all failed."""
    few = Criterion(name="x", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=0.1, breadth=WINDOW)
    due_s = evenly(4_000)
    failed = (due_s >= 200) & (due_s < 212) & (np.arange(4_000) % 2 == 0)
    judged = judge(few, seen(due_s, failed=failed), whole())
    assert (judged.standing, judged.broken_from_s) == (Standing.BROKEN, 200.0)
    assert judged.reason == "Broken for 12 s without a break, from 3 min 20 s on; at most 10.00 % is asked."
