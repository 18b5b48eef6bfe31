"""Putting accounts back into use: a new password by an administrator, who asks for another one at the next login.

An account in doubt is settled first: a password set over a doubt would answer no question. A request whose answer was
lost leaves a doubt in its turn, which is settled the same way, and asked for again if it was not carried out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.clerk import Clerk, Job
from pwdload.accounts.door import Door
from pwdload.accounts.entry import Entry, Event, Kind, Reason, Status
from pwdload.accounts.scribe import Result, Told
from pwdload.accounts.settle import Settler
from pwdload.api.tenant import TenantCallError, Trouble

_NOT_TO_BE_TOUCHED: Final = (Reason.TAKEN, Reason.DOUBTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """What `arm` has done, each account once, by index."""

    armed: Sequence[Told]
    still_unknown: Sequence[Told]
    """In doubt, and not settled."""
    gone: Sequence[Told]
    """The target does not know them."""
    refused: Sequence[Told]
    left: Sequence[Told]
    """Not to be touched, or not tried to the end."""


class Armer(Clerk):
    """Arms the accounts of a ledger at the target."""

    even_unsettled = False
    """Whether those are given up, and armed, whose doubt cannot be settled: what became of their change stays open."""

    def arm(self, entries: Iterable[Entry], door: Door, progress: Callable[[Told], object] | None = None) -> Armed:
        """Set a new password for each of these accounts, whatever its status. Raises as `work`."""
        self._door = door
        self._settler = Settler(door, self.scribe, self.manner, self.spacing, self.gate, clock=self.clock)
        tally = self.work(entries, progress)
        return Armed(
            armed=tally.of(Result.ARMED),
            still_unknown=tally.of(Result.STILL_UNKNOWN),
            gone=tally.of(Result.GONE),
            refused=tally.of(Result.REFUSED),
            left=tally.of(Result.LEFT, Result.CONFLICT),
        )

    def step(self, job: Job) -> float | None:
        """Settle it, look at it, set its password: one of these."""
        entry = job.entry
        if entry.status is Status.UNKNOWN:
            return self._settle(job)
        if entry.status in (Status.MAKING, Status.DELETED):
            return self.tell(job, Result.LEFT, f"is {entry.status.value}: create it")
        if entry.reason in _NOT_TO_BE_TOUCHED:
            return self.tell(job, Result.LEFT, entry.reason.words if entry.reason is not None else "")
        if job.user is None and (entry.status is Status.RETIRED or not entry.user_id):
            return self._look(job)
        return self._set(job)

    def _settle(self, job: Job) -> float | None:
        case = job.case = job.case or self._settler.case(job.entry)
        kind = job.entry.doubt_kind
        again_s = self._settler.step(case)
        job.entry = case.entry
        if case.result is None:
            return again_s
        job.case = job.failing_since_s = None
        if case.result is Result.STILL_UNKNOWN:
            return None if self.stop.is_set() else self._unsettled(job, case.why)
        if case.result is Result.APPLIED and kind is Kind.REARM and job.entry.status is Status.READY:
            return self.tell(job, Result.ARMED, "found by a login after the answer was lost")
        return 0.0

    def _unsettled(self, job: Job, why: str) -> float | None:
        if not self.even_unsettled or self.gate.is_shut:
            return self.tell(job, Result.STILL_UNKNOWN, why)
        # Retired first: nobody takes the older password for the one in force while the new one is not set yet.
        ref = job.entry.in_force
        job.entry = self.scribe.note(job.entry, Event.RETIRED, Kind.REARM, ref, Reason.UNSETTLED)
        return 0.0

    def _look(self, job: Job) -> float | None:
        """Find out what the target calls an account, and let it in if it is disabled."""
        user = self.look_up(job)
        if user is None:
            job.entry = self.scribe.note(job.entry, Event.RETIRED, Kind.REARM, job.entry.in_force, Reason.GONE)
            return self.tell(job, Result.GONE)
        if job.entry.is_ours and not self.is_of_our_making(user, job.entry):
            return self.tell(job, Result.CONFLICT, Reason.TAKEN.words)
        if user.disabled:
            self.client.enable_user(user.user_id)
        return 0.0

    def _set(self, job: Job) -> float | None:
        ref = job.entry.next
        password = self._door.text(job.entry, ref)
        assert password is not None, "a plain password that was never in force can be made"  # noqa: S101
        job.entry = self.scribe.note(job.entry, Event.INTENT, Kind.REARM, ref)
        try:
            self.client.set_password(job.entry.user_id, password, must_modify=True)
        except TenantCallError as failed:
            return self._failed(job, ref, failed)
        job.entry = self.scribe.note(job.entry, Event.APPLIED, Kind.REARM, ref)
        if job.user is not None and job.user.locked:
            return self._unlocked(job)
        return self.tell(job, Result.ARMED)

    def _failed(self, job: Job, ref: PasswordRef, failed: TenantCallError) -> float | None:
        if failed.may_have_been_done:
            job.asked = True
            job.entry = self.scribe.note(job.entry, Event.UNKNOWN, Kind.REARM, ref)
            return self.later(job, failed)
        if failed.trouble is Trouble.REFUSED and job.asked:
            # Perhaps as a password that was used before, because the lost request was carried out after all.
            job.asked = False
            return self.later(job, failed)
        job.entry = self.scribe.note(job.entry, Event.REFUSED, Kind.REARM, ref)
        if failed.is_passing:
            return self.later(job, failed)
        if job.user is None:  # the user_id is one of long ago
            job.entry = replace(job.entry, user_id="")
            return 0.0
        return self.tell(job, Result.REFUSED, str(failed))

    def _unlocked(self, job: Job) -> float | None:
        """See whether the new password has ended a lock; if not, the account is of no use yet."""
        user = self.client.user_by_name(job.entry.user_name)
        if user is not None and user.locked:
            ref = job.entry.in_force
            job.entry = self.scribe.note(job.entry, Event.RETIRED, Kind.REARM, ref, Reason.LOCKED)
            return self.tell(job, Result.LEFT, "has its new password, but is still locked: arm it again later")
        return self.tell(job, Result.ARMED)
