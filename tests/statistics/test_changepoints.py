"""Changes that are there are found where they are; pasts without any get none but by chance, at the rate promised."""

import sys

import numpy as np
import pytest
import ruptures

from pwdload.statistics.changepoints import change_points


def energy(before: list[float], after: list[float]) -> float:
    """The statistic of Matteson and James, straight from its definition."""
    n, m = len(before), len(after)
    between = 2 / (n * m) * sum(abs(x - y) for x in before for y in after)
    first = sum(abs(before[i] - before[k]) for i in range(n) for k in range(i)) / (n * (n - 1) / 2)
    second = sum(abs(after[i] - after[k]) for i in range(m) for k in range(i)) / (m * (m - 1) / 2)
    return n * m / (n + m) * (between - first - second)


@pytest.mark.parametrize("seed", range(5))
def test_cut_is_where_the_definition_puts_it(seed: int) -> None:
    """The fast sums give the place that the formula gives, computed distance by distance."""
    rng = np.random.default_rng(seed)
    values = [*rng.normal(0, 1, 8), *rng.normal(3, 1, 11)]
    best = max(range(3, len(values) - 2), key=lambda k: energy(values[:k], values[k:]))
    found = change_points(values, seed=1, significance=1.0, permutations=1)
    assert best in [point.index for point in found]


def test_one_step_is_where_ruptures_finds_it() -> None:
    """Another implementation, with another criterion, agrees on where one clear step is."""
    rng = np.random.default_rng(5)
    values = np.concatenate([rng.normal(1.0, 0.03, 18), rng.normal(1.1, 0.03, 12)])
    theirs = ruptures.KernelCPD(kernel="linear").fit(values[:, None]).predict(n_bkps=1)[0]
    assert [point.index for point in change_points(values, seed=1)] == [theirs] == [18]


def test_several_changes_are_told_in_order() -> None:
    """A past that got slower and then faster again has two changes, each with its p-value."""
    rng = np.random.default_rng(6)
    values = np.concatenate([rng.normal(level, 0.02, 15) for level in (1.0, 1.2, 0.9)])
    found = change_points(values, seed=1)
    assert [point.index for point in found] == [15, 30]
    assert all(point.p_value <= 0.05 for point in found)


def test_same_seed_same_answer() -> None:
    """The permutations are drawn from the seed: a report made again says the same."""
    values = np.random.default_rng(7).normal(0, 1, 40)
    assert change_points(values, seed=3, significance=0.9) == change_points(values, seed=3, significance=0.9)


@pytest.mark.parametrize(
    "values", [[], [1.0], [1.0, 2.0, 3.0, 9.0, 9.0], [5.0] * 40], ids=["none", "one", "five", "equal"]
)
def test_nothing_to_be_found_is_nothing(values: list[float]) -> None:
    """Too short a past, or one in which every run is the same, has no change."""
    assert change_points(values, seed=1) == ()


def test_a_gap_is_refused() -> None:
    """A value that is not a number has no distance from others; it is never taken for 0."""
    with pytest.raises(ValueError, match="not finite"):
        change_points([1.0, float("nan"), 2.0], seed=1)


def false_alarms(histories: int, draw: str, permutations: int) -> int:
    """How many pasts of 30 runs without a change get one."""
    rng = np.random.default_rng(20261130)
    alarms = 0
    for number in range(histories):
        values = rng.normal(0, 1, 30) if draw == "normal" else rng.lognormal(0, 0.5, 30)
        alarms += bool(change_points(values, seed=number, permutations=permutations))
    return alarms


def found_steps(histories: int, step: float, noise: float) -> int:
    """In how many pasts of 30 runs a step in the middle is found, within two runs of where it is."""
    rng = np.random.default_rng(20261130)
    found = 0
    for number in range(histories):
        values = np.log1p(step) * (np.arange(30) >= 15) + rng.normal(0, noise, 30)
        found += any(abs(point.index - 15) <= 2 for point in change_points(values, seed=number))
    return found


def test_false_alarms_are_rare_and_steps_are_found() -> None:
    """A glimpse of the two proofs below."""
    assert false_alarms(40, "normal", 99) <= 6
    assert found_steps(10, 0.1, 0.03) >= 9


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["normal", "skewed"])
def test_false_alarms_stay_below_five_per_cent(draw: str) -> None:
    """Of 1,000 pasts without a change at most 5 % get one, beyond what the draw of 1,000 may add (99.9 %: 72)."""
    alarms = false_alarms(1000, draw, 199)
    sys.stdout.write(f"\nE-divisive, {draw}: {alarms} of 1,000 unchanged pasts of 30 runs get a change\n")
    assert alarms <= 72


@pytest.mark.slow
def test_a_step_of_ten_per_cent_in_thirty_runs_is_found() -> None:
    """Among runs that scatter by 3 % (standard deviation) 10 % in the middle is found nearly always."""
    for step in (0.03, 0.05, 0.1):
        found = found_steps(200, step, 0.03)
        sys.stdout.write(f"\nE-divisive: a step of {step:.0%} among runs that scatter by 3 %: {found} of 200 found\n")
    assert found >= 190
