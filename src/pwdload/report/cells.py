"""How a table stands on a page: which of its columns are shown, and the interval beside a number.

The ends of an interval are columns of their own in the CSV file. On a page they are part of the number that they belong
to: "21.0 ms [20.1 – 22.3]".
"""

from pwdload.report.formats import shown
from pwdload.report.model import Cell, Table

Row = tuple[Cell, ...]


def places_shown(table: Table) -> tuple[int, ...]:
    """Return the places of the columns that are shown: all but the ends of intervals."""
    ends = {name for column in table.columns for name in (column.low, column.high)} - {""}
    return tuple(place for place, column in enumerate(table.columns) if column.name not in ends)


def has_interval(table: Table, place: int) -> bool:
    """Whether the numbers of a column have intervals, given or not."""
    return bool(table.columns[place].low or table.columns[place].high)


def interval(table: Table, place: int, row: Row) -> str:
    """Return the interval of a number, "[20.1 – 22.3]"; open on a side that is not known, empty where neither is."""
    column, value = table.columns[place], row[place]
    names = [each.name for each in table.columns]
    low, high = (row[names.index(name)] if name in names else None for name in (column.low, column.high))
    if value is None or (low is None and high is None):
        return ""
    texts = [None if end is None else shown(column, end) for end in (low, high)]
    unit = _unit(shown(column, value))
    if unit and all(_unit(text) == unit for text in texts if text is not None):
        texts = [text and text.removesuffix(unit) for text in texts]
    lower, upper = texts
    if lower is None or upper is None:
        return f"[at most {upper}]" if lower is None else f"[at least {lower}]"
    return f"[{lower} – {upper}]"


def cell_text(table: Table, place: int, row: Row) -> str:
    """Return a number with its interval as one text, for where there is no markup for the latter."""
    return f"{shown(table.columns[place], row[place])} {interval(table, place, row)}".rstrip()


def is_tiered(table: Table) -> bool:
    """Whether the last column is words on how a row is known: they stand below its numbers, over the whole width."""
    return table.columns[-1].name == "known_by"


def apart(text: str) -> tuple[str, str]:
    """Return what stands before the brackets at the end of a text, and these: "+32 %", "(+28 % to +36 %)"."""
    number, bracket, ends = text.partition(" (")
    return (number, f"({ends}") if bracket and ends.endswith(")") else (text, "")


def _unit(text: str) -> str:
    """Return what follows the number: " ms", " %", "/s"; empty where a number is all there is."""
    return text.lstrip("<> ").lstrip("0123456789.,")
