"""Orders of many numbers: the same as numpy's, only sooner."""

import numpy as np
import pytest

from pwdload.statistics.ordering import again, has_twice, is_among, stable_order


@pytest.mark.parametrize("span", [1, 200, 70_000, 2**31, 2**45, 2**62])
def test_stable_order_is_that_of_a_stable_sort(span: int) -> None:
    """Whatever the numbers span, and wherever they begin, equal ones stay in their order."""
    rng = np.random.default_rng(span)
    numbers = rng.integers(-span, span, 70_000)
    assert np.array_equal(stable_order(numbers), np.argsort(numbers, kind="stable"))
    assert not len(stable_order(numbers[:0]))


def test_what_comes_again_is_found() -> None:
    """Numbers that are there twice are named once; of single ones none is."""
    numbers = np.array([5, -3, 9, 5, 5, 9, 0])
    assert has_twice(numbers)
    assert not has_twice(numbers[:3])
    assert again(numbers).tolist() == [5, 9]
    assert is_among(numbers, again(numbers)).tolist() == [True, False, True, True, True, True, False]
    assert not is_among(numbers, numbers[:0]).any()
