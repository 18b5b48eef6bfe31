"""One way through the samples of a long run, which writes them down by what has to be looked at together.

    samples --> rows      by ranges of accounts: all that the oracle looks at
            --> tokens    by the token: whose each one is
            --> sessions  by the session
            --> answers   the few whose times are compared
    endings --> endings   by the same ranges of accounts

Whatever the run's length, a piece of it is in memory at a time, and the words that passwords and answers have.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pwdload.endings import checked
from pwdload.oracle.checks.timing import CASES
from pwdload.oracle.coding import COLUMNS, NARROW_KINDS, ROW_KINDS, Words, as_numbers
from pwdload.oracle.operation import Ints
from pwdload.oracle.ranges import Accounts, Ranges, hashed
from pwdload.oracle.reading import has_text
from pwdload.oracle.spill import Spill, require_disk
from pwdload.oracle.trimming import trim
from pwdload.rundir import RunDirectory
from pwdload.samples import SampleFile
from pwdload.samples.room import samples_in
from pwdload.samples.streaming import SampleStream, UnreadableSamplesError

PART_ROWS: Final = 500_000
"""So many samples are judged at a time, or those of one account where it has more: what is worked out of them takes
some 150 MB."""
PARTS_MOST: Final = 400
"""Else what is read at once would be scattered too finely: of more than 200 million samples parts are larger."""
BYTES_EACH: Final = 150
"""What a sample takes of the disk at most."""
ANSWER_COLUMNS: Final = ("case", "step", "outcome", "error_code", "sent_s", "done_s", "connect_s")
TOKEN_COLUMNS: Final = ("token", "account")
SESSION_COLUMNS: Final = ("session", "account", "intended_s", "seq", "worker")
ENDING_TEXTS: Final = ("before", "after", "doubt", "status", "settled")
ENDING_FLAGS: Final = ("opens", "earlier_opens")
NOT_KNOWN: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """A run on disk."""

    rows: Spill
    tokens: Spill
    sessions: Spill
    answers: Spill
    endings: Spill | None
    ranges: Ranges
    """Which account is in which part."""
    kinds: Mapping[str, str]
    """How wide the columns of rows are."""
    words: Words
    files: tuple[SampleFile, ...]
    processes: tuple[str, ...]
    """In the order in which their samples were written."""


class Spilling:
    """Holds what is on disk as long as it is asked for; a context."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def spill(self, kinds: Mapping[str, str], parts: int) -> Spill:
        """Begin a file that is gone at the end of the context."""
        made = Spill(kinds, parts, self._folder)
        self._stack.callback(made.close)
        return made

    def write(self, directory: RunDirectory, parts: int | None = None) -> Written:
        """Write a run down, in so many parts, or in as many as its length asks for.

        Raises:
            RunDirectoryError: the disk has no room for it.
            OSError, ValueError, pyarrow.ArrowException: the endings are damaged, or the disk does not take it.
        """
        rows = samples_in(directory.samples, directory.spool)
        require_disk(rows * BYTES_EACH, self._folder)
        stream, accounts = SampleStream(directory.samples, directory.spool), Accounts()
        for column in stream.look_ahead("account"):
            accounts.count(column.to_numpy())
        ranges = accounts.ranges(parts or max(min(ceil(rows / PART_ROWS), PARTS_MOST), 1))
        words = Words(stream.workers)
        endings = self._endings(directory.endings_file, ranges, words)
        kinds = NARROW_KINDS
        while True:
            try:
                with ExitStack() as attempt:
                    spilling = attempt.enter_context(Spilling(self._folder))
                    written = spilling._samples(stream, ranges, words, kinds, endings)
                    self._stack.push(attempt.pop_all())
                    return written
            except UnreadableSamplesError as broken:
                stream.in_one_piece(broken.worker)
            except OverflowError:
                kinds = ROW_KINDS

    def _samples(
        self, stream: SampleStream, ranges: Ranges, words: Words, kinds: Mapping[str, str], endings: Spill | None
    ) -> Written:
        rows = self.spill(kinds, ranges.parts)
        tokens = self.spill({name: kinds[name] for name in TOKEN_COLUMNS}, ranges.parts)
        sessions = self.spill({name: kinds[name] for name in SESSION_COLUMNS}, ranges.parts)
        answers = self.spill({name: kinds.get(name, "f8") for name in ANSWER_COLUMNS}, ranges.parts)
        for piece in stream.pieces({*COLUMNS, "connect_s"}):
            columns = as_numbers(piece, words)
            rows.add(ranges.of_rows(columns), columns)
            for name, into, names in (("token", tokens, TOKEN_COLUMNS), ("session", sessions, SESSION_COLUMNS)):
                some = np.flatnonzero(columns[name])
                chosen = {one: columns[one][some] for one in names}
                into.add(hashed(chosen[name], into.parts), chosen)
            _add_answers(answers, piece, words, columns["seq"])
            del piece, columns, chosen  # or the next would be read beside them
            trim()
        return Written(
            rows=rows,
            tokens=tokens,
            sessions=sessions,
            answers=answers,
            endings=endings,
            ranges=ranges,
            kinds=kinds,
            words=words,
            files=stream.files,
            processes=stream.workers,
        )

    def _endings(self, path: Path, ranges: Ranges, words: Words) -> Spill | None:
        if not path.is_file():
            return None
        kinds = dict.fromkeys(ENDING_TEXTS, "i4") | dict.fromkeys(ENDING_FLAGS, "i1") | {"account": "i8", "place": "i8"}
        spill = self.spill(kinds, ranges.parts)
        place = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(PART_ROWS):
                rows = checked(pa.Table.from_batches([batch]), path)
                columns = {name: words.coded(name, rows[name]) for name in ENDING_TEXTS}
                columns |= {name: rows[name].cast(pa.int8()).fill_null(NOT_KNOWN).to_numpy() for name in ENDING_FLAGS}
                columns |= {"account": rows["account"].to_numpy(), "place": np.arange(place, place + len(rows))}
                spill.add(ranges.of(columns["account"], columns["place"]), columns)
                place += len(rows)
            if not place:
                checked(file.schema_arrow.empty_table(), path)
        return spill


def _add_answers(answers: Spill, piece: pa.Table, words: Words, seq: Ints) -> None:
    chosen = np.flatnonzero(has_text(piece, "case", CASES.__contains__))
    if len(chosen):
        some = piece.select(ANSWER_COLUMNS).take(pa.array(chosen))
        answers.add(seq[chosen] % answers.parts, as_numbers(some, words, ANSWER_COLUMNS))
