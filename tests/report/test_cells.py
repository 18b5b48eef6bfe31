"""Numbers with their intervals: one cell for a reader, columns of their own for a program."""

import csv
import io
import json
from dataclasses import replace

import pytest
from tests.analysis.degenerate import finished
from tests.report.page import Page

from pwdload.report import Report, as_json, html, make, tables
from pwdload.report.cells import cell_text, interval, places_shown
from pwdload.report.model import Cell, Column, Kind, Section, Table

COLUMNS = (
    Column(name="step", label="step", kind=Kind.CODE),
    Column(name="p95_s", label="p95", kind=Kind.DURATION, absent="n/a", low="p95_lower_s", high="p95_upper_s"),
    Column(name="p95_lower_s", label="p95, lower end", kind=Kind.DURATION),
    Column(name="p95_upper_s", label="p95, upper end", kind=Kind.DURATION),
)


def table(*rows: tuple[Cell, ...]) -> Table:
    """Return a table with these rows."""
    return Table(name="intervals", title="Intervals", caption="Of p95, 95 %.", columns=COLUMNS, rows=rows)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report with such a table in it."""
    made = make(finished(tmp_path_factory.mktemp("runs") / "run"))
    item = table(("login", 0.021, 0.0201, 0.0223), ("verify", None, None, None))
    section = Section(name="estimates", title="Estimates", intro="", items=(item,))
    return replace(made, sections=(section, *made.sections))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (("login", 0.021, 0.0201, 0.0223), "21.0 ms [20.1 – 22.3]"),
        (("login", 0.99, 0.95, 1.25), "990 ms [950 ms – 1.25 s]"),
        (("login", 0.021, None, 0.0223), "21.0 ms [at most 22.3]"),
        (("login", 0.021, 0.0201, None), "21.0 ms [at least 20.1]"),
        (("login", 0.021, None, None), "21.0 ms"),
        (("login", None, None, None), "n/a"),
    ],
)
def test_interval_stands_beside_its_number(row: tuple[Cell, ...], text: str) -> None:
    """The unit is written once where it is the same, and an end that is not known is not made up."""
    assert cell_text(table(row), 1, row) == text


def test_unit_of_a_rate_or_a_share_is_written_once() -> None:
    """Rates and shares are as short as durations, and a count has no unit to leave out."""
    for kind, row, text in (
        (Kind.RATE, ("a", 72.4, 70.1, 74.0), "[70.1 – 74.0]"),
        (Kind.SHARE, ("a", 0.02, 0.01, 0.03), "[1.00 – 3.00]"),
        (Kind.COUNT, ("a", 2000, 1900, 2100), "[1,900 – 2,100]"),
    ):
        columns = (COLUMNS[0], *(replace(column, kind=kind) for column in COLUMNS[1:]))
        assert interval(replace(table(row), columns=columns), 1, row) == text


def test_ends_are_columns_of_a_file_and_not_of_the_page(report: Report) -> None:
    """The page has one column where the CSV file has three, and JSON says which belong together."""
    item = next(one for one in report.tables if one.name == "intervals")
    assert places_shown(item) == (0, 1)
    text = html.render(report)
    assert "p95, lower end" not in Page.parse(text).text
    assert 'class="interval">[20.1 – 22.3]</span>' in text
    assert list(csv.reader(io.StringIO(tables.render(item)))) == [
        ["step", "p95_s", "p95_lower_s", "p95_upper_s"],
        ["login", "0.021", "0.0201", "0.0223"],
        ["verify", "", "", ""],
    ]
    section = next(one for one in json.loads(as_json.render(report))["sections"] if one["name"] == "estimates")
    assert section["tables"][0]["columns"][1] == {
        "name": "p95_s",
        "kind": "duration",
        "low": "p95_lower_s",
        "high": "p95_upper_s",
    }


def test_a_narrow_column_breaks_a_name_at_its_underscores(report: Report) -> None:
    """Of words only: a code is never broken, and what a reader copies is as it was."""
    columns = (Column(name="words", label="words", kind=Kind.TEXT), Column(name="step", label="step", kind=Kind.CODE))
    item = Table(
        name="t", title="T", caption="", columns=columns, rows=(("p95 of update_password <b>", "skip_update"),)
    )
    page = html.render(replace(report, sections=(Section(name="s", title="S", intro="", items=(item,)),)))
    assert "p95 of update_<wbr>password &lt;b&gt;<" in page
    assert ">skip_update<" in page
