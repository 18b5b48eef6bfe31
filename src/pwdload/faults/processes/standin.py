"""A stand-in that can be killed and started again: on the same port, over the same database, with the same settings."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from pwdload.errors import FaultError, TargetError
from pwdload.faults.guardian import Guardian
from pwdload.faults.processes.control import StandinControl

_STOPPING_S = 5.0
_LOOPBACK = "127.0.0.1"


class StandinProcess:
    """A stand-in process that belongs to us, reached through its command line and its HTTP interface alone.

    Its port is bound by us as well, without listening: while nobody else does, clients are refused, and the kernel
    gives the port to no other socket, not even as the source of a client's connection.
    """

    def __init__(self, folder: Path, port: socket.socket, settings: Sequence[str]) -> None:
        self.database = folder / "standin.db"
        """The SQLite file with its accounts."""
        self.url = f"http://{_LOOPBACK}:{port.getsockname()[1]}"
        self.control = StandinControl(self.url)
        self._folder = folder
        self._port = port
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        # It leaves by itself when we die; its accounts must not stay behind.
        self._guardian = Guardian('rm -rf -- "$1"', str(folder))

    @classmethod
    def start(cls, seed_csv: Iterable[str], settings: Mapping[str, object]) -> Self:
        """Start a stand-in on a free port of loopback and give it its accounts.

        Raises:
            TargetError: it did not come up; its own words are on stderr.
        """
        assignments = [
            f"--set={name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in settings.items()
        ]
        standin = cls(Path(tempfile.mkdtemp(prefix="pwdload-standin-")), _kept_port(), assignments)
        try:
            standin._begin(seed_csv)
        except BaseException:
            standin.stop()
            raise
        return standin

    @property
    def pid(self) -> int:
        """Its number; that of the last one while it does not run."""
        assert self._process is not None  # noqa: S101 - narrows the type: `start` has made it
        return self._process.pid

    def is_healthy(self) -> bool:
        """Whether it runs and answers."""
        return self._runs() and self.control.is_up()

    def kill(self) -> None:
        """End it by SIGKILL, and return when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def start_again(self) -> None:
        """Start it unless it runs; it answers some time later. Its counts, and what it was told to have, begin anew.

        Raises:
            FaultError: it cannot be started.
        """
        if self._runs():
            return
        try:
            self._process = self._popen(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        except OSError as error:
            raise FaultError(f"the stand-in cannot be started again ({error.strerror})") from None

    def stop(self) -> None:
        """Stop it, kindly first, and forget its accounts."""
        if self._process is not None and self._runs():
            # One that is paused hears the rest only when it goes on.
            for number in (signal.SIGTERM, signal.SIGCONT):
                self._process.send_signal(number)
            try:
                self._process.wait(_STOPPING_S)
            except subprocess.TimeoutExpired:
                self.kill()
        self._port.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._guardian.dismiss()

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _begin(self, seed_csv: Iterable[str]) -> None:
        process = self._process = self._popen("--seed-from", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None  # noqa: S101 - narrows the types: both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.writelines(seed_csv)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has said why on stderr, and the line below is missing
        line = process.stdout.readline()
        process.stdout.close()
        if not line:
            process.wait()
            raise TargetError("the embedded stand-in did not start (its message is above); correct [standin] settings")

    def _popen(self, *more: str, stdin: int, stdout: int) -> "subprocess.Popen[str]":
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "pwdload.standin", "--port", port, "--db", str(self.database)]
        command += ["--parent-pid", str(os.getpid()), *self._settings, *more]
        # A session of its own: Ctrl-C in the terminal must reach it only after the users have finished.
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, text=True, start_new_session=True)  # noqa: S603 - our own program


def _kept_port() -> socket.socket:
    keeper = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((_LOOPBACK, 0))
    return keeper
