"""The program `pwdload.report`."""

import sys
from pathlib import Path

from pwdload.errors import PwdloadError, disk_words
from pwdload.extensions import load_own
from pwdload.report import make
from pwdload.rundir import RunDirectory


def main(path: str) -> int:
    """Make the report of a run, print its headline, and return the exit code of its verdict."""
    try:
        load_own("cases")
        load_own("report")
        directory = RunDirectory.open(Path(path))
        made = make(directory)
    except OSError as error:  # a full or read-only disk
        sys.stderr.write(f"pwdload: {disk_words(error)}\n")
        return PwdloadError.exit_code
    except PwdloadError as error:
        sys.stderr.write("".join(f"pwdload: {line}\n" for line in str(error).splitlines()))
        return error.exit_code
    sys.stdout.write(f"{made.headline_text}\nReport: {directory.shown / 'report.html'}\n")
    return made.verdict.exit_code
