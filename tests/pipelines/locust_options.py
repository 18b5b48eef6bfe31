"""Parses command lines of `locust` by its own parser with our options, read from stdin as JSON; prints what is wrong.

A program of its own: importing Locust patches sockets process-wide.
"""

import contextlib
import io
import json
import sys

from locust.argument_parser import get_parser

from pwdload.harness.options import add_arguments


def main() -> None:
    """Print a JSON list of [options that were set, what the parser said], one for each command line."""
    answers = []
    for arguments in json.load(sys.stdin):
        parser = get_parser(default_config_files=[])
        add_arguments(parser)
        said = io.StringIO()
        parsed: dict[str, object] = {}
        with contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
            parsed = vars(parser.parse_args(arguments))
        names = ("scenario", "host", "accounts", "reports", "allow_host", "master", "worker", "headless")
        answers.append([{name: parsed.get(name) for name in names}, said.getvalue()])
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main()
