"""What a record makes of a ledger's entry."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import DOUBTS_MAX, Entry, Event, Kind, Reason, Record, Status

READY = Entry(index=7, user_name="ann", in_force=PasswordRef(3), newest=3)
NEW = PasswordRef(4)


def record(event: Event, ref: PasswordRef = NEW, kind: Kind = Kind.CHANGE, note: int = 0) -> Record:
    """Return a record of ann's account."""
    return Record(event, kind, account=7, ref=ref, note=note, at=1_000.0)


def after(entry: Entry, *records: Record) -> Entry:
    """Return the entry after these records."""
    for one in records:
        entry = entry.after(one)
    return entry


@pytest.mark.parametrize(
    ("event", "status", "in_force"),
    [
        (Event.APPLIED, Status.CHANGED, NEW),
        (Event.APPLIED_AND_READY, Status.READY, NEW),
        (Event.REFUSED, Status.READY, PasswordRef(3)),
    ],
)
def test_a_change_that_was_answered_leaves_no_doubt(event: Event, status: Status, in_force: PasswordRef) -> None:
    """An answer that proves something settles the account at once."""
    entry = after(READY, record(Event.INTENT), record(event))
    assert (entry.status, entry.in_force, entry.doubt, entry.doubts) == (status, in_force, None, 0)


@pytest.mark.parametrize("unanswered", [(), (record(Event.UNKNOWN),)])
def test_a_change_without_an_answer_leaves_two_passwords_possible(unanswered: tuple[Record, ...]) -> None:
    """Crashed before the outcome was written, or no answer came: the old one or the new one opens it."""
    entry = after(READY, record(Event.INTENT), *unanswered)
    assert (entry.status, entry.in_force, entry.doubt) == (Status.UNKNOWN, PasswordRef(3), NEW)


@pytest.mark.parametrize("kind", [Kind.CHANGE, Kind.REARM])
@pytest.mark.parametrize("status", [Status.READY, Status.CHANGED])
def test_settling_takes_the_account_out_of_doubt_either_way(kind: Kind, status: Status) -> None:
    """What the login showed is in force; an account that was put back is ready, one that was changed is used up."""
    doubtful = after(replace(READY, status=status), record(Event.INTENT, kind=kind), record(Event.UNKNOWN, kind=kind))
    applied = after(doubtful, record(Event.APPLIED, kind=Kind.SETTLE))
    refused = after(doubtful, record(Event.REFUSED, kind=Kind.SETTLE))
    assert (applied.in_force, refused.in_force) == (NEW, PasswordRef(3))
    assert applied.status is (Status.READY if kind is Kind.REARM else Status.CHANGED)
    assert refused.status is status
    assert applied.next == PasswordRef(5)
    assert refused.next == NEW, "the very one that a late change could still bring into force"


def test_an_account_with_five_doubtful_changes_is_retired_once_it_is_settled() -> None:
    """Which password opens it is still found out, and told."""
    entry = READY
    for round_ in range(DOUBTS_MAX):
        assert entry.status is Status.READY, round_
        entry = after(entry, record(Event.INTENT), record(Event.UNKNOWN), record(Event.REFUSED, kind=Kind.SETTLE))
    assert (entry.status, entry.reason, entry.in_force) == (Status.RETIRED, Reason.DOUBTS, PasswordRef(3))


def test_a_lost_outcome_is_concluded_from_the_next_intent() -> None:
    """A process that goes on to a higher generation had learnt that the one before is in force."""
    entry = after(READY, record(Event.INTENT), record(Event.INTENT, PasswordRef(5), Kind.REARM))
    assert (entry.in_force, entry.doubt, entry.status) == (NEW, PasswordRef(5), Status.UNKNOWN)
    again = after(READY, record(Event.INTENT), record(Event.INTENT))
    assert (again.in_force, again.doubt) == (PasswordRef(3), NEW)


def test_an_account_that_no_password_opens_is_retired_and_can_be_put_back() -> None:
    """An administrator's new password ends every doubt."""
    lost = after(READY, record(Event.INTENT), record(Event.RETIRED, kind=Kind.SETTLE, note=Reason.NEITHER))
    assert (lost.status, lost.reason, lost.doubt) == (Status.RETIRED, Reason.NEITHER, None)
    back = after(lost, record(Event.INTENT, kind=Kind.REARM), record(Event.APPLIED, kind=Kind.REARM))
    assert (back.status, back.reason, back.in_force) == (Status.READY, None, NEW)


def test_an_account_that_was_made_is_ready_only_when_the_target_said_so() -> None:
    """A create without an answer is looked up later, not taken for done, and not for undone."""
    new = Entry(index=0, user_name="load-0", status=Status.MAKING, is_ours=True)
    asked = after(new, record(Event.INTENT, PasswordRef(1), Kind.CREATE))
    assert asked.status is Status.MAKING
    made = after(asked, record(Event.APPLIED, PasswordRef(1), Kind.CREATE))
    assert (made.status, made.in_force) == (Status.READY, PasswordRef(1))


@given(
    st.lists(
        st.builds(
            record,
            st.sampled_from([e for e in Event if e is not Event.RETIRED]),
            st.builds(PasswordRef, st.integers(0, 9)),
            st.sampled_from([Kind.CHANGE, Kind.REARM, Kind.SETTLE]),
        ),
        max_size=12,
    )
)
def test_no_order_of_records_loses_a_password(records: list[Record]) -> None:
    """Whatever the order: unknown and in doubt are one thing, and the next generation was never in force."""
    entry = READY
    seen = {entry.in_force.generation}
    for one in records:
        entry = entry.after(one)
        seen.add(entry.in_force.generation)
        assert (entry.status is Status.UNKNOWN) == (entry.doubt is not None)
        assert entry.next.generation > max(seen)
