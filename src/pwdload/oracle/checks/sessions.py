"""A session belongs to the one who logged in."""

from collections.abc import Callable

import numpy as np

from pwdload.oracle.checks.concluding import Words, concluded
from pwdload.oracle.history import History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Violation
from pwdload.oracle.operation import Flags, Ints
from pwdload.oracle.reading import has_text, numbers
from pwdload.oracle.timeline import violation_at
from pwdload.samples.columns import plain
from pwdload.statistics.ordering import again, is_among
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
    repeated = _of_repeated(session, is_there)
    is_again, is_of_another = _again(session[repeated], numbers(rows, "account", -1)[repeated])
    of_others, same = repeated[is_of_another], int(is_again.sum() - is_of_another.sum())
    found = [(row, _OF_ANOTHER) for row in of_others.tolist()]
    for word, sentence in _REMARKS.items():
        found += [(row, sentence) for row in np.flatnonzero(has_text(rows, "remark", _holds(word))).tolist()]
    unreadable = int(has_text(rows, "remark", _holds("id_token:unreadable")).sum())
    facts = []
    if same:
        facts.append(("session_tokens handed out again to the same account", f"{same:,}"))
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


def _of_repeated(session: Ints, is_there: Flags) -> Ints:
    """Return the rows whose session another row has too: a quarter of all numbers at a time, as they take much room."""
    found = []
    for least in range(-(2**63), 2**63, 2**62):
        at = np.flatnonzero(is_there & (session >= least) & (session <= least + 2**62 - 1))
        some = session[at]
        found.append(at[is_among(some, again(some))])
    return np.sort(np.concatenate(found))


def _again(session: Ints, account: Ints) -> tuple[Flags, Flags]:
    """Say of each hand-out whether it repeats a session, and whether it does so to another account than the first."""
    _, first, number = np.unique(session, return_index=True, return_inverse=True)
    is_again = first[number] != np.arange(len(session))
    return is_again, is_again & (account != account[first][number])


def _holds(word: str) -> Callable[[str], bool]:
    return lambda remark: word in remark.split()


def _violation(history: History, row: int, sentence: str) -> Violation:
    return violation_at(history, check=_NAME, rule=_RULE, sentence=sentence, row=row)
