"""Whether the target was right: what was checked, what was found, and what led to it."""

from collections.abc import Iterator

from pwdload.analysis import Analysis
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Judgement, Violation
from pwdload.oracle.told import NOT_EXAMINED, TOLD_MAX, excerpt, place, replay, short, standing
from pwdload.outcome import Verdict
from pwdload.report.formats import joined
from pwdload.report.frames import code, number, text
from pwdload.report.model import Column, Kind, Section, Table, Timeline, Timelines
from pwdload.report.sections.common import VERDICT
from pwdload.rundir import RunRecord
from pwdload.units import counted

VIOLATIONS = "violations"
"""Name of the table of all violations that are told one by one."""


_TITLES_MAX = 3
"""More are counted; the table names them."""


def correctness_section(analysis: Analysis) -> Section | None:
    """Return the oracle's checks, the first violations of each with their timelines, and what else it has to tell."""
    judgement, record = analysis.judgement, analysis.run.record
    if not judgement.results:
        return None
    found = [result for result in judgement.results if result.violations]
    facts = _facts(judgement)
    return Section(
        name="correctness",
        title="Correctness",
        intro=_intro(judgement),
        items=(
            _checks(judgement),
            *(_timelines(result, record) for result in found),
            *((_violations(found),) if found else ()),
            *((facts,) if facts.rows else ()),
        ),
    )


def correctness_words(judgement: Judgement) -> str:
    """Return whether the target was right, in a line for the first page."""
    if not judgement.results:
        return "Nothing was judged."
    _, *found = _sentences(judgement)
    return " ".join(found) or "No rule was held against anything."


def _intro(judgement: Judgement) -> str:
    return " ".join(_sentences(judgement))


def _sentences(judgement: Judgement) -> Iterator[str]:
    results = judgement.results
    examined = [result for result in results if result.examined]
    failed = [result for result in results if result.verdict is Verdict.CORRECTNESS_FAILED]
    unknown = [result for result in results if result.verdict is Verdict.INCONCLUSIVE]
    unseen = [result for result in results if standing(result) == NOT_EXAMINED]
    yield "Whether the target was right, judged by the run's history alone, whatever its speed."
    if failed:
        total = sum(max(result.violations_total, len(result.violations)) for result in failed)
        yield f"{counted(len(failed), 'rule')} of {len(results)} broken, by {counted(total, 'violation')}."
    elif examined and not unknown:
        yield f"{counted(len(examined), 'check')} found nothing wrong."
    if unknown:
        yield f"Not known: {_titles(unknown)}."
    if unseen:
        few = f": {_titles(unseen)}" if len(unseen) <= _TITLES_MAX else ""
        yield f"{counted(len(unseen), 'rule')} had nothing to be held against in this run{few}."


def _titles(results: list[CheckResult]) -> str:
    return joined([short(result.title) for result in results])


def _checks(judgement: Judgement) -> Table:
    return Table(
        name="correctness",
        title="Rules",
        caption="Every rule, how many things it was held against, and what was found. One that nothing was held "
        "against is neither kept nor broken by this run.",
        columns=(
            text("rule"),
            VERDICT,
            number("examined", "examined", Kind.COUNT),
            number("violations", "violations", Kind.COUNT),
            text("found"),
            code("check"),
        ),
        rows=tuple(
            (
                short(result.title),
                standing(result),
                result.examined,
                max(result.violations_total, len(result.violations)),
                short(result.reason),
                result.check,
            )
            for result in judgement.results
        ),
    )


def _timelines(result: CheckResult, record: RunRecord) -> Timelines:
    total, listed = max(result.violations_total, len(result.violations)), min(len(result.violations), VIOLATIONS_MAX)
    told, is_proved = result.violations[:TOLD_MAX], result.verdict is Verdict.CORRECTNESS_FAILED
    more = f" The first {len(told)} are told here, {listed} listed in the file." if total > len(told) else ""
    return Timelines(
        name=f"violations_{result.check}",
        title=f"{short(result.title)}: {'broken' if is_proved else 'may be broken'}",
        verdict=result.verdict,
        caption=f"{counted(total, 'violation')}.{more} Times are seconds on the run's clock.",
        timelines=tuple(_timeline(violation, record) for violation in told),
        table=VIOLATIONS,
    )


def _timeline(violation: Violation, record: RunRecord) -> Timeline:
    part = excerpt(violation)
    return Timeline(
        sentence=short(violation.sentence),
        place=place(violation),
        rule=short(violation.rule),
        replay=replay(violation, record),
        moments=part.moments,
        earlier=part.earlier,
        later=part.later,
    )


def _violations(found: list[CheckResult]) -> Table:
    """Return the violations one by one as a file."""
    at = Column(name="at_s", label="at", kind=Kind.CLOCK)
    return Table(
        name=VIOLATIONS,
        title="Violations",
        caption=f"The first {VIOLATIONS_MAX} of each check.",
        columns=(
            code("check"),
            text("rule"),
            text("sentence"),
            number("account", "account", Kind.COUNT),
            code("case"),
            code("worker"),
            number("flow", "flow", Kind.COUNT),
            at,
        ),
        rows=tuple(
            (
                violation.check,
                violation.rule,
                violation.sentence,
                violation.account,
                violation.case,
                violation.worker,
                violation.flow if violation.flow >= 0 else None,
                violation.at_s,
            )
            for result in found
            for violation in result.violations[:VIOLATIONS_MAX]
        ),
        rows_shown=0,
    )


def _facts(judgement: Judgement) -> Table:
    return Table(
        name="correctness_facts",
        title="Also told",
        caption="What the checks saw besides.",
        columns=(text("fact"), text("value", "seen"), code("check")),
        rows=tuple(
            (short(name), short(value), result.check) for result in judgement.results for name, value in result.facts
        ),
    )
