"""What a person does who follows a page: files written, lines typed in one shell, a program left running in another."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Self

from tests.processes import environment

_END = "-- that line has ended --"
_LINE_S_MAX = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """One line, and what came of it."""

    line: str
    exit_code: int
    said: str
    """Standard output and standard error, as a terminal shows both."""
    took_s: float


class Shell:
    """One shell for all lines, so that `cd`, `export` and `umask` hold for what follows."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.typed: list[Typed] = []
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def type(self, line: str) -> Typed:
        """Run one line to its end."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        begun_s, said = time.monotonic(), []
        too_long = Timer(_LINE_S_MAX, self._process.kill)
        too_long.start()
        stdin.write(f"{{ {line}\n}} </dev/null; code=$?; echo; echo '{_END}' $code\n")
        stdin.flush()
        for piece in stdout:
            if piece.startswith(_END):
                break
            said.append(piece)
        else:
            piece = f"{_END} -1"
        too_long.cancel()
        code = int(piece.removeprefix(_END))
        self.typed.append(
            Typed(line=line, exit_code=code, said="".join(said), took_s=time.monotonic() - begun_s),
        )
        return self.typed[-1]

    @property
    def folder(self) -> Path:
        """Where it is by now."""
        return Path(f"/proc/{self._process.pid}/cwd").resolve()


def programs(folder: Path, site: str | None = None) -> dict[str, str]:
    """Return an environment in which `pwdload` is ours, or what lies in `site`; `folder` is made for the command."""
    folder.mkdir()
    command = folder / "pwdload"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m pwdload "$@"\n')
    command.chmod(0o755)
    variables = environment(secret="", more={"PYTHONPATH": site or os.environ.get("PYTHONPATH", "")})
    return {**variables, "PATH": f"{folder}{os.pathsep}{variables['PATH']}"}


@contextmanager
def left_running(line: str, folder: Path, variables: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    """Run a program as in another terminal; gives the JSON line by which it says that it is ready."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {line}"], cwd=folder, env=dict(variables), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        try:
            said: Mapping[str, object] = json.loads(process.stdout.readline())
            yield said
        finally:
            process.terminate()
            process.wait(20)
