"""A program at a terminal: started as a shell starts it, and watched as a person does."""

import codecs
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.terminal.emulator import Terminal

CTRL_C = b"\x03"


@dataclass(slots=True)
class Watched:
    """What was seen of a program, from its start to its end."""

    terminal: Terminal
    exit_code: int = -1
    screens: list[str] = field(default_factory=list)
    """The whole screen, each time that something was written to it."""
    raw: bytes = b""


def watch(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    size: tuple[int, int] = (80, 24),
    press: Callable[[Watched], bytes] = lambda _: b"",
    timeout_s: float = 90.0,
) -> Watched:
    """Run a program of ours at a terminal to its end; `press` says which keys to press at what was seen so far."""
    columns, rows = size
    pid, far = pty.fork()
    if not pid:  # the child: nothing of pytest's must run in it
        os.chdir(cwd)
        os.execve(sys.executable, [sys.executable, *arguments], dict(environment))
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    seen, decoder = Watched(Terminal(columns, rows)), codecs.getincrementaldecoder("utf-8")("replace")
    until_s = time.monotonic() + timeout_s
    try:
        while time.monotonic() < until_s and (written := _read(far)) is not None:
            seen.raw += written
            seen.terminal.write(decoder.decode(written).replace("\r\n", "\n"))
            seen.screens.append("\n".join(seen.terminal.screen))
            if keys := press(seen):
                os.write(far, keys)
    finally:
        os.close(far)  # whoever is still there is hung up on
    seen.exit_code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return seen


def _read(far: int) -> bytes | None:
    """Return what was written in the last half second; null when everybody has left the terminal."""
    if not select.select([far], [], [], 0.5)[0]:
        return b""
    try:
        return os.read(far, 65536) or None
    except OSError:
        return None
