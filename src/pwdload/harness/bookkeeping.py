"""What a process writes down of its accounts while flows use them, and what that makes of each account."""

from typing import Final

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event, Kind, Reason, Status
from pwdload.accounts.journal import Journal
from pwdload.accounts.pool import Pool
from pwdload.api.digest import NO_TOKEN
from pwdload.cases.aftermath import Aftermath, aftermath
from pwdload.cases.played import Played
from pwdload.cases.steps import AccountState
from pwdload.errors import AccountsError

_READY: Final = Status.READY
_REASONS: Final = {Aftermath.LOCKED: Reason.LOCKED, Aftermath.DISABLED: Reason.DISABLED}


class Bookkeeper:
    """The accounts of one process: lent to flows one at a time, with every change of them kept.

    A change is kept before it is asked for and after it was answered (`cases.world.Changes`), so that an account comes
    back as what it is by then.
    """

    def __init__(self, pool: Pool, journal: Journal, *, warned_stay_ready: bool) -> None:
        """Take the pool and the journal of this process; `warned_stay_ready`: a changed account serves again at once.

        That is so where accounts stay in the time of warning whatever is changed; then all are in that state.
        """
        self.pool = pool
        self._journal = journal
        self._only_state = AccountState.WARNING if warned_stay_ready else None
        self._applied = Event.APPLIED_AND_READY if warned_stay_ready else Event.APPLIED
        self._status_after = Status.READY if warned_stay_ready else Status.CHANGED
        self._doubtful: set[int] = set()
        """Accounts of which a change was asked for and not answered."""
        self._fates: dict[int, tuple[Account, Status]] = {}
        """Accounts in a flow's hands that are no longer what they were, by index."""

    def lease(self, needed: AccountState) -> Account:
        """Take a ready account for a flow. Raises `AccountsError` where none is left."""
        return self.pool.lease(self._only_state or needed)

    def may_use(self, account: Account) -> bool:
        """Whether something new may be begun with an account in a flow's hands: its lease has not run out meanwhile."""
        return self.pool.may_use(account)

    def give_back(self, needed: AccountState, leased: Account) -> Status:
        """Take an account back from a flow, and return what has become of it."""
        index = leased.index
        if index in self._fates or index in self._doubtful:
            return self._end(needed, leased, _READY)
        self.pool.give_back(self._only_state or needed, leased, _READY)  # mostly nothing has
        return _READY

    def intend(self, account: Account, new: PasswordRef, token_digest: bytes) -> None:
        """Keep that a password is about to be asked for.

        Raises:
            AccountsError: it cannot be kept, or the account is no longer this process's to use: do not ask.
        """
        self._intend(account, new, token_digest, Kind.CHANGE)

    def conclude(self, account: Account, new: PasswordRef, event: Event) -> None:
        """Keep what came of it. Raises `AccountsError` where that cannot be kept: the account stays in doubt."""
        if event is Event.APPLIED:
            self._journal.conclude(account, new, self._applied)
            self._fates[account.index] = account.changed(new), self._status_after
        else:
            self._journal.conclude(account, new, event)
        if event is not Event.UNKNOWN:
            self._doubtful.discard(account.index)

    def learn(self, played: Played) -> None:
        """Keep what a login says of its account."""
        what, account = aftermath(played), played.account
        if what is None:
            return
        if what is Aftermath.USED:
            self._journal.used(account)
            self._fates.setdefault(account.index, (account, Status.CHANGED))
        elif what is Aftermath.SUSPECT:
            self._intend(account, account.next, NO_TOKEN, Kind.CHANGE)
            self.conclude(account, account.next, Event.UNKNOWN)
        else:
            self._journal.retired(account, _REASONS[what])
            self._fates[account.index] = account, Status.RETIRED

    def lease_changed(self) -> Account | None:
        """Take the used account that has waited longest to be put back; null when none waits."""
        return self.pool.lease_changed()

    def intend_rearm(self, account: Account) -> PasswordRef:
        """Keep that an administrator's password is about to be asked for, and return which. Raises as `intend`."""
        self._intend(account, account.next, NO_TOKEN, Kind.REARM)
        return account.next

    def conclude_rearm(self, account: Account, new: PasswordRef, event: Event) -> None:
        """Keep what came of it, and where the account goes; one that was refused waits for another try."""
        self._journal.conclude(account, new, event, Kind.REARM)
        if event is Event.APPLIED:
            self._fates[account.index] = account.changed(new), Status.READY
        if event is not Event.UNKNOWN:
            self._doubtful.discard(account.index)

    def is_gone(self, account: Account) -> None:
        """Keep that the target does not know a used account any more."""
        self._journal.retired(account, Reason.GONE)
        self._fates[account.index] = account, Status.RETIRED

    def end_rearm(self, leased: Account) -> None:
        """Take an account back that was to be put back; where nothing came of it, it waits for another try."""
        self._end(AccountState.EXPIRED, leased, Status.CHANGED)

    def _end(self, needed: AccountState, leased: Account, otherwise: Status) -> Status:
        account, status = self._fates.pop(leased.index, (leased, otherwise))
        if leased.index in self._doubtful:
            self._doubtful.remove(leased.index)
            status = Status.UNKNOWN
        self.pool.give_back(self._only_state or needed, account, status)
        return status

    def _intend(self, account: Account, new: PasswordRef, token_digest: bytes, kind: Kind) -> None:
        self._journal.intend(account, new, token_digest, kind)
        if not self.pool.may_use(account):
            self._journal.conclude(account, new, Event.REFUSED, kind)
            raise AccountsError("the master was not heard of for so long that the lease of the accounts has run out")
        self._doubtful.add(account.index)
