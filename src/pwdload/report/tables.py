"""The tables of a report as CSV files: raw values, full precision, one header row, UTF-8."""

import csv
import io

from pwdload.report.formats import plain
from pwdload.report.model import Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(table: Table) -> str:
    """Return a table as CSV: all its rows, seconds as decimal numbers, shares from 0 to 1, absent values empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_harmless(column.name) for column in table.columns)
    writer.writerows([_harmless(cell) if isinstance(cell, str) else plain(cell) for cell in row] for row in table.rows)
    return out.getvalue()


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an error code comes from outside."""
    return f"'{text}" if text.startswith(_FORMULA) else text
