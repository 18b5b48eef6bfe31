"""Waiting until what was written is on the disk: many who wait share one `fdatasync`."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from queue import SimpleQueue
from typing import Final, Protocol

from pwdload.errors import AccountsError

_fdatasync: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter


class Gate(Protocol):
    """What one waits at; `threading.Event` is one."""

    def wait(self) -> object:
        """Return when it is opened."""

    def set(self) -> object:
        """Open it."""


class Threads(Protocol):
    """What a process has of threads: a lock, and one thread that may block without holding up those who wait for it.

    `PlainThreads` serves wherever threads are threads. Where `threading` means greenlets, the harness brings its own.
    """

    def lock(self) -> AbstractContextManager[object] | None:
        """Return a new lock, for what never waits while it is held; null where that needs none, as with greenlets."""

    def gate(self) -> Gate:
        """Return a new, closed gate."""

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done in the thread, after those before it; returns at once."""

    def release(self, gates: Sequence[Gate]) -> None:
        """Open gates; called in the thread."""

    def close(self) -> None:
        """Let the thread end after its last job."""


class PlainThreads:
    """Python's own; the thread is begun with its first job."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def lock(self) -> AbstractContextManager[object]:
        """Return a new lock."""
        return threading.Lock()

    def gate(self) -> Gate:
        """Return a new, closed gate."""
        return threading.Event()

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done in the thread, after those before it; returns at once."""
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="journal sync", daemon=True)
            self._thread.start()

    def release(self, gates: Sequence[Gate]) -> None:
        """Open gates."""
        for gate in gates:
            gate.set()

    def close(self) -> None:
        """Let the thread end after its last job, and wait for it."""
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


class GroupSync:
    """Makes callers wait until a file, as far as it was written when they called, is on the disk.

    While one `fdatasync` is on, all who come share the next.
    """

    def __init__(self, descriptor: int, threads: Threads, sync: Callable[[int], None] = _fdatasync) -> None:
        self._descriptor = descriptor
        self._threads = threads
        self._sync = sync
        self._waiting: deque[Gate] = deque()
        self._failure = ""

    def wait(self) -> None:
        """Return when all that was written before the call is on the disk.

        Raises:
            AccountsError: the disk has failed, now or before: nothing can be relied on any more.
        """
        gate = self._threads.gate()
        self._waiting.append(gate)
        self._threads.submit(self._sync_once)
        gate.wait()
        if self._failure:
            raise AccountsError(f"the journal cannot be brought to the disk ({self._failure}): look after the disk")

    def close(self) -> None:
        """Let the thread end."""
        self._threads.close()

    def _sync_once(self) -> None:
        # Every caller submits one of these; the first to run serves all who wait by then, and the rest find nobody.
        gates: list[Gate] = []
        with suppress(IndexError):
            while True:
                gates.append(self._waiting.popleft())
        if not gates:
            return
        try:
            self._sync(self._descriptor)
        except Exception as error:  # noqa: BLE001 - the thread must go on, and all who wait must hear of it
            self._failure = getattr(error, "strerror", None) or str(error)
        self._threads.release(gates)
