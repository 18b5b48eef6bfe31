"""What is drawn beside the plots over time: charts and heat maps, in every file of the report."""

import json

import pytest
from tests.analysis.degenerate import finished
from tests.report.drawings import goodput, heat, with_drawings
from tests.report.page import Page

from pwdload.report import Report, as_json, html, make
from pwdload.report.drawn import described, legend
from pwdload.report.model import Plot


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report with one drawing of every kind."""
    return with_drawings(make(finished(tmp_path_factory.mktemp("runs") / "run")))


def test_each_drawing_speaks_and_names_its_numbers(report: Report) -> None:
    """A chart is a picture with words for whoever does not see it, and a link to its numbers."""
    page = Page.parse(html.render(report))
    spoken = {each["id"]: each["aria-label"] for each in page.all("div") if each.get("role") == "img"}
    for drawing in report.drawings:
        assert spoken[f"plot-{drawing.name}"] == described(drawing)
        assert drawing.reading in described(drawing)
    tables = {table.name for table in report.tables}
    assert {drawing.table for drawing in report.drawings} <= tables


def test_plots_over_time_are_still_told_apart(report: Report) -> None:
    """`plots` has those over the run's time alone, `drawings` has all, in the order of the page."""
    drawings = list(report.drawings)
    assert [one for one in drawings if isinstance(one, Plot)] == list(report.plots)
    assert len(drawings) >= len(list(report.plots)) + 4


def test_data_of_drawings_is_lean_and_harmless(report: Report) -> None:
    """What is drawn is JSON without NaN and without markup, and the empty cells of a heat map cost nothing."""
    text = Page.parse(html.render(report)).scripts[0]
    assert not set("<>&") & set(text)
    data = {one["name"]: one for one in json.loads(text, parse_constant=pytest.fail)}
    packed = data["heat"]["cells"]
    cells = [[cell for count in row for cell in ([0] * -count if count < 0 else [count])] for row in packed]
    assert cells == [list(row) for row in heat().cells]
    assert sum(map(len, packed)) < 0.7 * sum(map(len, cells))
    assert data["empty"]["marks"][0]["y"] == [None]
    assert data["goodput"]["rules"][0] == ["capacity 72.4/s", 72.4, "x"]


def test_programs_get_readings_and_rules(report: Report) -> None:
    """report.json has of each drawing its reading, its table and the values that are drawn across it."""
    document = json.loads(as_json.render(report))
    drawn = next(section for section in document["sections"] if section["name"] == "drawn")["drawings"]
    assert [one["name"] for one in drawn] == ["goodput", "ecdf", "heat", "empty"]
    assert drawn[0]["rules"][0] == {"name": "capacity 72.4/s", "axis": "x", "at": 72.4}
    assert drawn[0]["reading"] == goodput().reading


def test_legend_names_what_is_behind_a_heat_map() -> None:
    """The grey of a stage that does not count and the red of a fault are explained; a chart has neither."""
    assert legend(heat()) == "Grey: warm up (not measured). Red: a fault was on."
    assert legend(goodput()) == ""
