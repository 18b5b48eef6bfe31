"""From a finished run directory to its report: a page, Markdown, JSON, JUnit XML, CSV; the same bytes every time."""

from pathlib import Path

from pwdload.analysis import load_run
from pwdload.report import as_json, html, junit, markdown, tables
from pwdload.report.build import build
from pwdload.report.judged import judged
from pwdload.report.model import Report
from pwdload.rundir import RunDirectory, write_whole

__all__ = ["Report", "build", "make", "write"]


def make(directory: RunDirectory) -> Report:
    """Read and judge a run directory, write its report into it, and return the report.

    Raises:
        RunDirectoryError: its record cannot be read.
    """
    report = build(load_run(directory), judged(directory))
    write(report, directory)
    return report


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
