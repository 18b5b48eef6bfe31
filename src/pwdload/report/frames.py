"""From a frame of the analysis to a table of the report."""

from collections.abc import Sequence

import pandas as pd

from pwdload.report.model import Cell, Column, Kind
from pwdload.statistics.percentiles import MAXIMUM, PERCENTILES, Percentile
from pwdload.statistics.quantiles import WITH_INTERVALS


def rows_of(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[tuple[Cell, ...], ...]:
    """Return the columns' values row by row as plain Python values, None where there is none (NaN, NA)."""
    values = [_cells(frame[column.name]) for column in columns]
    return tuple(zip(*values, strict=True))


def text(name: str, label: str = "", *, absent: str = "–") -> Column:
    """Return a column of words."""
    return Column(name=name, label=label or name.replace("_", " "), kind=Kind.TEXT, absent=absent)


def code(name: str, label: str = "", *, absent: str = "–") -> Column:
    """Return a column of identifiers."""
    return Column(name=name, label=label or name.replace("_", " "), kind=Kind.CODE, absent=absent)


def number(name: str, label: str, kind: Kind) -> Column:
    """Return a column of numbers that are all there, or explain themselves by their absence."""
    return Column(name=name, label=label, kind=kind, absent="n/a")


COUNT = number("count", "count", Kind.COUNT)
SHARE = number("share", "share", Kind.SHARE)


def latency_columns(*, with_intervals: bool = False) -> tuple[Column, ...]:
    """Return the columns of a latency table after its keys; those of the ends of intervals come last."""
    intervals = WITH_INTERVALS if with_intervals else ()
    return (
        COUNT,
        *(percentile_column(percentile, percentile in intervals) for percentile in PERCENTILES),
        number(MAXIMUM.column, "max", Kind.DURATION),
        *interval_columns(intervals),
    )


def percentile_column(percentile: Percentile, has_interval: bool) -> Column:
    """Return the column of a percentile, which names those of the ends of its interval if it has one."""
    return Column(
        name=percentile.column,
        label=percentile.name.replace("_", "."),
        kind=Kind.DURATION,
        absent="n/a",
        why_absent=f"too few samples: {percentile.least_samples:,} needed",
        low=f"{percentile.name}_lower_s" if has_interval else "",
        high=f"{percentile.name}_upper_s" if has_interval else "",
    )


def interval_columns(percentiles: Sequence[Percentile] = WITH_INTERVALS) -> tuple[Column, ...]:
    """Return the columns of the ends of intervals, which a file has and a page shows beside their percentile."""
    return tuple(
        number(f"{percentile.name}_{end}_s", f"{percentile.name}, {end} end", Kind.DURATION)
        for percentile in percentiles
        for end in ("lower", "upper")
    )


def _cells(column: pd.Series) -> list[Cell]:
    cells: list[Cell] = column.tolist()
    absent = column.isna().to_numpy()
    return (
        [None if is_absent else cell for cell, is_absent in zip(cells, absent, strict=True)] if absent.any() else cells
    )
