"""The load as it is added up while it goes on: the same numbers as of all samples together, at no cost that grows."""

from math import inf

import numpy as np
import pytest
from tests.criteria.exchanges import exchange

from pwdload.samples import Block, Sample
from pwdload.watched import BOUNDS_S
from pwdload.watched.flows import Flows
from pwdload.watched.load import WatchedLoad
from pwdload.watched.pairs import OTHER


def watched(*blocks: list[Sample]) -> WatchedLoad:
    """Return what was added up of some blocks."""
    load = WatchedLoad()
    for number, rows in enumerate(blocks):
        load.take(Block.encode(number, rows))
    return load


def change(due_s: float, took_s: float = 0.1, **changes: object) -> Sample:
    """Return a password change."""
    return exchange(due_s, took_s, step="update_password", **changes)


def test_the_window_is_of_the_last_whole_seconds_that_have_arrived() -> None:
    """A second of which some may still be on its way is in no rate; the totals have it already."""
    load = watched([exchange(second + 0.5) for second in range(9)] + [change(9.2, 0.2)])
    now = load.look(9.6)
    assert (now.until_s, now.requests, now.changes) == (9.0, 10, 1)
    assert now.window is not None
    assert (now.window.length_s, now.window.requests_per_s, now.window.goodput_per_s) == (5.0, 1.0, 0.0)


def test_percentiles_are_those_of_the_changes_in_the_window() -> None:
    """They are exact: the order statistics of the raw times, whatever was before the window, and whatever the step."""
    times_s = np.random.default_rng(3).lognormal(-3.0, 0.7, 400)
    rows = [change(4.0 + place / 400, float(took_s)) for place, took_s in enumerate(times_s)]
    slow = [change(0.1, 0.8, done_s=0.9), exchange(4.0, 0.9)]
    load = watched(slow, sorted(rows, key=lambda row: row.done_s), [exchange(9.0, 0.5)])
    window = load.look(9.9).window
    assert window is not None
    assert window.changes == 400
    ordered = np.sort([row.done_s - row.intended_s for row in rows]) * 1000.0
    assert window.p50_ms == pytest.approx(ordered[199])
    assert window.p95_ms == pytest.approx(ordered[379])
    assert window.p99_ms == pytest.approx(ordered[395])


def test_what_failed_and_what_was_late_is_told_of_the_window() -> None:
    """The share that did not come out as expected, and by how much requests left late; what was not sent is not."""
    rows = [
        exchange(1.0, 0.5, sent_s=1.2, first_byte_s=1.4),
        exchange(1.1, 0.3, outcome="not_sent", sent_s=None, first_byte_s=None),
        exchange(1.2, 0.3, outcome="right_reject"),
        exchange(1.3, 0.3, outcome="shed"),
    ]
    window = watched(rows, [exchange(2.0, 0.2)]).look(-inf).window
    assert window is not None
    assert window.failed_share == pytest.approx(0.5)
    assert window.lag_p99_ms == pytest.approx(200.0)
    assert window.requests_per_s * window.length_s == pytest.approx(3), "nothing that was not sent is throughput"


def test_a_process_that_is_silent_holds_up_nobody_for_long() -> None:
    """Of two processes the slower one to tell bounds the window, until the clock says that it has nothing to tell."""
    load = watched([exchange(1.0, worker="worker-1")], [exchange(7.5, worker="worker-2")])
    assert load.look(7.6).until_s == 4.0
    assert load.look(9.0).until_s == 6.0
    load.take(Block.encode(2, [exchange(8.2, worker="worker-1")]))
    assert load.look(8.4).until_s == 7.0


def test_nothing_known_is_null_and_never_a_made_up_zero() -> None:
    """Before the first sample there is no window, and a window in which nothing was done has no percentile."""
    assert WatchedLoad().look(5.0).window is None
    idle = watched([change(0.1)]).look(60.0).window
    assert idle is not None
    assert (idle.requests_per_s, idle.failed_share, idle.p95_ms, idle.lag_p99_ms) == (0.0, None, None, None)


def test_totals_are_the_same_however_the_samples_were_cut_into_blocks() -> None:
    """Outcomes, codes and buckets of a run do not depend on how it was handed over."""
    rng = np.random.default_rng(11)
    outcomes, steps = ("right_accept", "right_reject", "unknown", "shed"), ("login", "update_password", "rearm")
    rows = [
        exchange(
            place / 50,
            float(rng.lognormal(-3, 1)),
            step=steps[rng.integers(3)],
            outcome=outcomes[rng.integers(4)],
            error_code=("", "PWD.0001", "transport:timeout")[rng.integers(3)],
        )
        for place in range(1500)
    ]
    rows.sort(key=lambda row: row.done_s)
    whole, cut = watched(rows), watched(*(rows[place : place + 37] for place in range(0, 1500, 37)))
    for load in (whole, cut):
        load.add_up()
    one, other = whole.look(inf), cut.look(inf)
    assert one.requests == other.requests == sum(row.step != "rearm" for row in rows)
    for field in ("outcomes", "codes", "latency"):
        assert {**{repr(row): 1 for row in getattr(one, field)}}.keys() == {repr(row) for row in getattr(other, field)}
    counted = {step.step: sum(step.counts) for step in one.latency}
    assert counted == {step: sum(row.step == step for row in rows) for step in ("login", "update_password")}


def test_a_bucket_has_the_times_up_to_its_bound() -> None:
    """A time that is a bound itself is in the bucket that ends there; what is slower than all is in the last one."""
    rows = [change(0.0, BOUNDS_S[0]), change(0.0, BOUNDS_S[3]), change(0.0, 61.0)]
    (step,) = watched(rows).look(inf).latency
    assert [place for place, count in enumerate(step.counts) if count] == [0, 3, len(BOUNDS_S)]
    assert step.sum_s == pytest.approx(BOUNDS_S[0] + BOUNDS_S[3] + 61.0)


def test_a_target_that_makes_up_codes_fills_neither_memory_nor_screen() -> None:
    """Of thousands of codes a few dozen are told apart; the rest is counted together, and nothing is lost."""
    rows = [change(0.001 * place, error_code=f"E{place}", outcome="right_reject") for place in range(3000)]
    load = watched(rows)
    load.add_up()
    codes = load.look(inf).codes
    assert len(codes) < 60
    assert sum(one.count for one in codes) == 3000
    assert next(one.count for one in codes if one.code == OTHER) > 2900


def test_memory_does_not_grow_with_the_run() -> None:
    """Of many minutes as much is kept as of one, but for the sums."""
    load = watched(*([change(float(second), 0.01)] for second in range(0, 3600, 20)), [change(3600.5)])
    assert len(load._seconds) < 40
    assert load.look(3601.0).requests == 181


def test_a_flow_keeps_its_beginning_over_blocks_and_workers() -> None:
    """The last exchange of a flow knows when the flow was due; a flow of another worker is another one."""
    flows = Flows()
    assert flows.due_s("a", np.array([5, 6, 5, -1]), np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [1.0, 2.0, 1.0, 4.0]
    assert flows.due_s("b", np.array([5]), np.array([9.0])).tolist() == [9.0]
    assert flows.due_s("a", np.array([5, 7]), np.array([8.0, 8.5])).tolist() == [1.0, 8.5]
