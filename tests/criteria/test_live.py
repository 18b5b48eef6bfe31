"""The load as it is seen while it goes on: what blocks hold, in the order it was due, and how far it is complete."""

from math import inf

import numpy as np
import pytest
from tests.criteria.exchanges import exchange

from pwdload.criteria import Span
from pwdload.criteria.live import LiveLoad
from pwdload.samples import Block, Sample
from pwdload.samples.blocks import DamagedBlockError

SPANS = (Span(0.0, 1.0, "warm_up", measured=False), Span(1.0, 10.0, "hold"))


def block(*samples: Sample, number: int = 0, compressed: bool = False) -> Block:
    """Return samples as they are sent."""
    return Block.encode(number, samples, compressed=compressed)


def test_exchanges_come_back_in_the_order_they_were_due() -> None:
    """Blocks come in the order in which exchanges were done; they are asked for by the time they were due."""
    live = LiveLoad(SPANS)
    live.take(block(exchange(2.0), exchange(1.0, 3.0)))
    live.take(block(exchange(3.0), exchange(1.5), number=1).frame)
    assert live.observed(0.0, inf).due_s.tolist() == [1.0, 1.5, 2.0, 3.0]
    assert live.observed(1.5, 3.0).due_s.tolist() == [1.5, 2.0]
    assert len(live.observed(5.0, 6.0)) == 0


@pytest.mark.parametrize("compressed", [False, True])
def test_an_exchange_is_told_with_all_that_criteria_ask_of_it(compressed: bool) -> None:
    """Outcome, step, stage and flow become what criteria are held against, from either kind of block."""
    live = LiveLoad(SPANS)
    live.take(
        block(
            exchange(0.5, flow=7, stage="warm_up"),
            exchange(1.2, flow=7, step="update_password"),
            exchange(1.4, flow=8, outcome="not_sent", sent_s=None, first_byte_s=None),
            exchange(1.5, flow=9, step="update_password", outcome="wrong_reject", case="replayed"),
            compressed=compressed,
        )
    )
    seen = live.observed(0.0, inf)
    assert seen.measured.tolist() == [False, True, True, True]
    assert seen.changed.tolist() == [False, True, False, False]
    assert seen.failed.tolist() == [False, False, True, True]
    assert np.isnan(seen.sent_s).tolist() == [False, False, True, False]
    assert seen.step.tolist() == ["login", "update_password", "login", "update_password"]
    assert seen.case.tolist() == ["valid_change", "valid_change", "valid_change", "replayed"]
    assert seen.stage.tolist() == ["warm_up", "all", "all", "all"]
    assert seen.flow_due_s.tolist() == [0.5, 0.5, 1.4, 1.5]


def test_a_flow_keeps_its_beginning_over_blocks_and_workers() -> None:
    """The last exchange of a flow knows when the flow was due, and a flow of another worker is another one."""
    live = LiveLoad(SPANS, processes=2)
    live.take(block(exchange(1.0, flow=3, worker="worker-1")))
    live.take(block(exchange(2.0, flow=3, worker="worker-2")))
    live.take(block(exchange(4.0, flow=3, worker="worker-1"), exchange(4.5, flow=-1, worker="worker-1"), number=1))
    assert live.observed(0.0, inf).flow_due_s.tolist() == [1.0, 2.0, 1.0, 4.5]


def test_what_puts_accounts_back_is_no_load() -> None:
    """Re-arming goes on beside the load, and no criterion is about it."""
    live = LiveLoad(SPANS)
    live.take(block(exchange(1.0, step="rearm"), exchange(2.0)))
    assert live.observed(0.0, inf).due_s.tolist() == [2.0]


def test_the_slowest_process_says_how_far_all_is_here() -> None:
    """Until each process was heard of nothing is complete; then all is that was done before the last of each."""
    live = LiveLoad(SPANS, processes=2)
    assert live.complete_until_s() == -inf
    live.take(block(exchange(5.0, worker="worker-1")))
    assert live.complete_until_s() == -inf
    live.take(block(exchange(2.0, worker="worker-2")))
    assert live.complete_until_s() == pytest.approx(2.1)


def test_a_process_that_falls_silent_holds_up_nobody_for_long() -> None:
    """By the clock, what was done a few seconds ago has arrived, whoever is silent."""
    now_s = 4.0
    live = LiveLoad(SPANS, processes=2, now=lambda: now_s)
    live.take(block(exchange(2.0, worker="worker-2")))
    assert live.complete_until_s() == pytest.approx(1.0)
    now_s = 100.0
    assert live.complete_until_s() == pytest.approx(97.0)


def test_what_is_older_than_the_horizon_is_forgotten() -> None:
    """Memory is bounded where only the last moments are asked for."""
    live = LiveLoad(SPANS, horizon_s=10.0)
    for second in range(100):
        live.take(block(*(exchange(second + tenth / 10) for tenth in range(10)), number=second))
    assert len(live._pieces) <= 12
    assert live.observed(0.0, inf).due_s.min() >= 88.0


def test_bytes_that_are_no_block_are_refused_and_nothing_is_kept() -> None:
    """A torn frame says so, and changes nothing."""
    live = LiveLoad(SPANS)
    with pytest.raises(DamagedBlockError):
        live.take(block(exchange(1.0)).frame[:-1])
    assert len(live.observed(0.0, inf)) == 0
