"""The master's sharing of arrivals among workers that come and go."""

from pwdload.pacing import RatePlan, Schedule, Turns
from pwdload.pacing.turns import NOTICE_S

SCHEDULE = Schedule(plan=RatePlan.of([("a", 0.0, 10.0, 100.0, 100.0)]), arrivals="poisson", seed=5)


def test_a_change_begins_with_an_arrival_that_nobody_has_handed_out_yet() -> None:
    """Whoever leaves or joins, what is due within the notice stays as it was."""
    turns = Turns(SCHEDULE)
    assert turns.share_among(["a", "b"], -0.5)
    before = turns.sharing
    assert turns.share_among(["b"], 4.0)
    assert before is not None
    assert turns.sharing is not None
    due_s = {arrival.number: arrival.due_s for arrival in SCHEDULE}
    moved = [n for n in due_s if turns.sharing.worker(n) != before.worker(n)]
    assert moved
    assert min(due_s[n] for n in moved) >= 4.0 + NOTICE_S
    assert {turns.sharing.worker(n) for n in due_s if due_s[n] >= 4.0 + NOTICE_S} == {"b"}


def test_nothing_changes_where_nothing_has_changed() -> None:
    """Saying again who is there is no news."""
    turns = Turns(SCHEDULE)
    assert turns.share_among(["a"], 0.0)
    assert not turns.share_among(["a"], 1.0)


def test_the_last_worker_leaves_its_turns_to_nobody() -> None:
    """There is nobody to share among, and after the end nothing to share."""
    turns = Turns(SCHEDULE)
    turns.share_among(["a"], 0.0)
    assert not turns.share_among([], 1.0)
    assert not turns.share_among(["a", "b"], 9.5)


def test_two_changes_at_once_are_one() -> None:
    """A worker that leaves and another that joins within a moment are both heard."""
    turns = Turns(SCHEDULE)
    turns.share_among(["a", "b"], 0.0)
    assert turns.share_among(["a"], 2.0)
    assert turns.share_among(["a", "c"], 2.0)
    assert turns.sharing is not None
    assert set(turns.sharing.shares[-1].members) == {"a", "c"}
    assert len(turns.sharing.shares) == 2
