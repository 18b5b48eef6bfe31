"""What a master does so that nothing of its workers is lost: takes their samples, watches them, waits for the last."""

import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

import gevent
from locust.runners import MasterRunner

from pwdload.clock import RunClock
from pwdload.harness.live import Tap
from pwdload.harness.messages import MasterSide
from pwdload.harness.shipping import Intake
from pwdload.harness.watch import Watch
from pwdload.rundir import LostWorker, RunDirectory, WorkerRecord

_ASKED_EVERY_S = 2.0
"""How often workers that have not reported are told to finish: a word may be lost with its connection."""
_SILENT_S = 15.0
"""How long the last blocks may keep the master waiting, counted from the last one that came."""

log = logging.getLogger(__name__)


class Gathered(NamedTuple):
    """What all processes of a run have said at its end."""

    workers: Sequence[WorkerRecord]
    expected: Sequence[str]
    lost: Sequence[LostWorker] = ()
    notes: Sequence[str] = ()


class Gathering:
    """The samples and reports of the workers, from the beginning of a run to its end."""

    def __init__(self, runner: MasterRunner, workers: MasterSide) -> None:
        self._workers = workers
        self._intake = Intake(runner)
        self._watch = Watch(runner, workers)

    def begin_run(self, directory: RunDirectory, run_id: str, clock: RunClock, tap: Tap | None = None) -> None:
        """Get ready for a run; the workers of `MasterSide` are the ones expected. `tap` is shown their samples."""
        self._intake.begin_run(directory, run_id, tap)
        self._watch.begin_run(clock)

    @property
    def silent(self) -> list[str]:
        """Workers of the run that are gone, as far as known."""
        return self._watch.silent

    def end_run(self, patience_s: float) -> Gathered:
        """Let the workers finish, and return when each has delivered its last sample or is known to be gone.

        `patience_s` is how long a worker that is still there may take before it reports.
        """
        self._wait(patience_s)
        self._watch.end_run()
        workers, intake = self._workers, self._intake
        lost = [name for name in sorted(workers.expected) if self._is_lost(name)]
        for name in lost:
            log.error("%s has not delivered all of its samples; the run will be INVALID", name)
        intake.end_run(workers.done.values())
        return Gathered(
            workers=[record for _, record in sorted(workers.done.items())],
            expected=sorted(workers.expected),
            lost=[self._watch.lost(name, intake.received(name)) for name in lost],
            notes=intake.problems,
        )

    def _wait(self, patience_s: float) -> None:
        begun_s = time.monotonic()
        asked_s = -_ASKED_EVERY_S
        while any(self._is_awaited(name, begun_s) for name in self._workers.expected):
            now_s = time.monotonic()
            if now_s > max(begun_s + patience_s, self._intake.heard_s + _SILENT_S):
                return
            if now_s > asked_s + _ASKED_EVERY_S:
                asked_s = now_s
                self._workers.say_finish()
            gevent.sleep(0.05)

    def _is_complete(self, name: str) -> bool:
        record = self._workers.done.get(name)
        return record is not None and self._intake.has_all_of(record)

    def _is_awaited(self, name: str, begun_s: float) -> bool:
        """Whether something may still come from a worker.

        One that Locust has told to stop is not in its books for a while, but its last blocks are on their way.
        """
        if self._is_complete(name):
            return False
        if self._watch.is_here(name):
            return True
        said_goodbye = name in self._workers.done and not self._watch.is_missing(name)
        return said_goodbye and time.monotonic() < max(begun_s, self._intake.heard_s) + _SILENT_S

    def _is_lost(self, name: str) -> bool:
        reported = name in self._workers.done
        return not self._is_complete(name) and not (reported and self._watch.is_here(name))
