"""The process that exports metrics, as the one in charge of a run sees it: it hands over snapshots and never waits."""

import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final, Self

from pwdload.errors import UsageError
from pwdload.exporting.program import LAST_PUSH_WITHIN_S, LAST_SCRAPE_WITHIN_S, MESSAGE_BYTES_MAX
from pwdload.secrecy import without_secrets
from pwdload.watched import Snapshot

_SENT_WITHIN_S: Final = 1.0
_GRACE_S: Final = 1.0
_MOMENT_S: Final = 1.0
"""From here on it is said what is waited for."""
ENDS_WITHIN_S: Final = _SENT_WITHIN_S + max(LAST_PUSH_WITHIN_S, LAST_SCRAPE_WITHIN_S) + _GRACE_S
"""The longest that metrics can delay the end of a process; then theirs is killed."""


class ExportProcess:
    """A process of ours that serves and pushes what it is shown."""

    def __init__(self, process: "subprocess.Popen[str]", channel: socket.socket, url: str) -> None:
        self.url = url
        """What Prometheus can scrape; empty where only is pushed."""
        self._process = process
        self._channel = channel

    @classmethod
    def start(cls, *, host: str, port: int | None, otlp: bool, environment: Mapping[str, str] = os.environ) -> Self:
        """Start it, and return when it serves; without a port there is nothing to scrape.

        Raises:
            UsageError: it cannot serve there, or cannot push as the environment says.
        """
        # One message is one snapshot: it goes whole, or not at all.
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES_MAX)
        command = [sys.executable, "-m", "pwdload.exporting", "--channel", str(theirs.fileno())]
        command += ["--otlp"] if otlp else []
        command += ["--prometheus-host", host, "--prometheus-port", str(port)] if port is not None else []
        pushing = {name: value for name, value in environment.items() if name.startswith("OTEL_")}
        # A session of its own: Ctrl-C in the terminal must reach it only after the last values.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=(theirs.fileno(),),
            env=without_secrets(environment) | pushing,
        )
        theirs.close()
        channel.setblocking(False)
        try:
            return cls(process, channel, _announced(process))
        except BaseException:
            channel.close()
            raise

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, by itself or by somebody else."""
        return self._process.poll() is not None

    def show(self, snapshot: Snapshot) -> bool:
        """Hand over a snapshot if there is room for it; return whether there was. It never waits.

        A process that is stuck, or gone, is shown nothing: the next snapshot holds all that this one did.
        """
        try:
            return self._channel.send(pickle.dumps(snapshot, pickle.HIGHEST_PROTOCOL)) > 0
        except OSError:
            return False

    def stop(self, last: Snapshot | None = None, say_slow: Callable[[], None] = lambda: None) -> None:
        """Hand over what is last, and end it: within `ENDS_WITHIN_S`, whatever scrapers and collectors do.

        `say_slow` is called when that takes more than a moment.
        """
        is_stuck = False
        if last is not None:
            self._channel.settimeout(_SENT_WITHIN_S)
            is_stuck = not self.show(last)
        self.hang_up()
        if not self._ends_within(_MOMENT_S):
            say_slow()
            if is_stuck or not self._ends_within(ENDS_WITHIN_S - _SENT_WITHIN_S - _MOMENT_S):
                self._process.kill()
                self._process.wait()

    def hang_up(self) -> None:
        """Hand over nothing any more; it ends by itself then."""
        self._channel.close()

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _announced(process: "subprocess.Popen[str]") -> str:
    """Return where the process serves.

    Raises:
        UsageError: it does not.
    """
    assert process.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
    line = process.stdout.readline()
    process.stdout.close()
    said: dict[str, str] = json.loads(line) if line else {}
    if "url" not in said:
        process.wait()
        raise UsageError(said.get("error", "metrics: their process did not start (its message is above)"))
    return said["url"]
