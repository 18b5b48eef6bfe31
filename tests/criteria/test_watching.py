"""Criteria that end a run: when they see it, and that they never see what the files will not."""

import random
from collections.abc import Iterable, Iterator

import pytest
from tests.criteria.exchanges import exchange

from pwdload.criteria import Breadth, Criterion, Metric, Sense, Span, Standing, judge
from pwdload.criteria.live import LiveLoad
from pwdload.criteria.seconds import Streak
from pwdload.criteria.watching import Watching
from pwdload.samples import Block, Sample

STOP = Breadth(kind="window", window_s=5.0, stop=True)
SLOW = Criterion(name="slow", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=0.3, permille=950, breadth=STOP)
FAILING = Criterion(name="failing", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=0.1, breadth=STOP)
GOODPUT = Criterion(name="goodput", metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=5.0, breadth=STOP)
SPANS = (Span(0.0, 60.0, "all"),)


def load(took_s: Iterable[float], outcome: str = "right_accept") -> list[Sample]:
    """Return ten changes a second that took so long, in the order in which they were done."""
    made = [exchange(number / 10, took, step="update_password", outcome=outcome) for number, took in enumerate(took_s)]
    return sorted(made, key=lambda one: one.done_s)


def blocks(samples: list[Sample], until_s: float) -> Iterator[tuple[float, Block]]:
    """Yield what a process hands on each second, and when."""
    for second in range(int(until_s)):
        now = [one for one in samples if second <= one.done_s < second + 1]
        if now:
            yield second + 1.0, Block.encode(second, now)


def watched(criterion: Criterion, samples: list[Sample], until_s: float = 60.0) -> tuple[float, Streak] | None:
    """Play a load and return when its criterion ended it, and by what; null if it did not."""
    clock = [0.0]
    live = LiveLoad(SPANS, now=lambda: clock[0], horizon_s=60.0)
    watching = Watching([criterion], SPANS, timeout_s=10.0)
    due = dict(blocks(samples, until_s))
    for second in range(1, int(until_s) + 1):
        clock[0] = float(second)
        if clock[0] in due:
            live.take(due[clock[0]])
        if (found := watching.look(live)) is not None:
            return clock[0], found[1]
    return None


def test_a_good_run_is_left_alone() -> None:
    """Nothing is broken, and nothing ends."""
    for criterion in (SLOW, FAILING, GOODPUT):
        assert watched(criterion, load([0.1] * 600)) is None


@pytest.mark.parametrize(
    ("criterion", "bad"),
    [
        (SLOW, load([0.1] * 200 + [0.5] * 400)),
        (FAILING, load([0.1] * 200) + [one._replace(outcome="shed") for one in load([0.1] * 600)[200:]]),
        (GOODPUT, load([0.1] * 200) + [one._replace(outcome="shed") for one in load([0.1] * 600)[200:]]),
    ],
    ids=["slow", "failing", "goodput"],
)
def test_what_is_broken_for_its_window_ends_the_run_soon_after(criterion: Criterion, bad: list[Sample]) -> None:
    """From 20 s on it is bad; at 25 s the window is full, and it is known when no answer can change it any more."""
    found = watched(criterion, bad)
    assert found is not None
    at_s, streak = found
    assert streak.start_s == 20.0
    settles_s = 10.0 if criterion is FAILING else 0.3
    assert 25.0 <= at_s <= 28.0 + settles_s


def test_a_target_that_falls_silent_is_seen_without_an_answer() -> None:
    """Nothing comes back any more, neither good nor bad: goodput is 0 by the clock."""
    found = watched(GOODPUT, load([0.1] * 200))
    assert found is not None
    assert found[0] <= 30.0


def test_answers_that_are_still_on_their_way_are_not_taken_for_missing() -> None:
    """Half of all fail at once and half succeed after seven seconds: 50 % failed, and no second shows more."""
    half = Criterion(name="x", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=0.6, breadth=STOP)
    quick, late = load([0.1] * 600, "shed")[::2], load([7.0] * 600)[1::2]
    mixed = sorted([*quick, *late], key=lambda one: one.done_s)
    assert watched(half, mixed) is None


@pytest.mark.parametrize("seed", range(8))
def test_what_ends_a_run_is_broken_in_its_files_too(seed: int) -> None:
    """Of random loads near the limit: whatever the watcher saw, the judge finds in all that was due until then."""
    rng = random.Random(seed)
    slow_from, slow_to = sorted(rng.sample(range(600), 2))
    took = [rng.expovariate(1 / 0.08) + (0.25 if slow_from <= number < slow_to else 0.0) for number in range(600)]
    samples = load(took)
    found = watched(SLOW, samples)
    live = LiveLoad(SPANS)
    live.take(Block.encode(0, samples))
    end_s = found[0] if found is not None else 60.0
    judged = judge(SLOW, live.observed(0.0, end_s), (Span(0.0, end_s, "all"),))
    if found is not None:
        assert judged.standing is Standing.BROKEN
        assert judged.broken_from_s == found[1].start_s
    else:
        assert judged.standing is not Standing.BROKEN or judged.broken_from_s == pytest.approx(55.0, abs=5.0)


def test_what_is_spared_is_not_looked_at() -> None:
    """Seconds that a scenario leaves to the criteria of resilience neither break nor join."""
    live = LiveLoad(SPANS, now=lambda: 60.0)
    live.take(Block.encode(0, load([0.1] * 200 + [0.5] * 400)))
    spared = (Span(0.0, 18.0, "all"), Span(24.0, 27.0, "all"))
    assert Watching([SLOW], spared, timeout_s=10.0).look(live) is None
