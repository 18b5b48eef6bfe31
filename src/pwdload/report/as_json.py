"""A report as JSON, for programs: `report.json` has all but the pictures, `verdict.json` what a pipeline decides by.

Of a picture it has the reading, the rules across it and the name of the table with its numbers.
"""

import json
from dataclasses import asdict

from pwdload.analysis.capacity import Capacity
from pwdload.criteria.data import criterion_data
from pwdload.oracle.data import result_data
from pwdload.report.formats import figure_text
from pwdload.report.model import Chart, Column, Drawing, Figure, HeatMap, Kind, Plot, Report, Section, Table, Timelines

FORMAT = 3
"""Version of both documents."""
_UNITS = {Kind.RATE: "1/s", Kind.DURATION: "s", Kind.SHARE: "1"}
"""The unit of a raw headline value; a share is a plain number from 0 to 1."""
_NOT_COUNTED: dict[str, object] = {"examined": None, "violations_total": 0, "facts": [], "violations": []}


def render(report: Report) -> str:
    """Return the report as one JSON object: raw values in tables, null where there is none."""
    document = {
        "format": FORMAT,
        "title": report.title,
        "verdict": report.verdict.value,
        "reason": report.reason,
        "banner": report.banner,
        "facts": dict(report.facts),
        "headline": _headline(report),
        "decision": _decision(report),
        "capacity": None if report.capacity is None else capacity_data(report.capacity),
        "findings": _findings(report),
        "caveats": _caveats(report),
        "notes": list(report.notes),
        "sections": [_section(section) for section in (report.overview, *report.sections)],
        "definitions": dict(report.definitions),
    }
    return _dumped(document)


def render_verdict(report: Report) -> str:
    """Return the verdict, its exit code, its reasons and the caveats as one JSON object."""
    document = {
        "format": FORMAT,
        "title": report.title,
        "verdict": report.verdict.value,
        "exit_code": report.verdict.exit_code,
        "reason": report.reason,
        "headline": _headline(report),
        "decision": _decision(report),
        "findings": _findings(report),
        "criteria": [criterion_data(one) for one in report.criteria],
        "caveats": _caveats(report),
    }
    return _dumped(document)


def _headline(report: Report) -> list[dict[str, object]]:
    return [
        {"label": card.label, "values": [_figure(one) for one in card.values], "detail": card.detail}
        for card in report.cards
    ]


def _decision(report: Report) -> str:
    """Return what a review decides by, in a few sentences; its tables are those of the section of that name."""
    return report.decision.intro if report.decision is not None else ""


def capacity_data(capacity: Capacity) -> dict[str, object]:
    """Return a capacity with its 95 % interval, rates per second; its levels are a table."""
    rates = ("flows_per_s", "flows_lower", "flows_upper", "changes_per_s", "changes_lower", "changes_upper")
    numbers = (*rates, "highest_changes_per_s", "beyond_kept_share", "returned_s")
    limiter = capacity.limiter
    return {
        "source": capacity.source,
        "shape": capacity.shape.value,
        **{name: None if (value := getattr(capacity, name)) is None else round(value, 6) for name in numbers},
        "limiter": None if limiter is None else {"criterion": limiter.criterion, "words": limiter.words},
        "words": capacity.words,
    }


def _figure(figure: Figure) -> dict[str, object]:
    value = None if figure.value is None else round(figure.value, 6)
    return {"name": figure.name, "value": value, "unit": _UNITS[figure.kind], "text": figure_text(figure)}


def _findings(report: Report) -> list[dict[str, object]]:
    """Return one entry per check, the worst first; what was examined is null where a check does not count it."""
    judged = {result.check: result_data(result) for result in report.judgement.results}
    return [
        {
            "check": item.check,
            "group": item.group.value,
            "title": item.title,
            "verdict": item.verdict.value,
            "reason": item.reason,
            "is_examined": item.is_examined,
            **judged.get(item.check, _NOT_COUNTED),
        }
        for item in report.findings
    ]


def _caveats(report: Report) -> list[dict[str, object]]:
    return [{"number": item.number, "weakens": item.weakens, "text": item.text} for item in report.cautions]


def _section(section: Section) -> dict[str, object]:
    tables = [_table(item) for item in section.items if isinstance(item, Table)]
    stories = [asdict(item) for item in section.items if isinstance(item, Timelines)]
    drawings = [_drawing(item) for item in section.items if isinstance(item, Plot | Chart | HeatMap)]
    named = {"name": section.name, "title": section.title}
    return {**named, "tables": tables, "drawings": drawings, "timelines": stories}


def _drawing(drawing: Drawing) -> dict[str, object]:
    rules = drawing.rules if isinstance(drawing, Chart) else ()
    return {
        "name": drawing.name,
        "title": drawing.title,
        "x_label": drawing.x_label,
        "y_label": drawing.y_label,
        "reading": drawing.reading,
        "table": drawing.table,
        "rules": [{"name": rule.name, "axis": rule.axis, "at": round(rule.at, 6)} for rule in rules],
    }


def _table(table: Table) -> dict[str, object]:
    rows = [[round(cell, 6) if isinstance(cell, float) else cell for cell in row] for row in table.rows]
    return {
        "name": table.name,
        "caption": table.caption,
        "columns": [_column(column) for column in table.columns],
        "rows": rows,
    }


def _column(column: Column) -> dict[str, str]:
    """Return name and kind, and the names of the columns that have the ends of its intervals, where there are any."""
    ends = {"low": column.low, "high": column.high}
    return {"name": column.name, "kind": column.kind.value, **{end: name for end, name in ends.items() if name}}


def _dumped(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
