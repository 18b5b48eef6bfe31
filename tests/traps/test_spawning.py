"""Trap I: users who spawn together stay in step, so that a target sees bursts and gaps where a rate was asked for."""

from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.runs import QUIET, latest, samples
from tests.e2e.test_locust import NOTHING_WRONG, scenario
from tests.processes import locust
from tests.traps.run import found

pytestmark = pytest.mark.e2e

SLOT_S = 0.1


def slots(times_s: list[float], start_s: float, end_s: float) -> list[int]:
    """Return how many of these times fall into each slot of 100 ms."""
    counts = Counter(int((at_s - start_s) / SLOT_S) for at_s in times_s)
    return [counts[slot] for slot in range(round((end_s - start_s) / SLOT_S))]


@pytest.mark.slow
def test_users_of_stock_locust_keep_in_step() -> None:
    """A hundred users at one request a second each: nine of ten slots are empty, and the tenth has them all."""
    counts = slots(found("spawning"), 0.0, 4.0)
    assert sum(count == 0 for count in counts) >= 0.8 * len(counts)
    assert max(counts) >= 90


@pytest.mark.slow
def test_our_users_begin_spread_over_a_think_time_and_stay_so(tmp_path: Path) -> None:
    """The same users of ours: hardly a slot of the steady state is empty, and none has half of them.

    Each user begins at a moment drawn evenly from one think time, so that a slot gets 10 of 100 on average, give or
    take 3. A stall of the machine bunches those up that it catches: in a closed loop they stay so, hence the room.
    """
    path = scenario(tmp_path, think_time="1s", mix="login_only = 1")
    done = locust(*QUIET, "--headless", "--scenario", path, "-u", "100", "-r", "100", "-t", "5s", cwd=tmp_path)
    assert done.exit_code in NOTHING_WRONG, done.err
    sent_s = [at_s for at_s in samples(latest(tmp_path))["sent_s"].to_pylist() if at_s is not None]
    # All are there one think time after the last has spawned, which Locust does within its first second or two.
    counts = slots(sent_s, 2.5, 4.5)
    assert sum(count == 0 for count in counts) <= 0.1 * len(counts), counts
    assert max(counts) < 50, counts
