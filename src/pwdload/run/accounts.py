"""What `pwdload accounts` does: opens the ledger, the secret and the target, and has the work done.

Every command may be broken off at any time and typed again: what it learnt is in the ledger, and the next one takes in
what a killed one has left in its journal.
"""

import os
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain, dropwhile, islice
from pathlib import Path

from pwdload.accounts.arming import Armed, Armer
from pwdload.accounts.door import LoginDoor
from pwdload.accounts.entry import Entry, Reason, Status
from pwdload.accounts.intake import ListedPasswordBook, take_in
from pwdload.accounts.journal import first_lease
from pwdload.accounts.ledger import Ledger, LedgerView
from pwdload.accounts.provision import Created, Creator, Deleted, Deleter, keep_user_ids, names, to_be_made
from pwdload.accounts.ready import is_ledger
from pwdload.accounts.scribe import Manner, Scribe, Told
from pwdload.accounts.settle import Settled, settle
from pwdload.accounts.source import read_accounts_csv
from pwdload.api.answering import check_trust
from pwdload.api.confirmation import check_confirmed, terminal
from pwdload.api.connections import Connections, settled
from pwdload.api.http import Address
from pwdload.api.permission import check_host_allowed, with_allowed
from pwdload.api.tenant import Credentials, TenantClient
from pwdload.cases.catalogue import CASES, GROUPS
from pwdload.devices import device_population
from pwdload.errors import UsageError
from pwdload.passwords import PasswordBook, ledger_secret, password_policy
from pwdload.scenario import Scenario, default_scenario, load_scenario

Progress = Callable[[Told], object]
Begin = Callable[[int], Progress]
"""Is told how many accounts there are to be worked on, and returns what is told of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """On which ledger, at which target, and how."""

    directory: Path
    host: str | None = None
    """Base URL; null: the one that the ledger belongs to, or else the scenario's."""
    allow: tuple[str, ...] = ()
    yes_this_is: str | None = None
    """The target's host, typed again, where it looks like production."""
    scenario: Path | None = None
    manner: Manner = field(default_factory=Manner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What `import` has done, or would do."""

    listed: int
    added: int


class Desk:
    """An open ledger, its target, and what is needed to work on both."""

    def __init__(self, where: Where, ledger: Ledger, book: PasswordBook, scenario: Scenario, url: str) -> None:
        self.ledger = ledger
        self.scenario = scenario
        self.url = url
        self._where = where
        self._book = book
        self._told: list[Told] = []
        self._open = ExitStack()
        target = settled(with_allowed(scenario.target, where.allow), os.environ)
        self._connections = Connections(
            target,
            url,
            clock=time.perf_counter,
            environment=os.environ,
            chance=random.Random(scenario.seed),  # noqa: S311
        )
        self._may_be_distrusted = target.proxy is not None or self._connections.address.scheme == "https"

    def check_trust(self) -> None:
        """Refuse at once what patience would not mend: a certificate, a proxy. Raises `TargetError`."""
        if self._may_be_distrusted:
            device = device_population(self.scenario).device(0)
            check_trust(self._connections, self.url, device, self.scenario.target.tenant_id)

    def door(self) -> LoginDoor:
        """Return where passwords are tried."""
        source = self.ledger.meta.source
        listed = ListedPasswordBook(Path(source) if source else None)
        door = LoginDoor(
            self._connections,
            self._book,
            device_population(self.scenario),
            tenant_id=self.scenario.target.tenant_id,
            account=listed.account,
        )
        self._open.callback(door.close)
        return door

    def tenant(self) -> TenantClient:
        """Return the tenant API. Raises `UsageError` where the environment has no credentials for it."""
        credentials = Credentials.from_environment(os.environ)
        tenant_id = self.scenario.target.tenant_id
        client = TenantClient(self._connections, credentials, clock=time.monotonic, tenant_id=tenant_id)
        self._open.callback(client.close)
        return client

    def close(self) -> None:
        """Close the connections to the target."""
        self._open.close()

    @contextmanager
    def writing(self) -> Iterator[Scribe]:
        """Keep what is done in a journal of its own, and take it into the ledger at the end, whatever that is."""
        run = self.ledger.begin_run()
        journal = self.ledger.journal(0, "command", fsync=self.scenario.accounts.fsync)
        try:
            yield Scribe(journal, lease=first_lease(run))
        finally:
            journal.end()
            self.ledger.merge()
            keep_user_ids(self.ledger, self._told)

    def noting(self, progress: Progress) -> Progress:
        """Keep what is told of accounts, for what the target calls them."""

        def note(told: Told) -> None:
            self._told.append(told)
            progress(told)

        return note

    def creator(self, scribe: Scribe) -> Creator:
        """Return who makes accounts."""
        return Creator(self.tenant(), self._book, scribe, manner=self._where.manner)

    def armer(self, scribe: Scribe) -> Armer:
        """Return who puts accounts back."""
        return Armer(self.tenant(), self._book, scribe, manner=self._where.manner)

    def deleter(self, scribe: Scribe) -> Deleter:
        """Return who removes accounts."""
        return Deleter(self.tenant(), self._book, scribe, manner=self._where.manner)


@contextmanager
def _opened(where: Where, *, create: bool = False) -> Iterator[Desk]:
    """Open ledger and target; the host is settled and allowed before anything is sent.

    Raises:
        PwdloadError: one of them cannot be used.
    """
    scenario = _scenario(where.scenario)
    if not create and not is_ledger(where.directory):
        Ledger.read(where.directory)  # says that there is none, before anything is said of its secret
    # A ledger that is there has its secret: a new one beside it would open none of its accounts.
    is_new = create and not is_ledger(where.directory)
    if is_new:
        _url(where, scenario, "")
    secret = ledger_secret(where.directory, create=is_new)
    book = PasswordBook(secret, password_policy(scenario))
    ledger = Ledger.open(where.directory, secret_digest=book.digest, create=create)
    try:
        url = _url(where, scenario, ledger.meta.host, sends=not is_new)
        ledger.bind_host(url)
        desk = Desk(where, ledger, book, scenario, url)
        with closing(desk):
            desk.check_trust()
            yield desk
    finally:
        ledger.close()


def _scenario(path: Path | None) -> Scenario:
    return default_scenario() if path is None else load_scenario(path, case_names=CASES, group_names=GROUPS)


def _url(where: Where, scenario: Scenario, bound: str, *, sends: bool = True) -> str:
    """Return the target's base URL, as it is kept in the ledger; `sends`: something is about to be sent there.

    Raises:
        UsageError: none is known, it is not allowed, or it looks like production and nobody has typed its name.
    """
    url = (where.host or bound or scenario.target.host or "").rstrip("/")
    if not url:
        raise UsageError(
            f"{where.directory}: no target is known; name it with --host, or in [target] host of --scenario"
        )
    host = Address.parse(url).host
    check_host_allowed(host, with_allowed(scenario.target, where.allow).allow)
    if sends:
        check_confirmed(host, where.yes_this_is, terminal())
    return url


def import_list(where: Where, csv: Path, *, dry_run: bool, begin: Callable[[int], Callable[[int], object]]) -> Imported:
    """Take the accounts of a list into a ledger; those that it knows stay as they are.

    `begin` is told how many are listed, and returns what is told how many more have been looked at.

    Raises:
        PwdloadError: the list has mistakes, each is named; or the ledger cannot be used.
    """
    url = _url(where, _scenario(where.scenario), "", sends=False) if where.host else ""
    listed = read_accounts_csv(csv)
    if dry_run:
        return Imported(listed=len(listed), added=_unknown(where.directory, listed))
    ledger_secret(where.directory, create=not is_ledger(where.directory))  # made, or found to be in order
    ledger = Ledger.open(where.directory, create=True)
    try:
        if url:
            ledger.bind_host(url)
        return Imported(listed=len(listed), added=take_in(ledger, listed, csv, begin(len(listed))))
    finally:
        ledger.close()


def _unknown(directory: Path, listed: Iterable[object]) -> int:
    """Return how many listed accounts a ledger does not know; all where there is none yet."""
    if not is_ledger(directory):
        return sum(1 for _ in listed)
    view = Ledger.read(directory)
    known = {entry.user_name for entry in view.entries()}
    view.close()
    return sum(1 for one in listed if getattr(one, "user_name", "") not in known)


def create(where: Where, count: int, prefix: str, begin: Begin) -> Created:
    """Make accounts at the target until there are PREFIX000000 and on, `count` of them.

    Raises:
        PwdloadError: it cannot be begun, or the journal cannot be written.
    """
    Credentials.from_environment(os.environ)  # what is missing is told before anything is written
    with _opened(where, create=True) as desk:
        wanted = list(names(prefix, count))
        new = dropwhile(lambda name: desk.ledger.by_name(name) is not None, wanted)
        desk.ledger.add(to_be_made(new, first_index=desk.ledger.next_index), skip_known=True)
        entries = list(to_make(desk.ledger, frozenset(wanted)))
        with desk.writing() as scribe:
            return desk.creator(scribe).create(entries, desk.noting(begin(len(entries))))


def missing(where: Where, count: int, prefix: str) -> int:
    """Return how many accounts `create` would make."""
    if not is_ledger(where.directory):
        return count
    view = Ledger.read(where.directory)
    wanted = frozenset(names(prefix, count))
    known = sum(entry.user_name in wanted for entry in view.entries())
    total = count - known + sum(1 for _ in to_make(view, wanted))
    view.close()
    return total


def to_make(ledger: LedgerView, wanted: Collection[str]) -> Iterator[Entry]:
    """Yield the accounts of these names that are known and not there: never made, removed, or kept from us before."""
    for status in (Status.MAKING, Status.DELETED, Status.RETIRED):
        for entry in ledger.entries(status):
            if entry.is_ours and entry.user_name in wanted and entry.reason in (None, Reason.TAKEN):
                yield entry


def settle_doubts(where: Where, begin: Begin) -> Settled:
    """Find out which password opens each account in doubt. Raises as `create`."""
    with _opened(where) as desk:
        total = desk.ledger.status().doubts
        progress = desk.noting(begin(total))
        if not total:
            return Settled(applied=(), not_applied=(), neither=(), still_unknown=())
        with desk.writing() as scribe:
            entries = desk.ledger.entries(Status.UNKNOWN)
            return settle(entries, desk.door(), scribe, manner=where.manner, progress=progress)


def arm(where: Where, begin: Begin, *, count: int | None, even_retired: bool) -> Armed:
    """Put used accounts back: a new password, and another to be asked for at the next login. Raises as `create`."""
    with _opened(where) as desk:
        door = desk.door()
        with desk.writing() as scribe:
            armer = desk.armer(scribe)
            armer.even_unsettled = even_retired
            entries = list(islice(to_arm(desk.ledger, even_retired=even_retired), count))
            return armer.arm(entries, door, desk.noting(begin(len(entries))))


def to_arm(ledger: LedgerView, *, even_retired: bool) -> Iterator[Entry]:
    """Yield the accounts that were used up, those in doubt first; and, where that is said, those out of use."""
    wanted = (Status.UNKNOWN, Status.CHANGED, *((Status.RETIRED,) if even_retired else ()))
    return chain.from_iterable(ledger.entries(status) for status in wanted)


def delete(where: Where, begin: Begin, *, even_imported: bool) -> Deleted:
    """Remove the accounts that were made, and those that were imported only where that is said. Raises as `create`."""
    with _opened(where) as desk, desk.writing() as scribe:
        deleter = desk.deleter(scribe)
        deleter.even_imported = even_imported
        entries = list(to_delete(desk.ledger, even_imported=even_imported))
        return deleter.delete(entries, desk.noting(begin(len(entries))))


def to_delete(ledger: LedgerView, *, even_imported: bool) -> Iterator[Entry]:
    """Yield the accounts that may be removed."""
    every = ledger.entries()
    return (entry for entry in every if entry.status is not Status.DELETED and (entry.is_ours or even_imported))


def target_of(where: Where) -> str:
    """Return the target that a command would work at, checked; opens nothing for writing.

    Raises:
        PwdloadError: there is none, or it is not allowed.
    """
    bound = ""
    if is_ledger(where.directory):
        view = Ledger.read(where.directory)
        bound = view.meta.host
        view.close()
    return _url(where, _scenario(where.scenario), bound, sends=False)
