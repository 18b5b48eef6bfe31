"""A long run in parts: some of its accounts at a time, and what crosses accounts by itself.

A state_token is mostly known to one account alone, and all that happens to it is in that account's part. Of the few
tokens that several accounts have to do with, all rows are put together, by the token; there it shows who served whom.
A call with another account's token may have changed that one: it is a guest in the other's part.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from pwdload.endings import SCHEMA as ENDINGS
from pwdload.oracle.coding import ROW_KINDS, as_table, row_order
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.operation import Flags, Ints
from pwdload.oracle.owners import Guests, owners
from pwdload.oracle.ranges import hashed, slots
from pwdload.oracle.reading import are_handed_out, are_of_several, foreign_calls, numbers
from pwdload.oracle.registers import TOTAL_BUDGET
from pwdload.oracle.spill import Column, Columns, Spill
from pwdload.oracle.spilling import ANSWER_COLUMNS, ENDING_FLAGS, ENDING_TEXTS, NOT_KNOWN, Spilling, Written
from pwdload.oracle.trimming import trim
from pwdload.statistics.ordering import again, is_among

_BITS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class InParts:
    """A run that was written down; `spilling` is open as long as it is asked."""

    circumstances: Circumstances
    written: Written
    spilling: Spilling

    def across(self, name: str) -> Iterator[History]:
        """Yield parts as `sources.Source` has it."""
        yield from {"tokens": self._tokens, "sessions": self._sessions, "answers": self._answers}[name]()

    def accounts(self) -> Iterator[History]:
        """Yield the accounts, some at a time."""
        budget = TOTAL_BUDGET
        for part in range(self.written.rows.parts):
            history = replace(self._part(part), budget=budget)
            yield history
            budget = history.budget_left
            del history  # or the next would be made beside it
            trim()

    @cached_property
    def shared(self) -> Ints:
        """The tokens that several accounts have to do with, ascending."""
        found: list[Ints] = [np.zeros(0, np.int64)]
        for part in range(self.written.tokens.parts):
            columns = self.written.tokens.read(part)
            found.append(_of_several_accounts(columns["token"], columns["account"]))
        return np.unique(np.concatenate(found))

    @cached_property
    def _shared_rows(self) -> Spill | None:
        """The rows of such tokens by the token; null where there are none."""
        if not len(self.shared):
            return None
        spill = self.spilling.spill({**self.written.kinds, "is_of_several": "?"}, self.written.tokens.parts)
        for part in range(self.written.rows.parts):
            at = np.flatnonzero(self._is_shared(self.written.rows.read(part, ["token"])["token"]))
            if len(at):
                columns = self.written.rows.read(part)
                columns["is_of_several"] = are_of_several(columns["account"], columns["worker"])
                chosen = {name: column[at] for name, column in columns.items()}
                spill.add(hashed(chosen["token"], spill.parts), chosen)
        return spill

    @cached_property
    def _calls(self) -> Spill | None:
        """Calls with a token of another account, in the part of the one and in that of the other."""
        if self._shared_rows is None:
            return None
        spill = self.spilling.spill(
            {**self.written.kinds, "is_of_several": "?", "owner": "i8"}, self.written.rows.parts
        )
        for part in range(self._shared_rows.parts):
            columns = self._shared_rows.read(part)
            order = _by_rows(columns)
            at, owner = foreign_calls(self._history(columns, order).rows)
            chosen = {name: column[order[at]] for name, column in columns.items()} | {"owner": owner}
            mine, theirs = self.written.ranges.of_rows(chosen), self.written.ranges.of(owner, owner)
            spill.add(mine, chosen)
            elsewhere = np.flatnonzero(mine != theirs)
            spill.add(theirs[elsewhere], {name: column[elsewhere] for name, column in chosen.items()})
        return spill

    def _is_shared(self, token: Ints) -> Flags:
        return _is_one_of(token, self.shared, self._slots_of_shared)

    @cached_property
    def _slots_of_shared(self) -> Flags:
        taken = np.zeros(1 << _BITS, np.bool_)
        taken[slots(self.shared, _BITS)] = True
        return taken

    def _tokens(self) -> Iterator[History]:
        shared = self._shared_rows
        if shared is None:
            return
        for part in range(shared.parts):
            columns = shared.read(part, ROW_KINDS)
            if len(columns["seq"]):
                yield self._history(columns, _by_rows(columns))

    def _sessions(self) -> Iterator[History]:
        for part in range(self.written.sessions.parts):
            columns = self.written.sessions.read(part)
            repeated = is_among(columns["session"], again(columns["session"]))
            if repeated.any():
                columns = {name: column[repeated] for name, column in columns.items()}
                yield self._history(columns, _by_rows(columns))

    def _answers(self) -> Iterator[History]:
        for part in range(self.written.answers.parts):
            columns = self.written.answers.read(part)
            yield self._history(columns, np.arange(len(columns["case"])))

    def _history(self, columns: Columns, order: Ints) -> History:
        told = self.circumstances
        rows = as_table({name: columns[name] for name in columns if name in _OF_ROWS}, self.written.words, order)
        return History(rows=rows, files=told.files, record=told.record, settings=told.settings, is_lawful=True)

    def _part(self, part: int) -> History:
        """Return the history of a range of accounts."""
        columns = self.written.rows.read(part)
        calls = self._calls.read(part) if self._calls is not None and self._calls.rows(part) else None
        count = len(columns["seq"])
        if calls is not None:
            guests = np.flatnonzero(self.written.ranges.of_rows(calls) != part)
            columns = {name: np.concatenate([column, calls[name][guests]]) for name, column in columns.items()}
        order = row_order(columns) if calls is None else _by_rows(columns)
        history = self._history(columns, order)
        endings, places = self._endings(part)
        apart = self._is_shared(numbers(history.rows, "token", 0))
        if calls is not None:
            history = replace(history, guests=self._guests(history.rows, order >= count, calls, part))
        return replace(history, endings=endings, places_of_endings=places, apart=apart)

    def _guests(self, rows: pa.Table, are: Flags, calls: Columns, part: int) -> Guests:
        """Return whose the tokens of a part's rows are, by what was found out of calls with those of others."""
        names = rows["worker"].chunk(0)
        keys = _keys(numbers(rows, "seq", -1), names.indices.to_numpy())
        known = _keys(calls["seq"], calls["worker"])
        by_key = np.argsort(known)
        account, token = numbers(rows, "account", -1), numbers(rows, "token", 0)
        own = owners(account, token, are_handed_out(rows) & ~are)
        owner = np.full(len(own.rows), -1, np.int64)
        place = np.minimum(np.searchsorted(known[by_key], keys), len(known) - 1)
        is_call = known[by_key][place] == keys
        told = by_key[place]
        mine = is_call[own.rows]
        owner[mine] = calls["owner"][told[own.rows[mine]]]
        return Guests(
            are=are,
            are_of_several=are & is_call & calls["is_of_several"][told],
            owners=own._replace(owner=owner),
            owned_here=self.written.ranges.of(owner, owner) == part,
        )

    def _endings(self, part: int) -> tuple[pa.Table | None, Ints | None]:
        if self.written.endings is None:
            return None, None
        columns = self.written.endings.read(part)
        arrays = {name: self.written.words.texts(name, columns[name]) for name in ENDING_TEXTS}
        arrays |= {name: _flags(columns[name]) for name in ENDING_FLAGS}
        arrays["account"] = pa.array(columns["account"])
        return pa.table([arrays[name].cast(ENDINGS.field(name).type) for name in ENDINGS.names], ENDINGS), columns[
            "place"
        ]


_OF_ROWS = frozenset({*ROW_KINDS, *ANSWER_COLUMNS})


def _flags(column: Column) -> pa.Array:
    return pa.array(column == 1, mask=column == NOT_KNOWN)


def _by_rows(columns: Columns) -> Ints:
    """Return the order of a run's rows, of some that come in any."""
    return np.lexsort((columns["worker"], columns["seq"], columns["intended_s"]))


def _keys(seq: Ints, worker: Ints) -> Ints:
    """Return a number for each sample that no other has."""
    return seq.astype(np.int64) << 20 | worker


def _of_several_accounts(token: Ints, account: Ints) -> Ints:
    """Return the tokens that are there with more than one account.

    Each is first held against the one that was last in its slot, which is nearly always of the same token; only those
    that differ are put in order.
    """
    place = slots(token, _BITS)
    last = np.zeros(1 << _BITS, account.dtype)
    last[place] = account
    differ = np.zeros(1 << _BITS, np.bool_)
    differ[place[last[place] != account]] = True
    some = np.flatnonzero(differ[place])
    token, account = token[some], account[some]
    order = np.argsort(token)
    token, account = token[order], account[order]
    return np.unique(token[1:][(token[1:] == token[:-1]) & (account[1:] != account[:-1])])


def _is_one_of(numbers_: Ints, few: Ints, slots_of_few: Flags) -> Flags:
    """Say of each number whether it is one of a few, which are in ascending order."""
    if not len(few):
        return np.zeros(len(numbers_), np.bool_)
    found = slots_of_few[slots(numbers_, _BITS)]
    at = np.flatnonzero(found)
    found[at] = is_among(numbers_[at], few)
    return found
