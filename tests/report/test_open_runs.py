"""The report of a run with open arrivals: a reviewer sees within a minute whether to trust the instrument."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.degenerate import dropped_arrivals, finished, lost_worker, no_samples, open_arrivals
from tests.analysis.open_runs import FLAT, plan_of, play

from pwdload.report import Report, make
from pwdload.report.model import Plot, Section, Table
from pwdload.rundir import ClockRecord, RunDirectory

Made = tuple[RunDirectory, Report]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Made]:
    """Each kind of run with its report, made once."""
    folder = tmp_path_factory.mktemp("runs")
    directories = {
        write.__name__: write(folder / write.__name__)
        for write in (open_arrivals, dropped_arrivals, lost_worker, finished, no_samples)
    }
    return {name: (directory, make(directory)) for name, directory in directories.items()}


def csv_rows(made: Made, name: str) -> list[dict[str, str]]:
    """The rows of a table's file."""
    with (made[0].path / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def section(report: Report, name: str) -> Section:
    """A section by its name."""
    return next(one for one in report.sections if one.name == name)


def test_first_screen_tells_of_the_load_and_the_generator(runs: Mapping[str, Made]) -> None:
    """One card says how much of the planned load was begun, how late it was, and how busy the generator was."""
    report = runs["open_arrivals"][1]
    card = report.cards[-1]
    assert card.label == "Arrivals begun"
    assert card.values[0].value == 1.0
    assert "3,091 of 3,091 planned; generator lag p99 0.20 ms; CPU at most 30 % of a core" in card.detail
    assert "open arrivals, 100/s to 150/s planned" in report.summary
    assert report.reason.endswith("; all 3,091 planned arrivals were begun, on time.")


def test_facts_name_the_model_of_load(runs: Mapping[str, Made]) -> None:
    """The conditions say open or closed, and of the open one its slots and queue."""
    facts = dict(runs["open_arrivals"][1].facts)
    assert facts["Load model"] == (
        "open: 3,091 Poisson arrivals by a seeded schedule, whatever the answers; 60 slots, up to 1,000 may wait"
    )
    assert "Users" not in facts
    assert dict(runs["finished"][1].facts)["Load model"].startswith("closed: ")


def test_stages_are_told_by_their_planned_rates(runs: Mapping[str, Made]) -> None:
    """What a stage of the open model was is its rate; how many slots there were says nothing of its load."""
    made = runs["open_arrivals"]
    assert [float(row["planned_per_s"]) for row in csv_rows(made, "stages")] == [50.0, 100.0, 150.0]
    assert "at 100/s planned, rush" in made[1].headline_text
    assert "users" not in csv_rows(made, "stages")[0]


def test_arrivals_have_a_section_only_where_there_are_some(runs: Mapping[str, Made]) -> None:
    """A closed run's report has neither the section nor the words of open arrivals."""
    assert section(runs["open_arrivals"][1], "arrivals").title == "Arrivals"
    for name in ("finished", "no_samples"):
        report = runs[name][1]
        assert "arrivals" not in {one.name for one in report.sections}
        assert "Slot" not in {word for word, _ in report.definitions}
        assert len(report.cards) == 5


def test_tables_of_arrivals_add_up(runs: Mapping[str, Made]) -> None:
    """Stages, processes and seconds each add up to the same planned, begun and dropped arrivals."""
    made = runs["dropped_arrivals"]
    (stage,), (process,) = csv_rows(made, "arrivals_by_stage"), csv_rows(made, "arrivals_by_process")
    seconds = csv_rows(made, "arrivals_in_time")
    assert int(stage["planned"]) == int(process["due"]) == sum(int(row["due"]) for row in seconds) == 3000
    assert int(stage["begun"]) == int(process["begun"]) == sum(int(row["sent"]) for row in seconds)
    never = int(stage["never_begun"])
    assert never == int(process["dropped"]) == sum(int(row["never_begun"]) for row in seconds) > 0
    assert f"{never} arrivals in no sample: {never} dropped." in section(made[1], "arrivals").intro


def test_verdict_file_holds_the_reasons(runs: Mapping[str, Made]) -> None:
    """What a pipeline reads names the drops, the lost worker and its time, with exit code 3."""
    for name, words in (
        ("dropped_arrivals", "arrivals were dropped"),
        ("lost_worker", "worker-2 was lost: noticed at"),
    ):
        document = json.loads((runs[name][0].path / "verdict.json").read_text("utf-8"))
        assert document["exit_code"] == 3
        assert words in document["reason"]
        assert words in document["findings"][0]["reason"]


def test_lost_worker_has_a_table_before_all_other_tables_of_the_generator(runs: Mapping[str, Made]) -> None:
    """The table names the worker, when it was lost and what is missing; Markdown has it too."""
    made = runs["lost_worker"]
    tables = [item.name for item in section(made[1], "generator").items if isinstance(item, Table)]
    assert tables[0] == "lost_workers"
    (row,) = csv_rows(made, "lost_workers")
    assert row["worker"] == "worker-2"
    assert float(row["noticed_s"]) == 15.0
    assert int(row["not_begun"]) > 0
    assert "**Lost workers**" in (made[0].path / "report.md").read_text("utf-8")


def test_health_is_drawn_for_each_process(runs: Mapping[str, Made]) -> None:
    """CPU and event-loop lag have a line per process, with a gap where a process was no more."""
    plots = {plot.name: plot for plot in runs["lost_worker"][1].plots}
    for name in ("generator_cpu", "loop_lag"):
        lines = {series.name: series.y for series in plots[name].series}
        assert list(lines) == ["worker-1", "worker-2"]
        assert None not in lines["worker-1"]
        assert lines["worker-2"][10] is not None
        assert lines["worker-2"][20] is None
    assert {"generator_cpu", "loop_lag"} <= {plot.name for plot in runs["finished"][1].plots}
    assert "generator_cpu" not in {plot.name for plot in runs["no_samples"][1].plots}


def test_many_processes_share_the_colours_there_are(tmp_path: Path) -> None:
    """Of twelve processes the seven that were worst off have a line each, and the others one together."""
    played = play(plan_of(FLAT, slots=120), workers=12)
    busy = played.with_health(lambda row: row._replace(cpu_share=0.9) if row.worker == "worker-11" else row)
    report = make(busy.write(tmp_path / "run"))
    plot = next(item for item in report.plots if item.name == "generator_cpu")
    assert len(plot.series) == 8
    assert plot.series[-1].name == "worst of 5 others"
    assert "worker-11" in {series.name for series in plot.series}
    assert len({series.ink for series in plot.series}) == 8


def test_offered_load_is_drawn_against_the_plan(runs: Mapping[str, Made]) -> None:
    """The plot of a stalled run shows a plan that goes on, an offered load that breaks in, and what came back."""
    plot = next(item for item in section(runs["dropped_arrivals"][1], "arrivals").items if isinstance(item, Plot))
    lines = {series.name: series.y for series in plot.series}
    assert lines["planned arrivals"][12] == 100
    assert lines["offered (flows begun)"][12] == lines["flows that ended as expected"][12] == 0
    assert "accepted changes" not in lines, "a run of log-ins alone changes nothing"
    names = {series.name for item in runs["open_arrivals"][1].plots for series in item.series}
    assert "accepted changes" in names


def test_clocks_have_columns_where_they_differ(runs: Mapping[str, Made]) -> None:
    """A worker with a clock of its own is shown with its offset, how well it is known, and how far it moved."""
    rows = {
        row["process"] if "process" in row else row["worker"]: row
        for row in csv_rows(runs["open_arrivals"], "processes")
    }
    assert rows["worker-1"]["offset_s"] == ""
    assert [float(rows["worker-2"][name]) for name in ("offset_s", "error_s", "drift_s")] == [-12.25, 0.0004, 0.0001]
    assert "offset_s" not in csv_rows(runs["lost_worker"], "processes")[0]


def test_lost_workers_and_clocks_are_shown_without_health_too(tmp_path: Path) -> None:
    """A run without health on record still tells of the workers that it lost, and of clocks."""
    played = replace(play(plan_of(), workers=2).losing("worker-2", 12.0), health=())
    tables = {table.name for table in make(played.write(tmp_path / "lost")).tables}
    assert "lost_workers" in tables
    assert "processes" not in tables
    clock = ClockRecord(offset_s=1.0, error_s=0.0001)
    timed = played.with_worker("worker-1", lambda worker: replace(worker, clock=clock))
    assert "processes" in {table.name for table in make(timed.write(tmp_path / "timed")).tables}
