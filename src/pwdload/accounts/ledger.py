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
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Literal, Self

from pwdload.accounts.entry import Entry
from pwdload.accounts.journal import Journal, JournalHead, boot_digest, run_and_process
from pwdload.accounts.journal_reader import JournalReading, read_journals
from pwdload.accounts.ledger_lock import locked
from pwdload.accounts.ledger_view import LedgerMeta, LedgerStatus, LedgerView
from pwdload.accounts.merge import Merge, merge
from pwdload.accounts.store import FILE_NAME, Row, Store, must_exist
from pwdload.accounts.stragglers import wait_for_stragglers
from pwdload.accounts.sync import Threads
from pwdload.errors import AccountsError

__all__ = ["Ledger", "LedgerMeta", "LedgerStatus", "LedgerView"]

JOURNALS: Final = "journal"
DAMAGED: Final = "damaged"
LOCK: Final = "lock"


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
        else:
            must_exist(path / FILE_NAME)
        with ExitStack() as undo:
            lock = locked(path / LOCK, path)
            undo.callback(os.close, lock)
            store = Store.create(path / FILE_NAME, _new_meta()) if create else Store.open(path / FILE_NAME)
            undo.callback(store.close)
            ledger = cls(path, store, lock)
            ledger._check_secret(secret_digest)
            wait_for_stragglers(ledger.journal_directory)
            _remove_unfinished(ledger.journal_directory)
            ledger.merge()
            undo.pop_all()
        return ledger

    @staticmethod
    def read(path: Path) -> LedgerView:
        """Return a ledger as it is now, also while a run is on: it takes no lock and changes nothing.

        Raises:
            AccountsError: there is none, it is of a newer format, or it cannot be read.
        """
        with ExitStack() as undo:
            store = Store.open(path / FILE_NAME, read_only=True)
            undo.callback(store.close)
            # Journals first: what is merged and removed afterwards is then in the store.
            readings, strangers = read_journals(path / JOURNALS, bytes.fromhex(str(store.meta()["ledger_id"])))
            with store.snapshot():
                merged = merge(readings, store, boot_digest())
            undo.pop_all()
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
            then = "set the run secret, and state the [password_policy], that it was made with: others open no account"
            self._bind("secret_digest", digest, then)

    def _bind(self, name: str, value: str, then: str) -> None:
        with self._store.transaction():
            known = str(self._store.meta().get(name, ""))
            if not known:
                self._store.put_meta({name: value})
        if known and known != value:
            others = "another run secret, or made for another password policy"
            words = others if name == "secret_digest" else f"{name} {known}"
            given = "" if name == "secret_digest" else f", not of {value}"
            raise AccountsError(f"{self.path}: its accounts are those of {words}{given}; {then}")


def _new_meta() -> dict[str, str | int]:
    return {"ledger_id": secrets.token_hex(8), "created_at": int(time.time()), "run": 0}


def _make_directory(path: Path) -> None:
    try:
        (path / JOURNALS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AccountsError(f"{path}: cannot be made ({error.strerror}); name another place for the ledger") from None


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
