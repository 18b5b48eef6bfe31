"""Programs that tests run to their end are forked from processes that have imported what they need.

Most of the processor time of a command, and half of that of a small report, is imports, and the tests start hundreds.
The program is the same, so is all that it is given: arguments, folder, environment, streams. What a test sends signals
to, or looks for by its number, is started as ever, and so are `plain` in `tests/e2e/test_locust.py` and all of
`make truth`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent
SOCKETS = "WARM_FOLDER"
"""The environment variable with the folder of the sockets that `server.py` listens at, each named by its module."""
MODULES = "WARM_MODULES"
"""The environment variable with the modules that a process leaves to them where it is started as one of these."""
REPORTS = "pwdload.report"
RUNS = "locust"
COMMANDS = "pwdload"
_WARMED = {
    REPORTS: ("pwdload.report.program", "pwdload.report.build"),
    RUNS: ("locust", "locust.main", "pwdload.harness"),
    COMMANDS: ("pwdload.cli",),
}
"""What is imported for each: all that it would import in any case."""
if sys.version_info >= (3, 12):
    del _WARMED[RUNS]  # a Locust that was forked, and forks workers, does not find these when they have ended


@contextmanager
def servers() -> Iterator[None]:
    """Run the processes that others are forked from; all processes that are started meanwhile may find them."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder, ExitStack() as stack:
        for module, imported in _WARMED.items():
            command = [sys.executable, str(FOLDER / "server.py"), f"{folder}/{module}", *imported]
            # Each ends with its input.
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True))
        os.environ[SOCKETS] = folder
        yield
        del os.environ[SOCKETS]


def left_to_them(path: str, *modules: str) -> dict[str, str]:
    """Return what makes a process find `sitecustomize.py`, and leave these modules to it; nothing where none runs."""
    if SOCKETS not in os.environ:
        return {}
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(FOLDER), path))), MODULES: " ".join(modules)}
