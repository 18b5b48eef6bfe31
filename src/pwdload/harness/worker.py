"""What a worker process does: it plays its part in the runs that the master orders."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import WorkerRunner

from pwdload.accounts.journal import Journal, JournalHead, boot_digest
from pwdload.accounts.ledgered import with_listed
from pwdload.clock import RunClock, clock_name, network_name
from pwdload.errors import PwdloadError, UsageError
from pwdload.harness.bookkeeping import Bookkeeper
from pwdload.harness.borrowing import Borrower
from pwdload.harness.keeper import terms_of
from pwdload.harness.lending import number_of
from pwdload.harness.messages import WorkerSide
from pwdload.harness.options import adopt_secret_in, options_of, secret_digest
from pwdload.harness.parentage import wait_for_orphanhood
from pwdload.harness.plan import ATTRIBUTE, Plan
from pwdload.harness.rearming import credentials
from pwdload.harness.session import Session
from pwdload.harness.shipping import Courier, Shipment
from pwdload.harness.syncing import DiskThread
from pwdload.harness.users import PasswordUpdateUser, show_shares
from pwdload.harness.vitals import Vitals
from pwdload.outcome import Verdict
from pwdload.pacing import Sharing
from pwdload.rundir import ClockRecord, RateRecord

_ORPHAN_FINISHES_S = 1.5
"""A worker that has lost the process that forked it lets its flows finish for so long, and then again as its users."""
_ORPHAN_LEAVES_S = 8.0
"""So long after it has seen that, it is gone, whatever it is about: the next run waits for its accounts."""
_CLOCK_KNOWN_IN_S = 0.05
"""After this time a worker looks again whether it knows the master's clock by now."""
_LAST_WORDS_S = 0.5
"""What a worker that must leave gives its last message to go out."""


class Worker:
    """One worker, from its connection to the master to its end."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self.session: Session | None = None
        self._environment = environment
        self._runner = runner
        self._master = WorkerSide(runner)
        self._master.on_begin = self._begin
        # Now, since the order to spawn brings the master's options.
        self._courier = Courier(runner, Path(options_of(environment).reports))
        self._borrower = Borrower(runner)
        self._journal: Journal | None = None
        self._vitals: Vitals | None = None
        self._closed = Event()
        """Clear while the last samples are being written."""
        self._closed.set()
        options = options_of(environment)
        self._own_accounts = options.accounts  # the master's options will take its place
        self._same_clock = False
        if options.processes:
            gevent.spawn(self._go_with_parent)
        gevent.spawn(self._master.compare_clocks)

    def begin_run(self) -> None:
        """Take up the plan that came with the order to spawn."""
        plan = Plan.from_json(getattr(self._environment.parsed_options, ATTRIBUTE))
        self._master.begin_run(plan.run_id)
        adopt_secret_in(plan.key_file, plan.secret_digest)
        unfit = plan.unfit(secret_digest(), network_name())
        if unfit:
            self._refuse(unfit)
        self._same_clock = plan.clock == clock_name()
        try:
            shipment = self._courier.begin_run(plan)
            self.session = Session(
                self._environment,
                plan,
                clock=RunClock(),
                worker=self._master.name,
                books=self._open_books(plan, shipment),
                end_run=self._master.end_run,
                shipment=shipment,
            )
        except PwdloadError as error:  # a file of the plan is not on this machine, or is another one here
            self._refuse(str(error))
        for user_class in self._environment.user_classes:
            if issubclass(user_class, PasswordUpdateUser):
                show_shares(user_class, self.session.weights)
        self._vitals = Vitals(self.session, self._master.say_health, lambda: self._courier.unacknowledged)
        self._master.say_started()

    def _begin(self, zero_s: float, sharing: Sharing | None, pieces: Sequence[RateRecord]) -> None:
        """Let the run begin, as soon as this process's clock has been compared with the master's."""
        session = self.session
        if session is None:
            return
        if session.clock.runs or self._same_clock or self._master.comparison.is_known:
            if not session.clock.runs:
                session.clock.offset_s = 0.0 if self._same_clock else self._master.comparison.settle()
            session.begin(zero_s, sharing, pieces)
        else:
            gevent.spawn_later(_CLOCK_KNOWN_IN_S, self._begin, zero_s, sharing, pieces)

    def _refuse(self, why: str) -> NoReturn:
        """Leave the run, with a word to the master and one to whoever started this worker."""
        self._master.refuse(why)
        gevent.sleep(_LAST_WORDS_S)
        raise UsageError(f"this worker cannot take part: {why}")

    def _open_books(self, plan: Plan, shipment: Shipment) -> Bookkeeper:
        """Return the accounts of this process in a run.

        Raises:
            AccountsError: the list of passwords is not on this machine, or the journal cannot be made.
            UsageError: the environment has no credentials to put accounts back.
        """
        listed = plan.listed(self._own_accounts)
        accounts = plan.scenario.accounts
        head = JournalHead(
            ledger=bytes.fromhex(plan.ledger_id),
            run=plan.ledger_run,
            process=number_of(self._master.name),
            # Of a copy nobody can say that its end is there: it is told by a start of the machine that never was.
            boot=boot_digest() if shipment.is_on_masters_disk else os.urandom(16),
        )
        self._journal = Journal.create(
            Path(plan.journals) if shipment.is_on_masters_disk else shipment.directory,
            head,
            self._master.name,
            fsync=accounts.fsync,
            threads=DiskThread(lambda error: self._master.end_run(f"error: the journal of the accounts: {error}")),
        )
        rearms = accounts.reuse == "rearm"
        if rearms:
            credentials(plan, os.environ)
        pool = self._borrower.begin_run(
            plan.run_id,
            terms_of(plan.scenario),
            self._journal,
            add_listed=partial(with_listed, listed=listed),
            ships=not shipment.is_on_masters_disk,
            rearms=rearms,
        )
        return Bookkeeper(pool, self._journal, warned_stay_ready=accounts.reuse == "warn")

    def load_ends(self) -> None:
        """Let nothing new begin; the master keeps the time."""
        if self.session is not None:
            self.session.load_ends()
        if self._vitals is not None:
            self._vitals.stop()

    def end_run(self) -> None:
        """Write the last samples and tell the master."""
        if self.session is not None:
            session, self.session = self.session, None
            self._closed.clear()
            record = session.close()
            if self._journal is not None:
                self._borrower.end_run(self._journal)
            clock = ClockRecord(offset_s=0.0, error_s=0.0) if self._same_clock else self._master.comparison.record()
            self._master.say_done(replace(record, clock=clock))
            self._closed.set()

    def quit(self) -> None:
        """Stop the users and keep what they did, however this process is told to go.

        Ctrl-C reaches master and workers at once, so the master's word to finish may already be at work here.
        """
        self._master.finish()
        self.end_run()
        self._closed.wait()
        self._courier.wait()

    def _go_with_parent(self) -> None:
        """End with the process that has forked this one, and do not wait for what only that one could answer."""
        wait_for_orphanhood()
        # What cannot be finished is written down: changes that are under way are settled, samples are in the spool.
        gevent.spawn_later(_ORPHAN_LEAVES_S, os._exit, Verdict.INVALID.exit_code)
        self._environment.stop_timeout = min(self._environment.stop_timeout or 0.0, _ORPHAN_FINISHES_S)
        self._borrower.master_is_gone()
        self._courier.master_is_gone()
        self._runner.quit()
