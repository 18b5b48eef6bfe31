"""The report of a run with faults: the section, its tables and plots, and the entries for machines."""

import csv
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.analysis.degenerate import finished, no_samples
from tests.judgements import GOOD
from tests.report.faulty import LOOK, REPEATED, closed_run, open_run, repeated
from tests.report.page import Page

from pwdload.analysis import load_run
from pwdload.analysis.recovery import RecoveryCriteria
from pwdload.injections import FaultsRecord, write_faults
from pwdload.report import Report, build, make, write
from pwdload.report.judged import judged
from pwdload.report.model import Plot, Table
from pwdload.rundir import RunDirectory

CRITERIA = RecoveryCriteria(recover_within_s=2.0, max_failed_share_during=1.0, data_correct=True)
NOT_FOR_PEOPLE = re.compile(r"\b(nan|NaN|None|null|inf)\b")
ODD = '</td><script>alert("faults")</script>=1+1'


def unhealed(path: Path) -> RunDirectory:
    """A fault that was never healed, one that was left out, one that could not be injected, and odd names."""
    first, second, third = repeated()
    nothing = {"inject_after_s": None, "heal_before_s": None, "heal_after_s": None}
    skipped = replace(second, inject_before_s=None, skipped=ODD, **nothing)  # type: ignore[arg-type]
    failed = replace(third, fault=ODD, kind=ODD, error=ODD, attributes={ODD: ODD}, **nothing)  # type: ignore[arg-type]
    injections = (skipped, failed, replace(first, heal_before_s=None, heal_after_s=None, error=ODD))
    record = FaultsRecord(injections=injections, steady=(replace(LOOK, met=None),), unavailable=(ODD,), lost_s=30.0)
    return open_run(path, REPEATED, record)


def overload(path: Path) -> RunDirectory:
    """Two overloads as faults, one within the other, and a third at the very end."""
    first, second, third = (replace(one, means="load", fault=f"overload {n}") for n, one in enumerate(repeated()))
    second = replace(second, inject_before_s=12.5, inject_after_s=12.5, heal_before_s=13.0, heal_after_s=13.0)
    third = replace(third, inject_before_s=59.0, inject_after_s=59.0, heal_before_s=59.5, heal_after_s=59.5)
    return closed_run(path, REPEATED, FaultsRecord(injections=(first, second, third)))


def nothing_sent(path: Path) -> RunDirectory:
    """Faults in a run without a single request."""
    directory = no_samples(path)
    write_faults(directory.faults_file, FaultsRecord(injections=repeated(), steady=(LOOK,)))
    return directory


def none_on_record(path: Path) -> RunDirectory:
    """Faults were planned and the run ended before the first."""
    return open_run(path, (), FaultsRecord())


RUNS: Mapping[str, Callable[[Path], RunDirectory]] = {
    make_run.__name__: make_run for make_run in (open_run, unhealed, overload)
}
Made = tuple[RunDirectory, Report]


def reported(directory: RunDirectory, criteria: RecoveryCriteria = CRITERIA) -> Report:
    """Build and write the report of a run."""
    report = build(load_run(directory, criteria=criteria), judged(directory, None))
    write(report, directory)
    return report


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Made]:
    """Every kind of run with its report, each made once."""
    folder = tmp_path_factory.mktemp("faulty")
    directories = {name: write_run(folder / name) for name, write_run in RUNS.items()}
    return {name: (directory, reported(directory)) for name, directory in directories.items()}


@pytest.fixture(params=sorted(RUNS))
def made(request: pytest.FixtureRequest, runs: Mapping[str, Made]) -> Made:
    """One run and its report after the other."""
    return runs[request.param]


def near(values: object) -> object:
    """Return what times to recovery are compared with: a window is a little longer where a rate is a little lower."""
    return pytest.approx(values, rel=0.002)


def table(report: Report, name: str) -> Table:
    """A table of a report."""
    (one,) = [one for one in report.tables if one.name == name]
    return one


def test_a_run_without_faults_has_no_section(tmp_path: Path) -> None:
    """Where nothing was done to the target, nothing is said of resilience, not even a definition."""
    report = make(finished(tmp_path / "run"))
    assert "resilience" not in [section.name for section in report.sections]
    assert "Error budget" not in dict(report.definitions)


def test_the_section_comes_after_correctness_and_is_complete(made: Made) -> None:
    """Whatever became of the faults: the plots, the thresholds, and nothing that only a programmer reads."""
    directory, report = made
    names = [section.name for section in report.sections]
    assert names[names.index("resilience") - 1] == "correctness"
    page = Page.parse(directory.path.joinpath("report.html").read_text("utf-8"))
    assert not page.tags["script"] - 3  # the data, plotly and ours
    texts = [*page.text, *(path.read_text("utf-8") for path in (directory.path / "tables").glob("*.csv"))]
    assert not [text for text in texts if NOT_FOR_PEOPLE.search(text.replace(ODD, ""))]
    plots = [plot for plot in report.plots if plot.name.startswith("resilience_")]
    tables = {one.name for one in report.tables}
    assert len(plots) == 5
    assert {plot.table for plot in plots} <= tables
    assert all(plot.reading.endswith(".") and "(s)" in plot.x_label for plot in plots)
    assert len(table(report, "recovery_thresholds").rows) == 8


@pytest.mark.parametrize("write_run", [nothing_sent, none_on_record])
def test_faults_of_which_nothing_is_known(tmp_path: Path, write_run: Callable[[Path], RunDirectory]) -> None:
    """A run without a request, or without an injection, has a section all the same, and its criteria stay open."""
    directory = write_run(tmp_path / "run")
    report = build(load_run(directory, criteria=CRITERIA), judged(directory, None))
    assert "resilience" in [section.name for section in report.sections]
    verdicts = {row[4]: row[2] for row in table(report, "resilience_criteria").rows}
    assert verdicts["recover_within"] == verdicts["max_failed_share_during"] == "INCONCLUSIVE"
    cells = [cell for one in report.tables for row in one.rows for cell in row]
    assert not [cell for cell in cells if isinstance(cell, float) and not math.isfinite(cell)]


def test_same_directory_gives_the_same_bytes(runs: Mapping[str, Made]) -> None:
    """A report of a run with faults made again is the same to the byte."""
    directory, _ = runs["unhealed"]
    files = [path for path in directory.path.rglob("*") if path.suffix in (".html", ".md", ".json", ".csv", ".xml")]
    before = {path: path.read_bytes() for path in files}
    reported(directory)
    assert {path: path.read_bytes() for path in files} == before


def test_no_formula_and_no_markup_from_a_fault(runs: Mapping[str, Made]) -> None:
    """Names of faults come from a scenario and a Toxiproxy: they are text everywhere."""
    directory, _ = runs["unhealed"]
    text = directory.path.joinpath("report.html").read_text("utf-8")
    assert "<script>alert" not in text
    assert "<script>alert" not in directory.path.joinpath("report.md").read_text("utf-8")


def test_one_line_for_each_injection_then_median_and_range(runs: Mapping[str, Made]) -> None:
    """The table of a fault that was repeated: its times, the median, the range."""
    rows = table(runs["open_run"][1], "fault_1").rows
    assert [row[0] for row in rows] == ["1", "2", "median", "range"]
    recovered = [column.name for column in table(runs["open_run"][1], "fault_1").columns].index("sustained_s")
    assert [row[recovered] for row in rows] == [*map(near, (0.5, 1.5, 1.0)), "500 ms to 1.50 s"]


def test_what_was_not_told_is_said_in_the_table(runs: Mapping[str, Made]) -> None:
    """Left out, not injected, not healed, overlapped: the line of each says so instead of a number."""
    lines = [str(row[0]) for row in table(runs["unhealed"][1], "fault_1").rows]
    assert lines[:2] == ["2: skipped", "1: not healed"]
    assert str(table(runs["unhealed"][1], "fault_2").rows[0][0]) == "1: not injected"
    assert str(table(runs["overload"][1], "fault_2").rows[0][0]) == "2: overlapped"


def test_the_metastable_question_is_answered(runs: Mapping[str, Made]) -> None:
    """Of an overload: yes with its time, or that it cannot be told."""
    report = runs["overload"][1]
    assert re.search(r"by itself\? Yes, [0-9.]+ (ms|s) after the load", table(report, "fault_1").caption)
    assert "Cannot tell: it was watched for too short a time." in table(report, "fault_3").caption


def test_criteria_are_in_every_format(runs: Mapping[str, Made]) -> None:
    """verdict.json, junit.xml, the page and the Markdown have an entry for each criterion, with the same verdict."""
    directory, report = runs["open_run"]
    document = json.loads(directory.path.joinpath("verdict.json").read_text("utf-8"))
    verdicts = {one["check"]: one["verdict"] for one in document["findings"] if one["group"] == "criteria"}
    assert verdicts["recover_within"] == "SLO_FAILED"
    assert verdicts["max_failed_share_during"] == "PASS"
    assert [row[4] for row in table(report, "resilience_criteria").rows if row[2] == "SLO_FAILED"] == ["recover_within"]
    suite = ElementTree.parse(directory.path / "junit.xml").getroot().findall("testsuite")[2]
    names = {case.get("name"): [result.tag for result in case] for case in suite}
    assert names["Service came back in time"] == ["failure"]
    assert names["Few requests failed while a fault was on"] == []
    assert "The data were right afterwards" in names
    assert "Service came back in time" in directory.path.joinpath("report.md").read_text("utf-8")


def test_raw_values_are_a_file(runs: Mapping[str, Made]) -> None:
    """recovery.csv has every number of every injection, plain, for whoever compares runs."""
    with runs["open_run"][0].path.joinpath("tables", "recovery.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["sustained_s"]) for row in rows] == near([0.5, 1.5, 3.0])
    assert [float(row["inject_before_s"]) for row in rows] == near([11.998, 25.998, 39.998])
    assert {row["due_basis"] for row in rows} == {"schedule"}


def test_faults_are_shaded_where_they_were_on(runs: Mapping[str, Made]) -> None:
    """The shades are those of the stamps; one that was not healed lasts until the end, one left out has none."""
    spans = [(shade.start_s, shade.end_s) for shade in _plot(runs["open_run"][1]).shades]
    assert spans == [pytest.approx((at_s - 0.002, at_s + 2.002)) for at_s in (12.0, 26.0, 40.0)]
    assert [(shade.start_s, shade.end_s) for shade in _plot(runs["unhealed"][1]).shades] == [
        pytest.approx((11.998, 60))
    ]


def _plot(report: Report) -> Plot:
    return next(plot for plot in report.plots if plot.name == "resilience_load")


def test_a_pass_says_that_there_were_faults(tmp_path: Path) -> None:
    """Nobody must wonder why so little came out as expected."""
    directory = finished(tmp_path / "run")
    write_faults(directory.faults_file, FaultsRecord(injections=repeated()))
    report = build(load_run(directory), GOOD)
    assert report.headline_text.startswith("PASS: ")
    assert "came out as expected while 3 faults were injected and healed" in report.headline_text
