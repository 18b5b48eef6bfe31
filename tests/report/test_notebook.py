"""A run in a notebook: frames with the columns that are documented, the report, and errors of one line."""

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.analysis.degenerate import DEGENERATE, finished
from tests.report.faulty import open_run
from tests.report.notebook_docs import BEGIN, DOCUMENT, columns
from tests.report.page import Page

import pwdload
from pwdload.errors import PwdloadError
from pwdload.report.html import render
from pwdload.report.notebook import LoadedRun
from pwdload.report.notebook.columns import FRAMES

EMPTY = ("no_samples", "one_sample", "all_unknown")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    """A run of open arrivals with faults."""
    return pwdload.load_run(open_run(tmp_path_factory.mktemp("runs") / "run").path)


def frames_of(run: LoadedRun) -> dict[str, pd.DataFrame]:
    """Every frame of a run, by its name."""
    made = {name: getattr(run, name) for name in FRAMES if name not in ("latency", "timeline")}
    return {**made, "latency": run.latency().drop(columns="step"), "timeline": run.timeline()}


def test_frames_have_the_columns_that_are_documented(faulty: LoadedRun) -> None:
    """Each frame has the columns that `describe` tells of, in their order and of their types."""
    for name, frame in frames_of(faulty).items():
        told = LoadedRun.describe(name)
        assert list(frame.columns) == list(told["column"]), name
        assert [dtype.name for dtype in frame.dtypes] == list(told["dtype"]), name
        assert len(frame), name


@pytest.mark.parametrize("name", [name for name in EMPTY if name in DEGENERATE])
def test_types_do_not_depend_on_what_happened(name: str, tmp_path: Path) -> None:
    """A run without requests, or without faults, has the same columns and types: a notebook works on any."""
    for frame_name, frame in frames_of(pwdload.load_run(DEGENERATE[name](tmp_path / "run").path)).items():
        told = [column.dtype for column in FRAMES[frame_name]]
        assert [dtype.name for dtype in frame.dtypes] == told, frame_name


def test_numbers_are_those_of_the_report(faulty: LoadedRun) -> None:
    """What a notebook computes of a run is what its report says: latency, stages, timeline, verdict."""
    by_case = faulty.latency(["case", "step"])
    pd.testing.assert_frame_equal(by_case, faulty.table("latency_by_case"), check_dtype=False, check_categorical=False)
    stages = faulty.table("stages")
    assert list(faulty.stages["requests"]) == list(stages["requests"])
    assert faulty.timeline()["requests"].sum() == len(faulty.samples) == sum(faulty.table("timeline")["requests"])
    assert faulty.verdict is faulty.report.verdict


def test_what_is_handed_out_can_be_changed(faulty: LoadedRun) -> None:
    """A notebook that writes into a frame does not change what the next line reads."""
    samples = faulty.samples
    samples["response_s"] = 0.0
    assert faulty.samples["response_s"].max() > 0.5


def test_report_shows_itself_in_a_frame_of_its_own(faulty: LoadedRun) -> None:
    """In a notebook the page is there whole, and can reach nothing outside its frame."""
    shown = Page.parse(faulty.report._repr_html_())
    (frame,) = shown.all("iframe")
    assert frame["srcdoc"] == render(faulty.report)
    assert frame["sandbox"] == "allow-scripts"
    assert shown.tags["script"] == 0


def test_reading_a_run_leaves_it_as_it_is(tmp_path: Path) -> None:
    """A notebook writes nothing into a directory that may be somebody's evidence."""
    path = finished(tmp_path / "run").path
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
    run = pwdload.load_run(str(path))
    assert run.verdict is run.report.verdict
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (lambda run: pwdload.load_run("nowhere"), "nowhere is no directory"),
        (lambda run: pwdload.load_run(run.directory / "samples"), "run.json"),
        (lambda run: run.latency("colour"), "by is 'colour'; it must be one of worker, step"),
        (lambda run: run.latency(of="done_s"), "of is 'done_s'; it must be one of response_s"),
        (lambda run: run.table("moods"), "name is 'moods'; it must be one of"),
        (lambda run: run.describe("moods"), "frame is 'moods'; it must be one of samples"),
        (lambda run: run.timeline(0), "width_s is 0; it must be above 0"),
    ],
)
def test_mistakes_are_told_in_one_line(faulty: LoadedRun, mistake: Callable[[LoadedRun], object], told: str) -> None:
    """An error of a notebook is one of ours, on one line, with what is allowed."""
    with pytest.raises(PwdloadError) as caught:
        mistake(faulty)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_documented_example_works(faulty: LoadedRun, tmp_path: Path) -> None:
    """Every line of docs/notebook.md runs, one block after the other, in a directory that has a run."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "latest").symlink_to(faulty.directory)
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 5
    names: dict[str, object] = {}
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.StringIO()):
        for block in blocks:
            exec(compile(block, str(DOCUMENT), "exec"), names)
    assert isinstance(names["codes"], pd.DataFrame)
    assert isinstance(names["faults"], pd.DataFrame)


def test_documented_columns_are_those_that_there_are() -> None:
    """The lists in docs/notebook.md are up to date."""
    assert DOCUMENT.read_text("utf-8").partition(BEGIN)[2] == f"\n{columns()}"
