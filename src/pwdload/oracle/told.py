"""A judgement in plain lines, for a terminal and for the log of a pipeline; and the words that a report shares with it.

Much of it comes from a target, so that every line keeps to itself: it cannot steer a console, and has an end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pwdload.oracle.judgement import CheckResult, Judgement, Moment, Violation
from pwdload.outcome import Finding, Verdict
from pwdload.rundir import RunRecord
from pwdload.units import counted, format_count

NOT_EXAMINED = "NOT EXAMINED"
"""Stands where a check passed because the run had nothing for it."""
TOLD_MAX = 3
"""So many violations of one check are told with their timelines; files for programs hold more."""
MOMENTS_MAX = 15
"""A timeline for people has so many moments at most, those around the culprit."""
WORDS_MAX = 400
"""No sentence for people is longer."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line for people."""

    text: str
    verdict: Verdict | None = None
    """Whose colour it gets, where there are colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The part of a timeline that people get to see."""

    earlier: int
    """How many moments before it are left out."""
    moments: tuple[Moment, ...]
    later: int


def standing(result: CheckResult | Finding) -> str:
    """Return what a check came to in a word; a PASS with nothing to look at is not told as one."""
    is_examined = result.is_examined if isinstance(result, Finding) else bool(result.examined)
    return NOT_EXAMINED if result.verdict is Verdict.PASS and not is_examined else result.verdict.value


def excerpt(violation: Violation) -> Excerpt:
    """Return the moments around the culprit, or the last ones where none is."""
    moments = violation.timeline
    culprit = next((place for place, moment in enumerate(moments) if moment.is_culprit), len(moments))
    start = max(min(culprit - MOMENTS_MAX * 2 // 3, len(moments) - MOMENTS_MAX), 0)
    part = moments[start : start + MOMENTS_MAX]
    return Excerpt(earlier=start, moments=part, later=len(moments) - start - len(part))


def span(moment: Moment) -> tuple[str, str]:
    """Return when a moment began and when its answer was there, on the run's clock."""
    return clock(moment.at_s), "no answer" if moment.until_s is None else clock(moment.until_s)


def clock(at_s: float) -> str:
    """Return a time on the run's clock to the millisecond, which tells apart what followed upon what."""
    return f"{at_s:,.3f} s"


def place(violation: Violation) -> str:
    """Return who saw it, and where in the run: "account 17, case valid_change, flow 233 of worker-1, at 12.060 s"."""
    parts = (
        "" if violation.account is None else f"account {violation.account}",
        f"case {violation.case}" if violation.case else "",
        _flow(violation),
        f"at {clock(violation.at_s)}",
    )
    return short(", ".join(filter(None, parts)))


def _flow(violation: Violation) -> str:
    if violation.flow < 0:
        return f"seen by {violation.worker}" if violation.worker else "seen after the run"
    return f"flow {violation.flow}" + (f" of {violation.worker}" if violation.worker else "")


def replay(violation: Violation, record: RunRecord) -> str:
    """Return what plays the same again, in one sentence."""
    what = f"the case {violation.case}" if violation.case else "the same cases"
    account = "" if violation.account is None else f", with account {violation.account}"
    return short(f"scenario {record.scenario} with seed {record.seed} plays {what} again{account}.")


def headline(judgement: Judgement) -> str:
    """Return the first violation in one line: what, and where; empty where none is proved."""
    failed = (result for result in judgement.results if result.verdict is Verdict.CORRECTNESS_FAILED)
    violation = next((one for result in failed for one in result.violations), None)
    return "" if violation is None else f"{short(violation.sentence).rstrip('.')} ({place(violation)})"


def lines(judgement: Judgement, record: RunRecord) -> Iterator[Line]:
    """Yield every check in a line, with how many things it looked at, then what was found with its timelines."""
    heads = [(standing(result), format_count(result.examined)) for result in judgement.results]
    widths = [max((len(part) for part in column), default=0) for column in zip(*heads, strict=True)]
    for result, (stands, examined) in zip(judgement.results, heads, strict=True):
        head = f"  {stands:<{widths[0]}}  {examined:>{widths[1]}}  "
        yield Line(f"{head}{short(result.title)}: {short(result.reason)}", result.verdict)
        for name, value in result.facts:
            yield Line(f"{' ' * len(head)}- {short(name)}: {short(value)}")
    for result in judgement.results:
        if result.violations:
            yield Line("")
            yield Line(f"{short(result.title)}: {_how_many(result)}", result.verdict)
            for number, violation in enumerate(result.violations[:TOLD_MAX], 1):
                yield from violation_lines(violation, record, f"  {number}. ")


def violation_lines(violation: Violation, record: RunRecord, mark: str = "") -> Iterator[Line]:
    """Yield one violation: what happened and where, the rule, what led to it, and how to see it again."""
    indent = " " * len(mark)
    yield Line(f"{mark}{short(violation.sentence)}")
    yield Line(f"{indent}{_capital(place(violation))}.")
    yield Line(f"{indent}Rule {short(violation.rule).removesuffix('.')}.")
    shown = excerpt(violation)
    if shown.earlier:
        yield Line(f"{indent}    ... {_moments(shown.earlier)} before")
    spans = [span(moment) for moment in shown.moments]
    widths = [max((len(part) for part in column), default=0) for column in zip(*spans, strict=True)]
    for moment, (start, end) in zip(shown.moments, spans, strict=True):
        times = f"{start:>{widths[0]}}  {end:>{widths[1]}}"
        culprit = ">" if moment.is_culprit else " "
        tone = Verdict.CORRECTNESS_FAILED if moment.is_culprit else None
        yield Line(f"{indent}  {culprit} {times}  {short(moment.words)}", tone)
    if shown.later:
        yield Line(f"{indent}    ... {_moments(shown.later)} after")
    yield Line(f"{indent}To see it again: {replay(violation, record)}")


def _how_many(result: CheckResult) -> str:
    total = max(result.violations_total, len(result.violations))
    told = min(len(result.violations), TOLD_MAX)
    count = counted(total, "violation")
    return f"{count}, the first {told}" if total > told else count


def _moments(count: int) -> str:
    return counted(count, "more moment")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def short(text: str) -> str:
    """Return a text as one line of no more than `WORDS_MAX` characters."""
    return one_line(text if len(text) <= WORDS_MAX else f"{text[: WORDS_MAX - 3]}...")


def one_line(text: str) -> str:
    """Return a text that keeps to its line in a console and cannot steer it."""
    return "".join(character if character.isprintable() else " " for character in text)
