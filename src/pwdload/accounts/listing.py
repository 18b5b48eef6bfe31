"""accounts.csv, read line by line: a million rows in seconds, and everything that is wrong with it at once.

A line is read on its own, so that a quote left open or a damaged line hides nothing of the lines after it. A password
never shows in what is said of a line; nor does anything of a first line that may be an account instead of the header.
"""

import csv
import re
from array import array
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Final

from pwdload.accounts.columns import Index, TextColumn
from pwdload.errors import AccountsError
from pwdload.units import format_count

EXPIRED, WARNING = "expired", "warning"
STATES: Final = (EXPIRED, WARNING)
NEEDED: Final = ("user_name", "password")
COLUMNS: Final = (*NEEDED, "previous_password", "state", "tenant", "device", "tags")

PROBLEMS_SHOWN: Final = 20
_BATCH: Final = 4_096
_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

Problem = tuple[int, str]
"""The number of a line, from 1, and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a file lists, by column; columns that it does not have, but state, are empty."""

    columns: dict[str, TextColumn]
    states: bytearray
    """Place in `STATES` of each account's."""
    by_name: Index


@dataclass(slots=True)
class _Problems:
    """What is wrong, in the order of the lines: the first few in words, the others counted."""

    shown: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, said: str) -> None:
        self.count += 1
        insort(self.shown, (line, said), key=lambda problem: problem[0])
        del self.shown[PROBLEMS_SHOWN:]

    def check(self, path: Path) -> None:
        """Raise what was found, if anything was."""
        lines = [f"{path}: line {line}: {said}" for line, said in self.shown]
        if self.count > len(lines):
            lines.append(f"and {format_count(self.count - len(lines))} more")
        if lines:
            raise AccountsError("\n".join(lines))


def read_listing(path: Path) -> Listing:
    """Read a list of accounts.

    Raises:
        AccountsError: it cannot be read, or lines are wrong: each is named, the first twenty in words.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) in _BYTE_ORDER_MARKS:
                raise AccountsError(f"{path}: line 1: UTF-16; save the file as UTF-8")
        # A byte that is no UTF-8 comes through as half a surrogate pair, and is found in its line.
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            return _read(path, lines)
    except FileNotFoundError:
        raise AccountsError(
            f"{path}: cannot be read (no list and no ledger is there); make a ledger with `pwdload accounts create`, "
            "or name another with --accounts or in [accounts] source"
        ) from None
    except OSError as error:
        raise AccountsError(f"{path}: cannot be read ({error.strerror}); name it in [accounts] source") from None


def _read(path: Path, lines: Iterable[str]) -> Listing:
    numbered = enumerate(lines, 1)
    header = _header(path, next(numbered, (1, ""))[1])
    reader = _Reader(header)
    rows = reader.rows(numbered)
    while batch := list(islice(rows, _BATCH)):
        reader.take(batch)
    names = reader.columns["user_name"]
    by_name = Index(names)
    for place, first in sorted(by_name.again()):
        line = reader.line_numbers[first]
        reader.problems.add(
            reader.line_numbers[place], f"user_name {names[place]!r} again, first on line {line}; remove one"
        )
    reader.problems.check(path)
    if not len(names):
        raise AccountsError(f"{path}: no accounts in it; add a line for each, {','.join(header)}")
    return Listing(columns=reader.columns, states=reader.states, by_name=by_name)


class _Reader:
    """Turns lines into columns, and keeps what is wrong with them.

    A row that is wrong keeps its user name, so that the same name on another line is found all the same.
    """

    def __init__(self, header: Sequence[str]) -> None:
        self.columns = {name: TextColumn() for name in COLUMNS if name != "state"}
        self.states = bytearray()
        self.line_numbers = array("Q")
        self.problems = _Problems()
        self._header = header
        self._places = {name: header.index(name) for name in COLUMNS if name in header}

    def rows(self, numbered: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
        """Yield number and fields of each line that has the right number of them."""
        width = len(self._header)
        for number, text in numbered:
            line = text.rstrip("\n")
            if '"' not in line:
                row = line.split(",")
            else:
                try:
                    row = next(csv.reader((line,), strict=True), [])
                except csv.Error as error:
                    self.problems.add(number, _quoting(error))
                    continue
            if len(row) == width:
                yield number, row
            elif line.strip():
                self.problems.add(number, _miscounted(len(row), width))

    def take(self, batch: Sequence[tuple[int, list[str]]]) -> None:
        """Check rows and add them to the columns."""
        numbers, rows = zip(*batch, strict=True)
        fields: dict[str, Sequence[str]] = dict(zip(self._header, zip(*rows, strict=True), strict=True))
        names, states = fields["user_name"], fields.pop("state", ("",) * len(batch))
        clean = _are_clean(fields, states)
        for number, row in batch if not clean else ():
            for said in self._wrong(row):
                self.problems.add(number, said)
        if not clean:
            # What is wrong was said and ends the reading: only names go on, as far as they are names.
            kept = [place for place, name in enumerate(names) if name.strip() and _is_text(name)]
            fields = {"user_name": [names[place] for place in kept]}
            numbers, states = tuple(numbers[place] for place in kept), ()
        for name, column in fields.items():
            self.columns[name].extend(column)
        self.states += bytes(map(_STATE_CODES.__getitem__, states))
        self.line_numbers.extend(numbers)

    def _wrong(self, row: Sequence[str]) -> Iterator[str]:
        """Yield what is wrong with a row, in words."""
        for name, place in self._places.items():
            if not _is_text(row[place]):
                yield f"not UTF-8 in {name}; save the file as UTF-8"
            elif "\0" in row[place]:
                yield f"a NUL byte in {name}; the file is damaged, or no text"
        name, password = (row[self._places[column]] for column in NEEDED)
        if not name.strip():
            yield "blank user_name; give one or remove the line"
        elif name != name.strip():
            yield f"user_name {_shown(name)} has a blank at its start or end; remove it"
        if not password:
            yield f"blank password of {_shown(name)}; give one or remove the line"
        state = row[self._places["state"]] if "state" in self._places else ""
        if state not in _STATE_CODES:
            yield f"state {_shown(state)}; allowed: {', '.join(STATES)}, or blank for {EXPIRED}"


_STATE_CODES: Final = {"": 0, **{state: code for code, state in enumerate(STATES)}}


def _are_clean(fields: Mapping[str, Sequence[str]], states: Iterable[str]) -> bool:
    """Whether nothing is wrong with any row of a batch; what a look at each row would cost is saved nearly always."""
    names = fields["user_name"]
    text = "".join(map("".join, fields.values()))
    return (
        all(fields["password"])
        and all(names)
        and list(map(str.strip, names)) == list(names)
        and _STATE_CODES.keys() >= set(states)
        and "\0" not in text
        and _is_text(text)
    )


def _is_text(text: str) -> bool:
    """Whether there is no half of a surrogate pair in it: what stands for a byte that is no UTF-8."""
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _quoting(error: csv.Error) -> str:
    if "end of data" in str(error):
        return 'a quote (") is left open; close it, or write it twice where it is part of a value'
    if "expected after" in str(error):
        return 'a quote (") inside a quoted value; write it twice, and put the whole value in quotes'
    return f"{error}; mend or remove the line"


def _miscounted(found: int, wanted: int) -> str:
    hint = "; put a value that has a comma in quotes" if found > wanted else "; is the line cut off?"
    return f"{found} value{'s' * (found != 1)} where the first line names {wanted} columns{hint}"


def _header(path: Path, line: str) -> list[str]:
    """Return the columns that the first line names.

    Raises:
        AccountsError: it names others, or lacks some.
    """
    names = [name.strip() for name in next(csv.reader((line.rstrip("\n"),)), [])]
    problems = list(_header_problems(names, line))
    if problems:
        raise AccountsError("\n".join(f"{path}: line 1: {said}" for said in problems))
    return names


def _header_problems(names: Sequence[str], line: str) -> Iterator[str]:
    usual = f"the first line names them: {','.join(COLUMNS)} (the first two are needed)"
    for separator, words in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and separator in line:
            yield f"values are parted by {words}; save the file with commas"
            return
    for name in NEEDED:
        if name not in names:
            yield f"no column {name}; {usual}"
    for place, name in enumerate(names, 1):
        if name in COLUMNS:
            if names.index(name) + 1 < place:
                yield f"column {name} twice; remove one"
        elif names != [""]:
            yield f"{_column(name, place)} is unknown; allowed: {', '.join(COLUMNS)}{_did_you_mean(name)}"


def _column(name: str, place: int) -> str:
    """Return how an unknown column is called: what may be a password is not shown."""
    return f"column {name!r}" if re.fullmatch(r"[A-Za-z_ -]{1,40}", name) else f"column {place}"


def _did_you_mean(name: str) -> str:
    near = get_close_matches(re.sub(r"[ -]", "_", name[:100].lower()), COLUMNS, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""
