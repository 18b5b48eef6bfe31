"""The Report: an inert value that says everything and looks like nothing. Renderers give it a form.

Cells hold raw values (seconds, shares from 0 to 1, counts); how they are written is decided by the kind of their
column, once, for all renderers (`pwdload.report.formats`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pwdload.analysis.capacity import Capacity
from pwdload.criteria import Judged
from pwdload.oracle.judgement import Judgement, Moment
from pwdload.outcome import Finding, Verdict
from pwdload.rundir import RunRecord

Cell = str | int | float | bool | None
Tone = Literal["plain", "good", "warn", "bad"]
Ink = Literal["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "faint"]
"""Which colour of the palette a line of a plot gets; the palette itself differs between light and dark."""


class Kind(StrEnum):
    """What the values of a column are, hence how they are written and aligned."""

    TEXT = "text"
    CODE = "code"
    """An identifier: set in the typewriter face, never broken."""
    COUNT = "count"
    DURATION = "duration"
    """Seconds, written with their unit."""
    CLOCK = "clock"
    """Seconds on the run's clock."""
    SHARE = "share"
    RATE = "rate"
    """Events per second."""
    MEAN = "mean"
    """A plain number with decimals."""
    FLAG = "flag"
    """Yes or no."""
    OUTCOME = "outcome"
    """An `Outcome` value, written in words for a person."""
    VERDICT = "verdict"
    """A `Verdict` value, or what stands where there is none to give."""
    EXPECTATION = "expectation"
    """What a case expects, ``accept:...`` or ``refuse:...``, written in words for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    """Its header in the CSV file, the unit last."""
    label: str
    """Its header on the page."""
    kind: Kind
    absent: str = "–"
    """What stands where there is no value."""
    why_absent: str = ""
    """Why there is none, told where the reader points at it."""
    low: str = ""
    """Name of the column with the lower ends of its intervals, in the same table; a page shows them in its cells."""
    high: str = ""
    """The same for the upper ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Numbers in rows and columns."""

    name: str
    """Stem of its CSV file; letters, digits and underscores."""
    title: str
    caption: str
    """What is counted, over which part of the run, in one or two sentences."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    rows_shown: int = 200
    """How many rows a page shows at most; 0: the table is only a file. The file always has all."""
    bars: str = ""
    """Name of the share column that is drawn as bars, if any."""
    marks: tuple[tuple[int, ...], ...] = ()
    """Numbers of the caveats that weaken each row; empty where none is marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line, or one layer, of a plot."""

    name: str
    y: tuple[float | None, ...]
    ink: Ink


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A named span of the time axis: a stage."""

    name: str
    start_s: float
    end_s: float
    is_measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """A span of the time axis in which something was done to the target: a fault."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Something over the run's time."""

    name: str
    title: str
    x_label: str
    y_label: str
    x: tuple[float | None, ...]
    """Where each bin begins, in seconds on the run's clock."""
    bin_s: float
    """Width of a bin, in seconds."""
    series: tuple[Series, ...]
    style: Literal["lines", "layers"]
    """Lines of their own, or layers that add up."""
    reading: str
    """What is to be seen in it, in one line."""
    table: str
    """Name of the table with the numbers behind it."""
    bands: tuple[Band, ...] = ()
    shades: tuple[Shade, ...] = ()
    is_log: bool = False
    """Whether its values are drawn on a logarithmic axis, on which nothing is 0."""
    is_wide: bool = False
    """Whether it is as wide as the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One curve, cloud of points or band of a chart; all its lists have one element per point."""

    name: str
    x: tuple[float | None, ...]
    y: tuple[float | None, ...]
    ink: Ink
    style: Literal["dots", "line", "steps", "band"] = "dots"
    """A band reaches from `low` to `high`, and has no line of its own."""
    low: tuple[float | None, ...] = ()
    """Lower ends of the points' intervals; empty where they have none."""
    high: tuple[float | None, ...] = ()
    labels: tuple[str, ...] = ()
    """What is said of each point where the reader points at it; empty: its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A straight line across a chart, with its name: a limit, a capacity."""

    name: str
    at: float
    axis: Literal["x", "y"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One quantity against another that is not the run's time."""

    name: str
    title: str
    x_label: str
    """With its unit."""
    y_label: str
    marks: tuple[Mark, ...]
    reading: str
    """What is to be seen in it, in one line."""
    table: str
    """Name of the table with the numbers behind it."""
    rules: tuple[Rule, ...] = ()
    x_is_log: bool = False
    y_is_log: bool = False
    is_wide: bool = False
    zooms: bool = False
    """Whether its y axis may begin above 0: for values that are held against one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """How many requests fell into each cell of time and response time."""

    name: str
    title: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    """Where each column begins, in seconds on the run's clock."""
    y: tuple[float, ...]
    """Where each row begins, in seconds of response time; they grow by a constant factor."""
    cells: tuple[tuple[int, ...], ...]
    """Row after row."""
    reading: str
    table: str
    """Name of the table with the numbers behind it."""
    bands: tuple[Band, ...] = ()
    shades: tuple[Shade, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One violation: what happened on one account, moment by moment."""

    sentence: str
    place: str
    """Which account, case and flow, and when."""
    rule: str
    """The rule that it breaks."""
    replay: str
    """What plays the same again."""
    moments: tuple[Moment, ...]
    earlier: int = 0
    """How many moments before them are left out."""
    later: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timelines:
    """The first violations that one check has found."""

    name: str
    """Anchor; letters, digits and underscores."""
    title: str
    verdict: Verdict
    """Of the check: CORRECTNESS_FAILED, or INCONCLUSIVE where something else may explain what was found."""
    caption: str
    """How many there are, and how many are told."""
    timelines: tuple[Timeline, ...]
    table: str
    """Name of the table with all that are told one by one."""


Drawing = Plot | Chart | HeatMap
"""What is drawn, of whatever kind."""
Item = Table | Drawing | Timelines
"""What a section is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of a card."""

    name: str
    """What it is called beside others, or beside its card's label; empty where that says it all."""
    value: float | None
    """Per second, seconds, or a share from 0 to 1; null where it cannot be told."""
    kind: Literal[Kind.RATE, Kind.DURATION, Kind.SHARE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A headline number, or a few that belong together."""

    label: str
    values: tuple[Figure, ...]
    detail: str
    weakened_by: tuple[int, ...] = ()
    """Numbers of the caveats that weaken it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A caveat as it is printed."""

    number: int
    weakens: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report with a heading."""

    name: str
    """Its anchor on the page."""
    title: str
    intro: str
    items: tuple[Item, ...]
    weakened_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is known of a run, ready to be rendered."""

    title: str
    verdict: Verdict
    reason: str
    """The verdict's reason in one sentence."""
    findings: tuple[Finding, ...]
    """What each check found, the worst first."""
    judgement: Judgement
    """What the oracle's checks found, with every violation that is told."""
    record: RunRecord
    """What the run was."""
    banner: str
    """What must be known before any number is read; empty when nothing."""
    facts: tuple[tuple[str, str], ...]
    """The conditions of the measurement, name and value."""
    summary: str
    """The facts that matter most, on one line."""
    cards: tuple[Card, ...]
    overview: Section
    """The plots and the table of the first screen."""
    sections: tuple[Section, ...]
    cautions: tuple[Caution, ...]
    definitions: tuple[tuple[str, str], ...]
    """The words of the report, each with its exact meaning."""
    headline_text: str
    """The verdict and the headline numbers: a few plain lines for a console."""
    criteria: tuple[Judged, ...] = ()
    """The criteria of ``[slo]``, judged, in the order of the scenario."""
    notes: tuple[str, ...] = ()
    """What the harness met on the way."""
    scenario_source: str = ""
    """The scenario as it was given, a TOML document; empty when it is not on record."""
    capacity: Capacity | None = None
    """What is known of the target's capacity; null where nothing was due while it counted."""

    @property
    def decision(self) -> Section | None:
        """The section that a review decides by, which stands before the cards; null in a report without one."""
        return next((section for section in self.sections if section.name == "decision"), None)

    @property
    def tables(self) -> Iterator[Table]:
        """Every table, in the order of the page."""
        for section in (self.overview, *self.sections):
            yield from (item for item in section.items if isinstance(item, Table))

    @property
    def plots(self) -> Iterator[Plot]:
        """Every plot, in the order of the page."""
        for section in (self.overview, *self.sections):
            yield from (item for item in section.items if isinstance(item, Plot))

    @property
    def drawings(self) -> Iterator[Drawing]:
        """Every plot, chart and heat map, in the order of the page."""
        for section in (self.overview, *self.sections):
            yield from (item for item in section.items if isinstance(item, Plot | Chart | HeatMap))

    def _repr_html_(self) -> str:
        """Return the page inside a frame, as a notebook shows it: its styles and scripts keep to themselves."""
        from pwdload.report.html import framed  # noqa: PLC0415 - the renderer knows the model, not the other way round

        return framed(self)
