"""What a person is told beside a run, in plain lines; the run itself is shown by `pwdload.harness.showing`."""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def say(line: str) -> None:
    """Tell the person at the terminal something, whatever the log level."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@contextmanager
def patience_with_ctrl_c() -> Iterator[None]:
    """Answer a first Ctrl-C with a word of patience and raise only at the second; afterwards ignore it.

    Afterwards nothing is left to do but to print and leave, and an interruption would only show as a traceback.
    """

    def ask(_number: int, _frame: object) -> None:
        say("One moment: flows are being finished and the report is made. Ctrl-C again leaves without it.")
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def expect_quick_spawning() -> None:
    """Leave out Locust's warning of many users at once: slots are idle until the run's clock goes."""
    logging.getLogger("locust.runners").addFilter(lambda record: "spawn rate is very high" not in record.getMessage())
