"""Correctness: what a run's history proves of the target, whatever its numbers are.

    run directory --read_history--> History --judge--> Judgement

`check_run` does both. Everything is a pure function of the run directory; what cannot be told is INCONCLUSIVE.
"""

from pwdload.oracle.checks import CHECKS
from pwdload.oracle.history import History, read_history
from pwdload.oracle.judge import check_run, judge
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Judgement, Moment, Violation

__all__ = [
    "CHECKS",
    "VIOLATIONS_MAX",
    "CheckResult",
    "History",
    "Judgement",
    "Moment",
    "Violation",
    "check_run",
    "judge",
    "read_history",
]
