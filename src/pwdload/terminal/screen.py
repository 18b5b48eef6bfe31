r"""A few lines that stand still at the bottom of a terminal, while everything else scrolls above them.

    +--------------------------+
    | what anybody says        |  <- this scrolls: the terminal's scrolling region
    | ...                      |
    +--------------------------+
    | the view                 |  <- this is drawn anew, and nothing else comes here
    +--------------------------+

The terminal itself keeps the two apart (DECSTBM, known since the VT100), so that it does not matter who writes: our own
lines, Locust's log, a forked worker. Nobody's output has to be caught. Each drawing is one write, between two of anyone
else, and puts the cursor back to where it was. Here are the bytes alone; who writes them is `pwdload.harness.showing`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

_ESC: Final = "\x1b"
_KEEP, _BACK = f"{_ESC}7", f"{_ESC}8"
_CLEAR_LINE: Final = f"{_ESC}[2K"
_PLAIN: Final = f"{_ESC}[0m"
_DOWN: Final = f"{_ESC}D"
"""One row down in the same column; at the bottom what is above scrolls."""
_NO_WRAP, _WRAP = f"{_ESC}[?7l", f"{_ESC}[?7h"


class Size(NamedTuple):
    """Of a terminal."""

    columns: int
    rows: int


class Screen:
    """What must be written so that lines stand at the bottom of a terminal. It starts without any."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._height = 0

    @property
    def is_on(self) -> bool:
        """Whether a part of the terminal is taken."""
        return self._height > 0

    def drawn(self, lines: Sequence[str], size: Size) -> str:
        """Return what shows these lines, each at most as wide as the terminal, and fewer than it has rows.

        The place for them grows and never shrinks, so that what is above does not jump.
        """
        height = min(max(len(lines), self._height if size == self._size else 0), size.rows - 1)
        making_room = self._made_room(height, size)
        self._size, self._height = size, height
        top = size.rows - height + 1
        padded = [*lines[:height], *[""] * (height - len(lines))]
        rows = "".join(f"{_ESC}[{top + place};1H{_CLEAR_LINE}{line}{_PLAIN}" for place, line in enumerate(padded))
        return f"{making_room}{_KEEP}{_NO_WRAP}{rows}{_WRAP}{_BACK}"

    def _made_room(self, height: int, size: Size) -> str:
        """Return what leaves the bottom rows to the view; what stands there moves up."""
        if height == self._height and size == self._size:
            return ""
        is_resized = self._height > 0 and size != self._size
        # A terminal that has changed its size has put its lines where it likes: all of it is told anew.
        forget = self.closed() if is_resized else ""
        more = height if is_resized or not self._height else height - self._height
        return f"{forget}{_DOWN * more}{_ESC}[{more}A{_KEEP}{_ESC}[1;{size.rows - height}r{_BACK}"

    @property
    def closing(self) -> str:
        """What gives the whole terminal back as it is now, the cursor below what was said last; nothing to give: empty.

        It is right in the middle of a drawing as well.
        """
        if not self._height:
            return ""
        top = self._size.rows - self._height + 1
        return f"{_KEEP}{_ESC}[r{_ESC}[{top};1H{_ESC}[0J{_BACK}{_PLAIN}{_WRAP}"

    def closed(self) -> str:
        """Return `closing`, which is to be written now."""
        closing, self._height = self.closing, 0
        return closing
