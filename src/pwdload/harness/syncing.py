"""A real thread that waits for the disk, while the greenlets that wait for it let others go on."""

from collections import deque
from collections.abc import Callable, Sequence

import gevent
from gevent.event import Event

from pwdload.accounts.sync import Gate
from pwdload.harness.writing import WriterThread


class DiskThread:
    """`pwdload.accounts.sync.Threads` where threads are greenlets: its one real thread begins with its first job."""

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._thread: WriterThread | None = None
        self._released: deque[Gate] = deque()
        self._watcher = gevent.get_hub().loop.async_(ref=False)
        self._watcher.start(self._open)

    def lock(self) -> None:
        """Return no lock: greenlets give way only where they wait."""

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done in the thread, after those before it; returns at once."""
        if self._thread is None:
            self._thread = WriterThread(self._failed)
        self._thread.put(job)

    def gate(self) -> Gate:
        """Return a new, closed gate."""
        gate: Gate = Event()
        return gate

    def release(self, gates: Sequence[Gate]) -> None:
        """Open gates; called in the thread."""
        self._released.extend(gates)
        self._watcher.send()

    def close(self) -> None:
        """Let the thread end after its last job."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.finish(lambda: None)

    def _open(self) -> None:
        while self._released:
            self._released.popleft().set()
