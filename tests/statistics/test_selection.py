"""Order statistics that are asked for one after the other are those of the sorted values."""

import numpy as np
import pytest

from pwdload.statistics.selection import Selection


@pytest.mark.parametrize("seed", range(20))
def test_each_rank_is_that_of_a_sort(seed: int) -> None:
    """In whatever order ranks are asked for, again and again, and whether or not values are tied."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 1 + seed * 20, 300).astype(float)
    chosen, ordered = Selection(values.copy()), np.sort(values)
    ranks = [*rng.integers(1, len(values) + 1, 80).tolist(), 1, len(values)]
    assert [chosen.at(rank) for rank in ranks] == [ordered[rank - 1] for rank in ranks]
    assert len(chosen) == len(values)


def test_a_single_value_has_one_rank() -> None:
    """It is the least and the greatest."""
    assert Selection(np.array([7.0])).at(1) == 7.0
