"""Watches this process while it generates load: how much CPU it takes, and how late its event loop is."""

import time
from collections.abc import Callable

import gevent

from pwdload.harness.session import Session
from pwdload.health import HealthRow

_PROBE_S = 0.02
"""How often the loop is asked to be punctual."""
_ROW_S = 1.0


class Vitals:
    """Makes a row of health for every second in which the run's clock goes.

    A loop that is busy with other users lets a timer wait as long as it lets an answer wait that is there to be read.
    """

    def __init__(self, session: Session, keep: Callable[[HealthRow], None], unacknowledged: Callable[[], int]) -> None:
        self._session = session
        self._keep = keep
        self._unacknowledged = unacknowledged
        self._greenlet = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Watch no longer."""
        self._greenlet.kill()

    def _watch(self) -> None:
        self._session.begun.wait()
        while True:
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            lag_s = self._lag_s_max(wall_s + _ROW_S)
            share = (time.process_time() - cpu_s) / (time.perf_counter() - wall_s)
            if self._session.clock.now() > 0.0:
                self._keep(self._row(share, lag_s))

    @staticmethod
    def _lag_s_max(until_s: float) -> float:
        worst_s = 0.0
        while (begun_s := time.perf_counter()) < until_s:
            gevent.sleep(_PROBE_S)
            worst_s = max(worst_s, time.perf_counter() - begun_s - _PROBE_S)
        return worst_s

    def _row(self, cpu_share: float, loop_lag_s_max: float) -> HealthRow:
        session = self._session
        dispatcher = session.dispatcher
        return HealthRow(
            worker=session.recorder.worker,
            at_s=round(session.clock.now(), 3),
            cpu_share=round(cpu_share, 4),
            loop_lag_s_max=round(loop_lag_s_max, 6),
            in_flight=session.in_flight,
            queued=0 if dispatcher is None else dispatcher.slots.queued,
            begun=session.flows if dispatcher is None else dispatcher.tally.begun,
            dropped=0 if dispatcher is None else dispatcher.tally.dropped,
            unacknowledged=self._unacknowledged(),
            answers=session.recorder.answers,
            failed=session.recorder.failed,
            slow=session.recorder.slow,
        )
