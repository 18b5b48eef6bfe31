"""The exceptions that pwdload raises on purpose.

Each tells one person, in one line, what they did or met: the place, the value, what is allowed, the next step.
The command line prints `str(error)` and leaves with `exit_code`; a traceback is for our own mistakes only.
"""

from collections.abc import Sequence
from typing import ClassVar


class PwdloadError(Exception):
    """Something the user did or met, told in one line (`ScenarioError`: one line per problem)."""

    exit_code: ClassVar[int] = 2
    """What the process returns when this error ends it; 2 is "usage" in the table of exit codes."""


class UsageError(PwdloadError, ValueError):
    """An argument, a value or an environment variable is not one of those allowed.

    Also a `ValueError`, because that is what pydantic collects from a validator.
    """


class ScenarioError(PwdloadError):
    """A scenario file cannot be read, or says something that cannot be run.

    `problems` holds every problem found, one line each, in the order of the file; never empty.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        # The tuple is also the only element of `args`, so that the error survives pickling between processes.
        self.problems: tuple[str, ...] = tuple(problems) or ("the scenario cannot be run, for an unstated reason",)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


class TargetError(PwdloadError):
    """The host under test does not answer, or does not answer like the service this tool is for."""


class RunDirectoryError(PwdloadError):
    """A directory is not that of a run, cannot be written, or lacks what the command needs from it."""


class AccountsError(PwdloadError):
    """The test accounts cannot be read, or are too few for the plan."""


class FaultError(PwdloadError):
    """A fault could not be injected or healed, or this machine or target cannot have it."""


def disk_words(error: OSError) -> str:
    """Return in one line what a disk would not take or give: a full or read-only one, a folder where a file belongs."""
    what = error.filename if error.filename is not None else "a file"
    return f"{what}: {error.strerror or error}; make room or mend it, and try again"
