"""Start the project's own programs as processes, the way a user does."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import IO

from tests.warm import COMMANDS, REPORTS, RUNS, left_to_them

ROOT = Path(__file__).parents[1]
LOCUSTFILE = ROOT / "locustfiles" / "password_update.py"
SECRET = "a secret for the tests, not for anything else"
TENANT = {"PWDLOAD_TENANT_CLIENT_ID": "standin-admin", "PWDLOAD_TENANT_CLIENT_SECRET": "standin-secret"}
"""Who may call the stand-in's tenant API."""
TO_THEIR_END = (REPORTS, RUNS, COMMANDS)
"""What may be forked below a process that nobody sends signals to."""


def environment(
    secret: str = SECRET, more: Mapping[str, str] | None = None, warm: Iterable[str] = (REPORTS,)
) -> dict[str, str]:
    """Return the environment of a child: ours, without what a developer's shell may have set for pwdload or Locust.

    What is `warm` is forked from a process that has imported it; only what is run to its end may be.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PWDLOAD_", "LOCUST_"))}
    # Three seconds for each of a hundred runs, on a machine that runs several at once: who tests it asks for it.
    quick = {"COLUMNS": "200", "PWDLOAD_NO_CALIBRATE": "true"}
    stub = left_to_them(plain.get("PYTHONPATH", ""), *warm)
    return plain | stub | ({"PWDLOAD_RUN_SECRET": secret} if secret else {}) | quick | dict(more or {})


@dataclass(frozen=True, slots=True)
class Done:
    """A process that has ended."""

    exit_code: int
    out: str
    err: str


def pwdload(*arguments: str, cwd: Path = ROOT, timeout_s: float = 60.0) -> Done:
    """Run the command `pwdload` to its end."""
    return _run([sys.executable, "-m", "pwdload", *arguments], cwd, timeout_s, environment(warm=TO_THEIR_END))


def locust(
    *arguments: str,
    cwd: Path = ROOT,
    timeout_s: float = 90.0,
    secret: str = SECRET,
    more: Mapping[str, str] | None = None,
    without: Iterable[str] = (),
) -> Done:
    """Run `locust` with our locustfile to its end, with more variables in its environment, or without some."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments]
    variables = environment(secret, more, TO_THEIR_END)
    return _run(command, cwd, timeout_s, {name: variables[name] for name in variables.keys() - set(without)})


def start_locust(
    *arguments: str,
    cwd: Path = ROOT,
    secret: str = SECRET,
    more: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
) -> "subprocess.Popen[str]":
    """Start `locust` with our locustfile in a process group of its own, and leave it running.

    What it says goes into a file, or into pipes where none is given.
    """
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments]
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(secret, more),
        stdin=subprocess.DEVNULL,
        stdout=output or subprocess.PIPE,
        stderr=subprocess.STDOUT if output else subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _run(command: Sequence[str], cwd: Path, timeout_s: float, variables: Mapping[str, str]) -> Done:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def standin(*arguments: str, seed_csv: str = "user_name,password\nnobody,Xy12345678!\n") -> Iterator[str]:
    """Run a stand-in with these accounts; gives its base URL."""
    command = [sys.executable, "-m", "pwdload.standin", "--port", "0", "--seed-from", "-", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(seed_csv)
        process.stdin.close()
        try:
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()
            process.wait(10)


def get_json(url: str, path: str) -> dict[str, object]:
    """Return the JSON object that a GET answers with."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", path)
        parsed: dict[str, object] = json.loads(connection.getresponse().read())
        return parsed
    finally:
        connection.close()
