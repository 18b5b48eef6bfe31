"""A report as Markdown, short enough for a comment on a pull request."""

from collections.abc import Iterable

from pwdload.oracle.told import NOT_EXAMINED, one_line, place, short, standing
from pwdload.outcome import Verdict
from pwdload.report.cells import cell_text, places_shown
from pwdload.report.formats import figure_text, is_number
from pwdload.report.model import Report, Section, Table

_MARKS = {
    Verdict.PASS: "✅",
    Verdict.SLO_FAILED: "🟠",
    Verdict.INVALID: "⛔",
    Verdict.CORRECTNESS_FAILED: "🔴",
    Verdict.INCONCLUSIVE: "❔",
}
_ROWS_MAX = 12
_NOTES_MAX = 5
_RULES_MAX = 8
_TABLES = (
    "lost_workers",
    "criteria",
    "faults",
    "resilience_criteria",
    "arrivals_by_stage",
    "latency_by_step",
    "error_codes",
    "surprises",
)
_LEFT_OUT = {
    "criteria": ("samples", "reason"),
    "resilience_criteria": ("check",),
    "arrivals_by_stage": ("start_s", "end_s"),
    "error_codes": ("first_s", "last_s"),
    "surprises": ("share",),
}
_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>()#|!~$&@"})


def render(report: Report) -> str:
    """Return the verdict, headline, latency per step, error codes, surprises and caveats; under 150 lines."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterable[str]:
    yield f"## {_MARKS[report.verdict]} {report.verdict.value.replace('_', ' ')}: {safe(report.title)}"
    yield ""
    yield safe(report.reason)
    yield f"\n<sub>{safe(report.summary)}</sub>"
    if report.banner:
        yield f"\n> **Note:** {safe(report.banner)}"
    for note in report.notes[:_NOTES_MAX]:
        yield f"\n> **Note of the run:** {safe(note)}"
    if len(report.notes) > _NOTES_MAX:
        yield f"\n> {_NOTES_MAX} of {len(report.notes)} notes; all are in `report.html`."
    yield ""
    yield from _decision(report.decision)
    yield ""
    yield "| | | |"
    yield "|---|---:|---|"
    for card in report.cards:
        values = " / ".join(f"{figure.name} **{figure_text(figure)}**".strip() for figure in card.values)
        yield f"| {safe(card.label)} | {values} | {safe(card.detail)} |"
    yield from _correctness(report)
    tables = {table.name: table for table in report.tables}
    for name in _TABLES:
        if name in tables and tables[name].rows:
            yield from _table(tables[name], _LEFT_OUT.get(name, ()))
    if report.cautions:
        yield "\n**Caveats**\n"
    for caution in report.cautions:
        yield f"{caution.number}. *{caution.weakens}*: {safe(caution.text)}"


def _decision(section: Section | None) -> Iterable[str]:
    """Yield what a review decides by: what it comes to, then its tables."""
    if section is None:
        return
    yield f"**{safe(section.title)}**: {safe(section.intro)}"
    for item in section.items:
        if isinstance(item, Table) and item.rows_shown:
            yield from _table(item, ())


def _correctness(report: Report) -> Iterable[str]:
    """Yield what the oracle did not pass, and the first violation of each of its checks."""
    results = [one for one in report.judgement.results if one.verdict is not Verdict.PASS]
    if not report.judgement.results:
        return
    unseen = sum(standing(one) == NOT_EXAMINED for one in report.judgement.results)
    kept = len(report.judgement.results) - len(results) - unseen
    rest = f", {unseen} not examined" if unseen else ""
    yield f"\n**Correctness**: {kept} of {len(report.judgement.results)} rules kept{rest}, as far as the run shows\n"
    for result in results[:_RULES_MAX]:
        yield f"- {standing(result)}: {safe(short(result.title))}: {safe(short(result.reason))}"
        for violation in result.violations[:1]:
            yield f"  - {safe(short(violation.sentence))} ({safe(place(violation))})"
    if len(results) > _RULES_MAX:
        yield f"- {len(results) - _RULES_MAX} more; all are in `report.html`."


def _table(table: Table, left_out: tuple[str, ...]) -> Iterable[str]:
    kept = [place for place in places_shown(table) if table.columns[place].name not in left_out]
    columns = [table.columns[place] for place in kept]
    yield f"\n**{safe(table.title)}**\n"
    yield f"| {' | '.join(safe(column.label) for column in columns)} |"
    yield f"|{'|'.join('---:' if is_number(column.kind) else '---' for column in columns)}|"
    for row in table.rows[:_ROWS_MAX]:
        yield f"| {' | '.join(safe(cell_text(table, place, row)) for place in kept)} |"
    if len(table.rows) > _ROWS_MAX:
        yield f"\n{_ROWS_MAX} of {len(table.rows):,} rows; all are in `tables/{table.name}.csv`."


def safe(text: str) -> str:
    """Return a text in which nothing is markup: titles come from scenarios, error codes from outside."""
    return one_line(text).translate(_SPECIAL)
