"""Bins of time are those of a floored division, to the last bit."""

import numpy as np
import pytest

from pwdload.statistics.bins import part_by_part, tally, whole_widths


@pytest.mark.parametrize("width_s", [0.1, 0.3, 1.0, 2.0, 7.0, 1e-3, 1 / 3])
def test_whole_widths_are_those_of_a_floored_division(width_s: float) -> None:
    """On edges, one bit beside them, and in between; before the start as well."""
    edges = np.arange(-50, 3_000) * width_s
    random = np.random.default_rng(1).uniform(-50 * width_s, 3_000 * width_s, 5_000)
    times_s = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), random])
    assert np.array_equal(whole_widths(times_s, width_s), times_s // width_s)


def test_a_quotient_that_is_rounded_up_to_a_whole_number_is_found() -> None:
    """The case that a plain division gets wrong is there, else this proves nothing."""
    edges = np.nextafter(np.arange(1, 3_000) * 0.1, 0.0)
    assert (np.floor(edges / 0.1) != edges // 0.1).any()


@pytest.mark.parametrize(("count", "size"), [(0, 3), (5, 3), ((1 << 18) + 7, 40), (1_000, 1 << 19)])
def test_what_is_done_part_by_part_is_what_is_done_at_once(count: int, size: int) -> None:
    """More values than one part has, or fewer kinds of them."""
    codes = np.random.default_rng(3).integers(0, size, count).astype(np.int32)
    assert np.array_equal(tally(codes, size), np.bincount(codes, minlength=size))
    values = codes / 3.0
    assert np.array_equal(part_by_part(lambda part: part.astype(np.int64), values), values.astype(np.int32))
