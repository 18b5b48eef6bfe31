"""A database that is locked by somebody else: whoever wants to write, waits."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pwdload.errors import FaultError
from pwdload.faults.acts import Patience


class DatabaseLock:
    """Holds SQLite's write lock. It is let go at the healing, and by the kernel when this process ends.

    The stand-in has one connection, which waits for the lock as long as its setting `db_busy_timeout_s` says: meanwhile
    it answers nobody, and then with an error.
    """

    def __init__(self, database: Path, *, patience: Patience | None = None) -> None:
        self._database = database
        self._patience = patience or Patience()
        self._holder: sqlite3.Connection | None = None

    def check(self) -> None:
        """Return if the file is a database that may be written to; it is locked for a moment at most."""
        with closing(self._open()) as connection:
            if self._begins(connection):
                connection.rollback()

    def inject(self) -> None:
        """Take the lock, between two writes of the target."""
        if self._holder is not None:
            return
        connection = self._open()
        try:
            self._patience.until(lambda: self._begins(connection), f"{self._database}: the write lock")
        except BaseException:
            connection.close()
            raise
        self._holder = connection

    def heal(self) -> None:
        """Let the lock go; nothing was written under it."""
        if self._holder is None:
            return
        holder, self._holder = self._holder, None
        try:
            holder.rollback()
        finally:
            holder.close()

    def _begins(self, connection: sqlite3.Connection) -> bool:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                return False
            raise self._unusable(error) from None
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        return True

    def _open(self) -> sqlite3.Connection:
        """Open it without making it; time-out 0, so that it is our patience that waits."""
        try:
            return sqlite3.connect(
                f"{self._database.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=0.0,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: sqlite3.Error) -> FaultError:
        return FaultError(f"{self._database}: {error}; name the SQLite file that the target keeps its accounts in")
