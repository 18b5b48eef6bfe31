"""The end of a run before its time: for which reason, and when accounts ran out."""

import logging
from collections.abc import Callable

import gevent
from locust.env import Environment
from locust.runners import Runner

from pwdload.clock import ON_TIME_S
from pwdload.harness.options import options_of

log = logging.getLogger(__name__)


class EarlyEnd:
    """Ends the run that is on, once, for the first reason that is given; its record keeps it."""

    def __init__(self, environment: Environment, runner: Runner | None, elapsed_s: Callable[[], float]) -> None:
        """Take the run's clock, as it is while a run is on; without a runner nothing can be ended."""
        self._environment = environment
        self._runner = runner
        self._elapsed_s = elapsed_s
        self.begin_run()

    def begin_run(self) -> None:
        """Forget the run before."""
        self.reason = ""
        """Empty while the run goes on as planned."""
        self.dry_s: float | None = None
        """When the first flow found no account left, on the run's clock."""

    def __call__(self, reason: str) -> None:
        """End the run now."""
        if self.dry_s is None and reason.startswith("accounts ran dry"):
            self.dry_s = self._elapsed_s()
        if not self.reason and self._runner is not None:
            self.reason = reason
            log.error("The run ends early: %s", reason)
            headless = options_of(self._environment).headless
            gevent.spawn(self._runner.quit if headless else self._runner.stop)

    def take(self, reason: str) -> None:
        """Take the reason for which a run has ended, unless one is known."""
        self.reason = self.reason or reason

    def ended_by(self, planned_s: float | None, lasted_s: float) -> str:
        """Return what ended a load, in the record's words, that was to last and lasted for so long."""
        on_time = planned_s is not None and lasted_s >= planned_s - ON_TIME_S
        return self.reason or ("schedule" if on_time else "stopped")
