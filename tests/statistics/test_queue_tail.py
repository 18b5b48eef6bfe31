"""The capacity out of all times of several rates: where the truth is a formula, and where no queue is of this shape."""

import numpy as np
import pytest

from pwdload.statistics.queue_tail import PARTS, Tails, root_of
from pwdload.statistics.queues import Queue

LOADS = np.arange(0.4, 1.15, 0.08)
TRIALS = 4000.0


def tails_of(queue: Queue, limit_s: float, rng: np.random.Generator | None = None) -> Tails:
    """Return what a queue shows at loads up to beyond what it can do; with a generator, with the luck of the draw."""
    rates = LOADS * queue.most_per_s
    shares = np.array([[queue.share_beyond(rate, part * limit_s) for part in PARTS] for rate in rates])
    past = shares * TRIALS if rng is None else rng.binomial(int(TRIALS / 20), shares) * 20.0
    return Tails(
        rates=rates,
        served=np.minimum(rates, queue.most_per_s),
        trials=np.full(len(rates), TRIALS),
        past=past.astype(np.float64),
        limit_s=limit_s,
        allowed=0.05,
    )


@pytest.mark.parametrize(("servers", "services"), [(1, 12.0), (4, 8.0), (16, 4.0)])
def test_the_formula_is_that_of_a_queue(servers: int, services: float) -> None:
    """Without any luck in what was counted the root is the capacity, within 2 %, and lies in its interval."""
    queue = Queue(servers=servers, service_s=0.01 * servers)
    limit_s = services * queue.service_s
    truth, found = queue.rate_keeping(950, limit_s), root_of(tails_of(queue, limit_s))
    assert found is not None
    assert found.per_s == pytest.approx(truth, rel=0.02)
    assert found.lower < truth < found.upper


def test_luck_is_in_the_interval() -> None:
    """Counts that are worth a twentieth of what they are: most roots are near, and most intervals hold the capacity."""
    queue = Queue(servers=4, service_s=0.04)
    truth = queue.rate_keeping(950, 0.32)
    found = [root_of(tails_of(queue, 0.32, np.random.default_rng(seed))) for seed in range(8)]
    known = [one for one in found if one is not None]
    assert len(known) == 8
    assert sum(abs(one.per_s / truth - 1) < 0.03 for one in known) >= 7
    assert sum(one.lower <= truth <= one.upper for one in known) >= 7


def test_services_that_all_take_as_long_are_left_to_others() -> None:
    """Where each service takes 100 ms, the tail of 16 servers falls in steps, and no exponential is laid through it."""
    past = np.tile([TRIALS, TRIALS, TRIALS, 0.01 * TRIALS, 0.0], (len(LOADS), 1))
    past[-3:, 3:] += 0.2 * TRIALS
    tails = Tails(
        rates=LOADS * 160.0,
        served=LOADS * 160.0,
        trials=np.full(len(LOADS), TRIALS),
        past=past,
        limit_s=0.15,
        allowed=0.05,
    )
    assert root_of(tails) is None


def test_too_few_rates_and_rates_that_never_get_there_have_no_root() -> None:
    """Three levels fit any curve, and a target that was never near its limit has shown nothing of it."""
    queue = Queue(servers=1, service_s=0.01)
    whole = tails_of(queue, 0.12)
    few = Tails(
        rates=whole.rates[3:6],
        served=whole.served[3:6],
        trials=whole.trials[3:6],
        past=whole.past[3:6],
        limit_s=0.12,
        allowed=0.05,
    )
    assert root_of(few) is None
    quiet = Tails(
        rates=whole.rates,
        served=whole.rates,
        trials=whole.trials,
        past=np.zeros_like(whole.past),
        limit_s=0.12,
        allowed=0.05,
    )
    assert root_of(quiet) is None
