"""Journals for tests: records of all kinds, histories that a target could have seen, and files of them."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Event, Kind, Record
from pwdload.accounts.journal import Journal, JournalHead, boot_digest, first_lease
from pwdload.accounts.journal_reader import JournalReading, decoded, read_journal
from pwdload.passwords import Shape

LEDGER = b"ledger#1"
FIRST_LEASE = first_lease(1)
HEAD = JournalHead(ledger=LEDGER, run=3, process=2, boot=boot_digest())

any_record = st.builds(
    Record,
    event=st.sampled_from([event for event in Event if event is not Event.END]),
    kind=st.sampled_from(Kind),
    account=st.integers(0, 2**32 - 1),
    lease=st.integers(1, 2**60),
    ref=st.builds(PasswordRef, st.integers(-1, 2**31 - 1), st.sampled_from(Shape)),
    note=st.integers(0, 2**16 - 1),
    at=st.floats(1, 1e12),
    token_digest=st.binary(min_size=8, max_size=8),
)
"""Any record that a journal can hold."""


def written(
    directory: Path,
    records: Iterable[Record],
    head: JournalHead = HEAD,
    *,
    is_ended: bool = False,
    at_once: bool = False,
) -> Path:
    """Write a journal whose process is gone, and return its file."""
    journal = Journal.create(directory, head, threads=NoThreads())
    if at_once:
        journal.append(list(records))
    else:
        for record in records:
            journal.append([record])
    if is_ended:
        journal.end()
    else:
        journal.close()
    return journal.path


def read_back(path: Path) -> tuple[list[Record], JournalReading]:
    """Return the records of a file, and all else that is known of it."""
    reading = read_journal(path, LEDGER)
    assert isinstance(reading, JournalReading), reading
    return list(decoded(reading.records)), reading


class OpenGate:
    """Nobody waits."""

    def wait(self) -> None: ...

    def set(self) -> None: ...


class NoThreads:
    """What a thread is to do is done at once."""

    def lock(self) -> None: ...

    def gate(self) -> OpenGate:
        return OpenGate()

    def submit(self, job: Callable[[], None]) -> None:
        job()

    def release(self, gates: Sequence[object]) -> None: ...

    def close(self) -> None: ...


class Told(NamedTuple):
    """One record, and what was true at the target when it was written."""

    process: int
    record: Record
    truth: PasswordRef
    """The password that opens the record's account from then on."""


@st.composite
def histories(
    draw: st.DrawFn, *, accounts: int = 4, leases: int = 5, changes: int = 3, processes: int = 3, is_once: bool = False
) -> list[Told]:
    """What processes may write of accounts that a target changes or not, in the order of time.

    Each lease gives one account to one process, for some changes; a change without an answer ends the lease, and is
    settled under the next. The master, process 0, writes down who was given what. `is_once`: no account is given to
    anybody twice.
    """
    truths = {index: PasswordRef(0) for index in range(accounts)}
    doubts: dict[int, PasswordRef] = {}
    told: list[Told] = []
    order = draw(
        st.permutations(range(accounts)) if is_once else st.lists(st.integers(0, accounts - 1), max_size=leases)
    )
    for lease, index in enumerate(order, start=FIRST_LEASE):
        process = draw(st.integers(1, processes))
        _Lease(told, truths, doubts, index, lease, process).go(draw, changes)
    return told


class _Lease:
    """One account in one process's hands."""

    def __init__(
        self,
        told: list[Told],
        truths: dict[int, PasswordRef],
        doubts: dict[int, PasswordRef],
        index: int,
        lease: int,
        process: int,
    ) -> None:
        self.told, self.truths, self.doubts = told, truths, doubts
        self.index, self.lease, self.process = index, lease, process

    def go(self, draw: st.DrawFn, changes: int) -> None:
        """Play it."""
        self.tell(Event.LEASED, note=self.process, process=0)
        if self.index in self.doubts:
            doubt = self.doubts.pop(self.index)
            is_in_force = self.truths[self.index] == doubt
            self.tell(Event.APPLIED if is_in_force else Event.REFUSED, Kind.SETTLE, doubt)
        for _ in range(draw(st.integers(0, changes))):
            self.change(draw(st.booleans()), draw(st.sampled_from(["answered", "unknown", "silent"])), draw(_KINDS))
            if self.index in self.doubts:
                return
        if draw(st.booleans()):
            self.tell(Event.RETURNED, note=self.process, process=0)

    def change(self, is_applied: bool, answer: str, kind: Kind) -> None:
        """Ask for a change, which is applied or not, and answered or not."""
        new = PasswordRef(self.truths[self.index].generation + 1)
        self.tell(Event.INTENT, kind, new)
        if is_applied:
            self.truths[self.index] = new
            # What the intent's record stands before is only true now.
            self.told[-1] = self.told[-1]._replace(truth=new)
        if answer == "answered":
            self.tell(Event.APPLIED if is_applied else Event.REFUSED, kind, new)
            return
        self.doubts[self.index] = new
        if answer == "unknown":
            self.tell(Event.UNKNOWN, kind, new)

    def tell(
        self,
        event: Event,
        kind: Kind = Kind.CHANGE,
        ref: PasswordRef = PasswordRef(0),  # noqa: B008 - a tuple never changes
        *,
        note: int = 0,
        process: int | None = None,
    ) -> None:
        """Write a record."""
        at = 1_000.0 + len(self.told)
        record = Record(event, kind, account=self.index, lease=self.lease, ref=ref, note=note, at=at)
        self.told.append(Told(self.process if process is None else process, record, self.truths[self.index]))


_KINDS = st.sampled_from([Kind.CHANGE, Kind.REARM])


def entries(count: int = 4) -> list[Entry]:
    """Return accounts as they are before anything happens to them."""
    return [Entry(index=index, user_name=f"user{index}") for index in range(count)]
