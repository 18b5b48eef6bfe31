"""A session belongs to the one who logged in."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from pwdload.oracle.checks.concluding import Words, concluded
from pwdload.oracle.history import History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Violation
from pwdload.oracle.operation import Flags, Ints
from pwdload.oracle.reading import has_text, numbers
from pwdload.oracle.timeline import violation_at
from pwdload.samples.columns import plain
from pwdload.statistics.ordering import has_twice
from pwdload.units import counted

_NAME = "sessions"
_OF_ANOTHER = "A session_token was handed out that another account had been given."
_RULE = "a session belongs to the one who logged in"
_REMARKS = {
    "id_token:another": "The id_token names another user than the one who asked.",
    "session:another": "The session_token opens another user's session.",
}


def check_sessions(history: History) -> CheckResult:
    """A session_token that two accounts were given, or an identity that is another's, is a violation."""
    rows = history.rows
    session, is_null = plain(rows["session"])
    is_there = session != 0 if is_null is None else ~is_null & (session != 0)
    handed_out = int(np.count_nonzero(is_there))
    handed, again, of_others = _again(rows) if _is_any_twice(session, is_there) else (session[:0],) * 3
    found = [(row, _OF_ANOTHER) for row in handed[of_others].tolist()]
    for word, sentence in _REMARKS.items():
        found += [(row, sentence) for row in np.flatnonzero(has_text(rows, "remark", _holds(word))).tolist()]
    unreadable = int(has_text(rows, "remark", _holds("id_token:unreadable")).sum())
    facts = []
    if len(again) - len(of_others):
        facts.append(("session_tokens handed out again to the same account", f"{len(again) - len(of_others):,}"))
    if unreadable:
        facts.append(("id_tokens that cannot be read", f"{unreadable:,}; the contract says JWT"))
    return concluded(
        Words(
            name=_NAME,
            title="Nobody got another's session",
            good=f"{counted(handed_out, 'session')} opened, none of them another's.",
            bad=f"{counted(len(found), 'answer')} gave away what belongs to another account.",
            nothing="No session was opened.",
        ),
        examined=handed_out,
        violations=[_violation(history, row, sentence) for row, sentence in sorted(found)[:VIOLATIONS_MAX]],
        total=len(found),
        facts=facts,
    )


def _is_any_twice(session: Ints, is_there: Flags) -> bool:
    """Say whether any session is there twice: a quarter of all numbers at a time, as of a long run they take room."""
    for least in range(-(2**63), 2**63, 2**62):
        if has_twice(session[is_there & (session >= least) & (session <= least + 2**62 - 1)]):
            return True
    return False


def _again(rows: pa.Table) -> tuple[Ints, Ints, Ints]:
    """Return the rows of all hand-outs, which of these repeat a session, and which do so to another account."""
    session, account = numbers(rows, "session", 0), numbers(rows, "account", -1)
    handed = np.flatnonzero(session)
    session, account = session[handed], account[handed]
    _, first, number = np.unique(session, return_index=True, return_inverse=True)
    is_again = first[number] != np.arange(len(session))
    return handed, np.flatnonzero(is_again), np.flatnonzero(is_again & (account != account[first][number]))


def _holds(word: str) -> Callable[[str], bool]:
    return lambda remark: word in remark.split()


def _violation(history: History, row: int, sentence: str) -> Violation:
    return violation_at(history, check=_NAME, rule=_RULE, sentence=sentence, row=row)
