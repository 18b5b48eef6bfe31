"""Whose turn it is, while workers come and go."""

import pickle
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pacing.plans import RUSH, STEADY

from pwdload.errors import UsageError
from pwdload.pacing import Arrival, Arrivals, Schedule, Share, Sharing

LENGTH = 400
"""Arrivals that are looked at."""
NAMES = st.sampled_from([f"worker-{n}" for n in range(6)])
CHANGES = st.lists(st.tuples(st.integers(0, LENGTH), st.sets(NAMES, min_size=1)), max_size=12).map(
    lambda changes: sorted(changes, key=lambda change: change[0])
)


def sharing_of(first: set[str], changes: list[tuple[int, set[str]]]) -> Sharing:
    sharing = Sharing.among(first)
    for number, workers in changes:
        sharing = sharing.changed(workers, number)
    return sharing


def members_by_hand(first: set[str], changes: list[tuple[int, set[str]]], number: int) -> set[str]:
    """Return who is there at an arrival, straight from the list of changes."""
    return [first, *(workers for at, workers in changes if at <= number)][-1]


@given(st.sets(NAMES, min_size=1), CHANGES)
def test_every_arrival_belongs_to_one_worker_that_is_there(
    first: set[str], changes: list[tuple[int, set[str]]]
) -> None:
    """Whatever joins and leaves, no arrival is left out, played twice, or given to somebody who has gone."""
    sharing = sharing_of(first, changes)
    workers = sorted({"worker-9", *(f"worker-{n}" for n in range(6))})
    owned = {worker: [n for n in range(LENGTH) if sharing.worker(n) == worker] for worker in workers}
    assert sorted(n for numbers in owned.values() for n in numbers) == list(range(LENGTH))
    for worker, numbers in owned.items():
        assert all(worker in members_by_hand(first, changes, number) for number in numbers)
    assert all(sharing.members(n) == members_by_hand(first, changes, n) for n in range(0, LENGTH, 7))


@given(st.sets(NAMES, min_size=1), CHANGES)
def test_between_two_turns_everybody_who_stays_has_exactly_one(
    first: set[str], changes: list[tuple[int, set[str]]]
) -> None:
    """Even arrivals stay even for each worker, across any change: nobody plays twice while another waits."""
    sharing = sharing_of(first, changes)
    present = [members_by_hand(first, changes, number) for number in range(LENGTH)]
    turns = [sharing.worker(number) for number in range(LENGTH)]
    for worker in set(turns):
        own = [number for number, who in enumerate(turns) if who == worker]
        for before, after in pairwise(own):
            if all(worker in there for there in present[before:after]):
                between = turns[before + 1 : after]
                stayed = set.intersection(*present[before : after + 1]) - {worker}
                assert after - before <= len(present[before])
                assert {who: between.count(who) for who in stayed} == dict.fromkeys(stayed, 1)


@given(st.sets(NAMES, min_size=1), CHANGES, st.integers(0, LENGTH), st.sets(NAMES, min_size=1))
def test_a_change_touches_nothing_before_it(
    first: set[str], changes: list[tuple[int, set[str]]], number: int, workers: set[str]
) -> None:
    """What has been handed out stays where it is."""
    earlier = sharing_of(first, [change for change in changes if change[0] <= number])
    later = earlier.changed(workers, number)
    assert [later.worker(n) for n in range(number)] == [earlier.worker(n) for n in range(number)]


def test_turns_go_round_and_joiners_line_up_at_the_end() -> None:
    """The order is one that a person can follow."""
    sharing = Sharing.among(["b", "a"]).joined("c", 3).left("a", 8)
    assert "".join(sharing.worker(number) for number in range(14)) == "ababacbacbcbcb"
    assert sharing.shares == (
        Share(from_number=0, members=("a", "b")),
        Share(from_number=3, members=("b", "a", "c")),
        Share(from_number=8, members=("c", "b")),
    )


def test_several_changes_at_one_arrival_are_one() -> None:
    """Two workers that come with the same report are both there from the same arrival on."""
    sharing = Sharing.among(["a"]).joined("b", 5).joined("c", 5).left("a", 5)
    assert sharing == Sharing.among(["a"]).changed(["c", "b"], 5)
    assert Sharing.among(["a"]).joined("b", 0) == Sharing.among(["a", "b"])


def test_joining_twice_and_leaving_unseen_change_no_turns() -> None:
    """A report that comes again does no harm."""
    sharing = Sharing.among(["a", "b"])
    again = sharing.joined("a", 3).left("x", 4)
    assert [again.worker(n) for n in range(20)] == [sharing.worker(n) for n in range(20)]


def test_the_order_of_names_on_their_way_does_not_matter() -> None:
    """Every process makes the same of the same workers, and of a sharing that was sent to it."""
    assert Sharing.among(["b", "c", "a"]) == Sharing.among(["a", "b", "c"])
    sharing = Sharing.among(["a"]).changed(["c", "b"], 2)
    assert pickle.loads(pickle.dumps(sharing)) == Sharing(sharing.shares) == sharing


@pytest.mark.parametrize("arrivals", ["even", "poisson"])
def test_workers_together_play_what_one_would(arrivals: Arrivals) -> None:
    """Two workers, a third that joins and one that leaves: together the very arrivals of one process."""
    schedule = Schedule(plan=RUSH, arrivals=arrivals, seed=5)
    sharing = Sharing.among(["a", "b"]).joined("c", 2_000).left("a", 4_001)
    played = [each for worker in "abc" for each in schedule.from_number(wanted=_own(sharing, worker))]
    assert sorted(played, key=_number) == list(schedule)


def test_two_workers_together_are_as_even_as_one() -> None:
    """At 100/s each of two workers has 5 in every slot of 100 ms, also where a third joins."""
    schedule = Schedule(plan=STEADY, arrivals="even", seed=1)
    sharing = Sharing.among(["a", "b"])
    for worker in "ab":
        slots = Counter(int(each.due_s / 0.1) for each in schedule.from_number(wanted=_own(sharing, worker)))
        assert set(slots.values()) == {5}
    three = sharing.joined("c", 1_500)
    for worker in "abc":
        slots = Counter(int(each.due_s / 0.1) for each in schedule.from_number(wanted=_own(three, worker)))
        assert {slots[slot] for slot in range(150, 300)} <= {3, 4}


def _own(sharing: Sharing, worker: str) -> Callable[[int], bool]:
    return lambda number: sharing.worker(number) == worker


def _number(arrival: Arrival) -> int:
    return arrival.number


def test_what_cannot_be_shared_out_is_refused_in_one_line() -> None:
    """Nobody's arrivals, and changes of the past, are mistakes of the caller that must not pass."""
    sharing = Sharing.among(["a"]).joined("b", 10)
    mistakes: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: Sharing.among([]), "nobody"),
        (lambda: sharing.changed([], 20), "nobody"),
        (lambda: sharing.joined("c", 9), "from arrival 9 on, after one from 10 on"),
        (lambda: Sharing(()), "the first one 0"),
        (lambda: Sharing((Share(from_number=1, members=("a",)),)), "the first one 0"),
        (lambda: Sharing((Share(from_number=0, members=("a",)),) * 2), "rising numbers"),
        (lambda: Sharing((Share(from_number=0, members=("a", "a")),)), "each once"),
    )
    for mistake, words in mistakes:
        with pytest.raises(UsageError, match=words):
            mistake()
    with pytest.raises(ValueError, match="from 0 on"):
        sharing.worker(-1)
