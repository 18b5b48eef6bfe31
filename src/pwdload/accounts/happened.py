"""What the journals of one run tell, counted: to be asked before they are taken into the store."""

from collections import Counter
from dataclasses import dataclass

from pwdload.accounts.entry import Event, Kind
from pwdload.accounts.journal_reader import read_journals
from pwdload.accounts.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Counts of a run's records."""

    counts: Counter[tuple[Event, Kind]]
    retired: frozenset[int]
    """Accounts that were taken out of use, by index."""
    used: frozenset[int]
    """Accounts that some process was allowed to use."""
    asked: frozenset[int]
    """Accounts of which a change was asked for."""

    def of(self, kind: Kind, *events: Event) -> int:
        """Return how many records of a kind tell one of these."""
        return sum(self.counts[event, kind] for event in events)


def happened(ledger: Ledger, run: int) -> Happened:
    """Return what the journals of a run tell. Raises `AccountsError` where they cannot be read."""
    readings, _ = read_journals(ledger.journal_directory, bytes.fromhex(ledger.meta.ledger_id))
    counts: Counter[tuple[Event, Kind]] = Counter()
    retired: set[int] = set()
    used: set[int] = set()
    asked: set[int] = set()
    for reading in readings:
        if reading.run != run:
            continue
        records = reading.records
        pairs = zip(records["event"].tolist(), records["kind"].tolist(), strict=True)
        counts.update((Event(event), Kind(kind)) for event, kind in pairs)
        retired.update(records["account"][records["event"] == Event.RETIRED].tolist())
        used.update(records["account"][records["event"] == Event.LEASED].tolist())
        asked.update(records["account"][records["event"] == Event.INTENT].tolist())
    return Happened(counts=counts, retired=frozenset(retired), used=frozenset(used), asked=frozenset(asked))
