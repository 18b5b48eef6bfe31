"""A long run is judged by a process of its own and its sections are made two at a time: its report is the same."""

import os
import signal

import pytest
from tests.bench.big_run import write_big_run

from pwdload import report
from pwdload.oracle.judgement import Judgement
from pwdload.report import beside, build, make
from pwdload.report.beside import judging
from pwdload.report.judged import judged
from pwdload.rundir import RunDirectory
from pwdload.samples import Samples, read_samples


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
    monkeypatch.setitem(build.__globals__, "_BESIDE_LEAST", 0)
    make(run)
    assert files(run) == short


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
