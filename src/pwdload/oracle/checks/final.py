"""After the run, when all is quiet, exactly one password opens each account: the last, or one in doubt (I3).

The logins after the run stand at the end of the account's operations, as the last word on its register.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import inf
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from pwdload.oracle.by_account import NOT_KNOWN
from pwdload.oracle.checks.concluding import Check, Words, concluded, unless_gaps, were
from pwdload.oracle.explain import NOT_LOST, ONE_PASSWORD
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Moment, Violation
from pwdload.oracle.operation import Flags, Ints, Kind, Result, Why
from pwdload.oracle.reading import has_text, numbers
from pwdload.oracle.register import Act
from pwdload.oracle.registers import Registers, story_of
from pwdload.oracle.seen import Finding, Seen
from pwdload.oracle.timeline import named, timeline
from pwdload.units import counted

_NAME: Final = "final"
_OUT_OF_USE: Final = frozenset({"retired", "deleted", "making"})
_AFTER: Final = 1e9
"""Later than anything in a run."""
_CERTAIN, _NEEDS_ALL = "certain", "needs all"
"""Whether a finding stands by itself, whatever samples are missing, or not."""


class _Ending(NamedTuple):
    """A row of the endings that says something."""

    account: int
    before: str
    after: str
    status: str
    settled: str
    opens: bool | None
    earlier_opens: bool | None


class _Wrong(NamedTuple):
    ending: _Ending
    rule: str
    sentence: str
    is_certain: bool = False
    """Whether it stands by itself, whatever samples are missing."""


def _look(history: History) -> Seen:
    examined, tried, places, unclear = _sifted(history)
    words = {word: at for at, word in enumerate(history.operations.words)}
    counts: Counter[str] = Counter(examined=examined, tried=tried)
    found = []
    for place, ending in zip(places.tolist(), _endings(unclear), strict=True):
        for wrong in _judge(history, ending, words) if _tells(ending) else ():
            kind = _CERTAIN if wrong.is_certain else _NEEDS_ALL
            counts[kind] += 1
            if counts[kind] <= VIOLATIONS_MAX:
                found.append(Finding(order=(place,), kind=kind, violation=_violation(history, wrong)))
    return Seen(counts=counts, found=tuple(found))


def _tell(history: Circumstances, seen: Seen) -> CheckResult:
    tried, certain = seen.counts["tried"], seen.counts[_CERTAIN]
    found = certain + seen.counts[_NEEDS_ALL]
    told = found if not history.gaps else certain
    return concluded(
        Words(
            name=_NAME,
            title="In the end one password opens each account",
            good=f"{counted(tried, 'account')} tried after the run: each opens to the password it must have, and to no "
            "other that was tried.",
            bad=f"{were(told, 'account')} left with a wrong password, with two, or with none.",
            nothing="No account was tried after the run.",
        ),
        examined=seen.counts["examined"],
        violations=seen.told(_CERTAIN) if history.gaps and certain else seen.told(),
        total=told or found,
        doubt="" if told else unless_gaps(history, found),
    )


check_final = Check(look=_look, tell=_tell)
"""An account that no password opens, or two, or one that was given up long ago, is a violation."""


def _sifted(history: History) -> tuple[int, int, Ints, pa.Table | None]:
    """Return how many endings say something, how many accounts were tried, and the endings that need a closer look.

    These come with their places in their file.

    Those that do not are of accounts whose plain sequence of answers ends with the very password that opens them, and
    that no earlier one opens.
    """
    endings = history.endings
    if endings is None or not len(endings):
        return 0, 0, np.zeros(0, np.int64), endings
    is_tried, opens = _answers(endings, "opens")
    is_tried_before, opens_before = _answers(endings, "earlier_opens")
    is_lost = has_text(endings, "settled", "neither".__eq__)
    before, after = (history.words_in(endings, name) for name in ("before", "after"))
    final = history.registers.plain_final.of(numbers(endings, "account", -1))
    is_clear = opens & (final == after) & ~is_lost & ~(opens_before & (before != after))
    tells = is_tried | is_tried_before | is_lost
    places = history.places_of_endings
    unclear = np.flatnonzero(~is_clear)
    places = unclear if places is None else places[unclear]
    return int(tells.sum()), int(is_tried.sum()), places, endings.take(pa.array(unclear))


def _answers(endings: pa.Table, name: str) -> tuple[Flags, Flags]:
    """Return of which accounts it is known, and of which it is so."""
    column = endings[name]
    return column.is_valid().to_numpy(), column.fill_null(False).to_numpy()


def _endings(rows: pa.Table | None) -> Iterator[_Ending]:
    if rows is not None:
        for row in rows.select(_Ending._fields).to_pylist():
            yield _Ending(**row)


def _tells(ending: _Ending) -> bool:
    return ending.opens is not None or ending.earlier_opens is not None or ending.settled == "neither"


def _judge(history: History, ending: _Ending, places: Mapping[str, int]) -> Iterator[_Wrong]:
    """Yield what is wrong with one account, one thing at most."""
    before, after = named(ending.before), named(ending.after)
    if ending.settled == "neither" or (ending.opens is False and ending.status not in _OUT_OF_USE):
        # One that was never let in may have been another from the start, and one that is locked says nothing.
        if _was_let_in(history, ending.account) and not _is_locked(history, ending.account):
            what = "neither password of its doubt opens the account" if ending.settled else f"{after} is refused"
            yield _Wrong(ending, NOT_LOST, f"After the run {what}; at the start {before} was in force.")
        return
    if ending.opens and ending.earlier_opens and ending.before != ending.after:
        yield _Wrong(ending, ONE_PASSWORD, f"After the run both {before} and {after} open the account.", True)
        return
    if not _is_consistent(history, ending, places):
        opening = after if ending.opens else before
        yield _Wrong(
            ending, NOT_LOST, f"After the run {opening} opens the account, which no change without an answer explains."
        )


def _is_consistent(history: History, ending: _Ending, words: Mapping[str, int]) -> bool:
    """Whether what opened the account at last goes with everything that was answered before."""
    registers, after, before = history.registers, words[ending.after], words[ending.before]
    final = registers.plain_final.get(ending.account)
    if final is not None and final != NOT_KNOWN and ending.opens and final == after:
        return True
    acts = []
    if ending.opens:
        acts.append(Act(_AFTER, _AFTER + 1, needs=after))
    if ending.earlier_opens is not None and before != after:
        opens = ending.earlier_opens
        acts.append(Act(_AFTER, _AFTER + 1, **({"needs": before} if opens else {"forbids": before})))
    places = _places_of(registers, ending.account)
    story = registers.stories.get(ending.account)
    if not acts or (story is not None and story.found.is_explained is not True):
        return True  # told already, or not to be told
    judged = story_of(history.operations, ending.account, places, registers.initial.get(ending.account), after=acts)
    return judged.found.is_explained is not False


def _places_of(registers: Registers, account: int) -> list[int]:
    start, end = registers.operations.span(account)
    return [place for place in range(start, end) if registers.told[place]]


def _was_let_in(history: History, account: int) -> bool:
    """Whether the target itself has said in this run which password opens the account."""
    telling = (Kind.LOGIN, Kind.UPDATE, Kind.SET)
    return any(op.result == Result.OK and op.kind in telling for op in history.operations.of(account))


def _is_locked(history: History, account: int) -> bool:
    """Whether the last that was heard of the account is that it is locked."""
    answered = [op for op in history.operations.of(account) if op.return_s < inf and op.result != Result.NOTHING]
    return bool(answered) and answered[-1].why == Why.LOCKED


def _violation(history: History, found: _Wrong) -> Violation:
    ending = found.ending
    at_s = history.record.duration_s or 0.0
    lines = [
        Moment(at_s=at_s, until_s=at_s, words=words, is_culprit=is_culprit)
        for words, is_culprit in _lines(ending, found)
    ]
    return Violation(
        check=_NAME,
        rule=found.rule,
        sentence=found.sentence,
        account=ending.account,
        worker="",
        flow=-1,
        case="",
        at_s=at_s,
        timeline=timeline(history, ending.account, -1, lines),
    )


def _lines(ending: _Ending, found: _Wrong) -> Iterator[tuple[str, bool]]:
    if ending.settled == "neither":
        yield "settling after the run: neither password opens the account", True
    if ending.opens is not None:
        came = "let in" if ending.opens else "refused"
        yield f"login after the run with {named(ending.after)}: {came}", found.rule == NOT_LOST
    if ending.earlier_opens is not None:
        came = "let in" if ending.earlier_opens else "refused"
        yield f"login after the run with {named(ending.before)}: {came}", found.rule == ONE_PASSWORD
