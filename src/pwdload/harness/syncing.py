"""What a journal needs of threads where `threading` means greenlets: nobody stands still while a disk is slow."""

from collections import deque
from collections.abc import Callable, Sequence

import gevent
from gevent.event import Event

from pwdload.accounts.sync import Gate
from pwdload.harness.writing import WriterThread


class GreenletThreads:
    """Greenlets that wait, and a real thread that does what they wait for (`pwdload.accounts.sync.Threads`)."""

    def __init__(self) -> None:
        self._thread = WriterThread(_reported_already)
        self._opened: deque[Gate] = deque()
        self._watcher = gevent.get_hub().loop.async_()
        self._watcher.start(self._open)

    def lock(self) -> None:
        """None is needed: greenlets of one thread take turns only where they wait."""

    def gate(self) -> Event:
        """Return a new, closed gate for greenlets."""
        return Event()

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done in the real thread, after those before it; returns at once."""
        self._thread.put(job)

    def release(self, gates: Sequence[Gate]) -> None:
        """Open gates; called in the real thread, opened by the greenlets' own."""
        self._opened.extend(gates)
        self._watcher.send()

    def close(self) -> None:
        """Let the real thread end, after its last job."""
        self._thread.finish(lambda: None)
        self._watcher.close()

    def _open(self) -> None:
        while self._opened:
            self._opened.popleft().set()


def _reported_already(error: Exception) -> None:
    """Whoever waited for a disk that failed has heard of it from `GroupSync`."""
