"""The same directory gives the same bytes, whoever makes the report, and wherever."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.report.faulty import open_run

from pwdload.report import make
from pwdload.rundir import RunDirectory

ELSEWHERE = {
    "PYTHONHASHSEED": "4711",
    "TZ": "NPT-5:45",
    "LC_ALL": "de_DE.UTF-8",
    "LANG": "tr_TR.UTF-8",
    "COLUMNS": "40",
}
"""Another order of sets, another time zone, another language, another width."""
MAKE_IT = """
import contextlib, locale, pathlib, sys
with contextlib.suppress(locale.Error):
    locale.setlocale(locale.LC_ALL, "")
from pwdload.report import make
from pwdload.rundir import RunDirectory
make(RunDirectory(pathlib.Path(sys.argv[1])))
"""


def hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file, by its name in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_report_does_not_depend_on_who_makes_it(tmp_path: Path) -> None:
    """Every file is the same under another hash seed, time zone, locale, directory and working directory."""
    here, there = tmp_path / "here", tmp_path / "far" / "away" / "there"
    open_run(here)
    shutil.copytree(here, there)
    make(RunDirectory(here))
    command = [sys.executable, "-c", MAKE_IT, str(there)]
    subprocess.run(command, env={**os.environ, **ELSEWHERE}, cwd=there, check=True)
    made = hashes(here)
    assert {"report.html", "report.md", "report.json", "verdict.json", "junit.xml", "tables/timeline.csv"} <= set(made)
    assert hashes(there) == made
