"""Accounts made and removed through the tenant API.

Every intent is kept before its request, so that an answer that is lost, or a process that ends, leaves a question and
not a loss: the next look at the name answers it. A name that is taken is ours only if we have asked for it before,
and the user has the number that we derive for it; otherwise it is somebody else's, and never touched.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.clerk import Clerk, Job
from pwdload.accounts.entry import Entry, Event, Kind, Reason, Status
from pwdload.accounts.scribe import Result, Tally, Told
from pwdload.api.tenant import TenantCallError, TenantUser, Trouble

_NUMBER_DIGITS: Final = 6


def names(prefix: str, count: int) -> Iterator[str]:
    """Yield the user names of `count` accounts: PREFIX000000 and on."""
    return (f"{prefix}{number:0{_NUMBER_DIGITS}d}" for number in range(count))


def to_be_made(user_names: Iterable[str], *, first_index: int) -> Iterator[Entry]:
    """Yield the entries of accounts to be made, for the ledger to add before `Creator` is given them."""
    for index, user_name in enumerate(user_names, first_index):
        yield Entry(index=index, user_name=user_name, status=Status.MAKING, is_ours=True)


class Keeper(Protocol):
    """A ledger, as far as it is needed here; see `accounts.ledger.Ledger`."""

    def entry(self, index: int) -> Entry:
        """Return an account by its index."""

    def put(self, entries: Iterable[Entry]) -> object:
        """Keep accounts as they are now."""


def keep_user_ids(ledger: Keeper, told: Iterable[Told]) -> None:
    """Keep in a ledger what the target calls accounts; where that is lost, they are looked up by name again.

    Only after the journal of what was told is merged: an account is kept whole, as the ledger knows it.

    Raises:
        AccountsError: the ledger cannot be written.
    """
    known = ((ledger.entry(one.entry.index), one.entry.user_id) for one in told)
    ledger.put(replace(entry, user_id=user_id) for entry, user_id in known if user_id != entry.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What `create` has done, each account once, by index. An account that was there already is in none."""

    made: Sequence[Told]
    conflicts: Sequence[Told]
    """The name is somebody else's."""
    refused: Sequence[Told]
    left: Sequence[Told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What `delete` has done, each account once, by index."""

    deleted: Sequence[Told]
    conflicts: Sequence[Told]
    """The name belongs to somebody else by now."""
    refused: Sequence[Told]
    left: Sequence[Told]
    """Imported, never made, or not tried to the end."""


class Creator(Clerk):
    """Makes the accounts of a ledger at the target."""

    def create(self, entries: Iterable[Entry], progress: Callable[[Told], object] | None = None) -> Created:
        """Make those of the accounts that are not there yet. Raises as `work`."""
        wanted = (entry for entry in entries if _is_wanted(entry))
        tally = self.work(wanted, progress)
        return Created(
            made=tally.of(Result.MADE),
            conflicts=tally.of(Result.CONFLICT),
            refused=tally.of(Result.REFUSED),
            left=tally.of(Result.LEFT),
        )

    def step(self, job: Job) -> float | None:
        """Look a name up that was asked for; ask for one that is not there."""
        if not job.asked and job.entry.doubt_kind is Kind.CREATE:
            job.asked = True  # by a process that ended before it had an answer
        if job.asked and (user := self.look_up(job)) is not None:
            return self._found(job, user)
        return self._ask(job)

    def _ask(self, job: Job) -> float | None:
        ref = job.entry.doubt if job.entry.doubt_kind is Kind.CREATE else _first_password(job.entry)
        ref = ref or PasswordRef(0)
        password = job.entry.account().password(self.book, *ref)
        job.entry = self.scribe.note(job.entry, Event.INTENT, Kind.CREATE, ref)
        try:
            user_id = self.client.create_user(job.entry.user_name, self.mobile(job.entry), password, must_modify=True)
        except TenantCallError as failed:
            return self._failed(job, ref, failed)
        job.entry = replace(self.scribe.note(job.entry, Event.APPLIED, Kind.CREATE, ref), user_id=user_id)
        return self.tell(job, Result.MADE)

    def _failed(self, job: Job, ref: PasswordRef, failed: TenantCallError) -> float | None:
        if failed.may_have_been_done:
            job.asked = True
            return self.later(job, failed)
        if failed.is_passing:
            if not job.asked:
                job.entry = self.scribe.note(job.entry, Event.REFUSED, Kind.CREATE, ref)
            return self.later(job, failed)
        # An earlier request whose answer was lost may be carried out yet: that question stays in the ledger.
        if not job.asked:
            job.entry = self.scribe.note(job.entry, Event.REFUSED, Kind.CREATE, ref)
        if (user := self.look_up(job)) is not None:
            return self._found(job, user)
        return self.tell(job, Result.REFUSED, str(failed))

    def _found(self, job: Job, user: TenantUser) -> float | None:
        entry = job.entry
        ref = entry.doubt or PasswordRef(0)
        if job.asked and self.is_of_our_making(user, entry):
            job.entry = replace(self.scribe.note(entry, Event.APPLIED, Kind.CREATE, ref), user_id=user.user_id)
            return self.tell(job, Result.MADE, "found by its name after the answer was lost")
        job.entry = replace(self.scribe.note(entry, Event.RETIRED, Kind.CREATE, ref, Reason.TAKEN), user_id="")
        return self.tell(job, Result.CONFLICT, Reason.TAKEN.words)


class Deleter(Clerk):
    """Removes accounts of a ledger from the target: those that it made, and no others unless told."""

    even_imported = False
    """Whether accounts are removed, too, that were there before the ledger."""

    def delete(self, entries: Iterable[Entry], progress: Callable[[Told], object] | None = None) -> Deleted:
        """Remove those of the accounts that may be. Raises as `work`."""
        there = (entry for entry in entries if entry.status is not Status.DELETED)
        tally: Tally = self.work(there, progress)
        return Deleted(
            deleted=tally.of(Result.DELETED),
            conflicts=tally.of(Result.CONFLICT),
            refused=tally.of(Result.REFUSED),
            left=tally.of(Result.LEFT),
        )

    def step(self, job: Job) -> float | None:
        """Remove a user, once it is clear who that is."""
        entry = job.entry
        if why := self._why_not(entry):
            return self.tell(job, Result.LEFT, why)
        if job.asked or not entry.user_id or entry.doubt_kind in (Kind.CREATE, Kind.DELETE):
            user = self.look_up(job)
            if user is None:
                return self._gone(job)
            if entry.is_ours and not self.is_of_our_making(user, entry):
                return self.tell(job, Result.CONFLICT, Reason.TAKEN.words)
        return self._remove(job)

    def _why_not(self, entry: Entry) -> str:
        if entry.reason is Reason.TAKEN:
            return Reason.TAKEN.words
        if entry.status is Status.MAKING and entry.doubt is None:
            return "was never made"
        return "" if entry.is_ours or self.even_imported else "was there before the ledger"

    def _remove(self, job: Job) -> float | None:
        is_known = job.entry.doubt is None
        if is_known:  # a doubt about its password must outlive this one
            job.entry = self.scribe.note(job.entry, Event.INTENT, Kind.DELETE, job.entry.in_force)
        try:
            self.client.delete_user(job.entry.user_id)
        except TenantCallError as failed:
            if failed.may_have_been_done:
                job.asked = True
                return self.later(job, failed)
            if is_known:
                job.entry = self.scribe.note(job.entry, Event.REFUSED, Kind.DELETE, job.entry.in_force)
            if failed.trouble is Trouble.REFUSED:
                return self.tell(job, Result.REFUSED, str(failed))
            return self.later(job, failed)
        return self._gone(job)

    def _gone(self, job: Job) -> float | None:
        job.entry = self.scribe.note(job.entry, Event.APPLIED, Kind.DELETE, job.entry.in_force)
        return self.tell(job, Result.DELETED)


def _is_wanted(entry: Entry) -> bool:
    """Whether an account is still to be made: never made, removed by us, or kept from us by a name that was taken."""
    if not entry.is_ours:
        return False
    return entry.status in (Status.MAKING, Status.DELETED) or entry.reason is Reason.TAKEN


def _first_password(entry: Entry) -> PasswordRef:
    """Return the password that an account is made with: of a generation that it never had."""
    return entry.next if entry.status is Status.DELETED else entry.in_force
