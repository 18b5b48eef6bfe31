"""Criteria in the report: the same numbers in the page, in verdict.json, in JUnit XML, Markdown and CSV."""

import json
from xml.etree import ElementTree

import pytest
from tests.analysis.synthetic import CHANGE, record_of, samples_of, write_run
from tests.judgements import GOOD

from pwdload.analysis import load_run
from pwdload.report.as_json import render_verdict
from pwdload.report.build import build
from pwdload.report.html import render as render_html
from pwdload.report.junit import render as render_junit
from pwdload.report.markdown import render as render_markdown
from pwdload.report.model import Report, Table
from pwdload.report.tables import render as render_csv
from pwdload.rundir import StageRecord

SLO = """
title = "x"
[slo]
p95_update_password = "200ms"
p99_9_update_password = "1s"
goodput = "25/s"
[[slo.criteria]]
name = "mostly"
metric = "p95"
at_most = "100ms"
seconds = "90%"
[[slo.criteria]]
name = "long_stall"
metric = "failed_share"
at_most = "5%"
window = "10s"
"""
STANDINGS = {
    "p95_update_password": "kept",
    "p99_9_update_password": "cannot_tell",
    "goodput": "broken",
    "mostly": "kept",
    "long_stall": "kept",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of a run of 20 changes a second, with criteria of every kind."""
    stages = (StageRecord(name="steady", start_s=0.0, end_s=100.0, users=20),)
    made = samples_of(flows=2_000, kinds=[CHANGE], stages=stages)
    directory = write_run(tmp_path_factory.mktemp("run"), made, record=record_of(made, stages=stages))
    directory.scenario_file.write_text(SLO, "utf-8")
    return build(load_run(directory), GOOD)


def table(report: Report, name: str) -> Table:
    """Return a table by its name."""
    return next(one for one in report.tables if one.name == name)


def test_verdict_json_has_every_criterion_with_its_numbers(report: Report) -> None:
    """A pipeline decides by name and standing, and finds value, bounds, limit and samples beside them."""
    criteria = json.loads(render_verdict(report))["criteria"]
    assert {one["name"]: one["standing"] for one in criteria} == STANDINGS
    p95 = criteria[0]
    assert (p95["unit"], p95["limit"], p95["samples"]) == ("s", 0.2, 2_000)
    assert p95["lower"] <= p95["value"] <= p95["upper"] <= 0.2
    assert criteria[1]["needed"] == 2_995
    assert criteria[3]["share_kept"] > 0.9


def test_junit_has_a_case_for_each(report: Report) -> None:
    """What is broken is a failure, what cannot be told an error: doubt is never success."""
    root = ElementTree.fromstring(render_junit(report).encode())
    cases = {case.get("name"): [one.tag for one in case] for case in root.iter("testcase")}
    assert cases["p95 of update_password at most 200 ms"] == []
    assert cases["Goodput at least 25.0/s"] == ["failure"]
    assert cases["p99.9 of update_password at most 1.00 s"] == ["error"]


def test_markdown_has_a_table_of_them(report: Report) -> None:
    """A comment on a pull request says what was asked, and what was seen."""
    text = render_markdown(report)
    assert "| goodput | at least 25.0/s | broken | 20.0/s |" in text
    assert text.count("\n") < 150


def test_the_section_has_tables_and_a_plot_with_the_limit(report: Report) -> None:
    """Each criterion that is judged by the second is drawn, with its limit, over a table of its seconds."""
    section = next(one for one in report.sections if one.name == "criteria")
    assert section.intro.startswith("3 of 5 criteria kept.")
    plots = {plot.name: plot for plot in report.plots if plot.name.startswith("criterion_")}
    assert set(plots) == {"criterion_mostly", "criterion_long_stall"}
    for name, plot in plots.items():
        assert plot.table == name
        assert len(plot.x) == len(plot.series[0].y) == len(plot.series[1].y) == 100
        assert len(table(report, name).rows) == 100
    limit = plots["criterion_mostly"].series[1]
    assert (limit.name, set(limit.y)) == ("limit 100 ms", {100.0})
    assert "limit" in plots["criterion_mostly"].reading


def test_csv_has_plain_numbers(report: Report) -> None:
    """Units are in a column of their own, and values are numbers."""
    head, first, *_ = render_csv(table(report, "criteria_values")).splitlines()
    assert head.startswith("name,unit,standing,limit,value,lower,upper,samples")
    assert first.startswith("p95_update_password,s,kept,0.2,0.0")


def test_the_page_shows_them_without_a_gap(report: Report) -> None:
    """No NaN is to be seen anywhere, and the anchor is there."""
    page = render_html(report)
    assert 'id="criteria"' in page
    assert "NaN" not in page.partition('id="criteria"')[2].partition("</section>")[0]
