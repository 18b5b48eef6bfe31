"""The database: one SQLite file in WAL mode, one connection, explicit transactions.

An answer that acknowledges a change is given after COMMIT only, so that whatever was acknowledged survives the end of
the process, however it ends.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pwdload.standin.failure import StandinError

_APPLICATION_ID = 0x50574C44
_SCHEMA_VERSION = 2
_WRITING = ("INSERT", "UPDATE", "DELETE")
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (
    user_id TEXT PRIMARY KEY,
    user_name TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    mobile TEXT UNIQUE,
    email TEXT NOT NULL DEFAULT '',
    org_code TEXT NOT NULL DEFAULT '',
    password_hash TEXT NOT NULL,
    password_version INTEGER NOT NULL DEFAULT 0,
    password_changed_at REAL NOT NULL,
    must_modify INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0,
    mfa INTEGER NOT NULL DEFAULT 0,
    failed_attempts INTEGER NOT NULL DEFAULT 0,
    locked_until REAL NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE password_history (
    user_id TEXT NOT NULL,
    password_version INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    PRIMARY KEY (user_id, password_version)
) WITHOUT ROWID;
CREATE TABLE used_state_tokens (token_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE sessions (
    session_token TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    device_fingerprint TEXT NOT NULL,
    expires_at REAL NOT NULL,
    password_version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE sso_tickets (
    sso_ticket TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    device_fingerprint TEXT NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE access_tokens (access_token TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID;
"""


class Store:
    """An open database.

    Raises:
        StandinError: the file cannot be written, is no database, or is one of another program.
    """

    def __init__(
        self, path: Path, *, synchronous: Literal["NORMAL", "FULL"] = "NORMAL", busy_timeout_s: float = 5.0
    ) -> None:
        self.path = path
        try:
            path.touch(mode=0o600)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=busy_timeout_s)
        except OSError as error:
            raise StandinError(
                f"--db {path}: cannot be written ({error.strerror}); name a file you may write"
            ) from None
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        try:
            self._prepare(synchronous)
        except sqlite3.Error as error:
            self.close()
            raise self._unusable(error) from None
        except StandinError:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do everything in the block or nothing of it; when the block is left, it is committed.

        The block must not await: there is one connection, and what others do on it would be part of this transaction.
        """
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def tell_of_commits(self, listener: Callable[[], None] | None) -> None:
        """Call a listener in the course of each commit; null for nobody. It is called by whoever makes the commit."""

        def look_at(statement: str) -> None:
            # A statement that writes outside a transaction is a commit by itself.
            is_commit = statement == "COMMIT" if self.connection.in_transaction else statement.startswith(_WRITING)
            if is_commit and listener is not None:
                listener()

        self.connection.set_trace_callback(look_at if listener is not None else None)

    def secret(self, name: str, make: Callable[[], bytes] = lambda: secrets.token_bytes(32)) -> bytes:
        """Return a secret that the database keeps, made when it is first asked for."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
        if row is not None:
            return bytes(row[0])
        self.connection.execute("INSERT INTO meta VALUES (?, ?)", (name, value := make()))
        return value

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self.connection.close()

    def _unusable(self, error: sqlite3.Error) -> StandinError:
        return StandinError(f"--db {self.path}: {error}; name another file, or none for a new one")

    def _prepare(self, synchronous: str) -> None:
        connection = self.connection
        identity = connection.execute("PRAGMA application_id").fetchone()[0]
        is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if identity != _APPLICATION_ID and not is_empty:
            raise StandinError(f"--db {self.path}: a database of another program; name another file")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if not is_empty and version != _SCHEMA_VERSION:
            raise StandinError(f"--db {self.path}: made by another version of this program; name another file")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        if is_empty:
            # One transaction: a start that is cut short leaves an empty file, not half a schema.
            connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID}; "
                f"PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
            )
