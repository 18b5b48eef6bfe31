"""The time between a headless master's preparation and its first run, in which Locust waits for workers.

Nobody but Locust's own loop is at work then, and it waits for ever, whatever has become of everything else.
"""

import sys
import time
from collections.abc import Callable
from typing import Final

import gevent
from locust.env import Environment
from locust.runners import MasterRunner

from pwdload.harness.options import options_of
from pwdload.harness.progress import say
from pwdload.outcome import Verdict

_LOOK_EVERY_S: Final = 0.25
_FORKED_WITHIN_S: Final = 60.0
"""Workers that were forked begin together with their master: what is not there by now will not come."""
INTERRUPTED: Final = 128 + 2
"""What a shell reports of a program that Ctrl-C (signal 2) has ended."""


class Assembly:
    """Ends a master that cannot come to a run: in order, with the reason, and with the exit code of INVALID."""

    def __init__(self, environment: Environment, runner: MasterRunner, ended_early: Callable[[], str]) -> None:
        """Take over from Locust how long workers are waited for; to be made in the main greenlet.

        `ended_early` says why the run was ended before it began; empty while it was not.
        """
        options = options_of(environment)
        self._environment, self._runner, self._ended_early = environment, runner, ended_early
        self._main = gevent.getcurrent()
        self._wanted: int = options.expect_workers
        self._patience_s: float = options.expect_workers_max_wait or (_FORKED_WITHIN_S if options.processes else 0.0)
        """How long workers are waited for; 0 for ever: people start them by hand."""
        options.expect_workers_max_wait = 0  # Locust would end with 1, the code of SLO_FAILED
        self._begun_s = time.monotonic()
        self._watch = gevent.Greenlet(self._look)

    def begin(self) -> None:
        """Look at once, since preparation may have taken long, and from now on until `end`."""
        self._environment.events.test_start.add_listener(lambda **_: self.end())
        if why := self._wrong():
            self.leave(Verdict.INVALID.exit_code, f"INVALID: the run ended before it began: {why}")
        self._watch.start()

    def end(self) -> None:
        """Look no more: a run begins, and its own eyes are open."""
        self._watch.kill(block=False)

    @property
    def is_on(self) -> bool:
        """Whether workers are being waited for."""
        return bool(self._watch.started) and not self._watch.ready()

    def interrupt(self) -> None:
        """End the waiting, as Ctrl-C asks for."""
        self.leave(INTERRUPTED, "interrupted before the first request; nothing was sent")

    def leave(self, code: int, why: str) -> None:
        """Stop all that was started, and end the process."""
        say(f"pwdload: {why}")
        self._environment.events.quitting.fire(environment=self._environment, reverse=True)
        if gevent.getcurrent() is self._main:
            sys.exit(code)
        gevent.kill(self._main, SystemExit(code))

    def _look(self) -> None:
        while not (why := self._wrong()):
            gevent.sleep(_LOOK_EVERY_S)
        self.leave(Verdict.INVALID.exit_code, f"INVALID: the run ended before it began: {why}")

    def _wrong(self) -> str:
        """Return why no run will begin; empty as long as one may."""
        if why := self._ended_early():
            return why
        if not len(self._runner.greenlet):  # what hears the workers is among these
            return "Locust's master has ended; its message is above"
        there = len(self._runner.clients.ready)
        if self._patience_s and there < self._wanted and time.monotonic() > self._begun_s + self._patience_s:
            return f"{there} of {self._wanted} workers were there within {self._patience_s:.0f} s; see why they ended"
        return ""
