"""Used accounts put back while the load goes on: an administrator's new password, to be changed at the next login.

Beside the load and at a rate of its own: its exchanges are kept as samples of step ``rearm``, which no number of the
load holds, and Locust's statistics are not told of them.
"""

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
from pwdload.api.tenant import Credentials, TenantClient, TenantCallError, Trouble
from pwdload.cases.expectation import accept
from pwdload.cases.play import Played
from pwdload.clock import RunClock
from pwdload.errors import PwdloadError
from pwdload.harness.bookkeeping import Bookkeeper
from pwdload.harness.plan import Plan
from pwdload.harness.readiness import Readiness
from pwdload.harness.recorder import Recorder
from pwdload.outcome import Outcome
from pwdload.passwords import PasswordBook

_AT_A_TIME: Final = 8
_LOOK_EVERY_S: Final = 0.05
_PAUSE_S: Final = 0.5
_PAUSE_S_MAX: Final = 8.0
_STANDIN_ADMIN: Final = {"tenant_client_id": "standin-admin", "tenant_client_secret": "standin-secret"}
"""What the stand-in takes unless the scenario's [standin] says otherwise."""
_EXPECT: Final = accept("user_id")
_OUTCOMES: Final = {
    Trouble.REFUSED: Outcome.WRONG_REJECT,
    Trouble.SHED: Outcome.SHED,
    Trouble.NOT_SENT: Outcome.NOT_SENT,
    Trouble.UNKNOWN: Outcome.UNKNOWN,
}


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

    def __init__(
        self, plan: Plan, books: Bookkeeper, book: PasswordBook, recorder: Recorder, clock: RunClock, environment: Mapping[str, str]
    ) -> None:
        """Take what it needs.

        Raises:
            UsageError: the environment has no credentials.
        """
        self._books = books
        self._book = book
        self._recorder = recorder
        self._clock = clock
        self._ended = Signal()
        target = plan.scenario.target
        connections = Connections(
            target,
            plan.target,
            clock=clock.now,
            environment=environment,
            chance=random.Random(plan.scenario.seed),  # noqa: S311
            ready=Readiness,
        )
        self._client = TenantClient(
            connections,
            credentials(plan, environment),
            clock=time.monotonic,
            tenant_id=target.tenant_id,
            seen=self._note_exchange,
        )
        rate_per_s = plan.scenario.accounts.rearm_rate_per_s / plan.processes
        self._spacing = Spacing(rate_per_s, clock=time.monotonic, sleep=self._ended.wait)
        self._now = threading.local()  # of each greenlet: what it is about
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
                self._spacing.wait()
                if not self._ended.is_set() and not self._rearm(account):
                    self._ended.wait(pause_s)
                    pause_s = min(2 * pause_s, _PAUSE_S_MAX)
                else:
                    pause_s = _PAUSE_S
            except PwdloadError as error:
                self._recorder.note_failure("putting accounts back", error)
                return
            finally:
                self._books.end_rearm(account)

    def _rearm(self, account: Account) -> bool:
        """Put an account back; return whether the target is fit for the next."""
        user_id = account.user_id
        try:
            if not user_id:
                user = self._call(account, lambda: self._client.user_by_name(account.user_name))
                if user is None:
                    self._books.is_gone(account)
                    return True
                user_id = user.user_id
        except TenantCallError:
            return False
        new = self._books.intend_rearm(account)
        password = account.password(self._book, *new)
        try:
            self._call(account, lambda: self._client.set_password(user_id, password, must_modify=True))
        except TenantCallError as failed:
            unknown = failed.may_have_been_done
            self._books.conclude_rearm(account, new, Event.UNKNOWN if unknown else Event.REFUSED)
            return failed.trouble is Trouble.REFUSED
        self._books.conclude_rearm(account, new, Event.APPLIED)
        return True
