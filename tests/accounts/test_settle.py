"""Which of two passwords opens an account, found out without ever locking it."""

import random
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Event, Kind, Reason, Record, Status
from pwdload.accounts.reading import Reading, Says
from pwdload.accounts.scribe import Manner, Result, Scribe
from pwdload.accounts.settle import Case, Settler, settle
from pwdload.accounts.spacing import Gate, Spacing
from pwdload.passwords import PasswordBook, Shape

BOOK = PasswordBook(b"a secret for these tests, not for anything else")
OLDER, NEWER = PasswordRef(3), PasswordRef(4)
THRESHOLD = 10


class Killed(BaseException):
    """Stands for kill -9."""


def doubtful(index: int = 0, **changes: object) -> Entry:
    """Return an account with one change in doubt."""
    ready = Entry(index=index, user_name=f"user{index}", in_force=OLDER, newest=3)
    entry = ready.after(Record(Event.INTENT, account=index, ref=NEWER, at=1.0))
    return replace(entry, **changes)  # type: ignore[arg-type]


@dataclass
class Target:
    """A target that locks an account after so many failed attempts, and may lose its answers."""

    opens: PasswordRef | None
    failures: int = 0
    threshold: int = THRESHOLD
    disabled: bool = False
    faults: list[Says] = field(default_factory=list)
    """What the next logins meet instead of an answer."""
    counts_lost: bool = True
    """Whether an attempt whose answer is lost is counted."""
    locked_until: float = 0.0
    now: float = 0.0
    judged: list[PasswordRef] = field(default_factory=list)
    """Passwords that were answered."""
    locks: int = 0

    def text(self, entry: Entry, ref: PasswordRef) -> str | None:
        return None if ref.shape is Shape.UNKNOWABLE else entry.account().password(BOOK, *ref)

    def knock(self, entry: Entry, password: str) -> Reading:
        ref = next(ref for ref in (OLDER, NEWER) if self.text(entry, ref) == password)
        fault = self.faults.pop(0) if self.faults else None
        if fault is Says.AWAY:
            return Reading(says=Says.AWAY, code="transport:refused")
        if fault is Says.SILENCE:
            if self.counts_lost:
                self._answer(ref)
            return Reading(says=Says.SILENCE, code="transport:timeout")
        reading = self._answer(ref)
        if reading.says is not Says.LOCKED:
            self.judged.append(ref)
        return reading

    def probe(self) -> bool:
        return True

    def _answer(self, ref: PasswordRef) -> Reading:
        if self.now < self.locked_until:
            return Reading(says=Says.LOCKED, locked_s=self.locked_until - self.now)
        if self.locked_until:
            self.locked_until, self.failures = 0.0, 0
        if ref == self.opens:
            self.failures = 0
            return Reading(says=Says.DENIED) if self.disabled else Reading(says=Says.OPENS, code="PASSWORD_EXPIRED")
        self.failures += 1
        if self.failures >= self.threshold:
            self.locked_until = self.now + 180
            self.locks += 1
            return Reading(says=Says.LOCKED, locked_s=180)
        return Reading(says=Says.WRONG, remaining=self.threshold - self.failures)


class Memory:
    """A journal in memory, cut off after so many records."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.records: list[Record] = []
        self.left = 1_000_000

    def append(self, records: Sequence[Record]) -> None:
        if self.left < len(records):
            raise Killed
        self.left -= len(records)
        self.records += records
        for record in records:
            self.entry = self.entry.after(record)

    def leased(self, accounts: Iterable[int], lease: int, process: int) -> None:
        pass


def run(target: Target, memory: Memory, manner: Manner | None = None) -> Case:
    """Settle one account in virtual time."""

    def sleep(seconds: float) -> None:
        target.now += seconds

    manner = manner or Manner()
    spacing = Spacing(manner.rate_per_s, clock=lambda: target.now, sleep=sleep)
    gate = Gate(target.probe, patience_s=60, clock=lambda: target.now, sleep=sleep, stopped=threading.Event().is_set)
    scribe = Scribe(memory, now=lambda: target.now)
    settler = Settler(target, scribe, manner, spacing, gate, clock=lambda: target.now)
    case = settler.case(memory.entry)
    while (again_s := settler.step(case)) is not None:
        target.now += again_s
    assert case.entry == memory.entry
    return case


@pytest.mark.parametrize(
    ("opens", "result", "status", "tries"),
    [
        (NEWER, Result.APPLIED, Status.CHANGED, 1),
        (OLDER, Result.NOT_APPLIED, Status.READY, 2),
        (None, Result.NEITHER, Status.RETIRED, 2),
    ],
)
def test_two_logins_settle_an_account(opens: PasswordRef | None, result: Result, status: Status, tries: int) -> None:
    """The newer password first, then the older, and no third."""
    target, memory = Target(opens), Memory(doubtful())
    case = run(target, memory)
    assert (case.result, memory.entry.status, len(target.judged)) == (result, status, tries)
    assert memory.entry.doubt is None
    if opens is not None:
        assert memory.entry.in_force == opens


@pytest.mark.parametrize(("opens", "result"), [(NEWER, Result.APPLIED), (OLDER, Result.NOT_APPLIED)])
def test_access_denied_beside_a_wrong_password_tells_which_is_right(opens: PasswordRef, result: Result) -> None:
    """Where the other is called wrong, passwords are looked at: the one that is not opens a disabled account."""
    memory = Memory(doubtful())
    case = run(Target(opens, disabled=True), memory)
    assert case.result is result
    assert (memory.entry.in_force, memory.entry.status, memory.entry.reason) == (
        opens,
        Status.RETIRED,
        Reason.DISABLED,
    )


def test_access_denied_to_both_proves_nothing() -> None:
    """A service that turns the account away without looking at the password leaves the doubt as it is."""

    class DeniesAll(Target):
        def _answer(self, ref: PasswordRef) -> Reading:
            return Reading(says=Says.DENIED, code="ACCESS_DENIED")

    memory = Memory(doubtful())
    case = run(DeniesAll(None), memory)
    assert (case.result, memory.entry.status) == (Result.STILL_UNKNOWN, Status.UNKNOWN)
    assert "ACCESS_DENIED" in case.why


def test_a_password_that_nobody_can_know_is_not_tried() -> None:
    """The older one tells by itself whether the change was refused after all."""
    unknowable = doubtful(doubt=PasswordRef(4, Shape.UNKNOWABLE))
    assert run(Target(OLDER), Memory(unknowable)).result is Result.NOT_APPLIED
    memory = Memory(unknowable)
    assert run(Target(None), memory).result is Result.NEITHER
    assert memory.entry.reason is Reason.UNKNOWABLE


def test_a_lock_is_waited_for_up_to_the_bound() -> None:
    """Locked by others for 100 s: waited for; for 1,000 s: left, with the reason."""
    target = Target(NEWER, locked_until=100.0, failures=10)
    assert run(target, Memory(doubtful())).result is Result.APPLIED
    assert target.now >= 100
    case = run(Target(NEWER, locked_until=1_000.0), Memory(doubtful()))
    assert case.result is Result.STILL_UNKNOWN
    assert "locked" in case.why


def test_a_doubt_rests_before_anybody_looks() -> None:
    """A change whose request was given up may be applied a little later: too early a look would say "not applied"."""
    target, memory = Target(NEWER), Memory(doubtful(changed_at=0.0))
    run(target, memory, Manner(quiet_s=30.0))
    assert target.now >= 30


@pytest.mark.parametrize("failures", range(THRESHOLD))
def test_no_login_is_sent_that_may_lock_by_what_was_said(failures: int) -> None:
    """With one attempt left after the newer password, the older one is not tried.

    Where the newer one itself is the last attempt, which nobody could know, that locks it.
    """
    target = Target(OLDER, failures=failures)
    case = run(target, Memory(doubtful()))
    if failures < THRESHOLD - 2:
        assert case.result is Result.NOT_APPLIED
    elif failures == THRESHOLD - 2:
        assert case.result is Result.STILL_UNKNOWN
        assert "might lock" in case.why
        assert target.failures == THRESHOLD - 1


@example(opens=None, faults=[[Says.SILENCE] * 9] * 12, kills=[], counts_lost=True, failures=3)
@example(opens=None, faults=[[]] * 12, kills=[0] * 12, counts_lost=True, failures=0)
@example(opens=OLDER, faults=[[]] * 12, kills=[1] * 12, counts_lost=True, failures=3)
@example(opens=None, faults=[[Says.SILENCE, Says.AWAY] * 5] * 12, kills=[2] * 12, counts_lost=True, failures=3)
@given(
    opens=st.sampled_from([OLDER, NEWER, None]),
    faults=st.lists(st.lists(st.sampled_from([Says.AWAY, Says.SILENCE]), max_size=6), min_size=1, max_size=12),
    kills=st.lists(st.integers(0, 6), max_size=12),
    counts_lost=st.booleans(),
    failures=st.integers(0, 3),
)
def test_no_order_of_losses_and_kills_locks_or_misjudges(
    opens: PasswordRef | None, faults: list[list[Says]], kills: list[int], counts_lost: bool, failures: int
) -> None:
    """However often it is killed and called again: never locked, never wrong, no answer that was kept asked again."""
    target, memory = Target(opens, counts_lost=counts_lost, failures=failures), Memory(doubtful())
    for attempt, some in enumerate(faults):
        if memory.entry.status is not Status.UNKNOWN:
            break
        target.faults, memory.left = list(some), kills[attempt] if attempt < len(kills) else 1_000_000
        try:
            run(target, memory)
        except Killed:
            continue
    assert target.locks == 0
    assert target.failures < THRESHOLD
    settled = [r for r in memory.records if r.event in (Event.WRONG, Event.APPLIED, Event.REFUSED, Event.RETIRED)]
    assert len(settled) <= 2
    entry = memory.entry
    if entry.status is Status.RETIRED:
        assert (opens, entry.reason) == (None, Reason.NEITHER)
    elif entry.status is not Status.UNKNOWN:
        assert entry.in_force == opens


def test_many_are_settled_at_once_and_each_is_told_once() -> None:
    """By several threads; what is not in doubt is passed over."""
    chance = random.Random(3)
    truth = {index: chance.choice([OLDER, NEWER]) for index in range(200)}
    targets = {index: Target(opens) for index, opens in truth.items()}

    class Many(Target):
        def knock(self, entry: Entry, password: str) -> Reading:
            return targets[entry.index].knock(entry, password)

    memories = {index: Memory(doubtful(index)) for index in truth}

    class Journals:
        def append(self, records: Sequence[Record]) -> None:
            memories[records[0].account].append(records)

        def leased(self, accounts: Iterable[int], lease: int, process: int) -> None:
            pass

    told = []
    entries = [memory.entry for memory in memories.values()] + [Entry(index=999, user_name="fine")]
    settled = settle(
        entries,
        Many(None),
        Scribe(Journals()),
        manner=Manner(rate_per_s=1e6, quiet_s=0.0),
        progress=lambda one: told.append(one.entry.index),
    )
    assert sorted(told) == list(truth)
    assert [one.entry.index for one in settled.applied] == [index for index, ref in truth.items() if ref == NEWER]
    assert all(memories[index].entry.in_force == ref for index, ref in truth.items())
    assert not settled.neither
    assert not settled.still_unknown


def test_a_deletion_in_doubt_is_not_taken_for_a_lost_password() -> None:
    """The account may simply be gone: only another look by `delete` tells."""
    deleting = replace(doubtful(), doubt=OLDER, doubt_kind=Kind.DELETE)
    memory = Memory(deleting)
    assert run(Target(None), memory).result is Result.STILL_UNKNOWN
    assert memory.entry.status is Status.UNKNOWN
    assert run(Target(OLDER), memory).result is Result.NOT_APPLIED
