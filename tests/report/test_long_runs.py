"""A long run is judged in parts by a process of its own, its sections made two at a time: its report is the same."""

import os
import signal
from pathlib import Path
from unittest import mock

import pytest
from tests.analysis.degenerate import DEGENERATE
from tests.bench.big_run import write_big_run
from tests.report.faulty import closed_run, open_run
from tests.report.test_criteria import SLO

from pwdload import arrays, report
from pwdload.analysis import analyse
from pwdload.oracle.judgement import Judgement
from pwdload.report import beside, build, make
from pwdload.report.beside import judging
from pwdload.report.judged import judged
from pwdload.rundir import RunDirectory
from pwdload.samples import Samples, read_samples
from pwdload.statistics import ordering


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run of twenty thousand samples, some of them in doubt."""
    return write_big_run(tmp_path_factory.mktemp("runs") / "run", 20_000)


def files(directory: RunDirectory) -> dict[str, bytes]:
    """Return what a report has written."""
    paths = [*directory.path.glob("*.*"), *(directory.path / "tables").iterdir()]
    return {path.name: path.read_bytes() for path in paths}


def test_the_report_of_a_long_run_has_the_same_bytes(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is left out, done beside or given up for the sake of memory and time shows nowhere."""
    make(run)
    short = files(run)
    monkeypatch.setattr(report, "_LONG", 0)
    monkeypatch.setattr(beside, "ROWS_LEAST", 0)
    monkeypatch.setitem(build.__globals__, "BESIDE_LEAST", 0)
    monkeypatch.setitem(analyse.__globals__, "BESIDE_LEAST", 0)
    make(run)
    assert files(run) == short
    with mock.patch("pwdload.oracle.judge.WHOLE_ROWS_MOST", 0):
        make(run)
    assert files(run) == short


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is made part by part is made in many parts, and every array is in a file where arrays are."""
    monkeypatch.setattr(arrays, "LEAST_BYTES", 1)
    monkeypatch.setattr(arrays, "ROWS", 1_777)
    monkeypatch.setattr(ordering, "_APART", 3_001)
    monkeypatch.setattr(report, "_LONG", 0)


@pytest.mark.usefixtures("small_parts")
def test_the_report_has_the_same_bytes_with_columns_in_files(run: RunDirectory) -> None:
    """A run that is too long for memory is told of with the same numbers, and leaves no file behind."""
    make(run)
    in_memory = files(run)
    make(run, in_files_from=0)
    assert files(run) == in_memory
    assert not [path for path in run.path.iterdir() if path.name not in in_memory and path.is_file()]


@pytest.mark.slow
@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("name", [*DEGENERATE, "open_run", "closed_run"])
def test_every_kind_of_run_has_the_same_report_with_columns_in_files(tmp_path: Path, name: str) -> None:
    """Faults, criteria, waits for a slot, lost workers, no samples at all: the same bytes either way."""
    written = {**DEGENERATE, "open_run": open_run, "closed_run": closed_run}[name](tmp_path / "run")
    written.scenario_file.write_text(SLO, "utf-8")
    make(written)
    in_memory = files(written)
    make(written, in_files_from=0)
    assert files(written) == in_memory


def test_a_process_that_dies_is_no_judgement(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process is killed, the run is judged all the same, by the one that asks."""
    samples, here = read_samples(run.samples), os.getpid()

    def killed_elsewhere(directory: RunDirectory, rows: Samples | None) -> Judgement:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return judged(directory, rows)

    monkeypatch.setattr(beside, "ROWS_LEAST", 0)
    monkeypatch.setattr(beside, "judged", killed_elsewhere)
    assert judging(run, samples)() == judged(run, samples)
