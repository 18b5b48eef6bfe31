"""Reports of runs in tests are made by forks of one process that has imported what they need.

Half of the processor time of a small report is imports, and the tests make a hundred of them. The program is the same,
so is all that it is given: arguments, folder, environment, streams. `plain` in `tests/e2e/test_locust.py` and all of
`make truth` make theirs the usual way.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "WARM_REPORTS"
"""The environment variable with the socket that `reporter.py` listens at; without it every report is on its own."""
FOLDER = Path(__file__).parent


@contextmanager
def reporter() -> Iterator[None]:
    """Run the process that reports are forked from; all processes that are started meanwhile may find it."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        socket = f"{folder}/socket"
        command = [sys.executable, str(FOLDER / "reporter.py"), socket]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):  # it ends with its input
            os.environ[VARIABLE] = socket
            yield
            del os.environ[VARIABLE]


def path_with_stub(path: str) -> dict[str, str]:
    """Return what makes a process find `sitecustomize.py`; nothing where no reporter runs."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(FOLDER), path)))} if VARIABLE in os.environ else {}
