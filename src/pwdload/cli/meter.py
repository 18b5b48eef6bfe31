"""How far a long command is: a bar on a terminal, else a line every few seconds. Always on stderr."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pwdload.units import format_count, format_duration, format_rate

_LINE_EVERY_S = 5.0


class Step(Protocol):
    """Counts what is done with; may be called from any thread."""

    def __call__(self, count: int = 1) -> None:
        """Say that so many more accounts are done with."""


@contextmanager
def meter(label: str, total: int, *, stream: TextIO | None = None, every_s: float = _LINE_EVERY_S) -> Iterator[Step]:
    """Show how far a command is while the context is open; nothing where there is nothing to do."""
    stream = sys.stderr if stream is None else stream
    if not total:
        yield _count_nothing
    elif stream.isatty():
        with _bar(label, total, stream) as step:
            yield step
    else:
        yield Lines(label, total, stream.write, every_s=every_s).step


def _count_nothing(count: int = 1) -> None:
    """Do nothing."""


@contextmanager
def _bar(label: str, total: int, stream: TextIO) -> Iterator[Step]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count=1: progress.advance(task, count)


class Lines:
    """A line now and then: "create: 1,200 of 10,000, 19.9/s, 7 m 22 s left"."""

    def __init__(
        self,
        label: str,
        total: int,
        write: Callable[[str], object],
        *,
        every_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label = label
        self._total = total
        self._write = write
        self._every_s = every_s
        self._clock = clock
        self._begun_s = clock()
        self._next_s = self._begun_s + every_s
        self._done = 0
        self._lock = threading.Lock()

    def step(self, count: int = 1) -> None:
        """Count, and write a line if it is time for one."""
        with self._lock:
            self._done += count
            now_s = self._clock()
            if now_s < self._next_s:
                return
            self._next_s = now_s + self._every_s
            rate_per_s = self._done / (now_s - self._begun_s)
            left = max(self._total - self._done, 0)
            self._write(
                f"{self._label}: {format_count(self._done)} of {format_count(self._total)}, {format_rate(rate_per_s)}, "
                f"{format_duration(left / rate_per_s)} left\n"
            )
