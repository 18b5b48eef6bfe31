"""Orders of many numbers: the same as numpy's, only sooner."""

import numpy as np
import pytest

from pwdload.statistics.ordering import again, has_twice, is_among, stable_order, taken


@pytest.mark.parametrize("span", [1, 200, 70_000, 2**31, 2**45, 2**62])
def test_stable_order_is_that_of_a_stable_sort(span: int) -> None:
    """Whatever the numbers span, and wherever they begin, equal ones stay in their order."""
    rng = np.random.default_rng(span)
    numbers = rng.integers(-span, span, 70_000)
    assert np.array_equal(stable_order(numbers), np.argsort(numbers, kind="stable"))
    assert not len(stable_order(numbers[:0]))


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_narrow_numbers_are_ordered_as_wide_ones(kind: type[np.signedinteger]) -> None:
    """Numbers that span all that their kind can hold are no smaller for being subtracted."""
    limits = np.iinfo(kind)
    numbers = np.random.default_rng(1).integers(limits.min, limits.max, 70_000, kind, endpoint=True)
    assert np.array_equal(stable_order(numbers), np.argsort(numbers, kind="stable"))


def test_what_is_taken_part_by_part_is_what_numpy_takes() -> None:
    """More places than one part has, of any kind of values."""
    places = np.random.default_rng(2).integers(0, 100, (1 << 20) + 5).astype(np.int32)
    for values in (np.arange(100.0), np.arange(100) % 3 == 0, np.arange(100, dtype=np.int8)):
        assert np.array_equal(taken(values, places), values[places])
        assert taken(values, places).dtype == values.dtype


@pytest.mark.parametrize("count", [1, 100, 127, 128, 200])
def test_what_is_taken_at_narrow_places_is_what_numpy_takes(count: int) -> None:
    """Places of 8 bits, negative ones among them, of values of 8 bits and of others."""
    low, high = max(-count, -128), min(count, 128)
    places = np.random.default_rng(2).integers(low, high, 3_000).astype(np.int8)
    for values in (np.arange(count) % 3 == 0, np.arange(count).astype(np.int8), np.arange(count) * 0.5):
        assert np.array_equal(taken(values, places), values[places])
        assert taken(values, places).dtype == values.dtype


def test_what_comes_again_is_found() -> None:
    """Numbers that are there twice are named once; of single ones none is."""
    numbers = np.array([5, -3, 9, 5, 5, 9, 0])
    assert has_twice(numbers)
    assert not has_twice(numbers[:3])
    assert again(numbers).tolist() == [5, 9]
    assert is_among(numbers, again(numbers)).tolist() == [True, False, True, True, True, True, False]
    assert not is_among(numbers, numbers[:0]).any()
