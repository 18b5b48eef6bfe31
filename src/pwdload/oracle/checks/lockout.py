"""An account is locked after so many wrong passwords in a row, its own, and not before.

The documentation says "N consecutive failed logins". It leaves open whether a wrong old_password counts, and an attempt
without an answer may or may not have counted: what may have counted excuses a lock, and only what must have counted
demands one.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final, NamedTuple

import numpy as np

from pwdload.oracle.checks.concluding import Check, Words, concluded, unless_gaps
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult
from pwdload.oracle.operation import Kind, Op, Result, Why
from pwdload.oracle.seen import Finding, Seen
from pwdload.units import counted

_NAME: Final = "lockout"
_TOO_SOON: Final = "an account is locked by its own failed logins alone"
_TOO_LATE: Final = "an account is locked after the set number of failed logins in a row"


class _Wrong(NamedTuple):
    account: int
    op: Op
    rule: str
    sentence: str


def _look(history: History) -> Seen:
    ops, threshold = history.operations, history.settings.lockout_threshold
    locked, wrong = ops.why == Why.LOCKED, (ops.why == Why.WRONG_PASSWORD) & (ops.kind == Kind.LOGIN)
    soon: list[_Wrong] = []
    late: list[_Wrong] = []
    if threshold:
        for account in np.unique(ops.account[locked]).tolist():
            soon += _locked_too_soon(account, ops.of(account), threshold)
        accounts, failures = np.unique(ops.account[wrong], return_counts=True)
        for account in accounts[failures >= threshold].tolist():
            late += _locked_too_late(account, ops.of(account), threshold, history.settings.lock_s)
    return Seen(
        counts=Counter(locked=int(locked.sum()), wrong=int(wrong.sum()), found=len(soon) + len(late)),
        found=tuple(
            _finding(history, number, one)
            for number, found in enumerate((soon, late))
            for one in found[:VIOLATIONS_MAX]
        ),
    )


def _finding(history: History, number: int, one: _Wrong) -> Finding:
    _, seq, worker = history.place_of(one.op.row)
    order = (number, one.account)  # an account is told of once
    return Finding(order=order, rule=one.rule, sentence=one.sentence, worker=worker, seq=seq, account=one.account)


def _tell(history: Circumstances, seen: Seen) -> CheckResult:
    locked, wrong, found = (seen.counts[name] for name in ("locked", "wrong", "found"))
    threshold = history.settings.lockout_threshold
    known = f"{threshold} in a row lock" if threshold else "no lock-out" if threshold == 0 else "not known"
    return concluded(
        Words(
            name=_NAME,
            title="Locked by one's own failures, and by enough of them",
            good=f"{counted(wrong, 'failed login')} and {counted(locked, 'lock')} were seen, and none breaks the rule.",
            bad=f"{counted(found, 'time')} an account was locked, or left open, against the rule.",
            nothing="No login failed.",
        ),
        examined=locked + wrong,
        violations=seen.told(),
        total=found,
        doubt=unless_gaps(history, found),
        facts=(("failed logins that lock an account", known),),
    )


check_lockout = Check(look=_look, tell=_tell)
"""A lock without enough failed logins, or enough of them without a lock, is a violation."""


def _locked_too_soon(account: int, ops: Sequence[Op], threshold: int) -> Iterator[_Wrong]:
    """Yield the answers that say "locked" of an account that so many failed logins cannot have had.

    Counted from a login that was let in, without which nothing is known of what was counted before the run.
    """
    for op in ops:
        if op.why != Why.LOCKED:
            continue
        since_s = max((one.call_s for one in ops if _let_in(one) and one.return_s < op.call_s), default=None)
        if since_s is None:
            continue
        most = sum(_may_count(one) and one.return_s >= since_s and one.call_s <= op.return_s for one in ops)
        if most < threshold:
            sentence = f"Locked after {counted(most, 'failed attempt')} at most, where {threshold} are needed."
            yield _Wrong(account, op, _TOO_SOON, sentence)
            return


def _locked_too_late(account: int, ops: Sequence[Op], threshold: int, lock_s: float) -> Iterator[_Wrong]:
    """Yield the first answer about a password that came while the account had to be locked.

    Only where the order is beyond question: what has no answer may have been let in at any time, which is forgiven all.
    """
    if any(op.result == Result.DOUBTFUL for op in ops):
        return
    failures, last_s = 0, -inf
    for op in sorted(ops, key=lambda op: op.return_s):
        says = op.kind == Kind.LOGIN and (op.result == Result.OK or op.why == Why.WRONG_PASSWORD)
        if says and failures >= threshold and last_s < op.call_s and op.return_s < last_s + lock_s:
            came = "let in" if op.result == Result.OK else "still told that its password is wrong"
            yield _Wrong(account, op, _TOO_LATE, f"After {failures} failed logins in a row the next was {came}.")
            return
        if says and op.result == Result.REFUSED and last_s < op.call_s:
            failures, last_s = failures + 1, op.return_s
        elif op.result != Result.NOTHING and not _is_idle(op):
            failures, last_s = 0, -inf  # forgotten, or it may have been


def _let_in(op: Op) -> bool:
    return op.kind == Kind.LOGIN and op.result == Result.OK


def _may_count(op: Op) -> bool:
    """Whether a target may have counted it as a failed attempt."""
    # The answer that says "locked" may itself be to the attempt that filled the measure.
    return op.result in (Result.REFUSED, Result.DOUBTFUL) and op.kind != Kind.SET


def _is_idle(op: Op) -> bool:
    """Whether it is a change that was refused, which forgets no failed login."""
    return op.kind in (Kind.UPDATE, Kind.SKIP, Kind.FOREIGN) and op.result == Result.REFUSED
