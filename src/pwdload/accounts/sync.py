"""Waiting until what was written is on the disk: many who wait share one `fdatasync`."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
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


class RealThread(Protocol):
    """A thread that may block without holding up those who wait.

    `PlainThread` serves wherever threads are threads. Where they are greenlets, the harness brings its own.
    """

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done in the thread, after those before it; returns at once."""

    def gate(self) -> Gate:
        """Return a new, closed gate."""

    def release(self, gates: Sequence[Gate]) -> None:
        """Open gates; called in the thread."""

    def close(self) -> None:
        """Let the thread end after its last job."""


class PlainThread:
    """A thread of Python's own, begun with the first job."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done in the thread, after those before it; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="journal sync", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def gate(self) -> Gate:
        """Return a new, closed gate."""
        return threading.Event()

    def release(self, gates: Sequence[Gate]) -> None:
        """Open gates."""
        for gate in gates:
            gate.set()

    def close(self) -> None:
        """Let the thread end after its last job."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


class GroupSync:
    """Makes callers wait until a file, as far as it was written when they called, is on the disk.

    While one `fdatasync` is on, all who come share the next.
    """

    def __init__(self, thread: RealThread | None = None, sync: Callable[[int], None] = _fdatasync) -> None:
        self._thread = thread or PlainThread()
        self._sync = sync
        self._descriptor = -1
        self._waiting: deque[Gate] = deque()
        self._failure = ""

    def watch(self, descriptor: int) -> None:
        """Name the file."""
        self._descriptor = descriptor

    def wait(self) -> None:
        """Return when all that was written before the call is on the disk.

        Raises:
            AccountsError: the disk has failed, now or before: nothing can be relied on any more.
        """
        gate = self._thread.gate()
        self._waiting.append(gate)
        self._thread.submit(self._sync_once)
        gate.wait()
        if self._failure:
            raise AccountsError(f"the journal cannot be brought to the disk ({self._failure}): look after the disk")

    def close(self) -> None:
        """Let the thread end."""
        self._thread.close()

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
        except OSError as error:
            self._failure = error.strerror or str(error)
        self._thread.release(gates)
