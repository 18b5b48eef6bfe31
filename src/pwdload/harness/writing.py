"""Real threads beside the greenlets: one that writes, and a bell by which it wakes them."""

import sys
from collections import deque
from collections.abc import Callable

import gevent
from gevent.event import Event
from gevent.monkey import get_original

_TURN_S = 0.0002
"""How long the writer may compute while the users' thread wants to go on."""
_PAUSE_S = 0.0005
"""Of its own accord it computes for half of that at most, and then leaves the users' thread alone for so long."""


class WriterThread:
    """A real thread that does one job after the other, however many are waiting.

    Under Locust `threading` means greenlets, and gevent's own thread pool makes the caller wait for a free slot: a slow
    disk would then stop the users. Of a job that fails `failed` is told, in the thread; what it lost is the job's to
    count.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        # Python lets a thread that computes keep the others waiting for 5 ms at a time; arrivals would leave so late.
        sys.setswitchinterval(_TURN_S)
        self._failed = failed
        self._jobs: deque[Callable[[], object] | None] = deque()
        self._wake = get_original("threading", "Semaphore")(0)
        self._done = False
        self._sleep = get_original("time", "sleep")
        get_original("_thread", "start_new_thread")(self._work, ())

    def put(self, job: Callable[[], object]) -> None:
        """Have a job done after those before it; returns at once."""
        self._jobs.append(job)
        self._wake.release()

    def give_way(self) -> None:
        """Let the users go on for a moment, in the middle of a job; not while further jobs are waiting.

        They cannot take back by themselves what they have let go of: with every system call a user lets the writer in,
        and one that computes without a pause stays in for `_TURN_S`, call after call. Who pauses by himself is waited
        for once, and shortly.
        """
        if not self._jobs:
            self._sleep(_PAUSE_S)

    def finish(self, last: Callable[[], object]) -> None:
        """Have a last job done, and wait for it while other greenlets go on."""
        self.put(last)
        self._jobs.append(None)
        self._wake.release()
        while not self._done:
            gevent.sleep(0.01)

    def _work(self) -> None:
        while True:
            self._wake.acquire()
            job = self._jobs.popleft()
            if job is None:
                self._done = True
                return
            try:
                job()
            except Exception as error:  # noqa: BLE001 - counted as lost by the job, and said in the verdict
                self._failed(error)


class Bell:
    """Rung from any thread, heard by one greenlet. A ring that nobody waits for is not forgotten."""

    def __init__(self) -> None:
        self._rung = Event()
        self._watcher = gevent.get_hub().loop.async_(ref=False)
        self._watcher.start(self._rung.set)

    def ring(self) -> None:
        """Wake whoever waits."""
        self._watcher.send()

    def wait(self, timeout_s: float) -> None:
        """Return when it was rung since the last time, or the time is up."""
        self._rung.wait(timeout_s)
        self._rung.clear()
