"""The fault proxy as a program: `pwdload proxy`, and the process that the harness starts."""

import os
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress

from pwdload.errors import FaultError
from pwdload.faults.arguments import read_arguments
from pwdload.faults.control.serving import serve
from pwdload.faults.leaving import leave_cleanly_on_signals, leave_with


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, or 2 with one line on standard error for what the user can mend."""
    leave_cleanly_on_signals()
    _allow_many_connections()
    try:
        arguments = read_arguments(argv)
        if arguments.parent_pid is not None:
            leave_with(arguments.parent_pid)
        serve(arguments.service, _announce)
    except FaultError as error:
        print(f"pwdload proxy: {error}", file=sys.stderr)  # noqa: T201 - this is the command line
        return error.exit_code
    return 0


def _allow_many_connections() -> None:
    """Take as many open files as we may: each connection is two, and those that a black hole swallows stay."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS names a limit that it does not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _announce(line: str) -> None:
    try:
        print(line, flush=True)  # noqa: T201 - whoever started us reads where we listen
    except OSError:  # nobody reads: what we listen on was given, or is of no interest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
