"""What a ledger knows of an account, and how what happens to the account changes that.

Pure: an entry and a record give the next entry. Nothing in here holds a secret: passwords are named by `PasswordRef`,
state_tokens by a digest.
"""

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, Self

from pwdload.accounts.account import Account, PasswordRef

DOUBTS_MAX: Final = 5
"""An account with so many doubtful changes behind it is retired once the last is settled: something is odd about it."""


class Status(StrEnum):
    """What may be done with an account."""

    MAKING = "making"
    """It was asked for at the tenant API, and nobody knows yet whether it is there."""
    READY = "ready"
    """A flow may use it."""
    CHANGED = "changed"
    """Used up: its password was changed, or it asks for no change any more."""
    UNKNOWN = "unknown"
    """In doubt: one of two passwords opens it. `settle` finds out which."""
    RETIRED = "retired"
    """Out of use, for a reason."""
    DELETED = "deleted"
    """Removed from the target."""


class Reason(IntEnum):
    """Why an account was retired. The numbers are in journals: they keep their meaning."""

    LOCKED = 1
    DISABLED = 2
    DOUBTS = 3
    NEITHER = 4
    UNKNOWABLE = 5
    NOT_LET_IN = 6
    GONE = 7
    TAKEN = 8
    UNSETTLED = 9

    @property
    def words(self) -> str:
        """The reason for people."""
        return _REASONS[self]


_REASONS: Final = {
    Reason.LOCKED: "locked",
    Reason.DISABLED: "disabled",
    Reason.DOUBTS: f"{DOUBTS_MAX} doubtful changes",
    Reason.NEITHER: "neither password opens it",
    Reason.UNKNOWABLE: "the target accepted a change that names no password",
    Reason.NOT_LET_IN: "login was refused",
    Reason.GONE: "the target does not know it",
    Reason.TAKEN: "its name or number belongs to somebody else",
    Reason.UNSETTLED: "its doubt could not be settled",
}


class Kind(IntEnum):
    """What a record is about. The numbers are in journals: they keep their meaning."""

    CHANGE = 1
    """A change of the password by a flow of the load."""
    REARM = 2
    """A change of the password by an administrator, which asks for another change at the next login."""
    CREATE = 3
    DELETE = 4
    SETTLE = 5
    """A doubt was resolved by logging in."""


class Event(IntEnum):
    """What happened. The numbers are in journals: they keep their meaning."""

    LEASED = 1
    """A process may use the account from now on; `Record.note` is its number."""
    RETURNED = 2
    INTENT = 3
    """`Record.ref` is about to be asked for: written before the first byte of the request."""
    APPLIED = 4
    """`Record.ref` is in force."""
    APPLIED_AND_READY = 5
    """The same, and the account can be used again at once."""
    REFUSED = 6
    """Nothing was changed."""
    UNKNOWN = 7
    """No answer, or none that says which."""
    RETIRED = 8
    """`Record.note` is the `Reason`."""
    USED = 9
    """The account asks for no change any more, although nothing of ours has changed it."""
    END = 10
    """The journal's last record: its process ended in order."""
    TRIED = 11
    """A login with `Record.ref` is about to be sent, to see whether it opens the account: maybe a failed attempt."""
    NOT_TRIED = 12
    """That login was not looked at: it was not sent, or turned away, or the account was locked."""
    WRONG = 13
    """The target has said that `Record.ref` does not open the account."""


class Record(NamedTuple):
    """One line of a journal."""

    event: Event
    kind: Kind = Kind.CHANGE
    account: int = 0
    """Index of the account."""
    lease: int = 0
    ref: PasswordRef = PasswordRef(0)
    note: int = 0
    at: float = 0.0
    """Unix time in seconds."""
    token_digest: bytes = bytes(8)
    """Of the state_token that a change carries; zeros where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a ledger knows of one account."""

    index: int
    user_name: str
    state: str = "expired"
    """What a login answers while the account is ready: ``expired`` or ``warning``."""
    status: Status = Status.READY
    in_force: PasswordRef = PasswordRef(0)  # noqa: RUF009 - a tuple never changes
    newest: int = 0
    """The highest generation that was ever in force."""
    before: PasswordRef | None = None
    """The password that was in force before; null: the plain one of the generation before."""
    doubt: PasswordRef | None = None
    """A password that may be in force instead of `in_force`."""
    doubt_kind: Kind | None = None
    """What left the doubt."""
    status_before: Status | None = None
    """What the account was before the doubt, and is again if nothing was changed."""
    doubts: int = 0
    """How many of its changes were ever in doubt."""
    reason: Reason | None = None
    """Why it was retired."""
    tries: int = 0
    """Failed attempts to log in that settling may have caused since one was right: the lock-out counts them."""
    wrong: PasswordRef | None = None
    """Of the two passwords of a doubt, one that the target has said to be wrong."""
    user_id: str = ""
    """What the tenant API calls it by; empty where that is not known yet."""
    is_ours: bool = False
    """Whether it was made by us: all of its passwords can be derived, and it may be deleted."""
    tenant: str = ""
    device: str = ""
    tags: str = ""
    changed_at: float | None = None
    """When the last record of it was written, Unix time in seconds."""
    token_digest: str = ""
    """Of the state_token of its last change, in hexadecimal digits."""

    @property
    def next(self) -> PasswordRef:
        """The password of its next change: of a generation that was never in force."""
        return PasswordRef(max(self.newest, self.in_force.generation) + 1)

    def account(self, lease: int = 0) -> Account:
        """Return the account that flows use; listed passwords are its source's to add."""
        return Account(
            index=self.index,
            user_name=self.user_name,
            generation=self.in_force.generation,
            shape=self.in_force.shape,
            newest=self.newest,
            before=self.before,
            is_listed=not self.is_ours,
            lease=lease,
            user_id=self.user_id,
        )

    def after(self, *records: Record) -> Self:
        """Return the entry after records of this account, in their order."""
        draft = _Draft(self)
        for record in records:
            draft.take(record)
        return replace(self, **{name: getattr(draft, name) for name in _Draft.__slots__})

    def suspected(self) -> Self:
        """Return the entry of an account whose process may have changed it once without leaving a record."""
        if self.status not in (Status.READY, Status.CHANGED):
            return self
        return replace(
            self,
            status=Status.UNKNOWN,
            doubt=self.next,
            doubt_kind=Kind.CHANGE if self.status is Status.READY else Kind.REARM,
            status_before=self.status,
            doubts=self.doubts + 1,
        )


class _Draft:
    """An entry while records change it: an account may have many, and an entry never changes."""

    __slots__ = (
        *("state", "status", "in_force", "newest", "before", "doubt", "doubt_kind", "status_before", "doubts"),
        *("reason", "tries", "wrong", "changed_at", "token_digest"),
    )

    def __init__(self, entry: Entry) -> None:
        self.state = entry.state
        self.status = entry.status
        self.in_force = entry.in_force
        self.newest = entry.newest
        self.before = entry.before
        self.doubt = entry.doubt
        self.doubt_kind = entry.doubt_kind
        self.status_before = entry.status_before
        self.doubts = entry.doubts
        self.reason = entry.reason
        self.tries = entry.tries
        self.wrong = entry.wrong
        self.changed_at = entry.changed_at
        self.token_digest = entry.token_digest

    def take(self, record: Record) -> None:
        """Change as a record says."""
        self.changed_at = record.at or self.changed_at
        match record.event:
            case Event.INTENT:
                self._intended(record)
            case Event.APPLIED | Event.APPLIED_AND_READY:
                self._applied(record)
            case Event.REFUSED:
                self._refused(record)
            case Event.UNKNOWN:
                self.doubts += 1
            case Event.RETIRED:
                self._end_doubt(Status.RETIRED, Reason(record.note))
            case Event.USED if self.doubt is None:
                self.status = Status.CHANGED
            case _:
                self._tried(record)

    def _tried(self, record: Record) -> None:
        """Count a login that settling has made, or keep what it was told."""
        match record.event:
            case Event.TRIED:
                self.tries += 1
            case Event.NOT_TRIED:
                self.tries = max(self.tries - 1, 0)
            case Event.WRONG:
                self.wrong = record.ref

    def _intended(self, record: Record) -> None:
        if self.doubt is None:
            self.status_before = self.status
        elif record.ref.generation > self.doubt.generation:
            # Its process went on to the next generation, so it had learnt that this one is in force; the record of
            # that is damaged.
            self._come_into_force(self.doubt)
        self.status = Status.UNKNOWN if record.kind is not Kind.CREATE else Status.MAKING
        self.doubt, self.doubt_kind, self.wrong = record.ref, record.kind, None
        if any(record.token_digest):
            self.token_digest = record.token_digest.hex()

    def _applied(self, record: Record) -> None:
        if record.kind is Kind.DELETE:
            self._end_doubt(Status.DELETED)
            return
        about = self.doubt_kind if record.kind is Kind.SETTLE else record.kind
        is_ready = record.event is Event.APPLIED_AND_READY or about in (Kind.REARM, Kind.CREATE)
        self._come_into_force(record.ref)
        self._end_doubt(Status.READY if is_ready else Status.CHANGED)
        if about is Kind.REARM:
            self.state = "expired"
        self._retire_if_odd(record)

    def _refused(self, record: Record) -> None:
        status = self.status_before or self.status
        self._end_doubt(status, self.reason if status is Status.RETIRED else None)
        self._retire_if_odd(record)

    def _retire_if_odd(self, record: Record) -> None:
        if record.kind is Kind.SETTLE and self.doubts >= DOUBTS_MAX and self.status is not Status.RETIRED:
            self.status, self.reason = Status.RETIRED, Reason.DOUBTS

    def _come_into_force(self, ref: PasswordRef) -> None:
        if ref != self.in_force:
            self.before, self.in_force, self.newest = self.in_force, ref, max(self.newest, ref.generation)

    def _end_doubt(self, status: Status, reason: Reason | None = None) -> None:
        self.status, self.reason = status, reason
        self.doubt = self.doubt_kind = self.status_before = self.wrong = None
        if status is not Status.RETIRED:
            self.tries = 0
