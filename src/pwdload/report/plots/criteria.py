"""A criterion that is judged second by second, over time, with its limit."""

import numpy as np

from pwdload.analysis import Run
from pwdload.analysis.windows import bin_width_s
from pwdload.criteria import Criterion, Judged, Metric, Sense
from pwdload.criteria.seconds import Seconds
from pwdload.criteria.values import Floats
from pwdload.criteria.words import amount, headline, subject
from pwdload.report.model import Plot, Series
from pwdload.report.plots.axes import BINS_MAX, TIME, bands
from pwdload.units import counted


def table_name(criterion: Criterion) -> str:
    """Return the name of the table with the seconds of a criterion."""
    return f"criterion_{criterion.name}"


def criterion_plot(run: Run, judged: Judged, seconds: Seconds) -> Plot:
    """Return what a criterion was in each second; of a long run the worst second of each bin."""
    criterion = judged.criterion
    width_s = bin_width_s(run.last_s, BINS_MAX)
    start_s, worst = worst_of_bins(criterion, seconds, width_s, run.end_s)
    unit, per = _unit(criterion, worst)
    drawn = tuple(None if np.isnan(value) else float(f"{value * per:.6g}") for value in worst)
    limit = float(f"{criterion.limit * per:.6g}")
    each = "each second" if width_s == 1 else f"worst second of each {width_s} s"
    return Plot(
        name=table_name(criterion),
        title=headline(criterion),
        x_label=TIME,
        y_label=f"{subject(criterion)} ({unit}), {each}",
        x=tuple(float(at_s) for at_s in start_s),
        bin_s=width_s,
        series=(
            Series(name=subject(criterion), y=drawn, ink="first"),
            Series(name=f"limit {amount(criterion, criterion.limit)}", y=(limit,) * len(drawn), ink="faint"),
        ),
        style="lines",
        reading=_reading(seconds),
        table=table_name(criterion),
        bands=bands(run),
    )


def worst_of_bins(criterion: Criterion, seconds: Seconds, width_s: int, end_s: float) -> tuple[Floats, Floats]:
    """Return when each bin of the run begins, and the worst value of its seconds; NaN where none is known."""
    bins = max(1, int(np.ceil(end_s / width_s - 1e-6)))
    if len(seconds.start_s):
        bins = max(bins, int(seconds.start_s[-1] // width_s) + 1)
    worst = np.full(bins, np.nan)
    known = seconds.known
    places = np.maximum(seconds.start_s[known] // width_s, 0).astype(np.intp)
    merge = np.fmax if criterion.sense is Sense.AT_MOST else np.fmin
    merge.at(worst, places, seconds.values[known])
    return np.arange(bins, dtype=float) * width_s, worst


def _unit(criterion: Criterion, values: Floats) -> tuple[str, float]:
    if criterion.metric is Metric.GOODPUT:
        return "1/s", 1.0
    if criterion.metric is Metric.FAILED_SHARE:
        return "%", 100.0
    most = max(criterion.limit, float(np.nanmax(values)) if np.any(~np.isnan(values)) else 0.0)
    return ("s", 1.0) if most >= 10.0 else ("ms", 1000.0)


def _reading(seconds: Seconds) -> str:
    known, broken = int(seconds.known.sum()), int(seconds.broken.sum())
    if not known:
        return "In no second was there anything to judge it by."
    if not broken:
        return f"Beyond the limit in none of {counted(known, 'second')}."
    first_s = float(seconds.start_s[seconds.broken][0])
    return f"Beyond the limit in {broken:,} of {counted(known, 'second')}, first at {first_s:,.0f} s."
