"""Many small jobs done by a few threads, each job again later where it asks for that.

Plain threads: where the harness has patched them they are greenlets, and the same code serves both.
"""

import heapq
import threading
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Generic, TypeVar

Job = TypeVar("Job")
Do = Callable[[Job], "float | None"]
"""Does a job, or a part of it; returns after how many seconds it wants to be done again, null when it is finished."""


class Crew(Generic[Job]):
    """Works through jobs with `threads` threads, no more than a handful of them fetched ahead."""

    def __init__(
        self, do: Do[Job], *, threads: int, stop: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what does a job, and the event that ends all work early.

        It is set, too, when a job raises, or the caller is broken off.
        """
        self._do = do
        self._threads = threads
        self._stop = stop
        self._clock = clock
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, bool, Job]] = []
        self._numbers = count()
        self._fresh = self._busy = 0
        self._is_fed = False
        self._error: BaseException | None = None

    def work_through(self, jobs: Iterable[Job]) -> None:
        """Return when every job is finished, or the work was ended; raise what a job raised, or broke in from outside.

        Either way every thread has ended its exchange by then, so that what it learnt is written down.
        """
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads)]
        for thread in threads:
            thread.start()
        try:
            self._feed(jobs)
            for thread in threads:
                thread.join()
        except BaseException:
            self._end()
            for thread in threads:
                thread.join()
            raise
        if self._error is not None:
            raise self._error

    def _feed(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            with self._changed:
                while self._fresh >= 2 * self._threads and not self._stop.is_set():
                    self._changed.wait()
                if self._stop.is_set():
                    return
                self._fresh += 1
                self._put(job, self._clock(), is_fresh=True)
        with self._changed:
            self._is_fed = True
            self._changed.notify_all()

    def _put(self, job: Job, due_s: float, *, is_fresh: bool = False) -> None:
        heapq.heappush(self._due, (due_s, next(self._numbers), is_fresh, job))
        self._changed.notify_all()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            try:
                again_s = self._do(taken)
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                self._error = self._error or error
                self._end()
                return
            with self._changed:
                self._busy -= 1
                if again_s is not None:
                    self._put(taken, self._clock() + again_s)
                self._changed.notify_all()

    def _take(self) -> Job | None:
        """Return a job that is due, waiting for one; null when there will be none any more."""
        with self._changed:
            while not self._stop.is_set():
                now_s = self._clock()
                if self._due and self._due[0][0] <= now_s:
                    _, _, is_fresh, job = heapq.heappop(self._due)
                    self._busy += 1
                    self._fresh -= is_fresh
                    self._changed.notify_all()
                    return job
                if self._is_fed and not self._due and not self._busy:
                    return None
                self._changed.wait(self._due[0][0] - now_s if self._due else None)
        return None

    def _end(self) -> None:
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
