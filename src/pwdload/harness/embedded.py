"""The embedded stand-in: started when no host is named, seeded with the run's accounts, stopped after the run.

It is a process of its own, reached through its command line and its HTTP interface alone.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Self

from pwdload.api.contract import Answer
from pwdload.api.http import Address, Connection, is_loopback
from pwdload.errors import TargetError

_STOPPING_S = 5.0
_COUNTS_WITHIN_S = 2.0


class EmbeddedStandin:
    """A stand-in process that belongs to this harness."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.url = url
        self._process = process

    @classmethod
    def start(cls, seed_csv: Iterable[str], settings: Mapping[str, object]) -> Self:
        """Start a stand-in on a free port of loopback and give it its accounts.

        Raises:
            TargetError: it did not come up; its own words are on stderr.
        """
        command = [sys.executable, "-m", "pwdload.standin", "--port", "0", "--seed-from", "-"]
        command += ["--parent-pid", str(os.getpid())]
        for name, value in settings.items():
            command += ["--set", f"{name}={json.dumps(value) if not isinstance(value, str) else value}"]
        # A session of its own: Ctrl-C in the terminal must reach it only after the users have finished.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert process.stdin is not None  # noqa: S101 - narrows the types: both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.writelines(seed_csv)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has said why on stderr, and the line below is missing
        line = process.stdout.readline()
        if not line:
            process.wait()
            raise TargetError("the embedded stand-in did not start (its message is above); correct [standin] settings")
        return cls(process, json.loads(line)["url"])

    def stop(self) -> None:
        """Stop it, kindly first."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOPPING_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def standin_counts(url: str) -> dict[str, object] | None:
    """Ask a target for its own counts; null when it keeps none, as any target but the stand-in.

    Only a target on this machine is asked: no other gets a request that its documentation does not know.
    """
    address = Address.parse(url)
    if address.scheme != "http" or not is_loopback(address.host):
        return None
    connection = Connection(address, clock=time.perf_counter, timeout_s=_COUNTS_WITHIN_S)
    exchange = connection.exchange(f"GET /standin/counts HTTP/1.1\r\nHost: {address.authority}\r\n\r\n".encode())
    connection.close()
    fields = Answer.parse(exchange.http_status, exchange.body).fields if exchange.http_status == 200 else None
    return dict(fields) if fields is not None and "counts" in fields else None
