"""What the journals of a ledger make of its accounts. Pure: reads the store, writes nothing.

Records of one account are taken in the order of their leases, which rise whenever it passes from one process to
another; under one lease in the order of time, which is that of the file within one journal. What a process writes of an
account that has been given to another since comes too late, and is left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from pwdload.accounts.entry import Event, Kind, Record, Status
from pwdload.accounts.journal_reader import FIELDS, JournalReading, Records, decoded
from pwdload.accounts.store import Merged, Row, Store

_HANDED_OVER: Final = (Event.LEASED, Event.RETURNED, Event.END)
"""Events that change nothing about an account."""
_OUTCOMES: Final = (
    *(Event.INTENT, Event.APPLIED, Event.APPLIED_AND_READY, Event.REFUSED, Event.UNKNOWN, Event.RETIRED, Event.USED),
)
"""An intent, and what can follow one."""
_AT_ONCE: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What journals make of a store: nothing of it is in the store yet."""

    rows: Mapping[int, Row]
    """Accounts that are no longer as the store has them."""
    merged: Mapping[str, Merged]
    """How far each journal is taken into account."""
    damages: tuple[str, ...]
    """What was lost and what that means, one sentence each."""
    damaged: frozenset[str]
    """Names of the journals that are damaged."""
    lease_max: int
    """The highest lease of any record."""


def merge(readings: Sequence[JournalReading], store: Store, boot: bytes) -> Merge:
    """Return what journals make of a store; `boot` is the digest of this machine's start."""
    before = store.merged()
    ended = [one for one in readings if not one.is_live and not _is_done(one, before)]
    rows: dict[int, Row] = {}
    strangers = _replay(_fresh(readings, before), store, rows)
    for one in ended:
        _count_doubts(one, store, rows)
    damages = [damage for one in ended for damage in _consequences(one, readings, store, rows, boot)]
    if strangers:
        named = ", ".join(str(index) for index in sorted(strangers)[:5])
        damages.append(f"{store.path}: journals tell of {len(strangers)} accounts that are not in it (index {named})")
    return Merge(
        rows=rows,
        merged={one.name: Merged(one.places, not one.is_live) for one in readings},
        damages=tuple(damages),
        damaged=frozenset(one.name for one in readings if one.damages),
        lease_max=max((int(one.records["lease"].max()) for one in readings if len(one.records)), default=0),
    )


def _is_done(reading: JournalReading, merged: Mapping[str, Merged]) -> bool:
    return reading.name in merged and merged[reading.name].is_done


def _fresh(readings: Iterable[JournalReading], merged: Mapping[str, Merged]) -> Records:
    """Return the records that the store does not have yet, in the order in which they count."""
    parts: list[Records] = [np.empty(0, FIELDS)]
    times: list[npt.NDArray[np.float64]] = [np.empty(0)]
    for reading in readings:
        known = merged[reading.name].places if reading.name in merged else 0
        records = reading.records
        wanted = (records["place"] >= known) & ~np.isin(records["event"], _HANDED_OVER)
        parts.append(records[wanted])
        # A clock that was put back must not put records of one file into another order.
        times.append(np.maximum.accumulate(records["at"][wanted]))
    records, at = np.concatenate(parts), np.concatenate(times)
    order: Records = records[np.lexsort((records["place"], at, records["lease"], records["account"]))]
    return order


def _replay(records: Records, store: Store, rows: dict[int, Row]) -> set[int]:
    """Bring accounts to where their records have brought them; return those that the store does not know."""
    strangers = set()
    for begin in range(0, len(records), _AT_ONCE):
        some = records[begin : begin + _AT_ONCE]
        _load(np.unique(some["account"]).tolist(), store, rows)
        for index, group in groupby(decoded(some), key=attrgetter("account")):
            if index in rows:
                rows[index] = _after(rows[index], group)
            else:
                strangers.add(index)
    return strangers


def _after(row: Row, records: Iterable[Record]) -> Row:
    entry, lease = row
    valid = []
    for record in records:
        if record.lease >= lease:
            valid.append(record)
            lease = record.lease
    return Row(entry.after(*valid), lease)


def _load(indices: Iterable[int], store: Store, rows: dict[int, Row]) -> None:
    rows.update(store.rows(index for index in indices if index not in rows))


def _count_doubts(reading: JournalReading, store: Store, rows: dict[int, Row]) -> None:
    """Count the changes that a process had asked for, and that nothing is written of afterwards."""
    last = _last_of_each_account(reading.records[np.isin(reading.records["event"], _OUTCOMES)])
    alone = last[(last["event"] == Event.INTENT) & np.isin(last["kind"], (Kind.CHANGE, Kind.REARM))]
    _load(alone["account"].tolist(), store, rows)
    for record in decoded(alone):
        row = rows.get(record.account)
        if row is not None and row.lease == record.lease and row.entry.doubt == record.ref:
            rows[record.account] = row._replace(entry=row.entry.after(record._replace(event=Event.UNKNOWN)))


def _last_of_each_account(records: Records) -> Records:
    backwards = records[::-1]
    last: Records = backwards[np.unique(backwards["account"], return_index=True)[1]]
    return last


def _consequences(
    reading: JournalReading, readings: Iterable[JournalReading], store: Store, rows: dict[int, Row], boot: bytes
) -> Iterator[str]:
    """Put into doubt what may have been done without a record being left, and tell it."""
    damages = list(reading.damages)
    if not damages and not reading.is_ended and (reading.boot != boot or not any(boot)):
        damages = [
            f"{reading.name}: not ended in order, before a restart or on another machine: its end may be missing"
        ]
    if not damages:
        return
    suspected = _suspect(_leased_to(reading, readings), store, rows, may_rearm=store.runs().get(reading.run, True))
    if reading.damages or suspected:
        yield from damages[:-1]
        are = "account is" if suspected == 1 else "accounts are"
        settle = f"; {suspected} {are} in doubt for it: settle with `pwdload accounts settle`"
        yield damages[-1] + (settle if suspected else "")


def _leased_to(reading: JournalReading, readings: Iterable[JournalReading]) -> list[int]:
    """Return the accounts that were ever given to a process, by the records of its run."""
    found: set[int] = set()
    for one in readings:
        if one.run == reading.run:
            records = one.records
            mine = (records["event"] == Event.LEASED) & (records["note"] == reading.process)
            found.update(records["account"][mine].tolist())
    return sorted(found)


def _suspect(indices: Sequence[int], store: Store, rows: dict[int, Row], *, may_rearm: bool) -> int:
    """Put accounts into doubt that are not known to be used up; return how many."""
    _load(indices, store, rows)
    suspected = 0
    for index in indices:
        row = rows.get(index)
        if row is not None and (row.entry.status is Status.READY or may_rearm):
            entry = row.entry.suspected()
            suspected += entry is not row.entry
            rows[index] = row._replace(entry=entry)
    return suspected
