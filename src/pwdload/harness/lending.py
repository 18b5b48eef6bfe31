"""Who lends accounts to whom: a process that plays alone to itself, a master to its workers.

The protocol is `pwdload.accounts.leases`; here are its clocks, its journals on disk, and its messages. Each names the
run by its id: its number in the ledger is that of a run of every other ledger as well.

worker -> master   draw {ticket, state, count, sent}   it needs accounts
master -> worker   drawn {ticket, lease, rows}         which it may have, under which lease
worker -> master   renew {leases, sent}                it is still there, and goes on with these
master -> worker   renewed {leases, sent}              it may
worker -> master   return {lease, ready}               it is done with a lease; these can be used again
master -> worker   returned {lease}
worker -> master   journal {begin, data}               what it has written down on a disk of its own, from a byte on
master -> worker   journal_kept {size}                 how much of that the master has on its disk
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import gevent
from gevent.lock import BoundedSemaphore
from locust.exception import RPCError
from locust.runners import MasterRunner

from pwdload.accounts.journal import Journal, JournalHead, first_lease
from pwdload.accounts.journal_copy import NAME, JournalCopy
from pwdload.accounts.journal_reader import JournalReading, decoded, read_journal
from pwdload.accounts.leases import Ask, Evidence, Home, LeaseBook, Return, Stock, Stocked, Terms, account_of, row_of
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.own import own_pool
from pwdload.errors import AccountsError
from pwdload.harness.bookkeeping import Bookkeeper
from pwdload.harness.keeper import Keeper, terms_of
from pwdload.harness.messages import worker_name
from pwdload.harness.plan import Plan
from pwdload.harness.progress import say
from pwdload.scenario import Scenario

DRAW, DRAWN, RENEW, RENEWED, RETURN, RETURNED, JOURNAL, KEPT = (
    f"pwdload_{word}" for word in ("draw", "drawn", "renew", "renewed", "return", "returned", "journal", "journal_kept")
)
_LOOK_EVERY_S: Final = 0.5
"""How often the master looks for leases that have run out."""
Message = dict[str, Any]


def number_of(worker: str) -> int:
    """Return the number in the ledger of a worker by its name in samples and reports; 0 is the process in charge."""
    return int(worker.rpartition("-")[2]) + 1


def own_books(keeper: Keeper, journal: Journal, scenario: Scenario) -> Bookkeeper:
    """Return the accounts of a process that plays alone; `journal` is its own, of a run that has begun."""
    reuse = scenario.accounts.reuse
    pool = own_pool(
        keeper.stock(),
        journal.append,
        first_lease=first_lease(keeper.run),
        rearms=reuse == "rearm",
        lock=BoundedSemaphore(),  # a grant waits for the disk, and flows go on meanwhile
    )
    return Bookkeeper(pool, journal, warned_stay_ready=reuse == "warn")


class Lender:
    """The master's side: grants accounts to workers, and takes back what is left of those that are gone."""

    def __init__(self, stock: Stock, ledger: Ledger, journal: Journal, terms: Terms) -> None:
        """Take what the run may draw, its ledger, and the journal of this process."""
        self._ledger = ledger
        self._run = journal.head.run
        self._copied: set[int] = set()
        self.patience_s = terms.patience_s
        """After so long no lease that is not renewed is in force."""
        self.is_closing = False
        """Set when nothing is to be granted or renewed any more."""
        self._book = LeaseBook(stock, first_lease=first_lease(self._run), terms=terms, journal=journal.append)

    def is_copied(self, owner: int) -> None:
        """Take note that a worker's journal is on its own disk: what the ledger has of it may lack the last records."""
        self._copied.add(owner)

    def draw(self, owner: int, asked: Message) -> Message | None:
        """Answer a worker's question for accounts; null where it needs no answer any more."""
        if self.is_closing:
            return None
        ask = Ask(asked["ticket"], asked["state"], asked["count"], asked["sent"])
        grant = self._book.grant(owner, ask, time.monotonic())
        if grant is None:
            return None
        return {"ticket": ask.ticket, "lease": grant.lease, "rows": [row_of(account) for account in grant.accounts]}

    def renew(self, owner: int, leases: Iterable[int]) -> list[int]:
        """Return which of its leases a worker may go on with."""
        return [] if self.is_closing else self._book.renew(owner, leases, time.monotonic())

    def take_back(self, owner: int, returned: Message) -> None:
        """Take back a lease that a worker is done with."""
        lease = returned["lease"]
        ready = [Home(state, account_of(row, lease)) for state, row in returned["ready"]]
        self._book.take_back(owner, Return(lease, ready))

    @property
    def stocked(self) -> Stocked:
        """How many accounts are left to lend, and how many are lent."""
        return self._book.stocked

    def lapse(self) -> None:
        """Take back what is left of leases that have run out."""
        for lapse in self._book.lapse(time.monotonic(), self._evidence):
            say(
                f"worker-{lapse.owner - 1}: its lease of accounts has run out; {lapse.ready:,} are ready again, "
                f"{lapse.others:,} were used, or are settled at the end."
            )

    def at_work(self) -> list[str]:
        """Return the workers that may still use accounts: their leases are not over, nor is the end of them known."""
        return [worker_name(owner - 1) for owner in sorted(self._book.owners()) if self._may_go_on(owner)]

    def _may_go_on(self, owner: int) -> bool:
        reading = self._reading(owner)
        if reading is None:  # on a disk of its own, of which nothing has come
            return True
        # Of a process elsewhere nobody sees that it is gone.
        return not reading.is_ended and (owner in self._copied or reading.is_live)

    def _evidence(self, owner: int, lease: int) -> Evidence:
        reading = self._reading(owner)
        if reading is None:  # on a disk of its own, of which nothing has come
            return Evidence((), is_complete=False)
        records = reading.records[reading.records["lease"] == lease]
        whole = not reading.damages and (owner not in self._copied or reading.is_ended)
        return Evidence(list(decoded(records)), is_complete=whole)

    def _reading(self, owner: int) -> JournalReading | None:
        for path in self._ledger.journal_directory.glob(f"{self._run:06d}-{owner:04d}*"):
            reading = read_journal(path, bytes.fromhex(self._ledger.meta.ledger_id))
            if isinstance(reading, JournalReading):
                return reading
        return None


class LendingDesk:
    """Where a master hears its workers about accounts: for as long as it lives, for one run after the other."""

    def __init__(self, runner: MasterRunner, end_run: Callable[[str], None]) -> None:
        """Take what ends a run early: where nothing can be written down, nothing can be lent."""
        self._runner = runner
        self._end_run = end_run
        self._lender: Lender | None = None
        self._copies: dict[int, JournalCopy] = {}
        self._directory = Path()
        self._run_id = ""
        self._number = 0
        """Of the run, in the ledger."""
        for word, listener in (
            (DRAW, self._on_draw),
            (RENEW, self._on_renew),
            (RETURN, self._on_return),
            (JOURNAL, self._on_journal),
        ):
            runner.register_message(word, listener)
        gevent.spawn(self._lapse)

    def begin_run(self, plan: Plan, keeper: Keeper, journal: Journal) -> None:
        """Lend the accounts of a keeper, whose run has begun, to the workers; `journal` is this process's."""
        self._run_id, self._number = plan.run_id, keeper.run
        self._directory = keeper.ledger.journal_directory
        stock = keeper.stock()
        stock.pools = plan.processes
        self._lender = Lender(stock, keeper.ledger, journal, terms_of(plan.scenario))

    def stocked(self) -> Stocked | None:
        """Return how many accounts are left to lend, and how many are lent; null between two runs."""
        return self._lender.stocked if self._lender is not None else None

    def end_run(self) -> None:
        """Wait until no worker uses any account, lend nothing more, and close the copies of journals.

        A worker that is lost may live: what is found out about its accounts before its leases have run out may be
        wrong a moment later.
        """
        self._wait()
        self._lender = None
        copies, self._copies = self._copies, {}
        for copy in copies.values():
            copy.close()

    def _wait(self) -> None:
        lender, is_told = self._lender, False
        if lender is None:
            return
        lender.is_closing = True
        deadline_s = time.monotonic() + lender.patience_s + _LOOK_EVERY_S * 2
        while (names := lender.at_work()) and time.monotonic() < deadline_s:
            if not is_told:
                say(f"{', '.join(names)}: not known to have ended; waiting until the leases of accounts have run out.")
                is_told = True
            gevent.sleep(_LOOK_EVERY_S)

    def _lapse(self) -> None:
        while True:
            gevent.sleep(_LOOK_EVERY_S)
            if self._lender is not None:
                with self._writing():
                    self._lender.lapse()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Do what must be written down; where that cannot be, the run ends."""
        try:
            yield
        except AccountsError as error:
            self._end_run(f"error: {error}")

    def _hear(self, msg: Any) -> tuple[int, Lender] | None:
        """Return who speaks, by its number in the ledger, and who answers; null when it is about another run."""
        if self._lender is None or msg.data["run"] != self._run_id:
            return None
        return number_of(worker_name(self._runner.get_worker_index(msg.node_id))), self._lender

    def _touch(self, owner: int) -> None:
        """Note on the disk, before the answer, that a worker elsewhere may go on: should this process be gone then."""
        if owner in self._copies:
            self._copies[owner].touch()

    def _answer(self, word: str, msg: Any, answer: Message) -> None:
        with suppress(RPCError):  # who has not heard the answer asks again
            self._runner.send_message(word, {"run": self._run_id, **answer}, client_id=msg.node_id)

    # Locust calls listeners by keyword: environment=..., msg=....
    def _on_draw(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        heard, answer = self._hear(msg), None
        if heard is not None:
            with self._writing():
                self._touch(heard[0])
                answer = heard[1].draw(heard[0], msg.data)
        if answer is not None:
            self._answer(DRAWN, msg, answer)

    def _on_renew(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if heard := self._hear(msg):
            self._touch(heard[0])
            leases = heard[1].renew(heard[0], msg.data["leases"])
            self._answer(RENEWED, msg, {"leases": leases, "sent": msg.data["sent"]})

    def _on_return(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        heard = self._hear(msg)
        if heard is None:
            return
        with self._writing():
            heard[1].take_back(heard[0], msg.data)
            self._answer(RETURNED, msg, {"lease": msg.data["lease"]})

    def _on_journal(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        """Add to the copy of a journal that is on a worker's own disk, and say how far it reaches."""
        heard = self._hear(msg)
        if heard is None:
            return
        owner, lender = heard
        with self._writing():
            copy = self._copies.get(owner)
            if copy is None:
                lender.is_copied(owner)
                name = JournalHead(ledger=bytes(8), run=self._number, process=owner).file_name(NAME)
                copy = self._copies[owner] = JournalCopy(self._directory, name)
            self._answer(KEPT, msg, {"size": copy.extend(msg.data["begin"], msg.data["data"])})
