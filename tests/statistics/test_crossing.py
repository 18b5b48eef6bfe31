"""Where room runs out between two loads: found from queues whose truth is known."""

import numpy as np
import pytest

from pwdload.statistics.crossing import crossing_bounds, crossing_of, room_of_shares, room_of_times
from pwdload.statistics.queues import Queue


@pytest.mark.parametrize("servers", [1, 4, 16])
@pytest.mark.parametrize("step", [0.05, 0.1, 0.15])
def test_crossing_of_a_queue_is_within_two_percent(servers: int, step: float) -> None:
    """Exact percentiles at loads 5 to 15 % apart give the limit within 2 %, and bounds that hold it."""
    queue, limit_s = Queue(servers=servers, service_s=0.05), 0.3
    truth = queue.rate_keeping(950, limit_s)
    for offset in np.linspace(0.0, 1.0, 7):
        loads = queue.most_per_s * np.arange(0.2 + offset * step, 0.999, step)
        loads = np.append(loads[loads < 0.985 * queue.most_per_s], 0.99 * queue.most_per_s)
        times_s = np.array([queue.percentile_s(load, 950) for load in loads])
        found = crossing_of(loads, room_of_times(times_s, limit_s, np.ones_like(loads)))
        assert found.at == pytest.approx(truth, rel=0.02)
        assert found.low <= truth * 1.0001
        assert found.high >= truth * 0.9999


def test_crossing_of_sheds_is_where_they_begin() -> None:
    """A target that turns away what it has no room for has its limit found between two loads that are far apart."""
    loads = np.array([40.0, 80.0, 120.0, 160.0])
    shares = np.maximum(0.0, 1 - 100.0 / loads)
    found = crossing_of(loads, room_of_shares(shares, 0.01, loads, np.ones(4)))
    assert found.low <= 100.0 / 0.99 <= found.high
    assert found.high == pytest.approx(100.0 / 0.99)


def test_no_crossing_is_infinite_and_none_kept_is_zero() -> None:
    """Room everywhere has no limit; room nowhere has it below all that was tried."""
    loads = np.array([1.0, 2.0])
    assert crossing_bounds(loads, np.array([2.0, 1.0])) == (2.0, float("inf"))
    assert crossing_of(loads, np.array([-1.0, -2.0])).high == 0.0
    with pytest.raises(ValueError, match="no load"):
        crossing_of(np.empty(0), np.empty(0))


def test_a_cliff_may_be_anywhere_between_two_loads() -> None:
    """Where room does not bend down but falls at once, the limit is only known to lie between the two loads."""
    loads = np.array([60.0, 75.0, 85.0, 95.0, 105.0])
    low, high = crossing_bounds(loads, np.array([0.6, 0.75, -30.0, -43.0, -51.0]))
    assert 75.0 < low < 76.0
    assert high == 85.0
