"""From a finished run directory to its report: a page, Markdown, JSON, JUnit XML, CSV; the same bytes every time."""

import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from pwdload import arrays
from pwdload.analysis import Run, load_run
from pwdload.analysis.run import read_samples_of
from pwdload.oracle.judge import is_judged_in_parts
from pwdload.oracle.judgement import Judgement
from pwdload.report import as_json, html, junit, markdown, tables
from pwdload.report.beside import judging
from pwdload.report.build import build
from pwdload.report.memory import give_back_freed_memory
from pwdload.report.model import Report
from pwdload.rundir import RunDirectory, write_whole
from pwdload.samples.room import IN_FILES_FROM, room_for, samples_in

_LONG = 3_000_000
"""A run of more samples is told apart from others by what it leaves out, since memory is what there is least of."""
_OF_NOBODY = ("seq", "generation", "bytes_sent", "bytes_received")
_OF_THE_ORACLE = ("account", "token", "session", "password", "new_password")
"""Columns that say nothing of speed, and take a third of the memory."""

__all__ = ["Report", "build", "make", "write"]


def make(directory: RunDirectory, *, in_files_from: int = IN_FILES_FROM) -> Report:
    """Read and judge a run directory, write its report into it, and return the report.

    The columns of a run of so many samples, `in_files_from`, are in files meanwhile; so are those of any run that this
    machine has not memory enough for.

    Raises:
        RunDirectoryError: its record cannot be read, or there is no room for its columns.
    """
    with _columns(directory, in_files_from):
        run, judgement = _read(directory)
        report = build(run, judgement)
        write(report, directory)
    return report


def _columns(directory: RunDirectory, in_files_from: int) -> AbstractContextManager[None]:
    """Return where the columns of a run are to be while its report is made.

    A folder for temporary files is in memory on many machines: so files are beside the run, where nobody names one.
    """
    samples = samples_in(directory.samples, directory.spool)
    in_memory, otherwise = room_for(samples), room_for(samples, in_files=True)
    if samples < in_files_from and (in_memory.is_enough or in_memory.needed <= otherwise.needed):
        return nullcontext()
    return arrays.in_files(Path(tempfile.gettempdir()) if os.environ.get("TMPDIR") else directory.path)


def _read(directory: RunDirectory) -> tuple[Run, Judgement | Callable[[], Judgement]]:
    """Return the run and its judgement, or what waits for it.

    Of a long run what no table asks for is not kept, and the oracle reads for itself what it needs, in parts; the two
    are at work beside each other.
    """
    is_long = samples_in(directory.samples, directory.spool) > _LONG
    if is_long:
        give_back_freed_memory()
    if is_judged_in_parts(directory):
        judgement_of = judging(directory, None)
        without = (*_OF_NOBODY, *_OF_THE_ORACLE) if is_long else ()
        return load_run(directory, read_samples_of(directory, without), is_lean=is_long), judgement_of
    samples = read_samples_of(directory)  # once for both
    judgement_of = judging(directory, samples)
    return load_run(directory, samples), judgement_of


def write(report: Report, directory: RunDirectory) -> tuple[Path, ...]:
    """Write report.html, report.md, report.json, verdict.json, junit.xml and tables/*.csv; return their paths."""
    folder = directory.path / "tables"
    folder.mkdir(exist_ok=True)
    texts = {
        directory.path / "report.html": html.render(report),
        directory.path / "report.md": markdown.render(report),
        directory.path / "report.json": as_json.render(report),
        directory.path / "verdict.json": as_json.render_verdict(report),
        directory.path / "junit.xml": junit.render(report),
        **{folder / f"{table.name}.csv": tables.render(table) for table in report.tables},
    }
    for path, text in texts.items():
        write_whole(path, text)
    return tuple(texts)
