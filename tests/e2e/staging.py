"""A team's staging system: a stand-in, accounts in it, their ledger, and what target and ledger say of each.

What is in force is asked of the stand-in, which knows nothing of the ledger; which accounts were touched at all is read
from its database, so that a change of which the ledger has no idea shows too.
"""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from tests.processes import SECRET, TO_THEIR_END, Done, environment, standin

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.ledger import Ledger
from pwdload.passwords import PasswordBook, PasswordPolicy

TENANT = {"PWDLOAD_TENANT_CLIENT_ID": "standin-admin", "PWDLOAD_TENANT_CLIENT_SECRET": "standin-secret"}
QUICK = ("--rate", "800/s", "--concurrency", "16")
"""Options of commands at a target that a test has to itself."""
_SETTLED = re.compile(r"applied ([\d,]+), not applied ([\d,]+), neither ([\d,]+), still unknown ([\d,]+)")


class Truth(NamedTuple):
    """What the target has of an account."""

    version: int
    """Rises with every change of its password."""
    failed_attempts: int
    locked_until: float


class Found(NamedTuple):
    """What settling has said it found."""

    applied: int
    not_applied: int
    neither: int
    still_unknown: int


class Staging:
    """A running stand-in, its accounts and their ledger."""

    def __init__(self, folder: Path, url: str, database: Path) -> None:
        self.folder = folder
        """What a master, or whoever plays alone, has on its disk."""
        self.url = url
        self.ledger = folder / "accounts.ledger"
        self._database = database
        self._book = PasswordBook(SECRET.encode(), PasswordPolicy())
        self._listed: Mapping[str, str] = {}

    def list_accounts(self, count: int) -> Path:
        """Import accounts that the stand-in was seeded with into a new ledger, and return their list."""
        path = self.folder / "accounts.csv"
        path.write_text(seed_csv(count))
        self._listed = {name: password for name, password, _ in rows(count)}
        assert self.accounts("import", path, "--host", self.url).exit_code == 0
        return path

    def start(self, command: str, *arguments: str | Path, warm: Iterable[str] = ()) -> "subprocess.Popen[str]":
        """Start `pwdload accounts COMMAND LEDGER ...`."""
        return subprocess.Popen(
            [sys.executable, "-m", "pwdload", "accounts", command, str(self.ledger), *map(str, arguments)],
            env=environment(more=TENANT, warm=warm),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def accounts(self, command: str, *arguments: str | Path, timeout_s: float = 120.0) -> Done:
        """Run `pwdload accounts COMMAND LEDGER ...` to its end."""
        process = self.start(command, *arguments, warm=TO_THEIR_END)
        try:
            out, err = process.communicate(timeout=timeout_s)
        finally:
            process.kill()
        return Done(process.returncode, out, err)

    def come_to_rest(self) -> None:
        """Wait until the stand-in has answered what it was asked."""
        logins = -1
        while logins != (logins := self.logins):
            time.sleep(1.0)

    def settle(self, *, is_alone: bool) -> Found:
        """Have every doubt settled by the command, and insist that it was.

        `is_alone`: nothing else logs in meanwhile, so that it can be seen that there are two tries for each at most.
        """
        doubts, before = self.in_doubt, self.logins
        done = self.accounts("settle", *QUICK)
        found = settled_in(done.out)
        assert done.exit_code == 0, done.out + done.err
        assert (found.neither, found.still_unknown) == (0, 0), done.out
        assert self.in_doubt == []
        if is_alone:
            assert found.applied + found.not_applied == len(doubts), done.out
            assert self.logins - before <= found.applied + 2 * found.not_applied
        return found

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What the ledger says of all accounts, by user name."""
        view = Ledger.read(self.ledger)
        with closing(view):
            return {entry.user_name: entry for entry in view.entries()}

    @property
    def in_doubt(self) -> Sequence[str]:
        """Names of the accounts that are in doubt by the ledger."""
        return [name for name, entry in self.entries.items() if entry.status is Status.UNKNOWN]

    @property
    def truth(self) -> Mapping[str, Truth]:
        """What the stand-in has of all accounts, by user name."""
        query = "SELECT user_name, password_version, failed_attempts, locked_until FROM accounts"
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
            return {name: Truth(*values) for name, *values in database.execute(query)}

    @property
    def logins(self) -> int:
        """How many logins the stand-in has answered."""
        return self._counted("/login")

    @property
    def acknowledged(self) -> int:
        """How many changes of flows the stand-in has acknowledged."""
        return self._counted("/pwd/update", status="SUCCESS")

    def _counted(self, route: str, status: str | None = None) -> int:
        counts = self._ask("GET", "/standin/counts")["counts"]
        assert isinstance(counts, list)
        rows = (row for row in counts if row["route"].endswith(route) and status in (None, row["status"]))
        return sum(row["count"] for row in rows)

    def lost(self, names: Iterable[str]) -> list[str]:
        """Return in words which of these accounts are not as the ledger says; empty where all are."""
        entries, truth = self.entries, self.truth
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=20)) as connection:
            found = ((name, self._wrong(entries[name], truth[name], connection)) for name in sorted(set(names)))
            return [f"{name}: {wrong} ({entries[name]})" for name, wrong in found if wrong]

    def _wrong(self, entry: Entry, truth: Truth, connection: HTTPConnection) -> str:
        """Return what is wrong with an account; empty where it opens with one password, the one in the ledger."""
        if entry.status is Status.UNKNOWN:
            return "still in doubt"
        if truth.failed_attempts > 1 or truth.locked_until > 0:
            return f"{truth.failed_attempts} failed attempts, locked until {truth.locked_until}"
        account = self._account(entry)
        others = {account.next, *({account.previous} if account.generation > 0 else ())} - {account.in_force}
        if not self._opens(account, entry.in_force, connection):
            return f"lost: {entry.in_force} does not open it"
        opening = [ref for ref in others if self._opens(account, ref, connection)]
        return f"{opening} open it too" if opening else ""

    def _account(self, entry: Entry) -> Account:
        return replace(entry.account(), initial_password=self._listed.get(entry.user_name))

    def _opens(self, account: Account, ref: PasswordRef, connection: HTTPConnection) -> bool:
        password = account.password(self._book, *ref)
        body, path = {"password": password}, f"/standin/accounts/{account.user_name}"
        return _answer(connection, "POST", path, body)["opens"] is True

    def _ask(self, method: str, path: str) -> dict[str, object]:
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=20)) as connection:
            return _answer(connection, method, path)


def _answer(connection: HTTPConnection, method: str, path: str, body: object = None) -> dict[str, object]:
    content = json.dumps(body).encode() if body is not None else None
    connection.request(method, path, content, {"Content-Type": "application/json"})
    fields: dict[str, object] = json.loads(connection.getresponse().read())
    return fields


def rows(count: int) -> Iterator[tuple[str, str, str]]:
    """Yield name, password and state of listed accounts."""
    return ((f"staff{n:05d}", f"Given-{n:05d}-Xq", "expired") for n in range(count))


def seed_csv(count: int) -> str:
    """Return the list of so many accounts."""
    return "user_name,password,state\n" + "".join(f"{','.join(row)}\n" for row in rows(count))


def settled_in(said: str) -> Found:
    """Return what a settling has said it found; zeros where nothing was said of any."""
    match = _SETTLED.search(said)
    return Found(*(int(number.replace(",", "")) for number in match.groups())) if match else Found(0, 0, 0, 0)


@contextmanager
def staging(folder: Path, *settings: str, count: int = 0) -> Iterator[Staging]:
    """Run a stand-in with so many accounts in it, for all that happens to them in one test."""
    here, database = folder / "here", folder / "standin.db"
    here.mkdir()
    arguments = [word for setting in ("hash_algorithm=sha256", *settings) for word in ("--set", setting)]
    seed = {"seed_csv": seed_csv(count)} if count else {}
    with standin("--db", str(database), *arguments, **seed) as url:
        yield Staging(here, url, database)
