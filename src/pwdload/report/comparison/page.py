"""The inert value of a comparison or of a history: everything that is said, ready to be rendered, nothing of its looks.

It is made of the report's own tables and charts, so that its page, its tables and its plots are drawn by the same code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pwdload.analysis.comparison.values import Result
from pwdload.report.model import Caution, Chart, Section, Table, Tone

Kept = Literal["comparison", "history"]
"""What a page is of; names its files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number of the first screen."""

    label: str
    value: str
    """As a person reads it, with its unit."""
    detail: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One number of both sides, with the interval of its difference."""

    label: str
    base: str
    new: str
    difference: str
    """Relative, of a share in percentage points."""
    interval: str
    lower: float | None
    """Of the 95 % interval, in margins: -1 and 1 are where the margin ends. Null where there is no difference."""
    estimate: float | None
    upper: float | None
    result: Result
    is_primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The differences of two sides, drawn beside one another."""

    name: str
    title: str
    caption: str
    sides: tuple[str, str]
    rows: tuple[Range, ...]
    table: str
    """Name of the table with the numbers behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One number as continuous integration sees it: a test."""

    group: str
    name: str
    result: Result
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A comparison or a history, ready to be rendered."""

    kept: Kept
    title: str
    verdict: str
    """One or two words."""
    tone: Tone
    exit_code: int
    reason: str
    """The verdict's reason in one sentence."""
    summary: str
    """What was held against what, on one line."""
    tiles: tuple[Tile, ...]
    ranges: tuple[Ranges, ...]
    overview: Section
    sections: tuple[Section, ...]
    cautions: tuple[Caution, ...]
    definitions: tuple[tuple[str, str], ...]
    tested: tuple[Tested, ...]
    headline_text: str
    """A few plain lines for a console."""

    @property
    def parts(self) -> tuple[Section, ...]:
        """Every section, in the order of the page."""
        return (self.overview, *self.sections)

    @property
    def tables(self) -> Iterator[Table]:
        """Every table, in the order of the page."""
        for section in self.parts:
            yield from (item for item in section.items if isinstance(item, Table))

    @property
    def drawings(self) -> Iterator[Chart]:
        """Every chart, in the order of the page."""
        for section in self.parts:
            yield from (item for item in section.items if isinstance(item, Chart))
