"""How a value of a table is written for a person, and how for a machine."""

import math
from collections.abc import Callable, Mapping

from pwdload.analysis.answers import expectation_words
from pwdload.report.model import Cell, Column, Figure, Kind
from pwdload.report.words import OUTCOME_WORDS
from pwdload.units import format_count, format_duration, format_rate, format_share

LEAST_RATE_OF_UNITS = 0.1
"""Below so many events a second `format_rate` leaves seconds for minutes."""
LEAST_RATE_SHOWN = 0.001
"""Below this a rate per second is "less than"."""


def shown(column: Column, cell: Cell) -> str:
    """Return a cell as a page shows it: few digits, always the unit; the column's word where there is no value."""
    if cell is None:
        return column.absent
    if isinstance(cell, str):
        return _WORDERS.get(column.kind, str)(cell)
    return _WRITERS[column.kind](cell)


def is_number(kind: Kind) -> bool:
    """Whether a column of this kind is aligned to the right and sorted by size."""
    return kind not in _WORDS_OF


def plain(cell: Cell) -> str:
    """Return a cell as a CSV file has it: full precision down to a microsecond, empty where there is no value."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(round(cell, 6)) if isinstance(cell, float) else str(cell)


def duration(seconds: float | None) -> str:
    """Return a duration, or "n/a"."""
    return "n/a" if seconds is None else format_duration(seconds)


def per_second(per_s: float | None) -> str:
    """Return a rate per second, however low it is, so that all rates of a headline compare; or "n/a"."""
    if per_s is None:
        return "n/a"
    if per_s >= LEAST_RATE_OF_UNITS or not per_s:
        return format_rate(per_s)
    return f"{per_s:.3f}/s" if per_s >= LEAST_RATE_SHOWN else f"< {LEAST_RATE_SHOWN}/s"


def figure_text(figure: Figure) -> str:
    """Return a headline number with its unit, or "n/a"."""
    return {Kind.RATE: per_second, Kind.DURATION: duration, Kind.SHARE: share}[figure.kind](figure.value)


def share(part: float | None) -> str:
    """Return a share, or "n/a"."""
    return "n/a" if part is None else format_share(part)


def mean(number: float) -> str:
    """Return a plain number with about three digits."""
    size = abs(number)
    decimals = 0 if size == 0 or size >= 100 else max(0, 2 - math.floor(math.log10(size)))
    return f"{number:,.{min(decimals, 3)}f}"


def cores(cpu_share: float) -> str:
    """Return a CPU share as a part of one core, which may be more than all of it: "61 % of a core"."""
    return f"{cpu_share * 100:.0f} % of a core"


def joined(words: list[str]) -> str:
    """Return words as an English list: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _clock(seconds: float) -> str:
    """Return a time on the run's clock as the plots' axes show it: in seconds, however late."""
    return f"{seconds:,.1f} s"


_WORDS_OF = (Kind.TEXT, Kind.CODE, Kind.FLAG, Kind.OUTCOME, Kind.EXPECTATION, Kind.VERDICT)
_WORDERS: Mapping[Kind, Callable[[str], str]] = {
    Kind.OUTCOME: lambda name: OUTCOME_WORDS.get(name, name),
    Kind.EXPECTATION: expectation_words,
    Kind.VERDICT: lambda name: name.replace("_", " "),
}
_WRITERS: Mapping[Kind, Callable[[float], str]] = {
    Kind.TEXT: str,
    Kind.CODE: str,
    Kind.COUNT: lambda number: format_count(int(number)),
    Kind.DURATION: format_duration,
    Kind.CLOCK: _clock,
    Kind.SHARE: lambda number: format_share(min(max(number, 0.0), 1.0)),
    Kind.RATE: format_rate,
    Kind.MEAN: mean,
    Kind.FLAG: lambda flag: "yes" if flag else "no",
}
