"""A comparison or a history as JSON: what a pipeline decides by, and all of it. Raw values, or null."""

import json

from pwdload.report.comparison.page import Page
from pwdload.report.model import Section, Table

FORMAT = 1
"""Version of both documents."""


def render(page: Page) -> str:
    """Return all but the pictures as one JSON object."""
    sections = [_section(section) for section in page.parts]
    return _dumped({**_head(page), "sections": sections, "definitions": dict(page.definitions)})


def render_verdict(page: Page) -> str:
    """Return the verdict, its exit code, its reason and the caveats as one JSON object."""
    return _dumped(_head(page))


def _head(page: Page) -> dict[str, object]:
    return {
        "format": FORMAT,
        "title": page.title,
        "verdict": page.verdict,
        "exit_code": page.exit_code,
        "reason": page.reason,
        "summary": page.summary,
        "numbers": [
            {"side": one.group, "number": one.name, "result": one.result.value, "text": one.text} for one in page.tested
        ],
        "caveats": [{"number": one.number, "weakens": one.weakens, "text": one.text} for one in page.cautions],
    }


def _section(section: Section) -> dict[str, object]:
    tables = [_table(item) for item in section.items if isinstance(item, Table)]
    return {"name": section.name, "title": section.title, "tables": tables}


def _table(table: Table) -> dict[str, object]:
    rows = [[float(f"{cell:.9g}") if isinstance(cell, float) else cell for cell in row] for row in table.rows]
    return {
        "name": table.name,
        "caption": table.caption,
        "columns": [{"name": column.name, "kind": column.kind.value} for column in table.columns],
        "rows": rows,
    }


def _dumped(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
