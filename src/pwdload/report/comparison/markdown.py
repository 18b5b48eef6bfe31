"""A comparison or a history as Markdown, short enough for a comment on a pull request."""

from collections.abc import Iterator

from pwdload.report.comparison.page import Page, Ranges
from pwdload.report.formats import is_number, shown
from pwdload.report.markdown import safe
from pwdload.report.model import Table

_MARKS = {"good": "✅", "warn": "❔", "bad": "🔴", "plain": "ℹ️"}
_ROWS_MAX = 30


def render(page: Page) -> str:
    """Return verdict, differences, and caveats."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield f"## {_MARKS[page.tone]} {safe(page.verdict).upper()}: {safe(page.title)}"
    yield ""
    yield safe(page.reason)
    yield f"\n<sub>{safe(page.summary)}</sub>"
    for ranges in page.ranges:
        yield from _ranges(ranges)
    for table in page.tables:
        if table.rows_shown and table.rows and page.kept == "history":
            yield from _table(table)
    if page.cautions:
        yield "\n**Caveats**\n"
    for caution in page.cautions:
        yield f"{caution.number}. *{safe(caution.weakens)}*: {safe(caution.text)}"


def _ranges(ranges: Ranges) -> Iterator[str]:
    yield f"\n**{safe(ranges.title)}**\n"
    yield f"| | {safe(ranges.sides[0])} | {safe(ranges.sides[1])} | difference | 95 % interval | |"
    yield "|---|---:|---:|---:|---:|---|"
    for one in ranges.rows:
        label = f"**{safe(one.label)}**" if one.is_primary else safe(one.label)
        values = " | ".join(safe(word) for word in (one.base, one.new, one.difference, one.interval))
        yield f"| {label} | {values} | {one.result.value} |"


def _table(table: Table) -> Iterator[str]:
    yield f"\n**{safe(table.title)}**\n"
    yield f"| {' | '.join(safe(column.label) for column in table.columns)} |"
    yield f"|{'|'.join('---:' if is_number(column.kind) else '---' for column in table.columns)}|"
    for row in table.rows[-_ROWS_MAX:]:
        cells = (safe(shown(column, cell)) for column, cell in zip(table.columns, row, strict=True))
        yield f"| {' | '.join(cells)} |"
    if len(table.rows) > _ROWS_MAX:
        yield f"\nThe last {_ROWS_MAX} of {len(table.rows):,} rows; all are in `tables/{table.name}.csv`."
