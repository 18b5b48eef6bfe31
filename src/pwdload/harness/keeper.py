"""The ledger of the process in charge: settled before and after each run, and what a run did to its accounts."""

import logging
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.door import LoginDoor
from pwdload.accounts.entry import Entry, Event, Kind, Status
from pwdload.accounts.final_look import Look, Opens, chosen, in_words, last_look
from pwdload.accounts.happened import happened
from pwdload.accounts.journal import Journal
from pwdload.accounts.leases import Stock, Terms
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.ledgered import LedgerAccounts
from pwdload.accounts.scribe import Manner, Scribe
from pwdload.accounts.settle import Settled, settle
from pwdload.accounts.stragglers import wait_for_stragglers
from pwdload.accounts.sync import Threads
from pwdload.api.connections import Connections
from pwdload.devices import device_population
from pwdload.endings import Ending
from pwdload.errors import AccountsError, PwdloadError
from pwdload.passwords import PasswordBook, password_policy, run_secret
from pwdload.rundir import AccountsRecord, RetiredAccount, SettledRecord
from pwdload.scenario import Scenario

_RETIRED_NAMED: Final = 20
_SETTLE_RATE_PER_S: Final = 200.0
"""Of a target that has just been under load; each account takes two logins at most."""
_LAST_LOOK_S: Final = 5.0
"""How long the last look at accounts may hold up the end of a run."""
_QUIET_S: Final = 1.0
"""How long a doubt rests before anybody looks: a change whose request was given up may be applied late."""
_PATIENCE_S: Final = 15.0
"""How long a target that does not answer is waited for: a run must come to its end."""

Say = Callable[[str], object]
log = logging.getLogger(__name__)


def terms_of(scenario: Scenario) -> Terms:
    """Return how long leases last: an exchange that was begun in time ends by its time-out."""
    return Terms(use_s=scenario.target.timeout_s + 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """How things were when a run began."""

    number: int = 0
    """Of the run, in the ledger."""
    ready: int = 0
    doubts: int = 0
    damages: int = 0


class Keeper:
    """What the process in charge does with the ledger of its accounts."""

    def __init__(self, accounts: LedgerAccounts, scenario: Scenario, target: str, *, shown: str = "") -> None:
        """Take the accounts of an open ledger; `shown` is what people know the ledger by, empty for the stand-in's."""
        self.accounts = accounts
        self._ledger = accounts.ledger
        self._scenario = scenario
        self._shown = shown
        self._door = _door(accounts, scenario, target)
        self._settled_before: SettledRecord | None = None
        self._journal: Journal | None = None
        self._begun = _Begun()

    @property
    def doubts(self) -> int:
        """How many accounts are in doubt."""
        return self._ledger.status().doubts

    def settle_first(self, say: Say) -> None:
        """Settle what earlier runs have left in doubt, before anything else is done with the accounts."""
        say(f"Accounts: {self.doubts:,} of an earlier run are in doubt; each is logged in to, to see what opens it.")
        self._settled_before = _record_of(self._settle(say))
        self.accounts.look()

    def begin_run(self, threads: Threads) -> Journal:
        """Begin a run, and return the journal of this process; `threads` is where the disk is waited for."""
        reuse, fsync = self._scenario.accounts.reuse, self._scenario.accounts.fsync
        self.accounts.look()
        self._begun = _Begun(
            number=self._ledger.begin_run(may_rearm=reuse == "rearm"),
            ready=sum(self.accounts.sizes.values()),
            doubts=self.doubts,
            damages=len(self._ledger.damages) if self._begun.number else 0,
        )
        self._journal = self._ledger.journal(0, "in-charge", fsync=fsync, threads=threads)
        return self._journal

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self._ledger

    def stock(self) -> Stock:
        """Return the accounts that are ready, for a run to draw."""
        return Stock(self.accounts.sizes, self.accounts.accounts)

    @property
    def run(self) -> int:
        """The number in the ledger of the run that is on."""
        return self._begun.number

    def end_run(self, say: Say, *, dry_s: float | None) -> tuple[AccountsRecord, Sequence[Ending]]:
        """Take the journals in, settle what is in doubt, and return what became of the accounts: all, and each.

        Where that cannot be done the journals stay, and the next run, or `pwdload accounts settle`, goes on from there.

        Raises:
            AccountsError: the ledger cannot be read or written.
        """
        if self._journal is not None:
            self._journal.end()
        # A worker elsewhere of which nothing is heard may be at work for as long as its leases last.
        lease_s = terms_of(self._scenario).patience_s
        with suppress(AccountsError):  # one that hangs for longer begins nothing more
            wait_for_stragglers(self._ledger.journal_directory, patience_s=lease_s, lease_s=lease_s)
        told = happened(self._ledger, self._begun.number)
        before = {index: entry.in_force for index, entry in self._ledger.entries_of(sorted(told.used)).items()}
        self._ledger.merge()
        doubts = self.doubts
        settled = self._settle(say) if doubts else None
        self.accounts.look()
        retired = self._retired(told.retired, settled)
        record = AccountsRecord(
            reuse=self._scenario.accounts.reuse,
            ledger=self._shown,
            ready_before=self._begun.ready,
            ready_after=sum(self.accounts.sizes.values()),
            changed=told.of(Kind.CHANGE, Event.APPLIED, Event.APPLIED_AND_READY),
            doubtful=max(doubts - self._begun.doubts, 0),
            settled_before=self._settled_before,
            settled=_record_of(settled) if settled is not None else None,
            unknown_left=self.doubts,
            retired=len(retired),
            retired_first=tuple(
                RetiredAccount(index=one.index, user_name=one.user_name, reason=one.reason.words if one.reason else "")
                for one in retired[:_RETIRED_NAMED]
            ),
            rearmed=told.of(Kind.REARM, Event.APPLIED),
            rearm_failed=told.of(Kind.REARM, Event.REFUSED, Event.UNKNOWN),
            dry_s=dry_s,
            damages=tuple(self._ledger.damages[self._begun.damages :]),
        )
        self._settled_before = None
        return record, self._endings(before, told.asked, settled, say)

    def _endings(
        self, before: Mapping[int, PasswordRef], asked: Set[int], settled: Settled | None, say: Say
    ) -> Sequence[Ending]:
        """Look once more at accounts of which a change was asked for, and return what became of each account."""
        entries = self._ledger.entries_of(before)
        looks = [
            Look(entry=entry, earlier=before[index] if before[index] != entry.in_force else None)
            for index, entry in entries.items()
            if index in asked
        ]
        opened = self._last_look(chosen(looks, self._scenario.oracle.final_logins), say)
        results = _results(settled)
        nothing = Opens(None, None)
        return [
            Ending(
                account=index,
                before=before[index].word,
                after=entry.in_force.word,
                doubt=entry.doubt.word if entry.doubt is not None else "",
                status=entry.status.value,
                settled=results.get(index, ""),
                opens=opened.get(index, nothing).now,
                earlier_opens=opened.get(index, nothing).earlier,
            )
            for index, entry in entries.items()
        ]

    def _last_look(self, looks: Sequence[Look], say: Say) -> Mapping[int, Opens]:
        if not looks:
            return {}
        # Twice the time that two logins each take at this rate: whoever asks for many accounts gets them all.
        lasts_s = max(_LAST_LOOK_S, 2 * 2 * len(looks) / _SETTLE_RATE_PER_S)
        opened = last_look(looks, self._door, rate_per_s=_SETTLE_RATE_PER_S, lasts_s=lasts_s)
        say(in_words(opened))
        return opened

    def _settle(self, say: Say) -> Settled:
        # A run of its own in the ledger's numbering: what settling finds out comes after all that flows have written.
        self._ledger.begin_run(may_rearm=False)
        journal = self._ledger.journal(0, "settle")
        manner = Manner(
            rate_per_s=_SETTLE_RATE_PER_S,
            quiet_s=_QUIET_S,
            locked_s_max=self._scenario.accounts.settle_wait_s or 0.0,
            patience_s=_PATIENCE_S,
        )
        try:
            settled = settle(self._ledger.entries(Status.UNKNOWN), self._door, Scribe(journal), manner=manner)
        finally:
            journal.end()
            self._ledger.merge()
        say(
            f"Settled: {len(settled.applied):,} changes were applied, {len(settled.not_applied):,} were not; neither "
            f"password opens {len(settled.neither):,}; still unknown: {len(settled.still_unknown):,}."
        )
        for told in settled.still_unknown[:3]:
            say(f"  {told.entry.user_name}: {told.why}")
        return settled

    def _retired(self, indices: Iterable[int], settled: Settled | None) -> list[Entry]:
        """Return the accounts that this run took out of use."""
        of_settling = (
            (*settled.applied, *settled.not_applied, *settled.neither, *settled.still_unknown) if settled else ()
        )
        numbers = {*indices, *(told.entry.index for told in of_settling)}
        entries = (self._ledger.entry(index) for index in sorted(numbers))
        return [entry for entry in entries if entry.status is Status.RETIRED]


def close_books(
    keeper: Keeper, say: Say, *, dry_s: float | None
) -> tuple[AccountsRecord | None, Sequence[Ending], tuple[str, ...]]:
    """Settle what is in doubt; return what became of the accounts, all and each, and what went wrong about that.

    Whatever fails, the journals stay, and the run has its report. `dry_s` is when accounts ran out, if they did.
    """
    try:
        return *keeper.end_run(say, dry_s=dry_s), ()
    except PwdloadError as error:
        log.error("The accounts could not be settled: %s", error)  # noqa: TRY400 - one line for people
        return None, (), (f"The accounts could not be settled ({error}); try `pwdload accounts settle`.",)


def _results(settled: Settled | None) -> dict[int, str]:
    """Return what settling has found out of each account, in the words of `Ending.settled`."""
    if settled is None:
        return {}
    told = {"applied": settled.applied, "not_applied": settled.not_applied, "neither": settled.neither}
    told["unknown"] = settled.still_unknown
    return {one.entry.index: word for word, ones in told.items() for one in ones}


def _record_of(settled: Settled) -> SettledRecord:
    return SettledRecord(
        applied=len(settled.applied),
        not_applied=len(settled.not_applied),
        neither=len(settled.neither),
        still_unknown=len(settled.still_unknown),
    )


def _door(accounts: LedgerAccounts, scenario: Scenario, target: str) -> LoginDoor:
    """Return where passwords are tried: connections of their own, each account with its own device as in the load."""
    connections = Connections(
        scenario.target,
        target,
        clock=time.perf_counter,
        environment=os.environ,
        chance=random.Random(scenario.seed),  # noqa: S311
    )
    return LoginDoor(
        connections,
        PasswordBook(run_secret(), password_policy(scenario)),
        device_population(scenario),
        tenant_id=scenario.target.tenant_id,
        account=accounts.account,
    )
