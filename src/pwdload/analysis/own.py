"""Checks of a team's own: each answers one question about a run, and counts in its verdict; docs/extending.md."""

import re
from collections.abc import Sequence

from pwdload.analysis.checks import CHECKS
from pwdload.analysis.checks.answer import Answer, Question
from pwdload.analysis.checks.registered import OWN
from pwdload.analysis.run import Run
from pwdload.errors import UsageError
from pwdload.outcome import Group, Verdict

__all__ = ["Answer", "Group", "Question", "Run", "Verdict", "own_checks", "register_check"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


def register_check(question: Question) -> Question:
    """Have a check asked of every run that is reported from now on, after our own; return it.

    It is given a `Run` and returns a verdict and its reason; one that raises comes out as INCONCLUSIVE. Its group
    says what its failing is about: the instrument, correctness, or (`Group.CRITERIA`) what the run had to keep.

    Raises:
        UsageError: its name is unfit or taken.
    """
    if not _NAME.fullmatch(question.check):
        raise UsageError(f"check {question.check!r}: allowed are lower-case letters, digits and _, a letter first")
    if question.check in {one.check for one in (*CHECKS, *OWN)}:
        raise UsageError(f"check {question.check!r}: there is one of that name already; give it another")
    OWN.append(question)
    return question


def own_checks() -> Sequence[Question]:
    """Return the checks that were registered, in their order."""
    return tuple(OWN)
