"""The section on load and response: what a reviewer sees of a target's limit."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.analysis.degenerate import finished, no_samples
from tests.analysis.queue_runs import Servers, run_of, stepped
from tests.judgements import UNJUDGED

from pwdload.analysis import load_run
from pwdload.report import Report, build, write
from pwdload.report.model import Chart, Section, Table
from pwdload.rundir import RunDirectory

RATES = (30, 45, 60, 75, 90, 105, 120)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, Report]:
    """A stepped run against four servers that turn away what they have no room for, with its report."""
    path = tmp_path_factory.mktemp("steps")
    target = Servers(servers=4, service_s=0.04, room=30)
    report = build(run_of(path, stepped(RATES, 15.0), target, slo='p95_update_password = "300ms"'), UNJUDGED)
    write(report, RunDirectory(path))
    return RunDirectory(path), report


def section(report: Report) -> Section:
    """The section."""
    return next(one for one in report.sections if one.name == "scalability")


def charts(report: Report) -> Mapping[str, Chart]:
    """Its charts by name."""
    return {item.name: item for item in section(report).items if isinstance(item, Chart)}


def test_four_charts_show_the_relation_with_units_and_one_line_each(written: tuple[RunDirectory, Report]) -> None:
    """Response against throughput and in flight, goodput against offered and in flight; each with its table."""
    drawn = charts(written[1])
    assert list(drawn) == [
        "response_by_throughput",
        "response_by_in_flight",
        "goodput_by_offered",
        "goodput_by_in_flight",
    ]
    tables = {item.name for item in section(written[1]).items if isinstance(item, Table)}
    for chart in drawn.values():
        assert chart.table in tables
        assert chart.reading.endswith(".")
        assert "(" in chart.x_label
        assert "(" in chart.y_label


def test_the_limit_is_told_in_words_and_drawn(written: tuple[RunDirectory, Report]) -> None:
    """The section begins with the estimate and what gives first; the chart has a rule at the capacity."""
    intro = section(written[1]).intro
    assert "Estimated from 7 levels: up to " in intro
    assert "95 % interval" in intro
    assert "First to give: " in intro
    (rule,) = charts(written[1])["goodput_by_offered"].rules
    assert rule.name.startswith("capacity ")
    assert 75 < rule.at < 105
    names = [mark.name for mark in charts(written[1])["goodput_by_offered"].marks]
    assert names == ["levels", "requests turned away (shed)"]


def test_the_table_has_a_row_per_level_with_intervals(written: tuple[RunDirectory, Report]) -> None:
    """The CSV file holds each level's numbers with both ends of their intervals, in order."""
    with (written[0].path / "tables" / "load_levels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["offered_flows_per_s"]) for row in rows] == list(RATES)
    for row in rows:
        assert float(row["p50_lower_s"]) <= float(row["p50_s"]) <= float(row["p50_upper_s"])
        assert float(row["goodput_lower_per_s"]) <= float(row["goodput_per_s"]) <= float(row["goodput_upper_per_s"])
    assert rows[0]["criteria"] != "broken"
    assert rows[-1]["criteria"] == "broken"


def test_the_same_run_gives_the_same_section(written: tuple[RunDirectory, Report], tmp_path: Path) -> None:
    """Bootstrap draws are seeded: not a digit differs the second time."""
    again = run_of(
        tmp_path,
        stepped(RATES, 15.0),
        Servers(servers=4, service_s=0.04, room=30),
        slo='p95_update_password = "300ms"',
    )
    assert section(build(again, UNJUDGED)) == section(written[1])


def test_no_number_is_a_nan(written: tuple[RunDirectory, Report]) -> None:
    """Neither in the data of the charts nor on the page."""
    json.loads((written[0].path / "report.json").read_text("utf-8"), parse_constant=pytest.fail)


def test_a_run_with_few_loads_shows_parts_of_itself(tmp_path: Path) -> None:
    """Without levels to compare the charts show equal parts of the measured time, and say so; without any, nothing."""
    report = build(load_run(finished(tmp_path / "finished")), UNJUDGED)
    table = next(item for item in section(report).items if isinstance(item, Table))
    assert table.title == "Parts of the run"
    assert "held too few loads" in table.caption
    nothing = build(load_run(no_samples(tmp_path / "nothing")), UNJUDGED)
    assert all(one.name != "scalability" for one in nothing.sections)
