"""A last look at accounts that a run has used: does the password that should be in force open each, and no older one.

One wrong password per account at most, and the right one after it, which ends the count of failed attempts: no account
is brought nearer to its lock. Nothing is changed by it, so nothing is written down.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.crew import Crew
from pwdload.accounts.door import Door
from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.reading import Says
from pwdload.accounts.spacing import Gate, Spacing

_LOOKED_AT: Final = frozenset({Status.READY, Status.CHANGED})
_SAYS: Final = {Says.OPENS: True, Says.WRONG: False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An account to be looked at."""

    entry: Entry
    """As the ledger knows it: its password in force must open it."""
    earlier: PasswordRef | None = None
    """The password that was in force before the run, and is no more; null where none was changed."""


class Opens(NamedTuple):
    """What was seen; null where no answer said."""

    now: bool | None
    """Whether the password in force opens the account."""
    earlier: bool | None
    """Whether the one before the run does."""


def chosen(looks: Sequence[Look], at_most: int) -> Sequence[Look]:
    """Return so many accounts, spread evenly: those that were changed first, a fifth left to those that were not.

    The same of the same. Left out are those that are out of use, or in doubt.
    """
    usable = [look for look in looks if look.entry.status in _LOOKED_AT]
    changed = [look for look in usable if look.earlier is not None]
    unchanged = [look for look in usable if look.earlier is None]
    for_others = min(len(unchanged), max(at_most // 5, at_most - len(changed)))
    return [*_spread(changed, at_most - for_others), *_spread(unchanged, for_others)]


def _spread(looks: Sequence[Look], at_most: int) -> Sequence[Look]:
    if len(looks) <= at_most:
        return looks
    return [looks[place * len(looks) // at_most] for place in range(at_most)]


def last_look(
    looks: Sequence[Look],
    door: Door,
    *,
    rate_per_s: float,
    threads: int = 8,
    patience_s: float = 2.0,
    lasts_s: float = 5.0,
    clock: Callable[[], float] = time.monotonic,
) -> Mapping[int, Opens]:
    """Log in to accounts with the earlier password and then with the one in force; return what each said, by index.

    A target that answers nothing for `patience_s` is not asked further: what is not known by then stays null. No
    account is begun with after `lasts_s`: those are left out, since a slow target must not hold up the end of a run.
    """
    begun_s = clock()
    stop, seen, lock = threading.Event(), dict[int, Opens](), threading.Lock()
    spacing = Spacing(rate_per_s, clock=clock, sleep=stop.wait)
    gate = Gate(door.probe, patience_s=patience_s, clock=clock, sleep=stop.wait, stopped=stop.is_set)

    def opens(entry: Entry, ref: PasswordRef) -> bool | None:
        password = door.text(entry, ref)
        if not password:
            return None
        spacing.wait()
        if not gate.passes():
            return None
        says = door.knock(entry, password).says
        if says in (Says.AWAY, Says.SILENCE):
            gate.suspect()
        return _SAYS.get(says)

    def do(look: Look) -> None:
        if clock() - begun_s >= lasts_s:
            return
        earlier = opens(look.entry, look.earlier) if look.earlier is not None else None
        answered = Opens(opens(look.entry, look.entry.in_force), earlier)
        with lock:
            seen[look.entry.index] = answered

    Crew(do, threads=threads, stop=stop, clock=clock).work_through(looks)
    return seen


def in_words(opened: Mapping[int, Opens]) -> str:
    """Return what was seen, one line; an account that nothing was heard of is not told as one that does not open."""
    right = sum(seen.now is True and not seen.earlier for seen in opened.values())
    untried = sum(seen.now is None for seen in opened.values())
    told = f"A last look at {len(opened):,} accounts: {right:,} open with the password that they should have"
    return f"{told}; {untried:,} could not be tried: no answer, or none that tells." if untried else f"{told}."
