"""A session belongs to the one who logged in."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from pwdload.oracle.checks.concluding import Check, Words, concluded
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult
from pwdload.oracle.operation import Flags, Ints
from pwdload.oracle.reading import has_text, numbers
from pwdload.oracle.seen import Finding, Seen, finding_at
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


def _look(history: History) -> Seen:
    """See what stands in the rows themselves."""
    history = history.own
    rows = history.rows
    counts = Counter(handed_out=int(np.count_nonzero(_is_there(rows))))
    found: list[Finding] = []
    for word, sentence in _REMARKS.items():
        at = np.flatnonzero(has_text(rows, "remark", _holds(word))).tolist()
        counts["found"] += len(at)
        found += [_finding(history, row, sentence) for row in at[:VIOLATIONS_MAX]]
    counts["unreadable"] = int(has_text(rows, "remark", _holds("id_token:unreadable")).sum())
    return Seen(counts=counts, found=tuple(found))


def _look_across(history: History) -> Seen:
    """See which sessions several rows were given."""
    rows = history.rows
    session, _ = plain(rows["session"])
    repeated = _of_repeated(session, _is_there(rows))
    is_again, is_of_another = _again(session[repeated], numbers(rows, "account", -1)[repeated])
    of_others = repeated[is_of_another].tolist()
    return Seen(
        counts=Counter(found=len(of_others), same=int(is_again.sum()) - len(of_others)),
        found=tuple(_finding(history, row, _OF_ANOTHER) for row in of_others[:VIOLATIONS_MAX]),
    )


def _tell(_: Circumstances, seen: Seen) -> CheckResult:
    handed_out, found, same, unreadable = (seen.counts[name] for name in ("handed_out", "found", "same", "unreadable"))
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
            bad=f"{counted(found, 'answer')} gave away what belongs to another account.",
            nothing="No session was opened.",
        ),
        examined=handed_out,
        violations=seen.told(),
        total=found,
        facts=facts,
    )


check_sessions = Check(look=_look, tell=_tell, across={"sessions": _look_across})
"""A session_token that two accounts were given, or an identity that is another's, is a violation."""


def _is_there(rows: pa.Table) -> Flags:
    session, is_null = plain(rows["session"])
    is_there: Flags = session != 0 if is_null is None else ~is_null & (session != 0)
    return is_there


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


def _finding(history: History, row: int, sentence: str) -> Finding:
    return finding_at(history, row, rule=_RULE, sentence=sentence)
