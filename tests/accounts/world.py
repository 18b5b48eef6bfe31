"""A real stand-in behind a faulty relay, a ledger in memory that can be cut off, and what both say of an account."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

from tests.accounts.faulty import FaultyRelay, faulty_relay
from tests.processes import environment

from pwdload.accounts.arming import Armer
from pwdload.accounts.door import LoginDoor
from pwdload.accounts.entry import Entry, Event, Record
from pwdload.accounts.provision import Creator, Deleter
from pwdload.accounts.scribe import Manner, Scribe
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


class MemoryLedger:
    """Keeps records as a journal does, and what they make of accounts."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = {entry.index: entry for entry in entries}
        self.records: list[Record] = []
        self.records_left: int | None = None
        """How many more records are kept before the process is killed; null: it is not."""
        self.is_full = False

    def append(self, records: Sequence[Record]) -> None:
        if self.is_full and any(record.event is Event.INTENT for record in records):
            raise AccountsError("disk full")
        if self.records_left is not None:
            if self.records_left < len(records):
                self.records_left = 0
                raise Killed
            self.records_left -= len(records)
        for record in records:
            self.records.append(record)
            self.entries[record.account] = self.entries[record.account].after(record)

    def leased(self, accounts: Iterable[int], lease: int, process: int) -> None:
        self.append([Record(Event.LEASED, account=index, lease=lease) for index in accounts])

    @property
    def all(self) -> list[Entry]:
        return [self.entries[index] for index in sorted(self.entries)]

    def learn_ids(self, told: Iterable[Entry]) -> None:
        for entry in told:
            self.entries[entry.index] = replace(self.entries[entry.index], user_id=entry.user_id)


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

    def __init__(self, standin: Standin, relay: FaultyRelay, entries: Iterable[Entry] = ()) -> None:
        self.standin = standin
        self.relay = relay
        self.ledger = MemoryLedger(entries)
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

    def client(self, *, faulty: bool = True) -> TenantClient:
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

    def scribe(self) -> Scribe:
        return Scribe(self.ledger, lease=1)

    def creator(self) -> Creator:
        return Creator(self.client(), BOOK, self.scribe(), manner=self.manner)

    def armer(self) -> Armer:
        return Armer(self.client(), BOOK, self.scribe(), manner=self.manner)

    def deleter(self) -> Deleter:
        return Deleter(self.client(), BOOK, self.scribe(), manner=self.manner)

    def resume(self, work: Callable[[], object], kills: Sequence[int]) -> None:
        """Do some work, killed after so many records time and again, and then to its end."""
        for records in kills:
            self.ledger.records_left = records
            try:
                work()
            except Killed:
                continue
            finally:
                self.ledger.records_left = None
            return
        work()

    def users(self) -> list[TenantUser]:
        return list(self.client(faulty=False).users())

    def opens(self, entry: Entry) -> bool:
        """Whether the password that the ledger names is the one in force."""
        password = entry.account().password(BOOK, *entry.in_force)
        path = f"/standin/accounts/{entry.user_name}"
        return self.standin.ask("POST", path, {"password": password})["opens"] is True

    def state(self, entry: Entry) -> dict[str, object]:
        return self.standin.ask("GET", f"/standin/accounts/{entry.user_name}")

    def is_locked(self, entry: Entry) -> bool:
        until = self.state(entry)["locked_until"]
        assert isinstance(until, float | int)
        return until > time.time()


@contextmanager
def running_world(database: Path, *settings: str, entries: Iterable[Entry] = ()) -> Iterator[World]:
    """Run a stand-in and a relay in front of it."""
    standin = Standin(database, *settings)
    standin.start()
    try:
        with faulty_relay(standin.port) as relay:
            world = World(standin, relay, entries)
            with world.closing:
                yield world
    finally:
        standin.kill()


def later(seconds: float, do: Callable[[], object]) -> threading.Timer:
    """Do something after a while."""
    timer = threading.Timer(seconds, do)
    timer.start()
    return timer
