"""How a check comes from what it has found to its result; and the words that several use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Violation
from pwdload.oracle.seen import Seen
from pwdload.outcome import Verdict
from pwdload.units import counted

Look = Callable[[History], Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what it looks at in the history of some accounts, and what all that comes to."""

    look: Look
    """At the rows of some accounts, all of them."""
    tell: Callable[[Circumstances, Seen], CheckResult]
    """From what was seen in all parts."""
    across: Mapping[str, Look] = field(default_factory=dict)
    """At rows that are together for another reason than their account, by the name of it (`sources.Source.across`)."""


def were(count: int, noun: str) -> str:
    """Return a count with its noun and verb: "1 login was", "4,000 logins were"."""
    return f"{counted(count, noun)} {'was' if count == 1 else 'were'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What one check says, in which case; each one sentence."""

    name: str
    """Of the check, for programs."""
    title: str
    """What holds if it passes."""
    good: str
    bad: str
    nothing: str
    """Where there was nothing to look at."""


def concluded(
    words: Words,
    *,
    examined: int,
    violations: Sequence[Violation] = (),
    total: int | None = None,
    doubt: str = "",
    facts: Sequence[tuple[str, str]] = (),
) -> CheckResult:
    """Return the result of a check.

    Args:
        words: what to say.
        examined: how many things were looked at.
        violations: at least the first of them.
        total: how many there are; null: as many as were given.
        doubt: why what was found proves nothing, or not everything could be looked at; empty where that is not so.
        facts: further lines.
    """
    count = len(violations) if total is None else total
    if doubt:
        verdict = Verdict.INCONCLUSIVE
        reason = doubt
    elif count:
        verdict, reason = Verdict.CORRECTNESS_FAILED, words.bad
    else:
        verdict, reason = Verdict.PASS, words.good if examined else words.nothing
    return CheckResult(
        check=words.name,
        title=words.title,
        verdict=verdict,
        reason=reason,
        examined=examined,
        violations=tuple(violations[:VIOLATIONS_MAX]),
        violations_total=count,
        facts=tuple(facts),
    )


def unless_gaps(history: Circumstances, found: int) -> str:
    """Return why violations that were found prove nothing, where samples are missing; empty where they do.

    For a check whose findings something could explain that happened and is in no row.
    """
    if not found or not history.gaps:
        return ""
    return f"{counted(found, 'thing')} cannot be explained by the samples, but some are missing: {history.gaps[0]}."
