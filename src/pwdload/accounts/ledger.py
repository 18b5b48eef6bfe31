"""The ledger: which accounts there are, and which password is in force, whatever happened to whom.

A directory:

    ledger.sqlite      one row for each account (`pwdload.accounts.store`)
    journal/           what has happened since, one file for each process (`pwdload.accounts.journal`)
    journal/damaged/   journals that were damaged, when all that is whole had been taken from them
    lock               held by the run or the command that is on

Opening it takes the journals into the store, in one transaction together with the names of the journals, and removes
them afterwards: to be killed anywhere in between changes nothing.
"""

import os
import secrets
import sys
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from heapq import merge as in_order
from operator import attrgetter
from pathlib import Path
from typing import Final, Literal, Self

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.journal import Journal, JournalHead, boot_digest, run_and_process
from pwdload.accounts.journal_reader import JournalReading, read_journals
from pwdload.accounts.merge import Merge, merge
from pwdload.accounts.store import FILE_NAME, Row, Store
from pwdload.accounts.stragglers import wait_for_stragglers
from pwdload.accounts.sync import Threads
from pwdload.errors import AccountsError

JOURNALS: Final = "journal"
DAMAGED: Final = "damaged"
LOCK: Final = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMeta:
    """What is known of a ledger as a whole."""

    ledger_id: str
    host: str
    """The service that its accounts are accounts of; empty as long as that is open."""
    source: str
    """Where its accounts came from: a CSV, or empty."""
    secret_digest: str
    """Tells one run secret from another; empty as long as that is open."""
    run: int
    """Number of the last run or command that wrote a journal; 0: none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStatus:
    """How the accounts of a ledger are."""

    counts: Mapping[tuple[Status, str], int]
    """By status and state; only what there is."""
    retired: Mapping[str, int]
    """By reason, in words."""
    oldest_doubt_at: float | None
    """Unix time in seconds; null where nothing is in doubt, or nothing says since when."""

    @property
    def accounts(self) -> int:
        """All of them, deleted ones included."""
        return sum(self.counts.values())

    @property
    def doubts(self) -> int:
        """How many are in doubt."""
        return self.of(Status.UNKNOWN)

    def of(self, status: Status, state: str | None = None) -> int:
        """Return how many have a status, and a state where one is given."""
        return sum(n for (one, other), n in self.counts.items() if one is status and state in (None, other))


class LedgerView:
    """A ledger to be read: the store, and on top of it what journals say that is not in the store yet."""

    def __init__(self, path: Path, store: Store, over: Mapping[int, Row], damages: Iterable[str]) -> None:
        self.path = path
        self.damages: tuple[str, ...] = tuple(damages)
        """What was found wrong with its files and what that means, one sentence each."""
        self._store = store
        self._over = over

    @property
    def meta(self) -> LedgerMeta:
        """What is known of it as a whole."""
        values = self._store.meta()
        texts = {name: str(values.get(name, "")) for name in ("ledger_id", "host", "source", "secret_digest")}
        return LedgerMeta(**texts, run=int(values.get("run", 0)))

    def entry(self, index: int) -> Entry:
        """Return an account by its index; raises `LookupError` where there is none."""
        row = self._over.get(index) or self._store.rows([index]).get(index)
        if row is None:
            raise LookupError(f"{self.path}: no account with index {index}")
        return row.entry

    def by_name(self, user_name: str) -> Entry | None:
        """Return an account by its user name; null where there is none."""
        found = self._store.by_name(user_name)
        return self.entry(found.index) if found is not None else None

    def entries(self, status: Status | None = None, state: str | None = None) -> Iterator[Entry]:
        """Yield accounts in the order of their indices, of one status or state where that is given."""
        kept = (entry for entry in self._store.entries(status, state) if entry.index not in self._over)
        changed = (
            row.entry
            for _, row in sorted(self._over.items())
            if status in (None, row.entry.status) and state in (None, row.entry.state)
        )
        return in_order(kept, changed, key=attrgetter("index"))

    def ready(self, state: str) -> "array[int]":
        """Return the indices of the accounts of a state that flows may use, lowest first."""
        if self._over:
            return array("L", (entry.index for entry in self.entries(Status.READY, state)))
        return self._store.indices(Status.READY, state)

    def accounts(self, indices: Iterable[int], lease: int = 0) -> list[Account]:
        """Return accounts for flows, in this order, without listed passwords; raises `LookupError` as `entry`."""
        wanted = list(indices)
        rows = {**self._store.rows(wanted), **self._over}
        missing = [index for index in wanted if index not in rows]
        if missing:
            raise LookupError(f"{self.path}: no account with index {missing[0]}")
        return [rows[index].entry.account(lease) for index in wanted]

    @property
    def next_index(self) -> int:
        """The index that the next account to be added may have."""
        return self._store.next_index()

    def status(self) -> LedgerStatus:
        """Return how its accounts are."""
        counts = {(one.status, one.state): one.accounts for one in self._store.counts()}
        retired = {reason.words if reason else "": count for reason, count in self._store.retired().items()}
        oldest = self._store.oldest_doubt_at()
        if self._over:
            return _over_status(counts, retired, oldest, self._store.rows(self._over), self._over)
        return LedgerStatus(counts=counts, retired=retired, oldest_doubt_at=oldest)

    def close(self) -> None:
        """Close it."""
        self._store.close()


class Ledger(LedgerView):
    """A ledger to be changed, by one run or command at a time."""

    def __init__(self, path: Path, store: Store, lock: int) -> None:
        super().__init__(path, store, {}, ())
        self._lock = lock
        self._id = bytes.fromhex(self.meta.ledger_id)

    @classmethod
    def open(cls, path: Path, *, secret_digest: str | None = None, create: bool = False) -> Self:
        """Open a ledger and take its journals in; `damages` tells what was wrong with them.

        Raises:
            AccountsError: another process has it open, or still writes a journal of an earlier run; there is none (and
                not `create`), it is of a newer format or of another run secret, or the disk does not allow it.
        """
        if create:
            _make_directory(path)
        elif not (path / FILE_NAME).is_file():
            Store.open(path / FILE_NAME)
        lock = _locked(path / LOCK, path)
        try:
            store = Store.create(path / FILE_NAME, _new_meta()) if create else Store.open(path / FILE_NAME)
            ledger = cls(path, store, lock)
            ledger._check_secret(secret_digest)
            wait_for_stragglers(ledger.journal_directory)
            _remove_unfinished(ledger.journal_directory)
            ledger.merge()
        except BaseException:
            os.close(lock)
            raise
        return ledger

    @staticmethod
    def read(path: Path) -> LedgerView:
        """Return a ledger as it is now, also while a run is on: it takes no lock and changes nothing.

        Raises:
            AccountsError: there is none, it is of a newer format, or it cannot be read.
        """
        store = Store.open(path / FILE_NAME, read_only=True)
        # Journals first: what is merged and removed afterwards is then in the store.
        readings, strangers = read_journals(path / JOURNALS, bytes.fromhex(str(store.meta()["ledger_id"])))
        with store.snapshot():
            merged = merge(readings, store, boot_digest())
        return LedgerView(path, store, merged.rows, (*strangers, *merged.damages))

    @property
    def journal_directory(self) -> Path:
        """Where the journals of its processes are."""
        return self.path / JOURNALS

    def bind_host(self, url: str) -> None:
        """Make sure that its accounts are accounts of this service.

        Raises:
            AccountsError: they are accounts of another one.
        """
        self._bind("host", url.rstrip("/"), "name that host, or another ledger for this one")

    def bind_source(self, source: str) -> None:
        """Keep where its accounts came from. Raises `AccountsError` where they came from somewhere else."""
        self._bind("source", source, "name that source, or another ledger for this one")

    def add(self, entries: Iterable[Entry], *, skip_known: bool = False) -> int:
        """Add accounts, all or none, and return how many; one that is known is refused, or left out (`skip_known`).

        Raises:
            AccountsError: an index or a user name is there already, or the disk does not allow it.
        """
        with self._store.transaction():
            return self._store.add(entries, skip_known=skip_known)

    def put(self, entries: Iterable[Entry]) -> None:
        """Keep accounts that it has as they are now; for what no journal tells, as the user id."""
        wanted = {entry.index: entry for entry in entries}
        with self._store.transaction():
            rows = self._store.rows(wanted)
            self._store.put(Row(wanted[index], row.lease) for index, row in rows.items())

    def begin_run(self, *, may_rearm: bool = True) -> int:
        """Return the number of a new run, higher than all before; a command that writes a journal is one too.

        `may_rearm`: whether it may put back accounts that were used. Where not, those that are known to be used up
        stay so if a journal of this run is damaged.
        """
        with self._store.transaction():
            values = self._store.meta()
            number = max(int(values.get("run", 0)), int(values.get("lease_max", 0)) >> 20) + 1
            self._store.put_meta({"run": number})
            self._store.add_run(number, may_rearm=may_rearm)
        return number

    def head(self, process: int, run: int | None = None) -> JournalHead:
        """Return what the journal of a process begins with; of the last run that was begun where none is given."""
        return JournalHead(
            ledger=self._id, run=self.meta.run if run is None else run, process=process, boot=boot_digest()
        )

    def journal(
        self, process: int, name: str = "", *, fsync: Literal["none", "group"] = "none", threads: Threads | None = None
    ) -> Journal:
        """Make the journal of a process in the last run that was begun; 0 is the one in charge, or a command.

        `fsync` and `threads` as for `Journal.create`.

        Raises:
            AccountsError: it cannot be made.
        """
        return Journal.create(self.journal_directory, self.head(process), name, fsync=fsync, threads=threads)

    def merge(self) -> tuple[str, ...]:
        """Take the journals in as far as they are written, and return what was wrong with them.

        Those whose process is still there are taken in again later, from where this has come to; the others are
        removed. Raises `AccountsError` where the disk does not allow it: then nothing has changed.
        """
        readings, strangers = read_journals(self.journal_directory, self._id)
        with self._store.transaction():
            merged = merge(readings, self._store, boot_digest())
            self._store.put(merged.rows.values())
            self._store.put_merged(merged.merged)
            self._store.put_meta({"lease_max": max(merged.lease_max, int(self._store.meta().get("lease_max", 0)))})
        self._remove(readings, merged)
        damages = (*strangers, *merged.damages)
        self.damages += tuple(damage for damage in damages if damage not in self.damages)
        return damages

    def close(self) -> None:
        """Close it, and let others have it."""
        super().close()
        os.close(self._lock)

    def _remove(self, readings: Iterable[JournalReading], merged: Merge) -> None:
        """Remove the journals of runs of which no process is there any more; keep the damaged ones aside.

        All of a run or none: a master's journal tells what a worker had, should the worker's turn out damaged.
        """
        live = {one.run for one in readings if one.is_live}
        for one in readings:
            if one.run not in live:
                path = self.journal_directory / one.name
                if one.name in merged.damaged:
                    _put_aside(path)
                else:
                    path.unlink(missing_ok=True)

    def _check_secret(self, digest: str | None) -> None:
        if digest is not None:
            self._bind("secret_digest", digest, "set the run secret that it was made with; no password would be right")

    def _bind(self, name: str, value: str, then: str) -> None:
        with self._store.transaction():
            known = str(self._store.meta().get(name, ""))
            if not known:
                self._store.put_meta({name: value})
        if known and known != value:
            words = {"secret_digest": "another run secret"}.get(name, f"{name} {known}")
            given = "" if name == "secret_digest" else f", not of {value}"
            raise AccountsError(f"{self.path}: its accounts are those of {words}{given}; {then}")


def _over_status(
    counts: dict[tuple[Status, str], int],
    retired: dict[str, int],
    oldest: float | None,
    before: Mapping[int, Row],
    after: Mapping[int, Row],
) -> LedgerStatus:
    for rows, step in ((before, -1), (after, 1)):
        for entry, _ in rows.values():
            key = entry.status, entry.state
            counts[key] = counts.get(key, 0) + step
            if entry.status is Status.RETIRED:
                words = entry.reason.words if entry.reason else ""
                retired[words] = retired.get(words, 0) + step
    doubts = [row.entry.changed_at for row in after.values() if row.entry.status is Status.UNKNOWN]
    times = [at for at in (oldest, *doubts) if at is not None]
    return LedgerStatus(
        counts={key: count for key, count in counts.items() if count},
        retired={words: count for words, count in retired.items() if count},
        oldest_doubt_at=min(times, default=None),
    )


def _new_meta() -> dict[str, str | int]:
    return {"ledger_id": secrets.token_hex(8), "created_at": int(time.time()), "run": 0}


def _make_directory(path: Path) -> None:
    try:
        (path / JOURNALS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AccountsError(f"{path}: cannot be made ({error.strerror}); name another place for the ledger") from None


def _locked(path: Path, ledger: Path) -> int:
    """Take the lock of a ledger; it is let go when the process ends, however it ends.

    Raises:
        AccountsError: another process has it; the message names that one.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise AccountsError(f"{ledger}: cannot be written ({error.strerror}); run as its owner") from None
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "a process that is about to begin"
        os.close(descriptor)
        raise AccountsError(
            f"{ledger}: in use by {holder}; wait until that has ended, or end it, then try again"
        ) from None
    with suppress(OSError):  # a full disk: what is written in it is for people only
        os.ftruncate(descriptor, 0)
        program = Path(sys.argv[0]).name.replace("__main__.py", "pwdload")
        os.pwrite(descriptor, f"process {os.getpid()} ({program})\n".encode(), 0)
    return descriptor


def _remove_unfinished(directory: Path) -> None:
    """Remove what processes left that were killed while they made their journals: nothing was recorded in those."""
    for path in directory.glob(".*"):
        if path.is_file() and run_and_process(path.name[1:].rpartition(".")[0]):
            path.unlink(missing_ok=True)


def _put_aside(path: Path) -> None:
    aside = path.parent / DAMAGED
    aside.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):
        path.rename(aside / path.name)
