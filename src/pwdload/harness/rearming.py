"""Used accounts put back while the load goes on: an administrator's new password, to be changed at the next login.

Beside the load and at a rate of its own: its exchanges are kept as samples of step ``rearm``, which no number of the
load holds, and Locust's statistics are not told of them.
"""

import os
import random
import threading
import time
from collections.abc import Mapping
from typing import Final

import gevent
from gevent.event import Event as Signal

from pwdload.accounts.account import Account
from pwdload.accounts.entry import Event
from pwdload.accounts.spacing import Spacing
from pwdload.api.connections import Connections
from pwdload.api.contract import Answer, Step
from pwdload.api.http import Exchange
from pwdload.api.tenant import Credentials, TenantCallError, TenantClient, Trouble
from pwdload.cases.expectation import accept, judge_no_answer
from pwdload.cases.played import Played, Sent
from pwdload.clock import RunClock
from pwdload.errors import PwdloadError
from pwdload.harness.bookkeeping import Bookkeeper
from pwdload.harness.plan import Plan
from pwdload.harness.readiness import Inflow
from pwdload.harness.recorder import Recorder
from pwdload.outcome import Outcome
from pwdload.passwords import PasswordBook, password_policy, run_secret

_AT_A_TIME: Final = 8
_LOOK_EVERY_S: Final = 0.05
_PAUSE_S: Final = 0.5
_PAUSE_S_MAX: Final = 8.0
_STANDIN_ADMIN: Final = {"tenant_client_id": "standin-admin", "tenant_client_secret": "standin-secret"}
"""What the stand-in takes unless the scenario's [standin] says otherwise."""
_EXPECT: Final = accept("user_id")


def credentials(plan: Plan, environment: Mapping[str, str]) -> Credentials:
    """Return who puts accounts back: for the embedded stand-in its own administrator.

    Raises:
        UsageError: the environment has no credentials for the target.
    """
    if not plan.is_standin:
        return Credentials.from_environment(environment)
    known = {name: str(plan.scenario.standin.get(name, value)) for name, value in _STANDIN_ADMIN.items()}
    return Credentials(client_id=known["tenant_client_id"], client_secret=known["tenant_client_secret"])


class Rearmer:
    """Puts the used accounts of one process back, for as long as a run's load is on."""

    def __init__(self, plan: Plan, books: Bookkeeper, recorder: Recorder, clock: RunClock) -> None:
        """Begin at once.

        Raises:
            UsageError: the environment has no credentials.
        """
        scenario, target = plan.scenario, plan.scenario.target
        self._books = books
        self._book = PasswordBook(run_secret(), password_policy(scenario))
        self._recorder = recorder
        self._clock = clock
        self._ended = Signal()
        connections = Connections(
            target,
            plan.target,
            clock=clock.now,
            environment=os.environ,
            chance=random.Random(scenario.seed),  # noqa: S311
            ready=Inflow(clock.now).watch,
        )
        self._client = TenantClient(
            connections,
            credentials(plan, os.environ),
            clock=time.monotonic,
            tenant_id=target.tenant_id,
            seen=self._note,
        )
        rate_per_s = scenario.accounts.rearm_rate_per_s / plan.processes
        self._spacing = Spacing(rate_per_s, clock=time.monotonic, sleep=self._ended.wait)
        self._of_greenlet = threading.local()
        """Which account the exchanges of a greenlet are about, when the next is due, and which password it asks for."""
        self._greenlets = [gevent.spawn(self._work) for _ in range(_AT_A_TIME)]

    def end(self, timeout_s: float) -> None:
        """Begin nothing new, and return when what is on has been answered, or the time is up."""
        self._ended.set()
        gevent.joinall(self._greenlets, timeout=timeout_s)

    def _work(self) -> None:
        pause_s = _PAUSE_S
        while not self._ended.is_set():
            account = self._books.lease_changed()
            if account is None:
                self._ended.wait(_LOOK_EVERY_S)
                continue
            try:
                is_well = self._rearm(account)
            except PwdloadError as error:  # no credentials that the target takes, or a journal that cannot be written
                self._recorder.note_failure("putting accounts back", error)
                return
            finally:
                self._books.end_rearm(account)
            pause_s = _PAUSE_S if is_well else min(2 * pause_s, _PAUSE_S_MAX)
            if not is_well:
                self._ended.wait(pause_s)

    def _rearm(self, account: Account) -> bool:
        """Put an account back; return whether the target is fit for the next.

        Raises:
            PwdloadError: there is no use in going on.
        """
        self._spacing.wait()
        if self._ended.is_set():
            return True
        mine = self._of_greenlet
        mine.account, mine.due_s, mine.new = account, self._clock.now(), None
        try:
            user_id = account.user_id or self._look_up(account)
        except TenantCallError as failed:
            return failed.trouble is Trouble.REFUSED
        return not user_id or self._set_password(account, user_id)

    def _look_up(self, account: Account) -> str:
        """Return what the target calls an account; empty when it does not know it. Raises `TenantCallError`."""
        user = self._client.user_by_name(account.user_name)
        if user is None:
            self._books.is_gone(account)
        return user.user_id if user is not None else ""

    def _set_password(self, account: Account, user_id: str) -> bool:
        new = self._books.intend_rearm(account)
        self._of_greenlet.new = new
        try:
            self._client.set_password(user_id, account.password(self._book, *new), must_modify=True)
        except TenantCallError as failed:
            event = Event.UNKNOWN if failed.may_have_been_done else Event.REFUSED
            self._books.conclude_rearm(account, new, event)
            return failed.trouble is Trouble.REFUSED
        self._books.conclude_rearm(account, new, Event.APPLIED)
        return True

    def _note(self, _what: str, _path: str, exchange: Exchange) -> None:
        """Keep an exchange as a sample."""
        answer = None
        if exchange.http_status is None:
            outcome = judge_no_answer(anything_sent=exchange.sent_s is not None)
        else:
            answer = Answer.parse(exchange.http_status, exchange.body)
            outcome = _judge(answer)
        mine = self._of_greenlet
        due_s, mine.due_s = min(mine.due_s, exchange.started_s), exchange.done_s
        sent = Sent(new=mine.new)
        self._recorder.keep_aside(Played(Step.REARM, _EXPECT, exchange, answer, outcome, due_s, mine.account, sent))


def _judge(answer: Answer) -> Outcome:
    """Judge an answer of the tenant API, which knows no ``status``."""
    if answer.is_shed:
        return Outcome.SHED
    if 200 <= answer.http_status < 300:
        return Outcome.RIGHT_ACCEPT if answer.fields is not None else Outcome.UNKNOWN
    return Outcome.WRONG_REJECT if answer.is_refusal or answer.http_status == 401 else Outcome.UNKNOWN
