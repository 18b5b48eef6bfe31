"""A change that is acknowledged before it is safe: served from memory, written later or never."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pwdload.standin.accounts import Account, Accounts, Failures
from pwdload.standin.assembly import Classes
from pwdload.standin.defects.defect import Defect, Tuned
from pwdload.standin.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A change that is not in the database."""

    account: Account
    """As it was before."""
    password_hash: str
    now_s: float
    must_modify: bool


class _ServedFromMemory(Accounts):
    """Keeps changes in memory, and reads accounts as if they were written."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._unwritten: dict[str, list[_Change]] = {}

    def replace_password(
        self, account: Account, password_hash: str, *, now_s: float, must_modify: bool = False
    ) -> bool:
        current = self.by_id(account.user_id)
        if current is None or current.password_version != account.password_version:
            return False
        change = _Change(account=account, password_hash=password_hash, now_s=now_s, must_modify=must_modify)
        self._unwritten.setdefault(account.user_id, []).append(change)
        self.set_failures(account.user_id, Failures())
        return True

    def write_oldest(self, user_id: str) -> None:
        """Write the oldest change of an account that is still to be written; within a transaction."""
        changes = self._unwritten.get(user_id)
        if not changes:
            return
        oldest = changes.pop(0)
        super().replace_password(
            oldest.account, oldest.password_hash, now_s=oldest.now_s, must_modify=oldest.must_modify
        )

    def history(self, user_id: str, depth: int) -> Sequence[str]:
        newest = [change.account.password_hash for change in reversed(self._unwritten.get(user_id, []))]
        return [*newest, *super().history(user_id, depth)][:depth]

    def _read(self, row: Sequence[Any] | None) -> Account | None:
        account = super()._read(row)
        changes = self._unwritten.get(account.user_id) if account is not None else None
        if account is None or not changes:
            return account
        return replace(
            account,
            password_hash=changes[-1].password_hash,
            password_version=account.password_version + len(changes),
            password_changed_at=changes[-1].now_s,
            must_modify=changes[-1].must_modify,
        )


def _lost_on_restart(tuned: Tuned) -> Classes:
    class Lost(_ServedFromMemory):
        def replace_password(
            self, account: Account, password_hash: str, *, now_s: float, must_modify: bool = False
        ) -> bool:
            made = super().replace_password(account, password_hash, now_s=now_s, must_modify=must_modify)
            if made and not tuned.strikes():
                while self._unwritten[account.user_id]:
                    self.write_oldest(account.user_id)
            return made

    return Classes(accounts=Lost)


def _acknowledged_before_commit(tuned: Tuned) -> Classes:
    class Late(_ServedFromMemory):
        def __init__(self, store: Store) -> None:
            super().__init__(store)
            self._waiting: set[asyncio.Task[None]] = set()

        def replace_password(
            self, account: Account, password_hash: str, *, now_s: float, must_modify: bool = False
        ) -> bool:
            made = super().replace_password(account, password_hash, now_s=now_s, must_modify=must_modify)
            if made:
                # An orderly stop cancels the wait, and writes: the change is lost only if the process is killed.
                wait = asyncio.get_running_loop().create_task(asyncio.sleep(tuned.time_s))
                self._waiting.add(wait)
                wait.add_done_callback(lambda done: self._write(done, account.user_id))
            return made

        def _write(self, done: "asyncio.Task[None]", user_id: str) -> None:
            self._waiting.discard(done)
            with self.transaction():
                self.write_oldest(user_id)

    return Classes(accounts=Late)


DEFECTS = (
    Defect(
        name="change_lost_on_restart",
        sentence="Of the acknowledged changes a share VALUE is kept in memory and served from there, and gone with"
        " the process, however it ends.",
        share=1.0,
        fit=_lost_on_restart,
    ),
    Defect(
        name="change_acked_before_commit",
        sentence="A change is acknowledged, and written to the database only the time VALUE later: a process that is"
        " killed meanwhile loses it; nothing else shows it.",
        time_s=0.05,
        fit=_acknowledged_before_commit,
    ),
)
