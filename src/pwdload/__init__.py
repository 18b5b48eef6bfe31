"""pwdload: load and resilience testing of the change of an expired password.

A scenario is a value; running it yields a history; every claim is a pure function of that history.

Importing this imports nothing else of ours: every process of a run does so. What is offered here is fetched when it is
called for. This is all that is promised to stay, with `pwdload.harness` for locustfiles and the modules named `own`
for a team's own cases, checks and sections: see `docs/extending.md`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pwdload.errors import PwdloadError
    from pwdload.report.model import Report
    from pwdload.report.notebook import LoadedRun
    from pwdload.scenario import Scenario

__all__ = ["PwdloadError", "load_run", "load_scenario", "make_report"]


def load_run(directory: "str | Path") -> "LoadedRun":
    """Read the directory of a finished run, for a notebook: frames with documented columns, verdict and report.

    See `docs/notebook.md`. Nothing is written.

    Raises:
        RunDirectoryError: there is no such directory, or it has no readable run.json.
    """
    from pwdload.report.notebook import load_run as read  # noqa: PLC0415 - pandas takes a second that no load waits for

    return read(directory)


def load_scenario(file: "str | Path") -> "Scenario":
    """Read a scenario, and check it against the catalogue of cases and those that this folder's settings add.

    Raises:
        ScenarioError: it cannot be used; every problem is listed, a line each.
        UsageError: the settings of this folder name a file of cases that does not run.
    """
    from pathlib import Path  # noqa: PLC0415 - as above

    from pwdload.extensions import load_own  # noqa: PLC0415 - as above
    from pwdload.run import load  # noqa: PLC0415 - as above

    load_own("cases")
    return load(Path(file))


def make_report(directory: "str | Path") -> "Report":
    """Judge a finished run, write its report into its directory, and return it, as `pwdload report` does.

    Raises:
        RunDirectoryError: there is no such directory, its record cannot be read, or it cannot be written into.
        UsageError: the settings of this folder name a file of checks or sections that does not run.
    """
    from pathlib import Path  # noqa: PLC0415 - as above

    from pwdload.extensions import load_own  # noqa: PLC0415 - as above
    from pwdload.report import make  # noqa: PLC0415 - as above
    from pwdload.rundir import RunDirectory  # noqa: PLC0415 - as above

    load_own("report")
    return make(RunDirectory.open(Path(directory)))


def __getattr__(name: str) -> object:
    if name == "PwdloadError":
        from pwdload.errors import PwdloadError  # noqa: PLC0415 - as above

        return PwdloadError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
