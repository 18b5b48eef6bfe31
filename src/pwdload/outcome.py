"""What became of one request, and what a run is worth.

`Outcome` judges a single exchange, `Verdict` a whole run (or one part of it). Doubt has a value of its own in
both: a request that may or may not have been applied is `UNKNOWN`, a run that cannot be judged is `INCONCLUSIVE`.
Neither ever counts as success.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one HTTP exchange, judged by its parsed body against what its case expects."""

    RIGHT_ACCEPT = "right_accept"
    """Accepted, as expected."""
    RIGHT_REJECT = "right_reject"
    """Refused with a documented refusal, as expected."""
    WRONG_ACCEPT = "wrong_accept"
    """Accepted although it had to be refused: always a correctness violation."""
    WRONG_REJECT = "wrong_reject"
    """Refused with a documented refusal although it had to be accepted."""
    SHED = "shed"
    """Turned away by an overloaded target: HTTP 429, 503, or the documented busy code."""
    UNKNOWN = "unknown"
    """The first byte went out and no documented answer came back: it may or may not have been applied."""
    NOT_SENT = "not_sent"
    """No byte went out, so nothing can have been applied."""
    CONTRACT_VIOLATION = "contract_violation"
    """A complete answer that the published contract does not allow."""

    @property
    def is_as_expected(self) -> bool:
        """Whether the target did what the case expects: the only two outcomes that are successes."""
        return self is _RIGHT_ACCEPT or self is _RIGHT_REJECT


# Asked of every exchange, several times: a global is at hand at a quarter of what a member of an enum costs.
_RIGHT_ACCEPT, _RIGHT_REJECT = Outcome.RIGHT_ACCEPT, Outcome.RIGHT_REJECT


class Verdict(StrEnum):
    """What a run, or one part of it, is worth. Declared from best to worst: `merge` takes the worst.

    A definite failure outranks doubt. INVALID outranks SLO_FAILED, since a broken instrument's numbers prove
    nothing. A correctness violation outranks everything: it was seen, whatever else went wrong.
    """

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    INCONCLUSIVE = "INCONCLUSIVE"
    SLO_FAILED = "SLO_FAILED"
    INVALID = "INVALID"
    CORRECTNESS_FAILED = "CORRECTNESS_FAILED"

    @property
    def exit_code(self) -> int:
        """The process exit code of a run with this verdict, the same for `locust` and `pwdload` (2 is usage)."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Verdict.PASS: 0,
    Verdict.SLO_FAILED: 1,
    Verdict.INVALID: 3,
    Verdict.CORRECTNESS_FAILED: 4,
    Verdict.INCONCLUSIVE: 5,
}
_BADNESS = {verdict: rank for rank, verdict in enumerate(Verdict)}


class Group(StrEnum):
    """What a check is about: whether the target was right, whether the numbers are, whether they are good enough."""

    CORRECTNESS = "correctness"
    INSTRUMENT = "instrument"
    CRITERIA = "criteria"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason for a verdict: which check found it, and what it found in one sentence for a person."""

    verdict: Verdict
    check: str
    """Names the check for programs, for ever."""
    title: str
    """What holds if the check passes, for a person."""
    group: Group
    reason: str
    is_examined: bool = True
    """Whether there was anything to look at. False: the PASS proves nothing, and is not told as one."""


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of the verdicts. Nothing to merge is INCONCLUSIVE: no check ran, so nothing is known."""
    return max(verdicts, key=_BADNESS.__getitem__, default=Verdict.INCONCLUSIVE)
