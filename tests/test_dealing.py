"""The order in which several processes do the tests."""

import pytest
from tests.dealing import dealt


@pytest.mark.parametrize("hands", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("others", [0, 5, 100])
def test_every_test_is_dealt_once(hands: int, others: int) -> None:
    """No order may lose a test, or do one twice."""
    pieces = [["a1", "a2", "a3"], ["b"], ["c1", "c2"], ["d"], ["e"]]
    rest = [f"unit{number}" for number in range(others)]
    order = dealt(pieces, rest, hands)
    assert sorted(order) == sorted([one for piece in pieces for one in piece] + rest)


def test_each_process_begins_with_its_share_of_what_takes_long() -> None:
    """Pieces stay together, and the rest stays in its order."""
    order = dealt([["a1", "a2", "a3"], ["b"], ["c1", "c2"]], [f"unit{number}" for number in range(10)], 2)
    assert order[:8] == ["a1", "a2", "a3", "c1", "c2", "unit0", "unit1", "unit2"]
    assert order[8:] == ["b", "unit3", "unit4", "unit5", "unit6", "unit7", "unit8", "unit9"]
