"""The master's eye on its workers: who has gone silent, and since when."""

import time

import gevent
from locust.runners import STATE_MISSING, MasterRunner, WorkerNode

from pwdload.clock import RunClock
from pwdload.harness.messages import MasterSide
from pwdload.harness.progress import say
from pwdload.rundir import LostWorker
from pwdload.units import format_duration

_LOOK_EVERY_S = 0.25
_SILENT_S = 3.0
"""Workers speak every second. After so long a silence others take a worker's turns, until it is heard of again."""


class Watch:
    """Notices during a run that a worker is gone, and remembers when each was last heard of.

    Locust calls a worker missing that has sent no heartbeat for about 4 s. The run goes on without it: what the others
    do is still worth seeing, and the verdict says that a part of the load is missing.
    """

    def __init__(self, runner: MasterRunner, workers: MasterSide) -> None:
        self._runner = runner
        self._workers = workers
        self._clock = RunClock()
        self._begun_s = 0.0
        self._heard_s: dict[str, float] = {}
        """On this machine's monotonic clock, by Locust's id of a worker."""
        self._noticed_s: dict[str, float] = {}
        self._greenlet = gevent.Greenlet()
        runner.environment.events.heartbeat_sent.add_listener(self._on_heartbeat)

    def begin_run(self, clock: RunClock) -> None:
        """Forget the run before, and keep an eye open."""
        self._clock, self._begun_s = clock, time.monotonic()
        self._heard_s, self._noticed_s = {}, {}
        self._greenlet.kill()
        self._greenlet = gevent.spawn(self._look)

    def end_run(self) -> None:
        """Close the eye."""
        self._greenlet.kill()

    @property
    def silent(self) -> list[str]:
        """Workers that are gone, as far as known."""
        return sorted(self._noticed_s)

    def _on_heartbeat(self, client_id: str, **_: object) -> None:
        self._heard_s[client_id] = time.monotonic()

    def _silent_s(self, worker: str) -> float:
        return time.monotonic() - self._heard_s.get(self._workers.expected[worker], self._begun_s)

    def is_here(self, worker: str) -> bool:
        """Whether a worker is in Locust's books, and was heard of lately."""
        node = self._node(worker)
        return node is not None and node.state != STATE_MISSING

    def is_missing(self, worker: str) -> bool:
        """Whether a worker is in Locust's books, and has not been heard of for seconds."""
        node = self._node(worker)
        return node is not None and node.state == STATE_MISSING

    def _node(self, worker: str) -> WorkerNode | None:
        return self._runner.clients.get(self._workers.expected[worker])

    def _look(self) -> None:
        while True:
            for worker in self._workers.missing:
                if not self.is_here(worker):
                    self._notice(worker)
                    self._keep_in_books(worker)
                elif self._noticed_s.pop(worker, None) is not None:
                    say(f"{worker} is heard of again.")
            self._workers.take_part(name for name in self._workers.missing if self._silent_s(name) < _SILENT_S)
            gevent.sleep(_LOOK_EVERY_S)

    def _notice(self, worker: str) -> None:
        if worker not in self._noticed_s:
            self._noticed_s[worker] = at_s = self._clock.now()
            say(f"{worker} is lost, {format_duration(at_s)} into the run: the run will be INVALID; the others go on.")

    def _keep_in_books(self, worker: str) -> None:
        """Have Locust remember a missing worker: a minute later it would forget it, and spawn all users anew."""
        node = self._node(worker)
        if node is not None:
            node.heartbeat = max(node.heartbeat, 0)

    def lost(self, worker: str, samples_received: int) -> LostWorker:
        """Return what the run's record says of a worker that is gone."""
        now_s = self._clock.now()
        was_heard = self._workers.expected[worker] in self._heard_s
        return LostWorker(
            name=worker,
            noticed_s=self._noticed_s.get(worker, now_s),
            last_heard_s=now_s - self._silent_s(worker) if was_heard else None,
            samples_received=samples_received,
        )
