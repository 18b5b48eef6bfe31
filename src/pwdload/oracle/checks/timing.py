"""How long an answer takes must not say whether there is such a user.

An answer to an unknown user is paired with the answer to a wrong password that was sent nearest to it in time, so that
a load that changes over the run changes both. Where nothing leaks, a difference is as likely above zero as below; the
median difference has an exact interval from order statistics (sign test), whatever the distribution.
"""

import array
from typing import Final, NamedTuple

import numpy as np

from pwdload.api.contract import WRONG_PASSWORD_CODES
from pwdload.oracle.binomial import median_ranks
from pwdload.oracle.checks.concluding import Check, Words, concluded
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import CheckResult, Violation
from pwdload.oracle.operation import Flags, Floats
from pwdload.oracle.reading import UNKNOWN_USER_CASE, has_text, times
from pwdload.oracle.seen import Seen

_NAME: Final = "timing"
_KINDS: Final = ("unknown", "wrong", "right")
_SENT, _TOOK = " sent", " took"
_WRONG_CASE: Final = "login_wrong_then_right"
CASES: Final = frozenset({UNKNOWN_USER_CASE, _WRONG_CASE})
"""Whose answers are compared."""
_PAIRS_LEAST: Final = 50
_CONFIDENCE: Final = 0.999
_APART_S_MAX: Final = 10.0
"""Answers further apart than this are not compared: the load may have been another."""


class _Shift(NamedTuple):
    """The median of paired differences, and its interval, in seconds."""

    pairs: int
    median_s: float
    low_s: float
    high_s: float

    @property
    def least_s(self) -> float:
        """How large the shift is at least, whichever way."""
        return max(self.low_s, -self.high_s, 0.0)

    @property
    def words(self) -> str:
        """The shift for people."""
        low, median, high = (1000 * value for value in (self.low_s, self.median_s, self.high_s))
        return f"{median:+.2f} ms ({low:+.2f} to {high:+.2f} ms) over {self.pairs:,} pairs"


def _look(history: History) -> Seen:
    values: dict[str, tuple[Floats, ...]] = {}
    for kind in _KINDS:
        sent_s, took_s = _answers(history, kind)
        values |= {kind + _SENT: (sent_s,), kind + _TOOK: (took_s,)}
    return Seen(values=values)


def _tell(history: Circumstances, seen: Seen) -> CheckResult:
    unknown, wrong, right = (_in_time(seen, kind) for kind in _KINDS)
    limit_s = history.settings.timing_leak_s
    shift = _shift(unknown, wrong)
    pairs = shift.pairs if shift is not None else 0
    leaks = shift is not None and shift.least_s > limit_s
    few = f"{len(unknown[0]):,} answers to unknown users and {len(wrong[0]):,} to wrong passwords"
    facts = [("limit", f"{limit_s * 1000:g} ms"), ("compared on reused connections", few)]
    if shift is not None:
        facts.append(("unknown user against wrong password", shift.words))
    told = _shift(right, wrong)
    if told is not None:
        facts.append(("right password against wrong password", f"{told.words}; the answer itself says as much"))
    words = shift.words if shift is not None else ""
    return concluded(
        Words(
            name=_NAME,
            title="Answer times do not tell who has an account",
            good=f"The median difference is {words}, with 99.9 % confidence not beyond the limit of "
            f"{limit_s * 1000:g} ms."
            if shift is not None and max(abs(shift.low_s), abs(shift.high_s)) <= limit_s
            else f"The median difference is {words}: no leak of more than {limit_s * 1000:g} ms is proved.",
            bad=f"An unknown user is answered {words} from a wrong password, more than {limit_s * 1000:g} ms.",
            nothing=f"Too few to compare: {few}; {_PAIRS_LEAST} of each, near each other in time, are needed.",
        ),
        examined=pairs,
        violations=[_violation(float(unknown[0][0]), shift.words)] if leaks and shift is not None else [],
        facts=facts,
    )


check_timing = Check(look=lambda _: Seen(), tell=_tell, across={"answers": _look})
"""A shift beyond the limit between unknown user and wrong password is a violation.

That the right password takes another time says no more than the answer itself: it is told.
"""


def _in_time(seen: Seen, kind: str) -> tuple[Floats, Floats]:
    """Return when the answers of a kind were sent, in order, and how long each took."""
    sent_s, took_s = seen.all(kind + _SENT), seen.all(kind + _TOOK)
    order = np.argsort(sent_s, kind="stable")
    ordered_s = sent_s[order]
    if (ordered_s[1:] == ordered_s[:-1]).any():  # of those sent at the same instant the quicker one first
        order = np.lexsort((took_s, sent_s))
    return ordered_s, took_s[order]


def _answers(history: History, kind: str) -> tuple[Floats, Floats]:
    """Return when the answered logins of a kind were sent, and how long each took."""
    rows = history.rows
    sent_s, done_s = times(rows, "sent_s"), times(rows, "done_s")
    of_case = UNKNOWN_USER_CASE if kind == "unknown" else _WRONG_CASE
    chosen = has_text(rows, "case", lambda case: case == of_case)
    chosen &= has_text(rows, "step", lambda step: step in ("login", "verify"))
    chosen &= _is_let_in(history) if kind == "right" else _is_called_wrong(history)
    # Opening a connection is no part of answering.
    chosen &= np.isnan(times(rows, "connect_s")) & ~np.isnan(sent_s)
    at = np.flatnonzero(chosen)
    return sent_s[at], done_s[at] - sent_s[at]


def _is_called_wrong(history: History) -> Flags:
    return has_text(history.rows, "error_code", lambda code: code.endswith(WRONG_PASSWORD_CODES))


def _is_let_in(history: History) -> Flags:
    return has_text(history.rows, "outcome", lambda word: word == "right_accept")


def _shift(these: tuple[Floats, Floats], those: tuple[Floats, Floats]) -> _Shift | None:
    """Return the shift between two kinds; null where too few can be paired."""
    differences = np.sort(_paired(these, those))
    ranks = median_ranks(len(differences), _CONFIDENCE)
    if len(differences) < _PAIRS_LEAST or ranks is None:
        return None
    low, high = (float(differences[rank]) for rank in ranks)
    return _Shift(len(differences), float(np.median(differences)), low, high)


def _paired(these: tuple[Floats, Floats], those: tuple[Floats, Floats]) -> Floats:
    """Return differences of neighbours in time, each answer used once."""
    my_s, my_took_s, other_s, other_took_s = (times_s.data for times_s in (*these, *those))  # plain numbers, uncopied
    differences, mine, other = array.array("d"), 0, 0
    while mine < len(my_s) and other < len(other_s):
        apart_s = my_s[mine] - other_s[other]
        # The next of the one that lags behind may be nearer.
        if apart_s > 0 and other + 1 < len(other_s) and abs(my_s[mine] - other_s[other + 1]) < apart_s:
            other += 1
        elif apart_s < 0 and mine + 1 < len(my_s) and abs(my_s[mine + 1] - other_s[other]) < -apart_s:
            mine += 1
        else:
            if abs(apart_s) <= _APART_S_MAX:
                differences.append(my_took_s[mine] - other_took_s[other])
            mine, other = mine + 1, other + 1
    return np.array(differences, np.float64)


def _violation(at_s: float, words: str) -> Violation:
    return Violation(
        check=_NAME,
        rule="the time of an answer does not tell whether there is such a user",
        sentence=f"Answers to unknown users differ from those to wrong passwords by {words}.",
        account=None,
        worker="",
        flow=-1,
        case=UNKNOWN_USER_CASE,
        at_s=at_s,
    )
