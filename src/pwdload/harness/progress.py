"""What a person sees while a run goes on: plain lines, out of Locust's own statistics."""

import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
from locust.runners import Runner

from pwdload.api.contract import Step
from pwdload.units import format_count, format_duration

_EVERY_S = 5.0
_COUNTED = Step.UPDATE_PASSWORD.value


def say(line: str) -> None:
    """Tell the person at the terminal something, whatever the log level."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def report_progress(runner: Runner) -> None:
    """Print a line every few seconds, for as long as the greenlet that runs this lives."""
    begun_s = time.monotonic()
    before = (0, 0)
    while True:
        gevent.sleep(_EVERY_S)
        total = runner.stats.total
        updates = sum(entry.num_requests for entry in runner.stats.entries.values() if entry.name == _COUNTED)
        requests, changes = total.num_requests - before[0], updates - before[1]
        before = (total.num_requests, updates)
        say(
            f"  {format_duration(time.monotonic() - begun_s):>9}  {runner.user_count:>5} users"
            f"  {requests / _EVERY_S:7.1f} requests/s  {changes / _EVERY_S:7.1f} of them pwd/update"
            f"  {format_count(total.num_failures):>6} not as expected"
        )


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
