"""What is put in order, counted and added up part by part is the same to the last bit as all at once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pwdload import arrays
from pwdload.analysis.capacity import holds
from pwdload.arrays import in_files
from pwdload.statistics import ordering
from pwdload.statistics.bins import summed, tallied
from pwdload.statistics.ordering import ascending, group_order, stable_order

RANDOM = np.random.default_rng(5)
NUMBERS: dict[str, NDArray[np.generic]] = {
    "times, nearly in order": np.arange(9_000) / 100 + RANDOM.exponential(0.3, 9_000),
    "times of four processes": np.concatenate([np.sort(RANDOM.random(2_500)) * 50 for _ in range(4)]),
    "many that are equal": RANDOM.integers(0, 40, 9_000),
    "far apart": RANDOM.integers(-(2**62), 2**62, 9_000),
    "all in one place": np.append(np.zeros(9_000), 1e9),
    "one number": np.full(5_000, 7),
}


@pytest.fixture(autouse=True)
def in_small_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have arrays in files, and a few hundred elements looked at at once."""
    monkeypatch.setattr(arrays, "ROWS", 333)
    monkeypatch.setattr(ordering, "_APART", 500)
    monkeypatch.setattr(holds, "_ROWS", 100)
    with in_files(tmp_path, least_bytes=1):
        yield


@pytest.mark.parametrize("name", NUMBERS)
def test_orders_are_those_of_numpy(name: str) -> None:
    """What is equal stays in the order in which it stands, however the numbers lie."""
    numbers = NUMBERS[name]
    assert np.array_equal(stable_order(numbers), np.argsort(numbers, kind="stable"))
    assert np.array_equal(ascending(numbers), np.sort(numbers))


@pytest.mark.parametrize("groups", [1, 3, 200, 40_000])
def test_groups_come_one_after_the_other(groups: int) -> None:
    """Few groups or many, some of them empty, each in the order in which its elements stand."""
    codes = RANDOM.integers(0, groups, 5_000)
    assert np.array_equal(group_order(codes, groups), np.argsort(codes, kind="stable"))


def test_counts_and_sums_are_those_of_numpy_to_the_last_bit() -> None:
    """Weights are added one by one in their order, so that rounding is the same."""
    codes, weights = RANDOM.integers(0, 17, 5_000), RANDOM.random(5_000) * 1e6
    assert np.array_equal(tallied(5_000, 17, lambda part: codes[part]), np.bincount(codes, minlength=17))
    sums = summed(codes, lambda part: weights[part], 17)
    assert sums.tobytes() == np.bincount(codes, weights, minlength=17).tobytes()


def test_running_sums_are_those_of_numpy_to_the_last_bit() -> None:
    """The time under way before an edge is added up part by part as it would be at once."""
    times_s = np.sort(RANDOM.random(1_234)) * 100
    places = np.array([0, 1, 99, 100, 101, 700, 1_234])
    whole = np.concatenate([[0.0], np.cumsum(times_s - 3.0)])
    assert holds._sums_before(times_s, 3.0, places).tobytes() == whole[places].tobytes()
