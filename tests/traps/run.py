"""Starts the scripts of the traps, each in a process of its own: importing Locust patches sockets process-wide."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.processes import ROOT, environment


def found(module: str, *arguments: object, timeout_s: float = 180.0) -> Any:
    """Run a script under gevent and return what it has found."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", f"tests.traps.{module}", *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def target(*arguments: object) -> Iterator[tuple[int, dict[str, int]]]:
    """Run the target; gives its port, and a dictionary that holds what it has seen once it has ended."""
    command = [sys.executable, "-m", "tests.traps.target", *map(str, arguments)]
    seen: dict[str, int] = {}
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), seen
            process.stdin.close()
            seen.update(json.loads(process.stdout.readline()))
        finally:
            process.kill()
