"""Accounts in the database: reading one, counting its failures, changing its password, creating and deleting."""

import json
import secrets
import time
from collections.abc import Iterable, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from pwdload.standin.policy import Person
from pwdload.standin.store import Store
from pwdload.standin.tokens import Identity


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords in a row."""

    attempts: int = 0
    locked_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """One row. Times are seconds since 1970. The fields are named like the table's columns."""

    user_id: str
    user_name: str
    name: str
    mobile: str | None
    email: str
    org_code: str
    password_hash: str
    password_version: int
    """Rises with every change; a change is accepted only if it is still the one that was checked."""
    password_changed_at: float
    must_modify: bool
    disabled: bool
    mfa: bool
    failed_attempts: int
    locked_until: float
    created_at: float
    updated_at: float

    @property
    def failures(self) -> Failures:
        """Wrong passwords when the row was read."""
        return Failures(self.failed_attempts, self.locked_until)

    @property
    def person(self) -> Person:
        """What the password policy must know."""
        return Person(user_name=self.user_name, mobile=self.mobile or "", email=self.email)

    @property
    def identity(self) -> Identity:
        """What the account tells an application about its owner."""
        return Identity(
            user_id=self.user_id,
            user_name=self.user_name,
            name=self.name,
            mobile=self.mobile or "",
            email=self.email,
        )


_COLUMNS = tuple(field.name for field in fields(Account))
_FLAGS = slice(_COLUMNS.index("must_modify"), _COLUMNS.index("mfa") + 1)
_values = attrgetter(*_COLUMNS)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM accounts"  # noqa: S608 - names of columns, from the class above
_INSERT = f"INSERT INTO accounts ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - same
_INSERT_HISTORY = "INSERT INTO password_history VALUES (?, ?, ?)"


class Accounts:
    """The accounts of one database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.connection

    @property
    def db(self) -> Path:
        """The file they are kept in."""
        return self._store.path

    def transaction(self) -> AbstractContextManager[object]:
        """Do everything in a block or nothing of it; see `Store.transaction`."""
        return self._store.transaction()

    def by_name(self, user_name: str) -> Account | None:
        """Return the account of this user name."""
        return self._read(self._db.execute(f"{_SELECT} WHERE user_name = ?", (user_name,)).fetchone())

    def by_id(self, user_id: str) -> Account | None:
        """Return the account of this user id."""
        return self._read(self._db.execute(f"{_SELECT} WHERE user_id = ?", (user_id,)).fetchone())

    def page(self, offset: int, limit: int, org_code: str = "") -> Sequence[Account]:
        """Return a page of the accounts of one organization, or of all, by user id; the offset counts pages."""
        condition, values = _of_organization(org_code)
        rows = self._db.execute(
            f"{_SELECT}{condition} ORDER BY user_id LIMIT ? OFFSET ?", (*values, limit, offset * limit)
        )
        return [found for row in rows if (found := self._read(row)) is not None]

    def count(self, org_code: str = "") -> int:
        """Return how many accounts there are, in one organization or in all."""
        condition, values = _of_organization(org_code)
        row = self._db.execute(f"SELECT count(*) FROM accounts{condition}", values).fetchone()  # noqa: S608 - ours
        return int(row[0])

    def existing(self, user_names: Iterable[str]) -> Set[str]:
        """Return those of the user names that are taken."""
        rows = self._db.execute(
            "SELECT user_name FROM accounts WHERE user_name IN (SELECT value FROM json_each(?))",
            (json.dumps(list(user_names)),),
        )
        return {row[0] for row in rows}

    def history(self, user_id: str, depth: int) -> Sequence[str]:
        """Return the hashes of the last passwords before the current one, newest first."""
        rows = self._db.execute(
            "SELECT password_hash FROM password_history WHERE user_id = ? ORDER BY password_version DESC LIMIT ?",
            (user_id, depth),
        )
        return [row[0] for row in rows]

    def replace_password(
        self, account: Account, password_hash: str, *, now_s: float, must_modify: bool = False
    ) -> bool:
        """Replace the password that `account` was read with; to be called within a transaction.

        Returns whether it was still that password: of two concurrent changes the later one gets False.
        """
        changed = self._db.execute(
            "UPDATE accounts SET password_hash = ?, password_version = password_version + 1, password_changed_at = ?,"
            " must_modify = ?, failed_attempts = 0, locked_until = 0, updated_at = ?"
            " WHERE user_id = ? AND password_version = ?",
            (password_hash, now_s, must_modify, now_s, account.user_id, account.password_version),
        ).rowcount
        if changed:
            self._db.execute(_INSERT_HISTORY, (account.user_id, account.password_version, account.password_hash))
        return bool(changed)

    def forget_history(self, account: Account, depth: int) -> None:
        """Drop what lies deeper in the history than the policy looks; within the transaction of a change."""
        self._db.execute(
            "DELETE FROM password_history WHERE user_id = ? AND password_version <= ?",
            (account.user_id, account.password_version - depth),
        )

    def failures(self, user_id: str) -> Failures:
        """Return how many wrong passwords in a row were given, and until when that locks the account."""
        row = self._db.execute("SELECT failed_attempts, locked_until FROM accounts WHERE user_id = ?", (user_id,))
        return Failures(*(row.fetchone() or (0, 0.0)))

    def set_failures(self, user_id: str, failures: Failures) -> None:
        """Store the count of wrong passwords."""
        self._db.execute(
            "UPDATE accounts SET failed_attempts = ?, locked_until = ? WHERE user_id = ?",
            (failures.attempts, failures.locked_until, user_id),
        )

    def insert(self, account: Account) -> None:
        """Add an account.

        Raises:
            sqlite3.IntegrityError: user name or mobile are taken.
        """
        self._db.execute(_INSERT, _values(account))

    def insert_many(self, batch: Sequence[tuple[Account, str | None]]) -> None:
        """Add accounts, each with the hash of its previous password if it has one; within a transaction.

        Raises:
            sqlite3.IntegrityError: a user name or a mobile is taken.
        """
        self._db.executemany(_INSERT, (_values(account) for account, _ in batch))
        self._db.executemany(
            _INSERT_HISTORY,
            (
                (account.user_id, account.password_version - 1, previous_hash)
                for account, previous_hash in batch
                if previous_hash is not None
            ),
        )

    def modify(self, account: Account, *, now_s: float) -> None:
        """Store name, mobile, email, organization, and the flags of an account.

        Raises:
            sqlite3.IntegrityError: user name or mobile are taken.
        """
        self._db.execute(
            "UPDATE accounts SET user_name = ?, name = ?, mobile = ?, email = ?, org_code = ?, must_modify = ?,"
            " disabled = ?, updated_at = ? WHERE user_id = ?",
            (
                account.user_name,
                account.name,
                account.mobile,
                account.email,
                account.org_code,
                account.must_modify,
                account.disabled,
                now_s,
                account.user_id,
            ),
        )

    def delete(self, user_id: str) -> bool:
        """Remove an account with its history and sessions; return whether there was one."""
        with self._store.transaction() as db:
            for table in ("password_history", "sessions", "sso_tickets"):
                db.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))  # noqa: S608 - names of tables, above
            return bool(db.execute("DELETE FROM accounts WHERE user_id = ?", (user_id,)).rowcount)

    def _read(self, row: Sequence[Any] | None) -> Account | None:
        """Return a row as an account; SQLite knows no booleans."""
        if row is None:
            return None
        return Account(*row[: _FLAGS.start], *map(bool, row[_FLAGS]), *row[_FLAGS.stop :])


def new_user_id(now_s: float) -> str:
    """Return a user id in the product's form: yyyyMMddHHmmssSSS-XXXX-hex."""
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(now_s)) + f"{int(now_s * 1000) % 1000:03d}"
    return f"{stamp}-{secrets.token_hex(2).upper()}-{secrets.token_hex(5).upper()[:9]}"


def _of_organization(org_code: str) -> tuple[str, tuple[str, ...]]:
    """Return a condition and its values; none at all for all, since SQLite counts a whole table much faster."""
    return (" WHERE org_code = ?", (org_code,)) if org_code else ("", ())
