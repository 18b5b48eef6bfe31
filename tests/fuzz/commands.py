"""The command `pwdload` in this process, and what every end of it must be like."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from tests.processes import Done

from pwdload.cli import main

EXIT_CODES = frozenset({0, 1, 2, 3, 4, 5})
"""All that are documented."""


def command(*arguments: str | Path) -> Done:
    """Run `pwdload` with these arguments; an exception that it does not expect comes out, as a traceback would."""
    out, err = StringIO(), StringIO()
    code: object = 0
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        patch.object(sys, "argv", ["pwdload", *map(str, arguments)]),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of numbers that overflow: a line on the screen, and no traceback
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int), code
    return Done(code, out.getvalue(), err.getvalue())


def assert_in_order(done: Done, *, lines_max: int = 1) -> None:
    """Insist on a documented exit code, and that whoever is refused is told why: one line for each problem."""
    said = done.out + done.err
    assert done.exit_code in EXIT_CODES, said
    assert "Traceback" not in said
    lines = done.err.splitlines()
    if done.exit_code == 2:
        assert lines, "refused without a word"
        assert len(lines) <= lines_max, done.err
        assert all(line.startswith("pwdload: ") and len(line) < 1_500 for line in lines), done.err


@contextmanager
def kept_as_it_was(path: Path) -> Iterator[None]:
    """Put a file back when an example is over."""
    content = path.read_bytes()
    try:
        yield
    finally:
        path.write_bytes(content)
