"""The embedded fault proxy: a process that belongs to whoever started it, and is reached over its API alone."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Self

from pwdload.errors import FaultError
from pwdload.faults.client import ToxiproxyClient

_STARTS_WITHIN_S = 20.0
_STOPS_WITHIN_S = 5.0


class EmbeddedProxy:
    """A fault proxy process. It has no proxies at first: they are made over its `client`."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.url = url
        self.client = ToxiproxyClient(url)
        self._process = process

    @classmethod
    def start(cls, *, allow: Sequence[str] = ()) -> Self:
        """Start it with its API on a free port of loopback; `allow` are hosts that it may touch besides loopback.

        Raises:
            FaultError: it did not come up; its own words are on stderr.
        """
        command = [sys.executable, "-m", "pwdload.faults", "--control", "127.0.0.1:0", "--parent-pid", str(os.getpid())]
        for host in allow:
            command += ["--allow", host]
        # A session of its own: Ctrl-C in the terminal must reach it only after the faults have been healed.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        return cls(process, _announced_url(process))

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop it, kindly first; nothing where it has ended already."""
        if self.is_alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _announced_url(process: "subprocess.Popen[str]") -> str:
    """Return what the process says in its first line; it is killed where it says nothing in time."""
    assert process.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
    too_late = threading.Timer(_STARTS_WITHIN_S, process.kill)
    too_late.start()
    try:
        line = process.stdout.readline()
    finally:
        too_late.cancel()
    if not line:
        process.wait()
        process.stdout.close()
        raise FaultError("the fault proxy did not start (its message is above); mend what it says and start again")
    return str(json.loads(line)["url"])
