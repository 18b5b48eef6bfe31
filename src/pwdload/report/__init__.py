"""From a finished run directory to its report: a page, Markdown, JSON, JUnit XML, CSV; the same bytes every time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pwdload.analysis import Run, load_run
from pwdload.analysis.run import read_samples_of
from pwdload.oracle.judgement import Judgement
from pwdload.report import as_json, html, junit, markdown, tables
from pwdload.report.build import build
from pwdload.report.judged import judged
from pwdload.report.model import Report
from pwdload.rundir import RunDirectory, write_whole

_BESIDE_ROWS_MAX = 3_000_000
"""Up to so many samples there is memory enough to judge and to analyse a run at the same time."""
_OF_THE_ORACLE = ["seq", "token", "session", "password", "new_password"]
"""Columns that say nothing of speed, and take a quarter of the memory."""

__all__ = ["Report", "build", "make", "write"]


def make(directory: RunDirectory) -> Report:
    """Read and judge a run directory, write its report into it, and return the report.

    Raises:
        RunDirectoryError: its record cannot be read.
    """
    report = build(*_read(directory))
    write(report, directory)
    return report


def _read(directory: RunDirectory) -> tuple[Run, Judgement]:
    """Return the run and its judgement.

    Each is worked out beside the other, most of it without Python's lock; but of a long run one after the other, since
    memory is then what there is least of, and what the oracle alone needs is given up before the rest is begun.
    """
    samples = read_samples_of(directory)  # once for both, and gone when both have what they need of it
    if samples is None or len(samples[0]) <= _BESIDE_ROWS_MAX:
        with ThreadPoolExecutor(1) as beside:
            judging = beside.submit(judged, directory, samples)
            return load_run(directory, samples), judging.result()
    judgement = judged(directory, samples)
    rows, files = samples
    del samples
    rows = rows.drop_columns(_OF_THE_ORACLE)
    return load_run(directory, (rows, files)), judgement


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
