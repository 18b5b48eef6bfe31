"""Idle slots and waiting arrivals, in virtual time."""

import heapq

from hypothesis import given
from hypothesis import strategies as st

from pwdload.pacing import Arrival, Call, RatePlan, Schedule, SlotQueue

ONE_KIND = {"valid_change": ("Person",)}


def call(number: int, due_s: float = 0.0, case: str = "valid_change") -> Call:
    """Return an arrival."""
    return Call(Arrival(number=number, due_s=due_s, stage="a"), case)


def queue(slots: int, *, limit: int = 10) -> SlotQueue[int]:
    """Return a queue with so many idle slots, numbered in the order in which they became idle."""
    made: SlotQueue[int] = SlotQueue(players=ONE_KIND, queue_limit=limit)
    for slot in range(slots):
        assert made.free(slot, "Person", 0.0) is None
    return made


def test_the_most_recently_used_slot_takes_the_next_arrival() -> None:
    """Under light load a few connections stay warm, and the others idle."""
    slots = queue(3)
    for number in range(5):
        assert slots.due(call(number)) == 2
        assert slots.free(2, "Person", 0.0) is None
    assert slots.idle == 3


def test_what_finds_no_slot_waits_and_keeps_its_intended_time() -> None:
    """The first to come is the first to be begun, and how long it waited is known."""
    slots = queue(1)
    assert slots.due(call(0)) == 0
    assert slots.due(call(1, due_s=1.0)) is None
    assert slots.due(call(2, due_s=2.0)) is None
    first = slots.free(0, "Person", 5.0)
    assert first == call(1, due_s=1.0)
    assert (slots.queued, slots.tally.waited, slots.tally.waited_s_max) == (1, 1, 4.0)


def test_past_its_limit_the_queue_drops_and_counts() -> None:
    """Nothing vanishes: what is dropped is counted, and when it began is known."""
    slots = queue(0, limit=2)
    for number in range(5):
        assert slots.due(call(number, due_s=float(number))) is None
    tally = slots.tally
    assert (tally.due, tally.dropped, tally.first_dropped_s, slots.queued) == (5, 3, 2.0, 2)


def test_an_arrival_goes_to_a_class_that_plays_its_case() -> None:
    """A slot of another class is no help, and one that fits takes the oldest that it may."""
    players = {"valid_change": ("Person", "Every"), "token_forged": ("Attacker", "Every")}
    slots: SlotQueue[str] = SlotQueue(players=players, queue_limit=10)
    assert slots.free("person", "Person", 0.0) is None
    assert slots.due(call(0, case="token_forged")) is None
    assert slots.due(call(1, case="valid_change")) == "person"
    assert slots.due(call(2, case="valid_change")) is None
    assert slots.free("every", "Every", 0.0) == call(0, case="token_forged")
    assert slots.free("person", "Person", 0.0) == call(2, case="valid_change")


def test_of_two_classes_that_may_the_slot_used_last_is_taken() -> None:
    """Warmth counts over classes, too."""
    slots: SlotQueue[str] = SlotQueue(players={"valid_change": ("A", "B")}, queue_limit=0)
    for slot, kind in (("a1", "A"), ("b1", "B"), ("a2", "A")):
        assert slots.free(slot, kind, 0.0) is None
    assert [slots.due(call(number)) for number in range(4)] == ["a2", "b1", "a1", None]


def test_a_slot_that_leaves_takes_nothing_more() -> None:
    """A user that was stopped is never handed an arrival."""
    slots = queue(2)
    assert slots.leave(1, "Person")
    assert not slots.leave(1, "Person")
    assert slots.due(call(0)) == 0
    assert slots.due(call(1)) is None


def test_a_run_that_is_broken_off_gives_up_what_waits() -> None:
    """They are counted as abandoned, and no slot gets them afterwards."""
    slots = queue(0)
    assert slots.due(call(0)) is None
    slots.give_up()  # due, and not even looked at
    slots.abandon()
    assert (slots.tally.due, slots.tally.abandoned, slots.queued) == (2, 2, 0)
    assert slots.free(0, "Person", 1.0) is None


@given(
    st.lists(st.floats(0.0, 3.0), min_size=1, max_size=8),
    st.integers(1, 5),
    st.integers(0, 6),
    st.sampled_from(["even", "poisson"]),
)
def test_every_arrival_is_begun_once_or_dropped_in_any_world(
    service_s: list[float], count: int, limit: int, arrivals: str
) -> None:
    """Virtual time, slow and quick slots, any queue: due = begun + dropped, in order, and none begins early."""
    plan = RatePlan.of([("a", 0.0, 10.0, 1.0, 6.0)])
    schedule = Schedule(plan=plan, arrivals="even" if arrivals == "even" else "poisson", seed=3)
    slots = queue(count, limit=limit)
    busy: list[tuple[float, int]] = []
    begun: list[tuple[int, float]] = []

    def begin(slot: int, taken: Call, at_s: float) -> None:
        assert at_s >= taken.arrival.due_s
        begun.append((taken.arrival.number, at_s))
        heapq.heappush(busy, (at_s + service_s[len(begun) % len(service_s)], slot))

    def finish_until(t_s: float) -> None:
        while busy and busy[0][0] <= t_s:
            at_s, slot = heapq.heappop(busy)
            taken = slots.free(slot, "Person", at_s)
            if taken is not None:
                begin(slot, taken, at_s)

    total = 0
    for arrival in schedule:
        total += 1
        finish_until(arrival.due_s)
        slot = slots.due(Call(arrival, "valid_change"))
        if slot is not None:
            begin(slot, Call(arrival, "valid_change"), arrival.due_s)
    finish_until(float("inf"))
    tally = slots.tally
    assert tally.due == total == tally.begun + tally.dropped
    assert [number for number, _ in begun] == sorted({number for number, _ in begun})
    assert len(begun) == tally.begun
    assert slots.idle == count
