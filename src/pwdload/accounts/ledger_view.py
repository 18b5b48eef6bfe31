"""A ledger to be read, and what is said of it as a whole."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge as in_order
from operator import attrgetter
from pathlib import Path

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.store import Row, Store


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

    def entries_of(self, indices: Iterable[int]) -> Mapping[int, Entry]:
        """Return accounts by their indices, in this order; those that there are not are left out."""
        wanted = list(indices)
        rows = {**self._store.rows(wanted), **self._over}
        return {index: rows[index].entry for index in wanted if index in rows}

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
        oldest = self._store.oldest_doubt_at(but=self._over)
        if self._over:
            return _over_status(counts, retired, oldest, self._store.rows(self._over), self._over)
        return LedgerStatus(counts=counts, retired=retired, oldest_doubt_at=oldest)

    def close(self) -> None:
        """Close it."""
        self._store.close()


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
