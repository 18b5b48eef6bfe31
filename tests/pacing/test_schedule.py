"""When arrivals are due, in virtual time: even ones to the slot, Poisson ones by their distribution."""

import os
import subprocess
import sys
import tracemalloc
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice, pairwise
from math import exp, floor, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pacing.plans import HUNDRED_AROUND_BORDERS, RUSH, SMALL_PLANS, STEADY, plan_of

from pwdload.pacing import Arrival, Arrivals, RatePlan, Schedule
from pwdload.pacing.poisson import BLOCK

SEEDS = (1, 2, 20_261_123, 2**63 - 1)
BOTH = pytest.mark.parametrize("arrivals", ["even", "poisson"])
MANY = plan_of((10, 100, 500), (100, 500, 500), (0.5, 0, 0), (20, 500, 0))
"""58,000 arrivals: many blocks."""
KINDS: st.SearchStrategy[Arrivals] = st.sampled_from(["even", "poisson"])


def schedule(plan: RatePlan, arrivals: Arrivals = "even", seed: int = 1) -> Schedule:
    return Schedule(plan=plan, arrivals=arrivals, seed=seed)


@cache
def many(arrivals: Arrivals) -> Sequence[Arrival]:
    """Return every arrival of the long plan."""
    return tuple(schedule(MANY, arrivals))


def ks_distance(gaps: Sequence[float]) -> float:
    """Return the Kolmogorov-Smirnov distance of gaps to the exponential distribution of mean 1, times sqrt(n)."""
    steps = [(n, 1 - exp(-gap)) for n, gap in enumerate(sorted(gaps))]
    n = len(gaps)
    return sqrt(n) * max(max(wanted - below / n, (below + 1) / n - wanted) for below, wanted in steps)


KS_CRITICAL = 1.628
"""Asymptotic critical value of `ks_distance` at a level of 1 %."""


def rescaled_gaps(made: Iterable[Arrival], plan: RatePlan) -> list[float]:
    """Return the gaps between arrivals in expected arrivals: exponential with mean 1 if they are Poisson."""
    return [after - before for before, after in pairwise([0.0, *(plan.expected(each.due_s) for each in made)])]


@pytest.mark.parametrize("plan", [STEADY, HUNDRED_AROUND_BORDERS], ids=["steady", "borders"])
def test_even_arrivals_at_100_per_second_fill_every_slot_of_100_ms(plan: RatePlan) -> None:
    """At most 11 in any slot and none empty, wherever the slots begin, and across stage borders."""
    due_s = [arrival.due_s for arrival in schedule(plan)]
    assert len(due_s) == pytest.approx(plan.expected_total, abs=0.5)
    for offset_s in (0.0, 0.0031, 0.05, 0.0977):
        slots = Counter(floor((each - offset_s) / 0.1) for each in due_s)
        inner = [slots[slot] for slot in range(int((plan.end_s - offset_s) / 0.1))]
        assert min(inner) >= 9
        assert max(inner) <= 11


@given(SMALL_PLANS, st.floats(0, 1), st.floats(0, 1))
def test_any_window_of_even_arrivals_holds_what_is_expected_in_it(plan: RatePlan, one: float, two: float) -> None:
    """Over ramps, pauses and stage borders, the count is right to less than one arrival."""
    start_s, end_s = sorted((plan.end_s * one, plan.end_s * two))
    found = sum(start_s <= arrival.due_s < end_s for arrival in schedule(plan))
    assert found == pytest.approx(plan.expected(end_s) - plan.expected(start_s), abs=1 + 1e-6)


def test_the_even_rule_is_half_an_arrival_after_each_whole() -> None:
    """The first of 100/s comes after 5 ms: neither at once, which would be a burst of all workers, nor late."""
    assert [each.due_s for each in islice(schedule(STEADY), 3)] == pytest.approx([0.005, 0.015, 0.025])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("plan", [STEADY, RUSH, MANY], ids=["steady", "rush", "many"])
def test_poisson_arrivals_pass_a_kolmogorov_smirnov_test(plan: RatePlan, seed: int) -> None:
    """Whatever the plan, arrivals come as if each had decided for itself: bursts and lulls as in real traffic."""
    gaps = rescaled_gaps(schedule(plan, "poisson", seed), plan)
    assert ks_distance(gaps) < KS_CRITICAL


def test_the_kolmogorov_smirnov_test_can_fail() -> None:
    """Even arrivals, and Poisson ones whose gaps are 5 % too long, are told from right ones."""
    gaps = rescaled_gaps(schedule(MANY, "poisson"), MANY)
    assert ks_distance([gap * 1.05 for gap in gaps]) > KS_CRITICAL
    assert ks_distance(rescaled_gaps(schedule(MANY), MANY)) > KS_CRITICAL


@pytest.mark.parametrize("seed", SEEDS)
def test_successive_poisson_gaps_know_nothing_of_one_another(seed: int) -> None:
    """A long gap is not made up for by short ones, nor followed by more long ones."""
    gaps = rescaled_gaps(schedule(MANY, "poisson", seed), MANY)
    products = [(before - 1) * (after - 1) for before, after in pairwise(gaps)]
    assert abs(sum(products)) / sqrt(len(products)) < 3.3


@pytest.mark.parametrize("width", [10, 300, 2 * BLOCK])
def test_poisson_counts_vary_as_much_as_they_must(width: int) -> None:
    """Counts in windows have a variance equal to their mean, within a block and across blocks."""
    plan = plan_of((50, width, width), (50, 2 * width, 0), (100, width, width))
    dispersions = []
    for seed in SEEDS[:3]:
        windows = Counter(int(plan.expected(each.due_s) / width) for each in schedule(plan, "poisson", seed))
        dispersions.append(sum((windows[window] - width) ** 2 for window in range(200)) / width / 200)
    # chi^2 / 200 has a standard deviation of sqrt(2 / 200) = 0.1.
    assert all(abs(dispersion - 1) < 0.33 for dispersion in dispersions), dispersions


@BOTH
@pytest.mark.parametrize("seed", SEEDS)
def test_each_stage_gets_its_arrivals(arrivals: Arrivals, seed: int) -> None:
    """Even stages to one arrival, Poisson stages to four standard deviations; each arrival lies in its stage."""
    made = list(schedule(RUSH, arrivals, seed))
    counts = Counter(arrival.stage for arrival in made)
    for stage, expected in RUSH.expected_by_stage().items():
        assert abs(counts[stage] - expected) <= (1 if arrivals == "even" else 4 * sqrt(expected))
    borders = {segment.stage: segment for segment in RUSH.segments}
    assert all(borders[each.stage].start_s <= each.due_s < borders[each.stage].end_s for each in made)


@given(SMALL_PLANS, KINDS, st.integers(0, 99))
def test_arrivals_are_numbered_without_gaps_in_the_order_in_which_they_are_due(
    plan: RatePlan, arrivals: Arrivals, seed: int
) -> None:
    """A missing number is a lost arrival, so there must be none by nature."""
    made = list(schedule(plan, arrivals, seed))
    assert [arrival.number for arrival in made] == list(range(len(made)))
    assert all(after.due_s >= before.due_s - 1e-9 for before, after in pairwise(made))


@BOTH
@pytest.mark.parametrize("number", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK - 1, 5 * BLOCK, 57_000, 10**6])
def test_it_can_be_entered_at_any_number(arrivals: Arrivals, number: int) -> None:
    """A worker that joins late plays the very arrivals that it would have played from the start."""
    assert tuple(schedule(MANY, arrivals).from_number(number)) == many(arrivals)[number:]


@settings(max_examples=40)
@given(SMALL_PLANS, KINDS, st.floats(-0.1, 1.1))
def test_it_can_be_entered_at_any_time(plan: RatePlan, arrivals: Arrivals, share: float) -> None:
    """Nothing that is due is skipped, and nothing that was due before is played again."""
    t_s = plan.end_s * share
    whole = schedule(plan, arrivals)
    assert list(whole.from_time(t_s)) == [arrival for arrival in whole if arrival.due_s >= t_s]


@BOTH
def test_it_can_be_entered_at_the_very_moment_of_an_arrival(arrivals: Arrivals) -> None:
    """Around the borders of blocks, too, rounding loses no arrival."""
    whole = many(arrivals)
    for number in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK - 1, 3 * BLOCK, len(whole) - 1):
        assert next(iter(schedule(MANY, arrivals).from_time(whole[number].due_s))) == whole[number]


@BOTH
def test_chunks_make_the_whole(arrivals: Arrivals) -> None:
    """Fetched a handful at a time, each time anew, the arrivals are the same as in one go."""
    whole = list(islice(schedule(MANY, arrivals), 5_000))
    for size in (1_000, 1_024, 777):
        chunks = [islice(schedule(MANY, arrivals).from_number(start), size) for start in range(0, 5_000, size)]
        assert [arrival for chunk in chunks for arrival in chunk][:5_000] == whole


def test_a_longer_plan_changes_nothing_of_what_comes_before() -> None:
    """A run that is made longer begins like the shorter one."""
    short, long = plan_of((10, 50, 150)), plan_of((10, 50, 150), (60, 150, 150))
    made = list(schedule(short, "poisson"))
    assert list(islice(schedule(long, "poisson"), len(made))) == made


def test_the_seed_decides_and_nothing_else_does() -> None:
    """The same seed gives the same arrivals, a neighbouring one others; even arrivals need none."""
    assert list(schedule(RUSH, "poisson", 7)) == list(schedule(RUSH, "poisson", 7))
    first, second = (list(islice(schedule(STEADY, "poisson", seed), 50)) for seed in (7, 8))
    assert not {each.due_s for each in first} & {each.due_s for each in second}
    assert list(schedule(RUSH, "even", 7)) == list(schedule(RUSH, "even", 8))


def test_arrivals_are_the_same_in_every_process() -> None:
    """Workers with other hash seeds, and other versions of Python, agree with the figures written down here."""
    code = (
        "from itertools import islice; from pwdload.pacing import *; "
        "plan = RatePlan.of([('a', 0.0, 60.0, 100.0, 300.0)]); "
        "made = Schedule(plan=plan, arrivals='poisson', seed=20261123); mix = Mix({'b': 2, 'a': 1}, 20261123); "
        "print(*(f'{each.due_s:.9f}' for each in islice(made.from_number(5000), 3)), *map(mix.case, range(12)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for hash_seed in ("0", "1")
    }
    assert said == {"32.311764375 32.311863221 32.336582735 b a a b b b b a b b b a\n"}


@BOTH
def test_only_wanted_numbers_are_made(arrivals: Arrivals) -> None:
    """A worker asks for its own turns alone, and decides about each at the last moment."""
    asked: list[int] = []

    def odd(number: int) -> bool:
        asked.append(number)
        return number % 2 == 1

    made = schedule(MANY, arrivals).from_number(10, wanted=odd)
    assert next(made).number == 11
    assert asked == [10, 11]
    assert [each.number for each in islice(made, 3)] == [13, 15, 17]


@BOTH
def test_arrivals_are_never_all_in_memory(arrivals: Arrivals) -> None:
    """A run of a day takes no more memory than one of a minute."""
    made = schedule(plan_of((300, 100, 100)), arrivals)
    tracemalloc.start()
    try:
        deque(made, maxlen=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


@BOTH
def test_a_far_arrival_is_reached_at_once(arrivals: Arrivals) -> None:
    """The hundred-millionth arrival is not waited for: those before it are not made."""
    far = schedule(plan_of((86_400, 2_000, 2_000)), arrivals)
    assert next(far.from_number(10**8)).due_s == pytest.approx(50_000, rel=1e-3)


def test_a_negative_number_is_refused() -> None:
    """A mistake in counting does not silently begin at the end."""
    with pytest.raises(ValueError, match="from 0 on"):
        schedule(STEADY).from_number(-1)


def test_a_plan_of_nothing_has_no_arrivals() -> None:
    """A pause ends, and is not waited for without end."""
    assert [list(schedule(plan_of((5, 0, 0)), kind)) for kind in ("even", "poisson")] == [[], []]
