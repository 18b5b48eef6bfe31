"""The ledger's store: one row for each account in SQLite, changed in whole transactions only.

SQLite's rollback journal, not its write-ahead log: the ledger is then one file whenever nobody writes, and who only
reads it needs no other.
"""

import sqlite3
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, get_type_hints

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Kind, Reason, Status
from pwdload.errors import AccountsError
from pwdload.passwords import Shape

FILE_NAME: Final = "ledger.sqlite"
FORMAT: Final = 1
"""Version of the store's format; a newer one is refused."""
_BUSY_S: Final = 60.0
_AT_ONCE: Final = 500


class _Column(NamedTuple):
    """How one kind of value is kept."""

    sql: str
    encode: Callable[[Any], object] | None = None
    decode: Callable[[Any], object] | None = None


@lru_cache(4096)  # most accounts have one of few, and SQLite's own work is less than this
def _ref_text(ref: PasswordRef) -> str:
    return f"{ref.generation}:{ref.shape}" if ref.shape else str(ref.generation)


@lru_cache(4096)
def _ref(text: str) -> PasswordRef:
    generation, _, shape = text.partition(":")
    return PasswordRef(int(generation), Shape(shape))


def _nullable(column: _Column) -> _Column:
    encode, decode = column.encode, column.decode
    return _Column(
        column.sql.removesuffix(" NOT NULL"),
        encode and (lambda value: None if value is None else encode(value)),
        decode and (lambda value: None if value is None else decode(value)),
    )


_REF: Final = _Column("TEXT NOT NULL", _ref_text, _ref)
_STATUS: Final = _Column("TEXT NOT NULL", str, {status.value: status for status in Status}.__getitem__)
_COLUMNS: Final[Mapping[object, _Column]] = {
    int: _Column("INTEGER NOT NULL"),
    str: _Column("TEXT NOT NULL"),
    bool: _Column("INTEGER NOT NULL", int, bool),
    float | None: _Column("REAL"),
    PasswordRef: _REF,
    PasswordRef | None: _nullable(_REF),
    Status: _STATUS,
    Status | None: _nullable(_STATUS),
    Kind | None: _nullable(_Column("INTEGER", int, Kind)),
    Reason | None: _nullable(_Column("INTEGER", int, Reason)),
}
"""A column by the type of the field of `Entry` that it keeps."""

_NAMES: Final = tuple(field.name for field in fields(Entry))
_KEPT: Final = tuple(_COLUMNS[get_type_hints(Entry)[name]] for name in _NAMES)
_ENCODE: Final = tuple((place, column.encode) for place, column in enumerate(_KEPT) if column.encode)
_DECODE: Final = tuple((place, column.decode) for place, column in enumerate(_KEPT) if column.decode)
_values = attrgetter(*_NAMES)
_LISTED: Final = ", ".join(f'"{name}"' for name in _NAMES)
_MARKS: Final = ", ".join("?" * len(_NAMES))
_SET: Final = ", ".join(f'"{name}" = ?' for name in _NAMES)
# Column names are put together here and nowhere else; values are always bound.
_SELECT: Final = f"SELECT {_LISTED}, lease FROM account"  # noqa: S608
_ADD: Final = f"INTO account ({_LISTED}) VALUES ({_MARKS})"
_UPDATE: Final = f'UPDATE account SET {_SET}, lease = ? WHERE "index" = ?'  # noqa: S608
_INDICES: Final = 'SELECT "index" FROM account'
_SCHEMA: Final = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE account (
    {", ".join(f'"{name}" {column.sql}' for name, column in zip(_NAMES, _KEPT, strict=True))},
    lease INTEGER NOT NULL DEFAULT 0, PRIMARY KEY ("index")
);
CREATE UNIQUE INDEX account_name ON account (user_name);
CREATE INDEX account_status ON account (status, state);
CREATE TABLE run (number INTEGER PRIMARY KEY, may_rearm INTEGER NOT NULL);
CREATE TABLE journal (name TEXT PRIMARY KEY, places INTEGER NOT NULL, is_done INTEGER NOT NULL) WITHOUT ROWID;
"""


class Row(NamedTuple):
    """An account as it is kept."""

    entry: Entry
    lease: int
    """The highest lease under which anything was ever written of it."""


class Merged(NamedTuple):
    """How far a journal is in the store."""

    places: int
    is_done: bool
    """Whether its process is gone and all is in."""


class Counts(NamedTuple):
    """How many accounts there are of one kind."""

    status: Status
    state: str
    accounts: int


def must_exist(path: Path) -> None:
    """Raise `AccountsError` where there is no store."""
    if not path.is_file():
        raise AccountsError(
            f"{path.parent}: no ledger there; make one with `pwdload accounts import` or `pwdload accounts create`"
        )


class Store:
    """An open store. All methods raise `AccountsError` where SQLite cannot do what it is asked to."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def create(cls, path: Path, meta: Mapping[str, str | int]) -> Self:
        """Make a store, or open one that is there."""
        store = cls._connected(path, "rwc")
        with store.transaction():
            if not store._query("SELECT 1 FROM sqlite_master"):
                for statement in _SCHEMA.split(";\n"):
                    store._execute(statement)
                store.put_meta({**meta, "format": FORMAT})
        return store._checked()

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open a store that is there."""
        must_exist(path)
        if not read_only:
            return cls._connected(path, "rw")._checked()
        try:
            # Able to write where it may: what a killed writer has left half done must be taken back before reading.
            store = cls._connected(path, "rw")._checked()
        except AccountsError:
            store = cls._connected(path, "ro")._checked()
        store._execute("PRAGMA query_only = ON")
        return store

    @classmethod
    def _connected(cls, path: Path, mode: str) -> Self:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        with _sqlite_errors(path):
            # One thread at a time is the callers' business: greenlets, and a command's threads that only ask.
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
        store = cls(path, connection)
        store._execute("PRAGMA cache_size = -65536")
        return store

    def _checked(self) -> Self:
        try:
            version = self.meta().get("format", 0)
        except AccountsError:
            self.close()
            raise
        if not isinstance(version, int) or version > FORMAT or version < 1:
            self.close()
            raise AccountsError(
                f"{self.path}: of format {version}, and this pwdload knows {FORMAT}; use the pwdload that wrote it"
            )
        return self

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done within is done, or nothing of it."""
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read within is of one moment."""
        self._execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    def meta(self) -> dict[str, str | int]:
        """Return what is known of the ledger as a whole."""
        return dict(self._query("SELECT name, value FROM meta"))

    def put_meta(self, values: Mapping[str, str | int]) -> None:
        """Keep what is known of the ledger as a whole."""
        self._execute_many("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def add(self, entries: Iterable[Entry], *, skip_known: bool = False) -> int:
        """Add accounts, and return how many; one whose user name is known is left out, or refused with an error."""
        before = self.count()
        verb = "INSERT OR IGNORE " if skip_known else "INSERT "
        self._execute_many(verb + _ADD, map(_encoded, entries))
        return self.count() - before

    def put(self, rows: Iterable[Row]) -> None:
        """Keep accounts that are in the store as they are now."""
        values = ((*_encoded(entry), lease, entry.index) for entry, lease in rows)
        self._execute_many(_UPDATE, values)

    def rows(self, indices: Iterable[int]) -> dict[int, Row]:
        """Return accounts by index; those that are not there are left out."""
        wanted, found = list(indices), {}
        for begin in range(0, len(wanted), _AT_ONCE):
            some = wanted[begin : begin + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            for values in self._query(f'{_SELECT} WHERE "index" IN ({marks})', some):
                with _sqlite_errors(self.path):
                    row = _decoded(values)
                found[row.entry.index] = row
        return found

    def by_name(self, user_name: str) -> Entry | None:
        """Return an account by its user name."""
        found = self._query(_SELECT + " WHERE user_name = ?", [user_name])
        with _sqlite_errors(self.path):
            return _decoded(found[0]).entry if found else None

    def entries(self, status: Status | None = None, state: str | None = None) -> Iterator[Entry]:
        """Yield accounts in the order of their indices."""
        where, values = _where(status=status, state=state)
        with _sqlite_errors(self.path):
            for found in self._connection.execute(_SELECT + where, values):
                yield _decoded(found).entry

    def indices(self, status: Status, state: str | None = None) -> "array[int]":
        """Return the indices of accounts, lowest first."""
        where, values = _where(status=status, state=state)
        with _sqlite_errors(self.path):
            return array("L", (index for (index,) in self._connection.execute(_INDICES + where, values)))

    def count(self) -> int:
        """Return how many accounts there are."""
        return int(self._query("SELECT count(*) FROM account")[0][0])

    def next_index(self) -> int:
        """Return the index that the next account to be added may have."""
        return int(self._query('SELECT coalesce(max("index") + 1, 0) FROM account')[0][0])

    def counts(self) -> list[Counts]:
        """Return how many accounts there are, by status and state."""
        found = self._query("SELECT status, state, count(*) FROM account GROUP BY status, state")
        return [Counts(Status(status), state, count) for status, state, count in found]

    def retired(self) -> dict[Reason | None, int]:
        """Return how many accounts are retired, by reason."""
        found = self._query("SELECT reason, count(*) FROM account WHERE status = 'retired' GROUP BY reason")
        return {None if reason is None else Reason(reason): count for reason, count in found}

    def oldest_doubt_at(self, but: Container[int] = ()) -> float | None:
        """Return when the oldest doubt was written down, Unix time in seconds, some accounts left out.

        Null where there is none, or nothing says since when.
        """
        oldest = 'SELECT "index", changed_at FROM account WHERE status = ? AND changed_at NOTNULL ORDER BY changed_at'
        with _sqlite_errors(self.path):
            found = self._connection.execute(oldest, [Status.UNKNOWN.value])
            return next((float(at) for index, at in found if index not in but), None)

    def add_run(self, number: int, *, may_rearm: bool) -> None:
        """Keep that a run has begun."""
        self._execute_many("INSERT INTO run VALUES (?, ?)", [(number, int(may_rearm))])

    def runs(self) -> dict[int, bool]:
        """Return of each run by its number whether it may put accounts back."""
        return {number: bool(may_rearm) for number, may_rearm in self._query("SELECT number, may_rearm FROM run")}

    def merged(self) -> dict[str, Merged]:
        """Return how far each journal is in the store, by name."""
        found = self._query("SELECT name, places, is_done FROM journal")
        return {name: Merged(places, bool(is_done)) for name, places, is_done in found}

    def put_merged(self, journals: Mapping[str, Merged]) -> None:
        """Keep how far journals are in the store."""
        rows = ((name, places, int(is_done)) for name, (places, is_done) in journals.items())
        self._execute_many("INSERT OR REPLACE INTO journal VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def _execute(self, statement: str) -> None:
        with _sqlite_errors(self.path):
            self._connection.execute(statement)

    def _execute_many(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        with _sqlite_errors(self.path):
            self._connection.executemany(statement, values)

    def _query(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with _sqlite_errors(self.path):
            return self._connection.execute(statement, values).fetchall()


def _encoded(entry: Entry) -> list[object]:
    values = list(_values(entry))
    for place, encode in _ENCODE:
        values[place] = encode(values[place])
    return values


def _decoded(values: Sequence[Any]) -> Row:
    *row, lease = values
    try:
        for place, decode in _DECODE:
            row[place] = decode(row[place])
    except (KeyError, ValueError, TypeError, OverflowError):
        raise _DamagedError(f"account {row[0]!r} is damaged") from None
    return Row(Entry(**dict(zip(_NAMES, row, strict=True))), lease)


def _where(**wanted: object) -> tuple[str, list[object]]:
    asked = {name: value for name, value in wanted.items() if value is not None}
    where = " WHERE " + " AND ".join(f"{name} = ?" for name in asked) if asked else ""
    return f'{where} ORDER BY "index"', list(asked.values())


class _DamagedError(Exception):
    """What is in the store cannot be read as what it must be."""


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise AccountsError(f"{path}: an account is there already ({error}); nothing was added") from None
    except UnicodeDecodeError:
        raise AccountsError(f"{path}: damaged, a text in it is not UTF-8; nothing was changed") from None
    except (sqlite3.Error, _DamagedError) as error:
        raise AccountsError(f"{path}: {error}; nothing was changed, and journals are kept") from None
