"""A worker's accounts: asked for at the master, renewed, given back. `pwdload.harness.lending` is the other side."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import gevent
from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore
from locust.exception import RPCError
from locust.runners import WorkerRunner

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Event, Record
from pwdload.accounts.holding import Holding
from pwdload.accounts.journal import SIZE, Journal
from pwdload.accounts.leases import Ask, Grant, Terms, account_of, row_of
from pwdload.accounts.pool import Pool
from pwdload.errors import AccountsError
from pwdload.harness.lending import DRAW, DRAWN, JOURNAL, KEPT, RENEW, RENEWED, RETURN, RETURNED

_ANSWER_WITHIN_S: Final = 10.0
_ASKED_EVERY_S: Final = 2.0
_RENEWED_EVERY_S: Final = 1.0
_SHIPPED_EVERY_S: Final = 0.5
_LOOK_EVERY_S: Final = 0.05
_SHIPPED_AT_ONCE: Final = 256 * 1024
_GIVEN_UP_AFTER_S: Final = 5.0
"""A worker that ends waits so long for the master to have its journal."""


class Borrower:
    """A worker's leases, for as long as it lives, run after run."""

    def __init__(self, runner: WorkerRunner) -> None:
        self._runner = runner
        self._run_id = ""
        self._is_alone = False
        """Set when there is no master any more that could answer."""
        self._holding = Holding(Terms())
        self._waiting: dict[int, AsyncResult[Any]] = {}
        self._late: dict[int, Ask] = {}
        """Questions whose answer is waited for no more; a grant that comes all the same is given back."""
        self._shipment: JournalShipment | None = None
        self._told: dict[int, int] = {}
        """Leases that are done with, and how far the journal was written when that was seen."""
        self._add_listed: Callable[[Account], Account] = lambda account: account
        for word, listener in (
            (DRAWN, self._on_drawn),
            (RENEWED, self._on_renewed),
            (RETURNED, self._on_returned),
            (KEPT, self._on_kept),
        ):
            runner.register_message(word, listener)
        gevent.spawn(self._renew)

    def begin_run(
        self,
        run_id: str,
        terms: Terms,
        journal: Journal,
        *,
        add_listed: Callable[[Account], Account],
        ships: bool,
        rearms: bool,
    ) -> Pool:
        """Get ready for a run, and return the accounts of this process in it.

        Args:
            run_id: of the run.
            terms: how long leases last.
            journal: of this process.
            add_listed: adds to an account the passwords that are listed for it.
            ships: whether the journal is on a disk of its own, and must be shipped to the master.
            rearms: whether accounts that were changed are put back by this process.
        """
        self._run_id, self._holding, self._add_listed = run_id, Holding(terms), add_listed
        self._shipment = JournalShipment(self._send, journal) if ships else None
        self._late, self._told = {}, {}
        return Pool(
            self._draw, self._holding, time.monotonic, lock=BoundedSemaphore(), rearms=rearms, marks=self._shipment
        )

    def master_is_gone(self) -> None:
        """Wait for no answer any more: flows that need accounts end at once."""
        self._is_alone = True
        for answer in self._waiting.values():
            answer.set(None)

    def end_run(self, journal: Journal) -> None:
        """Begin nothing more with any account, end the journal, and see that the master has all of it.

        A journal on a disk of its own goes once the master has it; else it stays, for whoever wants to look.
        """
        self._holding.end()
        journal.append([Record(Event.END)])
        is_copied = self._shipment is not None and self._shipment.finish()
        journal.close()
        if is_copied:
            journal.path.unlink(missing_ok=True)

    def _send(self, word: str, **data: object) -> None:
        with suppress(RPCError):  # the connection is being made anew: what got lost is said again
            self._runner.send_message(word, {"run": self._run_id, **data})

    def _draw(self, state: str, how_many: int) -> Sequence[Account]:
        """Ask the master for accounts.

        Raises:
            AccountsError: the master does not answer.
        """
        if self._shipment is not None and not self._shipment.wait_for(SIZE, _ANSWER_WITHIN_S):
            raise AccountsError("the master does not keep this worker's journal; is it still running?")
        ask = self._holding.ask(state, how_many, time.monotonic())
        answer = self._waiting[ask.ticket] = AsyncResult()
        told = None
        for _ in range(round(_ANSWER_WITHIN_S / _ASKED_EVERY_S)):
            if self._is_alone:
                break
            self._send(DRAW, ticket=ask.ticket, state=state, count=how_many, sent=ask.sent_s)
            told = answer.wait(_ASKED_EVERY_S)
            if told is not None:
                break
        del self._waiting[ask.ticket]
        if told is None:
            self._holding.give_up(ask.ticket)
            self._late[ask.ticket] = ask
            raise AccountsError("the master does not hand out accounts; is it still running?")
        return self._take(ask, told) or ()

    def _take(self, ask: Ask, told: Any) -> Sequence[Account] | None:
        accounts = [self._add_listed(account_of(row, told["lease"])) for row in told["rows"]]
        grant = Grant(ask.ticket, told["lease"], ask.state, ask.sent_s, accounts)
        return self._holding.take(grant, time.monotonic())

    def _renew(self) -> None:
        while True:
            gevent.sleep(_RENEWED_EVERY_S)
            now_s = time.monotonic()
            leases = self._holding.to_renew(now_s)
            if leases:
                self._send(RENEW, leases=leases, sent=now_s)
            for lease, homes in self._holding.to_return(now_s):
                if self._is_told(lease):
                    self._send(RETURN, lease=lease, ready=[(home.state, row_of(home.account)) for home in homes])

    def _is_told(self, lease: int) -> bool:
        """Whether the master has all that the journal tells of a lease that this process is done with.

        Else it might give an account to another that was changed, and know nothing of that if this disk is lost.
        """
        if self._shipment is None:
            return True
        return self._shipment.safe >= self._told.setdefault(lease, self._shipment.written)

    # Locust calls listeners by keyword: environment=..., msg=....
    def _on_drawn(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        ticket = msg.data["ticket"]
        if msg.data["run"] != self._run_id:
            return
        if ticket in self._waiting:
            self._waiting[ticket].set(msg.data)
        elif ticket in self._late:
            self._take(self._late.pop(ticket), msg.data)

    def _on_renewed(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if msg.data["run"] == self._run_id:
            self._holding.renewed(msg.data["leases"], msg.data["sent"], time.monotonic())

    def _on_returned(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if msg.data["run"] == self._run_id:
            self._holding.returned(msg.data["lease"])
            self._told.pop(msg.data["lease"], None)

    def _on_kept(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if msg.data["run"] == self._run_id and self._shipment is not None:
            self._shipment.kept(msg.data["size"])


class JournalShipment:
    """The journal of a process whose disk is not the master's, on its way there; `pwdload.accounts.pool.Marks`."""

    def __init__(self, send: Callable[..., None], journal: Journal) -> None:
        self.safe = 0
        """How many bytes of it the master has."""
        self._send = send
        self._journal = journal
        self._greenlet = gevent.spawn(self._ship)

    @property
    def written(self) -> int:
        """How many bytes it has."""
        return self._journal.size

    def kept(self, size: int) -> None:
        """Take the master's word how much it has."""
        self.safe = max(self.safe, size)

    def wait_for(self, size: int, timeout_s: float) -> bool:
        """Return whether the master has so much of it before the time is up."""
        deadline_s = time.monotonic() + timeout_s
        while self.safe < size and time.monotonic() < deadline_s:
            self._ship_once()
            gevent.sleep(_LOOK_EVERY_S)
        return self.safe >= size

    def finish(self) -> bool:
        """Return whether the master has all of it, once it has, or does not answer any more."""
        is_whole = self.wait_for(self.written, _GIVEN_UP_AFTER_S)
        self._greenlet.kill()
        return is_whole

    def _ship(self) -> None:
        while True:
            self._ship_once()
            gevent.sleep(_SHIPPED_EVERY_S)

    def _ship_once(self) -> None:
        begin = self.safe
        if begin < self.written:
            self._send(JOURNAL, begin=begin, data=self._journal.tail(begin)[:_SHIPPED_AT_ONCE])
