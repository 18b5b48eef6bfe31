"""A terminal for tests: as much of a VT100 as the view uses, with what has scrolled away."""

import re
import unicodedata

_SEQUENCE = re.compile(r"\x1b(?:\[([?\d;]*)([A-Za-z])|([78D]))")


class Terminal:
    """Takes what a program writes, and has what a person then sees."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.history: list[str] = []
        """Lines that have left the screen at its top."""
        self.row = self.column = 0
        self.top, self.bottom = 0, rows - 1
        self.wraps = True
        self.unknown: list[str] = []
        """Sequences that this terminal does not know."""
        self._kept = (0, 0)

    @property
    def screen(self) -> list[str]:
        """What is on the screen, line by line."""
        return ["".join(line).rstrip() for line in self.cells]

    @property
    def said(self) -> list[str]:
        """All that was ever above the bottom, line by line: what has scrolled away, and what is on the screen."""
        return [*self.history, *self.screen]

    @property
    def is_whole(self) -> bool:
        """Whether all of it scrolls, and lines wrap: as a shell expects it."""
        return (self.top, self.bottom) == (0, self.rows - 1) and self.wraps

    def write(self, text: str) -> None:
        """Take what a program writes."""
        place = 0
        for found in _SEQUENCE.finditer(text):
            self._print(text[place : found.start()])
            self._obey(found)
            place = found.end()
        self._print(text[place:])

    def resize(self, columns: int, rows: int) -> None:
        """Take another size; lines are cut or filled, as most terminals do that do not wrap them anew."""
        self.cells = [line[:columns] + [" "] * (columns - len(line)) for line in self.cells]
        while len(self.cells) > rows:
            self.history.append("".join(self.cells.pop(0)).rstrip())
            self.row = max(self.row - 1, 0)
        self.cells += [[" "] * columns for _ in range(rows - len(self.cells))]
        self.columns, self.rows = columns, rows
        self.top, self.bottom = 0, rows - 1
        self.row, self.column = min(self.row, rows - 1), min(self.column, columns - 1)

    def _print(self, text: str) -> None:
        for one in text:
            if one == "\n":
                self._feed()
                self.column = 0  # as the line discipline has it
            elif one == "\r":
                self.column = 0
            elif one == "\x1b":
                self.unknown.append("ESC")
            else:
                self._put(one)

    def _put(self, one: str) -> None:
        width = 2 if unicodedata.east_asian_width(one) in "WF" else 1
        if self.column + width > self.columns:
            if not self.wraps:
                return
            self.column = 0
            self._feed()
        self.cells[self.row][self.column] = one
        self.column += width

    def _feed(self) -> None:
        if self.row == self.bottom:
            gone = self.cells.pop(self.top)
            if self.top == 0:
                self.history.append("".join(gone).rstrip())
            self.cells.insert(self.bottom, [" "] * self.columns)
        else:
            self.row = min(self.row + 1, self.rows - 1)

    def _obey(self, found: re.Match[str]) -> None:
        if found[3] == "7":
            self._kept = self.row, self.column
        elif found[3] == "8":
            self.row, self.column = self._kept
        elif found[3] == "D":
            self._feed()
        else:
            self._control(found[1], found[2])

    def _control(self, numbers: str, what: str) -> None:
        values = [int(one) if one else 0 for one in numbers.lstrip("?").split(";")]
        if what == "r":
            self.top, self.bottom = max(values[0], 1) - 1, (values[1] if len(values) > 1 else self.rows) - 1
            self.row = self.column = 0
        elif what == "H":
            self.row = min(max(values[0], 1), self.rows) - 1
            self.column = (max(values[1], 1) if len(values) > 1 else 1) - 1
        elif what == "A":
            self.row = max(self.row - max(values[0], 1), self.top if self.row >= self.top else 0)
        elif what == "K" and values == [2]:
            self.cells[self.row] = [" "] * self.columns
        elif what == "J" and values == [0]:
            self.cells[self.row][self.column :] = [" "] * (self.columns - self.column)
            self.cells[self.row + 1 :] = [[" "] * self.columns for _ in range(self.rows - self.row - 1)]
        elif what in "hl" and numbers == "?7":
            self.wraps = what == "h"
        elif what != "m":
            self.unknown.append(f"CSI {numbers}{what}")
