"""The reference target as a process: started on a free port of loopback, asked what it did, stopped."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from pwdload.calibration.compare import Dictated
from pwdload.errors import TargetError

_ANSWERS_WITHIN_S = 20.0
_STOPS_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference target that runs."""

    url: str

    def dictated(self) -> Dictated:
        """Ask what it dictated and what came of it, since its start.

        Raises:
            TargetError: it does not say.
        """
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=_ANSWERS_WITHIN_S)
        try:
            connection.request("GET", "/reference/truth")
            document = json.loads(connection.getresponse().read())
            return Dictated(
                timer=str(document["timer"]),
                cpu_s=float(document["cpu_s"]),
                arrived_s=tuple(document["arrived_s"]),
                promised_s=tuple(document["promised_s"]),
                written_s=tuple(document["written_s"]),
            )
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            raise TargetError(f"the reference target at {self.url} does not say what it did ({error})") from None
        finally:
            connection.close()


@contextmanager
def reference_target(arguments: Sequence[str]) -> Iterator[Reference]:
    """Run a reference target with these arguments, and stop it in the end.

    Raises:
        TargetError: it did not come up; its own words are on stderr.
    """
    command = [sys.executable, "-m", "pwdload.reference", "--parent-pid", str(os.getpid()), *arguments]
    # A session of its own: Ctrl-C in the terminal must reach it only after the load has ended.
    process = subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
    try:
        line = process.stdout.readline()
        if not line:
            raise TargetError("the reference target did not start (its message is above)")
        yield Reference(json.loads(line)["url"])
    finally:
        process.terminate()
        try:
            process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
