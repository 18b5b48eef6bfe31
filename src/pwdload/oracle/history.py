"""The history of a run: everything that the oracle judges by, read from the run directory alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from pwdload.endings import read_endings
from pwdload.oracle.by_account import ByAccount
from pwdload.oracle.operation import Flags, Ints, Operations
from pwdload.oracle.owners import Guests, Owners
from pwdload.oracle.reading import numbers, owners_of, read_operations, results_of, texts, widths_of
from pwdload.oracle.registers import TOTAL_BUDGET, Registers, read_registers
from pwdload.oracle.settings import Settings, read_settings
from pwdload.rundir import RunDirectory, RunRecord, WorkerRecord
from pwdload.samples import SampleFile, Samples, read_samples


@dataclass(frozen=True, kw_only=True, eq=False)
class Circumstances:
    """What is known of a run beside its samples. Not slotted, since it keeps what is worked out of it."""

    files: tuple[SampleFile, ...]
    record: RunRecord
    settings: Settings = field(default_factory=Settings)

    @cached_property
    def gaps(self) -> tuple[str, ...]:
        """Why something may have happened that no row tells of, one clause each; empty where all is there."""
        return tuple(_gaps(self))

    @property
    def clock_width_s(self) -> float:
        """By how much the clocks of two processes may differ at most."""
        return 2 * max(widths_of(self.record.workers).values(), default=0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class History(Circumstances):
    """What happened in a run, or to some of its accounts."""

    rows: pa.Table
    """The samples, those beside the load included."""
    endings: pa.Table | None = None
    """What became of each account; null in a run that kept no ledger, or was cut short."""
    guests: Guests | None = None
    """Null: tokens of the rows belong to accounts of the rows, or to nobody."""
    apart: Flags | None = None
    """Rows with a state_token that several accounts have to do with, where these are looked at by themselves."""
    places_of_endings: Ints | None = None
    """The place of each ending in its file; null: they are all there."""
    is_lawful: bool = False
    """Whether it is known that the times of every row keep the law."""
    budget: int = TOTAL_BUDGET
    """How many states the search may lead on."""

    @cached_property
    def operations(self) -> Operations:
        """Every row that is about the password of an account."""
        guests = self.guests
        return read_operations(
            self.rows,
            self.record.workers,
            self.words_of_endings,
            self.results,
            self.owners,
            guests,
        )

    @cached_property
    def results(self) -> Ints:
        """What came of each row, a `Result`."""
        return results_of(self.rows)

    @cached_property
    def owners(self) -> Owners:
        """Whose the state_token of each row is."""
        return owners_of(self.rows) if self.guests is None else self.guests.owners

    @cached_property
    def words_of_endings(self) -> tuple[str, ...]:
        """Names of passwords that the ledger holds beside those that were sent."""
        if self.endings is None:
            return ()
        columns = [self.endings[name].unique().to_pylist() for name in ("before", "after", "doubt")]
        return tuple(dict.fromkeys(word for column in columns for word in column))

    @cached_property
    def registers(self) -> Registers:
        """What the operations say of each account's password."""
        return read_registers(self.operations, self._initial(), self.budget)

    def _initial(self) -> ByAccount:
        """Return which password each account had at first, by the ledger."""
        if self.endings is None:
            return ByAccount.of_mapping({})
        words = self.words_in(self.endings, "before")
        is_known = words != 0
        return ByAccount.of_pairs(numbers(self.endings, "account", -1)[is_known], words[is_known])

    def words_in(self, rows: pa.Table, name: str) -> Ints:
        """Return a column of names of passwords as places in `Operations.words`, which has every one that is used."""
        place = {word: at for at, word in enumerate(self.operations.words)}
        places, different = texts(rows, name)
        return np.array([place.get(word, 0) for word in different] or [0], np.int64)[places]

    @property
    def budget_left(self) -> int:
        """How many states the search may lead on for the accounts that follow."""
        found: Registers | None = vars(self).get("registers")
        return self.budget if found is None else found.budget_left

    @property
    def own(self) -> "History":
        """The same without rows of other parts."""
        # Not kept where it is this very one: what holds itself stays in memory until somebody looks for such.
        return self if self.guests is None else self._own

    @cached_property
    def _own(self) -> "History":
        assert self.guests is not None  # noqa: S101 - by its only caller
        is_own = ~self.guests.are
        apart = None if self.apart is None else self.apart[is_own]
        return replace(self, rows=self.rows.filter(pa.array(is_own)), guests=None, apart=apart)

    def place_of(self, row: int) -> tuple[float, int, str]:
        """Return what orders a row among all of the run: when it was due, its number, its process."""
        fields = (self.rows[name][row].as_py() for name in ("intended_s", "seq", "worker"))
        intended_s, seq, worker = fields
        return float(intended_s), int(seq), str(worker)

    def row_at(self, worker: str, seq: int, *, or_guest: bool) -> int | None:
        """Return where a sample is; null where it is in no row, or, unless that will do, in that of a guest."""
        are = numbers(self.rows, "seq", -1) == seq
        if self.guests is not None and not or_guest:
            are &= ~self.guests.are
        at = np.flatnonzero(are).tolist()
        return next((row for row in at if self.rows["worker"][row].as_py() == worker), None)


def read_history(directory: RunDirectory, samples: Samples | None = None) -> History:
    """Read a finished run; `samples` are its own, where somebody has read them already.

    Raises:
        RunDirectoryError: it is none.
        OSError, ValueError, pyarrow.ArrowException: its scenario or its endings are damaged.
    """
    record = directory.read_record()
    rows, files = samples or read_samples(directory.samples, directory.spool)
    endings = read_endings(directory.endings_file)
    return History(
        rows=rows,
        files=files,
        record=record,
        endings=endings,
        settings=read_settings(directory, record),
        is_lawful=True,  # else they would not have been read
    )


def _gaps(history: Circumstances) -> Iterator[str]:
    record, files = history.record, {file.worker: file for file in history.files}
    if not record.is_finished:
        yield "the run was cut short"
    for lost in record.lost_workers:
        yield f"{lost.name} was lost"
    made = {worker.name: worker.samples for worker in record.workers}
    gone = {lost.name for lost in record.lost_workers}
    for name in sorted({*record.expected_workers, *made} - set(files) - gone):
        if made.get(name, 1):
            yield f"{name} left no samples"
    for file in history.files:
        yield from _gaps_of(file)
    for worker in record.workers:
        yield from _differences(worker, files.get(worker.name))


def _gaps_of(file: SampleFile) -> Iterator[str]:
    if not file.finished:
        yield f"the samples of {file.worker} were not finished"
    if file.missing:
        yield f"{file.missing:,} samples of {file.worker} are missing"
    if file.damaged:
        yield f"{file.damaged:,} samples of {file.worker} are damaged"


def _differences(worker: WorkerRecord, file: SampleFile | None) -> Iterator[str]:
    if worker.dropped:
        yield f"{worker.dropped:,} samples of {worker.name} were not kept"
    if file is not None and file.finished and file.rows != worker.samples - worker.dropped:
        yield f"{worker.name} made {worker.samples:,} samples, {file.rows:,} are here"
