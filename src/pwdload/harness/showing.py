"""How a person at the terminal sees a run while it goes on: as a view that stands still, as lines, or not at all.

A terminal may make whoever writes to it wait, for hours if somebody has stopped it (Ctrl-S): drawing is left to a real
thread, and what it is not done with is not drawn again. The load does not wait for it.
"""

import atexit
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Literal, TextIO

import gevent

from pwdload.errors import FaultError
from pwdload.harness.onlooker import Onlooker
from pwdload.harness.progress import say
from pwdload.harness.writing import WriterThread
from pwdload.terminal.lines import line
from pwdload.terminal.screen import Screen, Size
from pwdload.watched import Phase, Snapshot

Progress = Literal["auto", "live", "lines", "none"]
_LINE_EVERY: Final = 5
"""Snapshots, which come once a second."""
_LEAST: Final = Size(columns=60, rows=16)
"""A terminal that is smaller has no room for a view."""
_SHARE: Final = 0.7
"""Of a terminal's rows at most so much is the view's."""
_PATIENCE_S: Final = 1.0
"""How long the end of a run waits for a terminal that takes nothing."""


def show_progress(onlooker: Onlooker, options: Namespace) -> None:
    """Show the runs of this process as its options, and its terminal, would have it; Locust's own tables are off then.

    Must be called before Locust begins to print them.
    """
    progress = chosen(options.progress, sys.stderr, os.environ, only_summary=options.only_summary)
    if progress == "none":
        return
    options.only_summary = True
    onlooker.subscribe(Live(sys.stderr, os.environ) if progress == "live" else Lines(say))


def chosen(wanted: Progress, stream: TextIO, environ: Mapping[str, str], *, only_summary: bool) -> Progress:
    """Return what is shown: auto is the view on a terminal; elsewhere lines where Locust's own tables are off."""
    can_be_live = stream.isatty() and environ.get("TERM", "dumb") != "dumb" and _has_room(_size_of(stream))
    if wanted == "auto":
        return "live" if can_be_live else "lines" if only_summary else "none"
    return "lines" if wanted == "live" and not can_be_live else wanted


class Lines:
    """Says a line every few seconds."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._run_id = ""
        self._count = 0

    def __call__(self, seen: Snapshot) -> None:
        """Take the next snapshot."""
        if seen.run_id != self._run_id:
            self._run_id, self._count = seen.run_id, 0
        elif seen.phase is not Phase.ENDED:
            self._count += 1
            if self._count % _LINE_EVERY == 0:
                self._say(line(seen))


class Live:
    """Draws a view at the bottom of a terminal while a run is on, and gives the terminal back when it has ended.

    Where this process is killed, a small one that outlives it gives the terminal back.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        # Where there is no terminal nobody waits for rich to be imported.
        from pwdload.faults.guardian import Guardian  # noqa: PLC0415
        from pwdload.terminal.view import Room, rendered  # noqa: PLC0415

        self._rendered, self._room = rendered, Room
        self._stream = stream
        self._has_colours = not environ.get("NO_COLOR")
        self._has_unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
        self._screen = Screen()
        self._thread: WriterThread | None = None
        self._is_busy = False
        self._error: Exception | None = None
        self._guardian: Guardian | None = None
        with suppress(FaultError):  # where no process can be started the view is shown without
            self._guardian = Guardian('printf %s "$last"', output=stream.fileno())
        self._guarded = ""
        atexit.register(self._give_back)

    def __call__(self, seen: Snapshot) -> None:
        """Take the next snapshot.

        Raises:
            OSError: the terminal is gone.
        """
        if self._error is not None:
            raise self._error
        if self._thread is None:
            self._thread = WriterThread(self._failed)
        if seen.phase is Phase.ENDED:
            self._thread.put(self._give_back)
            self._wait()
        elif not self._is_busy:
            self._is_busy = True
            self._thread.put(lambda: self._draw(seen))

    def _wait(self) -> None:
        """Wait until the terminal is given back: what is said next belongs below what was said before."""
        until_s = time.monotonic() + _PATIENCE_S
        while self._screen.is_on and self._error is None and time.monotonic() < until_s:
            gevent.sleep(0.01)

    def _draw(self, seen: Snapshot) -> None:
        try:
            size = _size_of(self._stream)
            if not _has_room(size):
                self._give_back()
                return
            room = self._room(
                columns=size.columns - 1,
                rows=int(size.rows * _SHARE),
                unicode=self._has_unicode,
                colours=self._has_colours,
            )
            drawn = self._screen.drawn(self._rendered(seen, room), size)
            self._guard()
            self._write(drawn)
        finally:
            self._is_busy = False

    def _give_back(self) -> None:
        with suppress(OSError):
            self._write(self._screen.closed())
            self._guard()

    def _guard(self) -> None:
        """Have it known what would give the terminal back."""
        if self._guardian is not None and self._screen.closing != self._guarded:
            self._guarded = self._screen.closing
            self._guardian.tell(self._guarded)

    def _write(self, text: str) -> None:
        left = memoryview(text.encode(self._stream.encoding or "ascii", "replace"))
        while left:
            left = left[os.write(self._stream.fileno(), left) :]

    def _failed(self, error: Exception) -> None:
        self._error = error


def _has_room(size: Size) -> bool:
    return size.columns >= _LEAST.columns and size.rows >= _LEAST.rows


def _size_of(stream: TextIO) -> Size:
    try:
        return Size(*os.get_terminal_size(stream.fileno()))
    except (OSError, ValueError):
        return Size(0, 0)
