"""pwdload: load and resilience testing of the change of an expired password.

A scenario is a value; running it yields a history; every claim is a pure function of that history.

Importing this imports nothing else of ours: every process of a run does so. What is offered here is fetched when it is
called for.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pwdload.report.notebook import LoadedRun

__all__ = ["load_run"]


def load_run(directory: "str | Path") -> "LoadedRun":
    """Read the directory of a finished run, for a notebook: frames with documented columns, verdict and report.

    See `docs/notebook.md`. Nothing is written.

    Raises:
        RunDirectoryError: there is no such directory, or it has no readable run.json.
    """
    from pwdload.report.notebook import load_run as read  # noqa: PLC0415 - pandas takes a second that no load waits for

    return read(directory)
