"""Finding out which of two passwords opens an account, with two logins at most.

The newer one is tried first, then the older. An account is left in doubt rather than brought to its lock: every login
that is sent may be counted as a failed attempt, until its answer says otherwise, and is kept as one even if this
process ends before the answer comes.

    UNKNOWN --newer opens--> applied
            --newer is wrong, older opens--> not applied
            --both are wrong--> neither: retired
            --anything else--> still unknown, with the reason
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.crew import Crew
from pwdload.accounts.door import Door
from pwdload.accounts.entry import Entry, Event, Kind, Reason, Status
from pwdload.accounts.reading import Reading, Says
from pwdload.accounts.scribe import Manner, Result, Scribe, Tally, Told
from pwdload.accounts.spacing import Gate, Spacing
from pwdload.passwords import Shape

_SILENCES_MAX: Final = 3
"""Logins without an answer, of one account in one call: each may be counted as a failed attempt."""
_UNTOLD: Final = 3
"""Failed attempts that others may have caused, and that no answer has told of yet; a login that succeeds ends them,
and each account had one just before its doubt."""
_LOCKS_MAX: Final = 3
_PAUSE_S: Final = 0.5
_PAUSE_S_MAX: Final = 8.0
_LOCK_MARGIN_S: Final = 1.0
"""Waited beyond the stated end of a lock, which is told in whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a call of `settle` has found out, each account once, by index."""

    applied: Sequence[Told]
    not_applied: Sequence[Told]
    neither: Sequence[Told]
    still_unknown: Sequence[Told]

    @classmethod
    def of(cls, tally: Tally) -> "Settled":
        """Return what was told."""
        return cls(
            applied=tally.of(Result.APPLIED),
            not_applied=tally.of(Result.NOT_APPLIED),
            neither=tally.of(Result.NEITHER),
            still_unknown=tally.of(Result.STILL_UNKNOWN),
        )


@dataclass(slots=True)
class Case:
    """One account in doubt, and what is known by now."""

    entry: Entry
    due_at: float
    """Unix time before which nobody looks."""
    result: Result | None = None
    """Null while it is being settled."""
    why: str = ""
    said: dict[PasswordRef, Reading] = field(default_factory=dict)
    """What a login with either password was answered, where that says something."""
    remaining: int | None = None
    """By the last answer that named it: how many failed attempts lock the account."""
    silences: int = 0
    locks: int = 0
    pause_s: float = _PAUSE_S
    away_since_s: float | None = None
    locked_since_s: float | None = None

    def end(self, result: Result, why: str = "") -> float | None:
        """Be done with it, for now; returns null, which is when to go on."""
        self.result, self.why = result, why
        return None

    def pause(self) -> float:
        """Return how long to wait before the next try: longer each time."""
        pause_s, self.pause_s = self.pause_s, min(2 * self.pause_s, _PAUSE_S_MAX)
        return pause_s


def settle(
    entries: Iterable[Entry],
    door: Door,
    scribe: Scribe,
    *,
    manner: Manner | None = None,
    progress: Callable[[Told], object] | None = None,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Settled:
    """Find out which password opens each of the accounts in doubt; others are passed over.

    Those come first that were tried least, so that no account pays for every time that a call is broken off.
    May be broken off at any time, by `stop` or by an exception from outside, and called again: what was found out by
    then is kept, and no password that was answered is tried again.

    Raises:
        AccountsError: the journal cannot be written.
    """
    manner, stop, tally = manner or Manner(), stop or threading.Event(), Tally(progress)
    spacing = Spacing(manner.rate_per_s, clock=clock, sleep=stop.wait)
    gate = Gate(door.probe, patience_s=manner.patience_s, clock=clock, sleep=stop.wait, stopped=stop.is_set)
    settler = Settler(door, scribe, manner, spacing, gate, clock=clock)

    def do(case: Case) -> float | None:
        again_s = settler.step(case)
        if case.result is not None and not (stop.is_set() and case.result is Result.STILL_UNKNOWN):
            tally.tell(case.entry, case.result, case.why)
        return again_s

    in_doubt = sorted((entry for entry in entries if entry.status is Status.UNKNOWN), key=attrgetter("tries"))
    cases = map(settler.case, scribe.leasing(in_doubt))
    Crew(do, threads=manner.threads, stop=stop, clock=clock).work_through(cases)
    return Settled.of(tally)


class Settler:
    """Settles accounts, one login at a time."""

    def __init__(
        self,
        door: Door,
        scribe: Scribe,
        manner: Manner,
        spacing: Spacing,
        gate: Gate,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = door
        self._scribe = scribe
        self._manner = manner
        self._spacing = spacing
        self._gate = gate
        self._clock = clock

    def case(self, entry: Entry) -> Case:
        """Return an account in doubt as one to be settled."""
        now = self._scribe.now()
        case = Case(entry, due_at=min(entry.changed_at or 0.0, now) + self._manner.quiet_s)
        if entry.wrong is not None:
            case.said[entry.wrong] = Reading(says=Says.WRONG)
        return case

    def step(self, case: Case) -> float | None:
        """Go on with an account, by one login at most; return after how many seconds to go on, null when it is done.

        Raises:
            AccountsError: the journal cannot be written.
        """
        rest_s = case.due_at - self._scribe.now()
        if rest_s > 0:
            return rest_s
        candidates = self._candidates(case.entry)
        following = next((ref for ref in candidates if ref not in case.said), None)
        if following is None:
            return self._conclude(case, candidates)
        why = self._why_not(case)
        if why:
            return case.end(Result.STILL_UNKNOWN, why)
        return self._try(case, following, candidates)

    def _try(self, case: Case, ref: PasswordRef, candidates: Sequence[PasswordRef]) -> float | None:
        password = self._door.text(case.entry, ref)
        assert password is not None, "a candidate's password is known"  # noqa: S101
        self._spacing.wait()
        if not self._gate.passes():
            return case.end(Result.STILL_UNKNOWN, "the target does not answer")
        case.entry = self._scribe.note(case.entry, Event.TRIED, Kind.SETTLE, ref)
        reading = self._door.knock(case.entry, password)
        match reading.says:
            case Says.OPENS:
                return self._opened(case, ref)
            case Says.LOCKED:
                return self._locked(case, ref, reading)
            case Says.AWAY:
                return self._away(case, ref, reading)
            case Says.SILENCE:
                return self._silent(case, reading)
            case Says.WRONG if any(other not in case.said for other in candidates if other != ref):
                case.entry = self._scribe.note(case.entry, Event.WRONG, Kind.SETTLE, ref)
        case.said[ref] = reading
        case.remaining = reading.remaining
        return 0.0

    def _candidates(self, entry: Entry) -> Sequence[PasswordRef]:
        """Return the passwords to try, in that order: those that can be known, and one of two that are the same."""
        older, newer = entry.in_force, entry.doubt or entry.in_force
        texts = {ref: self._door.text(entry, ref) for ref in (newer, older)}
        if texts[newer] is None or texts[newer] == texts[older]:
            return (older,) if texts[older] is not None else ()
        return (newer, older) if texts[older] is not None else (newer,)

    def _why_not(self, case: Case) -> str:
        """Return why another wrong password is too many; empty when it is not."""
        tries = case.entry.tries
        if case.remaining is not None:
            is_safe = case.remaining - case.silences > 1
        else:
            is_safe = tries + _UNTOLD < self._manner.lockout_threshold - 1 or not tries
        if is_safe:
            return ""
        spent = f"one more failed attempt might lock it, {tries} may be counted"
        return f"{spent}; `pwdload accounts arm --even-retired` sets a new password"

    def _opened(self, case: Case, ref: PasswordRef, *, disabled: bool = False) -> float | None:
        """Keep that a password opens the account; one that is disabled is of no use until it is armed again."""
        is_newer = ref == case.entry.doubt and ref != case.entry.in_force
        events = [(Event.APPLIED if is_newer else Event.REFUSED, ref, None)]
        retired = [(Event.RETIRED, ref, Reason.DISABLED)] if disabled else []
        case.entry = self._scribe.note_all(case.entry, [*events, *retired], Kind.SETTLE)
        return case.end(Result.APPLIED if is_newer else Result.NOT_APPLIED, "disabled: retired" if disabled else "")

    def _locked(self, case: Case, ref: PasswordRef, reading: Reading) -> float | None:
        case.entry = self._scribe.note(case.entry, Event.NOT_TRIED, Kind.SETTLE, ref)
        now_s = self._clock()
        case.locked_since_s = now_s if case.locked_since_s is None else case.locked_since_s
        case.locks += 1
        wait_s = reading.locked_s + _LOCK_MARGIN_S
        if case.locks > _LOCKS_MAX or now_s + wait_s - case.locked_since_s > self._manner.locked_s_max:
            return case.end(Result.STILL_UNKNOWN, f"locked for another {reading.locked_s:.0f} s")
        case.remaining = None
        return wait_s

    def _away(self, case: Case, ref: PasswordRef, reading: Reading) -> float | None:
        case.entry = self._scribe.note(case.entry, Event.NOT_TRIED, Kind.SETTLE, ref)
        self._gate.suspect()
        now_s = self._clock()
        case.away_since_s = now_s if case.away_since_s is None else case.away_since_s
        if now_s - case.away_since_s > self._manner.patience_s:
            return case.end(Result.STILL_UNKNOWN, f"the target turns logins away ({reading.code})")
        return case.pause()

    def _silent(self, case: Case, reading: Reading) -> float | None:
        self._gate.suspect()
        case.silences += 1
        if case.silences >= _SILENCES_MAX:
            return case.end(Result.STILL_UNKNOWN, f"{case.silences} logins without an answer ({reading.code})")
        return case.pause()

    def _conclude(self, case: Case, candidates: Sequence[PasswordRef]) -> float | None:
        """Judge when every password that can be known was tried, and none was let in.

        Access denied says nothing by itself. But where the other password is called wrong, passwords are looked at,
        and this one is not wrong: it opens a disabled account.
        """
        says = {ref: case.said[ref].says for ref in candidates}
        denied = [ref for ref, said in says.items() if said is Says.DENIED]
        wrong = [ref for ref, said in says.items() if said is Says.WRONG]
        if len(denied) == len(wrong) == 1:
            return self._opened(case, denied[0], disabled=True)
        if len(wrong) == len(candidates) and case.entry.in_force in candidates:
            return self._neither(case)
        codes = ", ".join(sorted({case.said[ref].code for ref in candidates} - {""}))
        return case.end(Result.STILL_UNKNOWN, f"login says nothing of the password ({codes or 'none can be known'})")

    def _neither(self, case: Case) -> float | None:
        """Retire an account that no password opens which it can have."""
        entry = case.entry
        doubt = entry.doubt or entry.in_force
        if entry.doubt_kind is Kind.DELETE:
            return case.end(Result.STILL_UNKNOWN, "its deletion was asked for: delete again to see it gone")
        is_unknowable = doubt.shape is Shape.UNKNOWABLE
        if not is_unknowable and self._door.text(entry, doubt) is None:
            return case.end(Result.STILL_UNKNOWN, "the newer password cannot be made again under this password policy")
        reason = Reason.UNKNOWABLE if is_unknowable else Reason.NEITHER
        case.entry = self._scribe.note(entry, Event.RETIRED, Kind.SETTLE, doubt, reason)
        return case.end(Result.NEITHER, reason.words)
