"""What `create`, `arm` and `delete` have in common: patience with the tenant API, and whose an account is."""

import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hmac import digest as hmac_digest
from typing import Final, Protocol

from pwdload.accounts.crew import Crew
from pwdload.accounts.entry import Entry
from pwdload.accounts.scribe import Manner, Result, Scribe, Tally, Told
from pwdload.accounts.settle import Case
from pwdload.accounts.spacing import Gate, Spacing
from pwdload.api.tenant import TenantCallError, TenantUser, Trouble
from pwdload.passwords import PasswordBook

_PAUSE_S: Final = 0.5
_PAUSE_S_MAX: Final = 8.0
_DIGITS_SHOWN_MIN: Final = 4
_MOBILE_DIGITS: Final = 8
MOBILE_PREFIX: Final = "199"
"""What derived numbers begin with, unless told otherwise; eight digits follow, as in a mobile number of China."""


class Tenant(Protocol):
    """The calls of the tenant API that are made here; see `api.tenant.TenantClient`."""

    def create_user(self, user_name: str, mobile: str, password: str, *, must_modify: bool) -> str:
        """Make a user and return its user_id."""

    def set_password(self, user_id: str, password: str, *, must_modify: bool) -> None:
        """Set a user's password."""

    def enable_user(self, user_id: str) -> None:
        """Let a disabled user in again."""

    def delete_user(self, user_id: str) -> bool:
        """Remove a user; return whether there was one."""

    def user_by_name(self, user_name: str) -> TenantUser | None:
        """Return the user of that name, if there is one."""

    def answers(self) -> bool:
        """Whether the target answers at all."""


@dataclass(slots=True)
class Job:
    """One account that something is done to."""

    entry: Entry
    asked: bool = False
    """Whether a request that may have been carried out is without an answer."""
    user: TenantUser | None = None
    """As it was looked up."""
    case: Case | None = None
    """While its doubt is being settled."""
    lost: int = 0
    """Requests without an answer."""
    failing_since_s: float | None = None
    pause_s: float = _PAUSE_S


class Clerk:
    """Takes accounts through calls of the tenant API; a subclass says which, in `step`."""

    def __init__(
        self,
        client: Tenant,
        book: PasswordBook,
        scribe: Scribe,
        *,
        manner: Manner | None = None,
        mobile_prefix: str = MOBILE_PREFIX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what all of them need; nothing is sent yet."""
        self.book = book
        self.scribe = scribe
        self.manner = manner or Manner()
        self.stop = threading.Event()
        """Ends the work early, with all that was learnt by then written down."""
        self.clock = clock
        self.spacing = Spacing(self.manner.rate_per_s, clock=clock, sleep=self.stop.wait)
        self.gate = Gate(
            client.answers,
            patience_s=self.manner.patience_s,
            clock=clock,
            sleep=self.stop.wait,
            stopped=self.stop.is_set,
        )
        self.client = _Paced(client, self.spacing, self.gate)
        self._mobile_prefix = mobile_prefix
        self._tally = Tally()

    def work(self, entries: Iterable[Entry], progress: Callable[[Told], object] | None = None) -> Tally:
        """Do it to all of these accounts; may be broken off at any time, and done again.

        Raises:
            AccountsError: the journal cannot be written.
            TargetError: the target does not take the credentials.
        """
        self._tally = Tally(progress)
        crew = Crew(self._do, threads=self.manner.threads, stop=self.stop, clock=self.clock)
        crew.work_through(Job(entry) for entry in self.scribe.leasing(entries))
        return self._tally

    def step(self, job: Job) -> float | None:
        """Go on with an account; return after how many seconds to go on, null when it is done and told.

        Raises:
            TenantCallError: of a call that changes nothing.
        """
        raise NotImplementedError

    def tell(self, job: Job, result: Result, why: str = "") -> float | None:
        """Be done with an account, for now; returns null, which is when to go on."""
        self._tally.tell(job.entry, result, why)
        return None

    def later(self, job: Job, failed: TenantCallError) -> float | None:
        """Return when to go on after a call that may succeed later; null, and told, when the patience is over."""
        self.gate.suspect()
        now_s = self.clock()
        job.failing_since_s = now_s if job.failing_since_s is None else job.failing_since_s
        if self.gate.is_shut or now_s - job.failing_since_s > self.manner.patience_s:
            return self.tell(job, Result.LEFT, str(failed))
        pause_s, job.pause_s = job.pause_s, min(2 * job.pause_s, _PAUSE_S_MAX)
        return pause_s

    def look_up(self, job: Job) -> TenantUser | None:
        """Return the user of an account's name, and keep it. Raises `TenantCallError`."""
        job.user = self.client.user_by_name(job.entry.user_name)
        job.failing_since_s = None
        if job.user is not None:
            job.entry = replace(job.entry, user_id=job.user.user_id)
        return job.user

    def mobile(self, entry: Entry) -> str:
        """Return the number of an account that we make: no two of a ledger have the same, nor the next ledger's.

        They follow one another from a place that the run secret decides.
        """
        first = int.from_bytes(hmac_digest(self.book.secret, b"mobile numbers", "sha256")[:8], "big")
        return f"{self._mobile_prefix}{(first + entry.index) % 10**_MOBILE_DIGITS:0{_MOBILE_DIGITS}d}"

    def is_of_our_making(self, user: TenantUser, entry: Entry) -> bool:
        """Whether a user has the number that we would have given it; digits that the target hides are passed over."""
        shown = re.sub(r"[^0-9*]", "", user.mobile)[-_MOBILE_DIGITS:]
        derived = self.mobile(entry)[-_MOBILE_DIGITS:]
        same = all(one in ("*", other) for one, other in zip(shown, derived, strict=False))
        return len(shown) == len(derived) and sum(map(str.isdigit, shown)) >= _DIGITS_SHOWN_MIN and same

    def _do(self, job: Job) -> float | None:
        if self.stop.is_set():
            return None
        try:
            return self.step(job)
        except TenantCallError as failed:
            if failed.trouble is Trouble.REFUSED:
                return self.tell(job, Result.REFUSED, str(failed))
            return self.later(job, failed)


class _Paced:
    """The tenant API at the pace of all, and not while the target is silent."""

    def __init__(self, client: Tenant, spacing: Spacing, gate: Gate) -> None:
        self._client = client
        self._spacing = spacing
        self._gate = gate

    def create_user(self, user_name: str, mobile: str, password: str, *, must_modify: bool) -> str:
        self._wait("create user")
        return self._client.create_user(user_name, mobile, password, must_modify=must_modify)

    def set_password(self, user_id: str, password: str, *, must_modify: bool) -> None:
        self._wait("set password")
        self._client.set_password(user_id, password, must_modify=must_modify)

    def enable_user(self, user_id: str) -> None:
        self._wait("enable user")
        self._client.enable_user(user_id)

    def delete_user(self, user_id: str) -> bool:
        self._wait("delete user")
        return self._client.delete_user(user_id)

    def user_by_name(self, user_name: str) -> TenantUser | None:
        self._wait("find user")
        return self._client.user_by_name(user_name)

    def answers(self) -> bool:
        return self._client.answers()

    def _wait(self, what: str) -> None:
        self._spacing.wait()
        if not self._gate.passes():
            raise TenantCallError(Trouble.NOT_SENT, what, "the target does not answer")
