"""A real stand-in behind a faulty relay, a ledger whose process can be cut off, and what both say of an account."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.accounts.faulty import FaultyRelay, faulty_relay
from tests.processes import environment

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.arming import Armed, Armer
from pwdload.accounts.door import LoginDoor
from pwdload.accounts.entry import Entry, Event, Kind, Reason, Record, Status
from pwdload.accounts.journal import Journal
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.provision import Created, Creator, Deleted, Deleter, keep_user_ids
from pwdload.accounts.scribe import Manner, Scribe, Told
from pwdload.accounts.settle import Settled, settle
from pwdload.api.connections import Connections
from pwdload.api.http import Exchange
from pwdload.api.tenant import Credentials, TenantClient, TenantUser
from pwdload.devices import DevicePopulation
from pwdload.errors import AccountsError
from pwdload.passwords import PasswordBook
from pwdload.scenario import Target

BOOK = PasswordBook(b"a secret for these tests, not for anything else")
HASTY = Manner(rate_per_s=2_000.0, threads=8, patience_s=8.0, quiet_s=0.0, locked_s_max=8.0)
"""As impatient as a test must be."""
TIMEOUT_S = 0.3
CREDENTIALS = Credentials(client_id="standin-admin", client_secret="standin-secret")


class Killed(BaseException):
    """Stands for kill -9: from here on nothing is written any more."""


class CutOff:
    """A journal that ends after so many records as if its process had been killed there, or has no room any more."""

    def __init__(self, journal: Journal, records_left: int | None, *, is_full: bool) -> None:
        self._journal = journal
        self._records_left = records_left
        self._is_full = is_full

    def append(self, records: Sequence[Record]) -> None:
        if self._is_full and any(record.event is Event.INTENT for record in records):
            raise AccountsError("disk full")
        if self._records_left is not None:
            if self._records_left < len(records):
                self._records_left = 0
                raise Killed
            self._records_left -= len(records)
        self._journal.append(records)

    def leased(self, accounts: Iterable[int], lease: int, process: int) -> None:
        self._journal.leased(accounts, lease, process)


class Books:
    """A ledger on the disk, opened and closed as one command after the other does."""

    def __init__(self, path: Path, entries: Iterable[Entry] = ()) -> None:
        self._path = path
        self.records_left: int | None = None
        """How many records the next command keeps before it is killed; null: it is not."""
        self.is_full = False
        ledger = Ledger.open(path, create=True)
        ledger.add(entries)
        ledger.close()

    @property
    def all(self) -> list[Entry]:
        """What the ledger says of all accounts."""
        view = Ledger.read(self._path)
        try:
            return list(view.entries())
        finally:
            view.close()

    @contextmanager
    def command(self) -> Iterator[Scribe]:
        """Open it for a command, which may be killed."""
        ledger = Ledger.open(self._path)
        ledger.begin_run()
        journal = ledger.journal(0)
        try:
            yield Scribe(CutOff(journal, self.records_left, is_full=self.is_full))
        except BaseException:
            journal.close()
            raise
        else:
            journal.end()
        finally:
            ledger.close()

    def append(self, *records: Record) -> None:
        """Write records down as some process did."""
        with self.command() as scribe:
            scribe._journal.append(records)

    def keep_user_ids(self, told: Iterable[Told]) -> None:
        """Keep what the target calls accounts, as a command does at its end."""
        ledger = Ledger.open(self._path)
        keep_user_ids(ledger, told)
        ledger.close()


class Standin:
    """A stand-in process that may be killed and started again over the same database."""

    def __init__(self, database: Path, *settings: str) -> None:
        self._command = [sys.executable, "-m", "pwdload.standin", "--port", "0", "--db", str(database)]
        for setting in ("hash_algorithm=sha256", *settings):
            self._command += ["--set", setting]
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, env=environment())
        assert self._process.stdout is not None
        self.port = int(json.loads(self._process.stdout.readline())["port"])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            content = json.dumps(body) if body is not None else None
            connection.request(method, path, content, {"Content-Type": "application/json"})
            fields: dict[str, object] = json.loads(connection.getresponse().read())
            return fields
        finally:
            connection.close()


class World:
    """Stand-in, relay, ledger, and the commands of a user."""

    def __init__(self, standin: Standin, relay: FaultyRelay, books: Books) -> None:
        self.standin = standin
        self.relay = relay
        self.books = books
        self.answered: dict[str, int] = {}
        """How many logins of each user name were answered with a judgement of the password."""
        self.manner = HASTY
        self.closing = ExitStack()

    def connections(self, *, faulty: bool = True) -> Connections:
        url = self.relay.url if faulty else f"http://127.0.0.1:{self.standin.port}"
        return Connections(
            Target(),
            url,
            clock=time.monotonic,
            environment={},
            chance=random.Random(1),
            timeout_s=TIMEOUT_S if faulty else 5.0,
        )

    def client(self, *, faulty: bool = False) -> TenantClient:
        """Return a client for the tests' own use; `faulty`: one that takes the way of the commands."""
        client = TenantClient(self.connections(faulty=faulty), CREDENTIALS, clock=time.monotonic)
        self.closing.callback(client.close)
        return client

    def door(self) -> LoginDoor:
        door = LoginDoor(self.connections(), BOOK, DevicePopulation(seed=1), seen=self._count)
        self.closing.callback(door.close)
        return door

    def _count(self, entry: Entry, exchange: Exchange) -> None:
        if exchange.http_status in (200, 400) and b"LOGIN.0001" not in exchange.body:
            self.answered[entry.user_name] = self.answered.get(entry.user_name, 0) + 1

    def create(self) -> Created:
        """Do as `pwdload accounts create`."""
        with self.books.command() as scribe:
            return Creator(self.client(faulty=True), BOOK, scribe, manner=self.manner).create(self.books.all)

    def arm(self, *, below: int = 1_000_000, only: Sequence[int] | None = None, even_unsettled: bool = False) -> Armed:
        """Do as `pwdload accounts arm`: with those whose password is of a lower generation, or in doubt."""
        due = [entry for entry in self.books.all if entry.in_force.generation < below or entry.doubt]
        due = [entry for entry in due if only is None or entry.index in only]
        with self.books.command() as scribe:
            armer = Armer(self.client(faulty=True), BOOK, scribe, manner=self.manner)
            armer.even_unsettled = even_unsettled
            return armer.arm(due, self.door())

    def delete(self) -> Deleted:
        """Do as `pwdload accounts delete`."""
        with self.books.command() as scribe:
            return Deleter(self.client(faulty=True), BOOK, scribe, manner=self.manner).delete(self.books.all)

    def settle(self) -> Settled:
        """Do as `pwdload accounts settle`."""
        with self.books.command() as scribe:
            return settle(self.books.all, self.door(), scribe, manner=self.manner)

    def resume(self, work: Callable[[], object], kills: Sequence[int]) -> None:
        """Do some work, killed after so many records time and again, and then to its end."""
        for records in kills:
            self.books.records_left = records
            try:
                work()
            except Killed:
                self.assert_accounted_for()
                continue
            finally:
                self.books.records_left = None
            return
        work()
        self.assert_accounted_for()

    def assert_accounted_for(self) -> None:
        """Each account opens with a password that the ledger names as one that may be in force: none is lost."""
        there = {user.user_name for user in self.users()}
        for entry in self.books.all:
            if entry.status is Status.MAKING:
                assert entry.user_name not in there or entry.doubt is not None, entry
            elif entry.status is Status.DELETED:
                assert entry.user_name not in there, entry
            elif entry.user_name not in there:
                assert entry.doubt_kind is Kind.DELETE, entry
            elif entry.reason is not Reason.UNSETTLED:
                assert self.opens(entry) or (entry.doubt is not None and self.opens(entry, entry.doubt)), entry

    def users(self) -> list[TenantUser]:
        return list(self.client().users())

    def opens(self, entry: Entry, ref: PasswordRef | None = None) -> bool:
        """Whether the password that the ledger names is the one in force; another one where it is given."""
        password = entry.account().password(BOOK, *(ref or entry.in_force))
        path = f"/standin/accounts/{entry.user_name}"
        return self.standin.ask("POST", path, {"password": password})["opens"] is True

    def state(self, entry: Entry) -> dict[str, object]:
        return self.standin.ask("GET", f"/standin/accounts/{entry.user_name}")

    def is_locked(self, entry: Entry) -> bool:
        until = self.state(entry)["locked_until"]
        assert isinstance(until, float | int)
        return until > time.time()


@contextmanager
def running_world(directory: Path, *settings: str, entries: Iterable[Entry] = ()) -> Iterator[World]:
    """Run a stand-in and a relay in front of it."""
    standin = Standin(directory / "standin.db", *settings)
    standin.start()
    try:
        with faulty_relay(standin.port) as relay:
            world = World(standin, relay, Books(directory / "ledger", entries))
            with world.closing:
                yield world
    finally:
        standin.kill()


def later(seconds: float, do: Callable[[], object]) -> threading.Timer:
    """Do something after a while."""
    timer = threading.Timer(seconds, do)
    timer.start()
    return timer
