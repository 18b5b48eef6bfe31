"""What the plots share: bins of time, plain numbers for their points, and the stages behind them."""

from collections.abc import Callable

import pandas as pd

from pwdload.analysis import Run
from pwdload.analysis.timeline import bin_count
from pwdload.analysis.windows import bin_width_s, stage_window
from pwdload.report.model import Band, Ink

BINS_MAX = 600
"""More points than a plot is wide tell nothing more; longer runs are drawn in wider bins."""
BinnedTable = Callable[[Run, float], pd.DataFrame]
"""A function of `pwdload.analysis.timeline`."""
TIME = "time since the load began (s)"
INKS: tuple[Ink, ...] = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def bands(run: Run) -> tuple[Band, ...]:
    """Return the stages that the run reached, when there is more than one."""
    spans = [(stage, stage_window(stage, run.end_s)) for stage in run.record.stages]
    reached = [
        Band(name=stage.name, start_s=span.start_s, end_s=span.end_s, is_measured=stage.measured)
        for stage, span in spans
        if span is not None
    ]
    return tuple(reached) if len(reached) > 1 else ()


def binned(make: BinnedTable, run: Run) -> tuple[pd.DataFrame, int]:
    """Return a table in time at the width that suits the run, and that width."""
    width = bin_width_s(run.last_s, BINS_MAX)
    return make(run, width).head(whole_bins(run, width)), width


def whole_bins(run: Run, width_s: int) -> int:
    """Return how many bins the load filled; one at least.

    The bin in which the load ended would look like a drop; the CSV file has it.
    """
    return max(1, min(bin_count(run, width_s), int(run.end_s / width_s + 0.05)))


def column(frame: pd.DataFrame, name: str, divisor: float = 1.0) -> tuple[float | None, ...]:
    """Return a column as the points of a line, each divided by a number."""
    return rounded(frame[name] / divisor)


def rounded(values: pd.Series) -> tuple[float | None, ...]:
    """Return plain numbers, null where there is none: six digits are more than a plot can show."""
    return tuple(None if pd.isna(value) else float(f"{value:.6g}") for value in values)


def in_bins(width_s: int) -> str:
    """Return what an axis adds when its bins are wider than a second."""
    return "" if width_s == 1 else f", per {width_s} s"


def bin_name(width_s: int) -> str:
    """Return a bin as a sentence names it."""
    return "a second" if width_s == 1 else f"{width_s} s"


def bins_name(width_s: int) -> str:
    """Return several bins as a sentence names them."""
    return "seconds" if width_s == 1 else f"spans of {width_s} s"


def unit_of(values_s: pd.Series) -> tuple[str, float]:
    """Return the unit in which these seconds are easy to read, and how many of it a second has."""
    most = values_s.max()
    return ("s", 1.0) if not pd.isna(most) and most >= 10 else ("ms", 1000.0)
