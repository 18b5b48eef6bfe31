"""Writing down what is done to accounts beside the load: intent before a request, outcome after."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Final, Protocol

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Event, Kind, Reason, Record

_LEASED_AT_ONCE: Final = 200


class Journal(Protocol):
    """Where records are kept."""

    def append(self, records: Sequence[Record]) -> object:
        """Keep records, in this order; return when they are kept.

        Raises:
            AccountsError: they cannot be kept, so that nothing must be sent.
        """

    def leased(self, accounts: Iterable[int], lease: int, process: int) -> object:
        """Keep that accounts, by index, may be written of from now on. Raises `AccountsError` as `append`."""


class Scribe:
    """Keeps records of one command or run, and tells what they make of an entry. Safe for several threads.

    `lease` must be higher than that of all records before: it puts these after them. 0 stands for the lowest of the
    journal's run, which is right where nothing else of that run was leased. `process` is the journal's.
    `holds_leases`: it is kept already that this process writes of the accounts.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        lease: int = 0,
        process: int = 0,
        holds_leases: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.now = now
        self._holds_leases = holds_leases
        self._process = process
        self._journal = journal
        self._lease = lease
        self._lock = threading.Lock()

    def leasing(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield accounts, each after it is kept that this process writes of it.

        Raises:
            AccountsError: that cannot be kept.
        """
        if self._holds_leases:
            yield from entries
            return
        remaining = iter(entries)
        while some := list(islice(remaining, _LEASED_AT_ONCE)):
            with self._lock:
                self._journal.leased([entry.index for entry in some], self._lease, self._process)
            yield from some

    def note(self, entry: Entry, event: Event, kind: Kind, ref: PasswordRef, reason: Reason | None = None) -> Entry:
        """Keep one record of an account, and return its entry after that.

        Raises:
            AccountsError: it cannot be kept.
        """
        return self.note_all(entry, [(event, ref, reason)], kind)

    def note_all(self, entry: Entry, what: Iterable[tuple[Event, PasswordRef, Reason | None]], kind: Kind) -> Entry:
        """Keep several records of an account in one write: none without the others. As `note` otherwise."""
        records = [
            Record(event, kind, account=entry.index, lease=self._lease, ref=ref, note=reason or 0, at=self.now())
            for event, ref, reason in what
        ]
        with self._lock:
            self._journal.append(records)
        return entry.after(*records)


class Result(Enum):
    """What became of one account under `settle`, `create`, `arm` or `delete`."""

    APPLIED = "applied"
    """settle: the newer password opens it."""
    NOT_APPLIED = "not applied"
    """settle: the older password opens it."""
    NEITHER = "neither"
    """settle: neither opens it."""
    STILL_UNKNOWN = "still unknown"
    MADE = "made"
    """create: it is there, with the password that the ledger says."""
    ARMED = "armed"
    DELETED = "deleted"
    CONFLICT = "conflict"
    """create: the name, or the number, is somebody else's."""
    REFUSED = "refused"
    """The target has refused it."""
    GONE = "gone"
    """The target does not know it."""
    LEFT = "left as it was"
    """Not tried to the end, or not to be touched; the next call goes on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One account that is done with, for now."""

    entry: Entry
    """As the ledger knows it now."""
    result: Result
    why: str = ""
    """For people; empty where the result says all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a target is treated beside the load, and how long it is waited for."""

    rate_per_s: float = 20.0
    """Requests a second, at even distances."""
    threads: int = 8
    """Requests at a time."""
    patience_s: float = 60.0
    """How long a target that does not answer, or turns everything away, is waited for."""
    quiet_s: float = 5.0
    """How long a doubt rests before anybody looks: a change whose request was given up may be applied late."""
    locked_s_max: float = 200.0
    """How long a locked account is waited for; the documented lock lasts 180 s."""
    lockout_threshold: int = 10
    """Failed attempts in a row that lock an account; 10 by default, as documented, and 1 to 10."""


class Tally:
    """Collects what was told of accounts, and passes it on for a progress bar. Safe for several threads."""

    def __init__(self, progress: Callable[[Told], object] | None = None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._told: dict[int, Told] = {}

    def tell(self, entry: Entry, result: Result, why: str = "") -> None:
        """Note that an account is done with, for now."""
        told = Told(entry=entry, result=result, why=why)
        with self._lock:
            self._told[entry.index] = told
            if self._progress is not None:
                self._progress(told)

    def of(self, *results: Result) -> tuple[Told, ...]:
        """Return the accounts with one of these results, by index."""
        return tuple(self._told[index] for index in sorted(self._told) if self._told[index].result in results)

    def has(self, index: int) -> bool:
        """Whether something was told of an account."""
        return index in self._told
