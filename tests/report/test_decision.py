"""The first page: what a review decides by, for whatever is known of a capacity."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.capacities import AT_LEAST, FOUND, NEVER_KEPT, UNKNOWN
from tests.analysis.degenerate import finished, lost_worker
from tests.report.decided import FORECAST
from tests.report.faulty import open_run
from tests.report.page import Page

from pwdload.analysis import Analysis, Caveat, analyse, load_run
from pwdload.analysis.capacity import Capacity, Shape
from pwdload.analysis.caveats import find_caveats
from pwdload.metrics import write_metrics
from pwdload.oracle.judgement import Judgement
from pwdload.report import Report, make
from pwdload.report.judged import judged
from pwdload.report.model import Section, Table
from pwdload.report.sections import decision_section
from pwdload.rundir import RunDirectory

Row = dict[str, str]


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A run that passed, at 14 changes a second, without a search and without a forecast."""
    directory = finished(tmp_path_factory.mktemp("runs") / "run")
    return analyse(load_run(directory), judged(directory, None))


def decide(analysis: Analysis, capacity: Capacity | None, forecast: str = FORECAST) -> Section:
    """The decision of a run with this capacity and forecast."""
    run = replace(analysis.run, scenario_source=f'title = "x"\n{forecast}')
    return decision_section(replace(analysis, run=run, capacity=capacity), ())


def table(found: Section, name: str) -> Table | None:
    """One of its tables; null where it is not there."""
    return next((item for item in found.items if isinstance(item, Table) and item.name == name), None)


def rows(found: Section) -> dict[str, Row]:
    """The table's rows by their first cell, with what is there of each."""
    decided = table(found, "decision")
    assert decided is not None
    names = [column.name for column in decided.columns]
    return {
        str(row[0]): {name: str(cell) for name, cell in zip(names, row, strict=True) if cell is not None}
        for row in decided.rows
    }


def said(found: Section, question: str) -> str:
    """What is said to a question; empty where nothing is."""
    review = table(found, "review")
    assert review is not None
    return next((str(row[1]) for row in review.rows if row[0] == question), "")


def test_a_capacity_that_is_enough(analysis: Analysis) -> None:
    """Capacity, limit, each peak with its head-room, and what gives first, in one table and one sentence."""
    found = decide(analysis, FOUND)
    told = rows(found)
    assert list(told) == [
        *("Measured capacity", "Limit beyond it", "Today", "Morning rush", "Mass-expiry day", "Next year"),
        "What gives first",
    ]
    assert told["Measured capacity"]["changes_per_s"] == "100/s"
    assert told["Measured capacity"]["interval"] == "95.0/s to 105/s"
    assert told["Limit beyond it"]["changes_per_s"] == "112/s"
    assert (
        "93.00 % of the capacity's goodput is kept; back to normal after 4.20 s"
        in (told["Limit beyond it"]["known_by"])
    )
    mass = told["Mass-expiry day"]
    assert (mass["changes_per_s"], mass["headroom"], mass["enough"]) == ("40.0/s", "+150 % (+138 % to +162 %)", "yes")
    assert (mass["used_up"], mass["act_by"]) == (
        "2031-12-02 (2031-08-21 to 2032-03-09)",
        "2030-06-13 (2030-03-02 to 2030-09-19)",
    )
    assert told["What gives first"]["known_by"] == "p95 of update_password passes 300 ms."
    assert found.intro.startswith(
        "Enough. The highest peak that is expected is 40.0/s (mass-expiry day), 50.0/s with 25 % to spare. "
        "The target takes 100/s of changes: head-room +150 % (+138 % to +162 %). Growth uses it up on 2031-12-02"
    )
    assert said(found, "Next") == ""


def test_a_capacity_that_is_too_small(analysis: Analysis) -> None:
    """No is said when not even the upper bound is enough, with what to do."""
    found = decide(analysis, FOUND, FORECAST.replace("6% within 1m", "30% within 1m"))
    assert rows(found)["Mass-expiry day"]["enough"] == "no"
    assert rows(found)["Mass-expiry day"]["used_up"] == "already"
    assert rows(found)["Mass-expiry day"]["act_by"] == "now"
    assert found.intro.startswith("Not enough.")
    assert said(found, "Next") == "Add capacity, or spread the mass-expiry day over more time."


def test_a_capacity_that_cannot_be_told_apart_from_the_need(analysis: Analysis) -> None:
    """80/s with 25 % to spare are 100/s, in the middle of the interval: nobody can tell, and repeating helps."""
    found = decide(analysis, FOUND, FORECAST.replace("6% within 1m", "12% within 1m"))
    assert rows(found)["Mass-expiry day"]["enough"] == "cannot tell"
    assert found.intro.endswith("What is needed lies within the interval of what is known.")
    assert said(found, "Next") == "To narrow the interval, repeat at the limit or hold each rate longer."


def test_a_limit_that_was_not_met_is_not_stated(analysis: Analysis) -> None:
    """Where the target served all that was offered past the capacity, its limit is more; after one load none is."""
    told = rows(decide(analysis, replace(FOUND, shape=Shape.FOLLOWS)))
    assert told["Limit beyond it"]["changes_per_s"] == "at least 112/s"
    assert str(told["Limit beyond it"]["known_by"]).startswith("The most that was offered was served")
    assert "Limit beyond it" not in rows(decide(analysis, replace(FOUND, shape=Shape.UNKNOWN)))


def test_a_target_that_never_saturated(analysis: Analysis) -> None:
    """What is known is a lower bound, and is called one in every cell."""
    found = decide(analysis, AT_LEAST)
    told = rows(found)
    assert told["Measured capacity"]["changes_per_s"] == "at least 95.0/s"
    assert told["Measured capacity"]["interval"] == "95.0/s or more"
    assert "Limit beyond it" not in told, "none was met"
    mass = told["Mass-expiry day"]
    assert (mass["headroom"], mass["enough"], mass["used_up"]) == ("at least +138 %", "yes", "2031-08-21 or later")
    assert said(found, "Next") == "To find the limit, offer more load."


def test_a_target_that_kept_the_criteria_at_no_rate(analysis: Analysis) -> None:
    """Below the lowest rate tried: that is all, and nothing is made of it that it is not."""
    found = decide(analysis, NEVER_KEPT)
    told = rows(found)
    assert told["Measured capacity"]["changes_per_s"] == "below 50.0/s"
    assert told["Mass-expiry day"]["headroom"] == "below +25 %"
    assert told["Mass-expiry day"]["used_up"] == "n/a"
    assert said(found, "Next").startswith("To find a rate that keeps the criteria, begin lower.")


@pytest.mark.parametrize("capacity", [None, UNKNOWN])
def test_without_a_capacity_the_table_says_what_is_known_instead(analysis: Analysis, capacity: Capacity | None) -> None:
    """A run that passed has served its load; no limit was looked for, and the next step is named."""
    found = decide(analysis, capacity)
    served = rows(found)["Served"]
    assert served["changes_per_s"] == "at least 14.2/s"
    assert served["known_by"].startswith("Served 14.2/s within the criteria.")
    assert rows(found)["Morning rush"]["enough"] == "yes"
    assert rows(found)["Mass-expiry day"]["enough"] == "cannot tell"
    assert "interval" not in served
    if capacity is None:
        assert said(found, "Next").startswith("To find the limit, add [search] to the scenario")


def test_without_a_forecast_there_is_nothing_to_hold_it_against(analysis: Analysis) -> None:
    """The table has the capacity alone, no empty columns, and says what to state."""
    found = decide(analysis, FOUND, "")
    assert list(rows(found)) == ["Measured capacity", "Limit beyond it", "What gives first"]
    decided = table(found, "decision")
    assert decided is not None
    assert [column.name for column in decided.columns] == ["what", "changes_per_s", "interval", "known_by"]
    assert table(found, "forecast") is None
    assert found.intro == (
        "The target takes 100/s of changes. No [forecast] says what is to come, so nothing says if that is enough."
    )
    assert "state [forecast]" in said(found, "Next")


def test_an_estimate_is_not_called_measured(analysis: Analysis) -> None:
    """What was not searched for is named as what it is."""
    assert "Estimated capacity" in rows(decide(analysis, replace(FOUND, source="levels")))


def test_a_broken_instrument_decides_nothing(tmp_path: Path) -> None:
    """Where a worker was lost, no head-room is called enough, however large."""
    directory = lost_worker(tmp_path / "run")
    broken = analyse(load_run(directory), judged(directory, None))
    assert Caveat.WORKER_LOST in {note.caveat for note in broken.caveats}
    found = decide(broken, FOUND)
    assert {row["enough"] for row in rows(found).values() if "enough" in row} == {"cannot tell"}
    assert found.intro == "The instrument failed: nothing can be decided by the numbers of this run."
    assert said(found, "Next") == "Mend what Checks names, and measure again."


def test_the_other_questions_have_a_line_each(analysis: Analysis) -> None:
    """Correctness, resilience and the conditions stand beside the table."""
    found = decide(analysis, FOUND)
    assert "found nothing wrong" in said(found, "Correctness")
    assert said(found, "Resilience") == "No fault was injected: nothing is known of how it fails and comes back."
    assert said(found, "Conditions") == (
        "http://127.0.0.1:8080, the embedded stand-in; scenario morning_rush, seed 20261123; pwdload 0.1.0, "
        "locust 2.47.0, python 3.11.2; generator at most 30 % of a core; not calibrated."
    )


def test_what_faults_came_to_is_a_line(tmp_path: Path) -> None:
    """How many took place, and after how many the target came back, the slowest time included."""
    directory = open_run(tmp_path / "run")
    found = decide(analyse(load_run(directory), judged(directory, None)), FOUND)
    assert re.fullmatch(
        r"3 of 3 planned injections took place; the target came back by itself after 3 of them, "
        r"within [0-9.]+ m?s of healing at worst\.",
        said(found, "Resilience"),
    )


def test_raw_values_are_in_a_file(analysis: Analysis) -> None:
    """Programs get head-room as a part and days as days."""
    details = table(decide(analysis, FOUND), "forecast")
    assert details is not None
    found = [dict(zip((column.name for column in details.columns), row, strict=True)) for row in details.rows]
    mass = next(row for row in found if row["when"] == "mass_expiry")
    assert mass["headroom"] == pytest.approx(1.5)
    assert (mass["enough"], mass["used_up"], mass["act_by_earliest"]) == ("kept", "2031-12-02", "2030-03-02")


def test_caveats_of_a_capacity(analysis: Analysis) -> None:
    """What a capacity is not is a caveat of the closed list; with a search that found a limit there is none."""

    def found(capacity: Capacity | None, source: str = FORECAST) -> set[Caveat]:
        run = replace(analysis.run, scenario_source=source)
        notes = find_caveats(run, Judgement(results=()), capacity=capacity)
        return {note.caveat for note in notes if note.caveat.weakens == "capacity"}

    assert found(FOUND) == set()
    assert found(AT_LEAST) == {Caveat.NO_LIMIT_FOUND}
    assert found(replace(FOUND, source="ramp")) == {Caveat.NOT_SEARCHED}
    assert found(None) == {Caveat.NO_LIMIT_LOOKED_FOR}
    assert found(None, "") == set()


def test_caveats_of_the_conditions(analysis: Analysis) -> None:
    """No TLS, accounts used again, and a lost worker are told where they are so, and only there."""

    def found(target: str = analysis.run.record.target, accounts: int = 5_000) -> set[Caveat]:
        run = replace(analysis.run, record=replace(analysis.run.record, target=target, accounts=accounts))
        return {note.caveat for note in find_caveats(run, Judgement(results=()))}

    ours = {Caveat.NO_TLS, Caveat.ACCOUNTS_REUSED, Caveat.WORKER_LOST}
    assert not found() & ours
    assert Caveat.NO_TLS in found(target="http://staging.example.com")
    assert Caveat.NO_TLS not in found(target="https://staging.example.com")
    assert Caveat.ACCOUNTS_REUSED in found(accounts=100)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, Report]:
    """A run with a forecast and metrics, and its report."""
    directory = finished(tmp_path_factory.mktemp("written") / "run")
    watched = '[target.metrics]\ncsv = "m.csv"\ncores = 8\n'
    directory.scenario_file.write_text(f'title = "x"\n{watched}{FORECAST}', encoding="utf-8")
    zero_s = 1795422600.0
    times = [zero_s + second for second in range(0, 100, 5)]
    series = {
        "cpu": dict.fromkeys(times, 7.7),
        "memory": dict.fromkeys(times, 2000000000.0),
        "threads": dict.fromkeys(times, 40.0),
    }
    write_metrics(directory.metrics_file, times, series)
    return directory, make(directory)


def test_the_first_page_comes_before_the_cards_with_its_marks(written: tuple[RunDirectory, Report]) -> None:
    """On the page the decision is read first, and each row leads to the caveats that weaken it."""
    text = (written[0].path / "report.html").read_text("utf-8").partition("<main>")[2]
    assert text.index("table-decision") < text.index('class="cards')
    row = text[text.index('<th scope="row"', text.index("table-decision")) :]
    assert row.index('href="#caveat-') < row.index("</th>")
    assert Page.parse(text).tags["table"]


def test_metrics_are_drawn_under_the_clock_of_the_load(written: tuple[RunDirectory, Report]) -> None:
    """Changes and each kind of metric have the same bins, axes with units, and their numbers in a file."""
    directory, report = written
    section = next(section for section in report.sections if section.name == "target")
    assert "CPU at 96 %, which gives first" in section.intro
    plots = [plot for plot in report.plots if plot.name.startswith("target_")]
    assert [plot.name for plot in plots] == [
        *("target_changes", "target_cores", "target_share", "target_bytes", "target_number")
    ]
    assert len({plot.x for plot in plots}) == 1
    assert all("(s)" in plot.x_label and plot.y_label.endswith(", per 5 s") for plot in plots)
    assert all(value is not None for plot in plots for one in plot.series for value in one.y)
    with (directory.path / "tables" / "target_metrics.csv").open(encoding="utf-8", newline="") as file:
        values = list(csv.DictReader(file))
    assert (len(values), values[1]["at_s"], values[1]["cpu"]) == (20, "5.0", "7.7")


def test_every_form_of_the_report_has_the_decision(written: tuple[RunDirectory, Report]) -> None:
    """Markdown, JSON, console: nobody has to open the page to decide."""
    directory, report = written
    markdown = (directory.path / "report.md").read_text("utf-8")
    assert markdown.index("**Decision**: Cannot tell") < markdown.index("| Password changes |")
    assert len(markdown.splitlines()) < 150
    verdict = json.loads((directory.path / "verdict.json").read_text("utf-8"))
    assert verdict["decision"].startswith("Cannot tell.")
    assert "  Decision: Cannot tell." in report.headline_text
    assert "Head-room" in dict(report.definitions)


def test_the_same_directory_gives_the_same_bytes(written: tuple[RunDirectory, Report]) -> None:
    """Days count from the run, not from when its report is made."""
    files = [path for path in written[0].path.rglob("*") if path.suffix in (".html", ".md", ".json", ".csv")]
    before = {path: path.read_bytes() for path in files}
    make(written[0])
    assert {path: path.read_bytes() for path in files} == before
