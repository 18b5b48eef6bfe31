"""The target's own metrics over time, under the same clock as the changes that it was asked for."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pwdload.analysis import Run
from pwdload.analysis.target_load import metrics_in_time, spacing_s
from pwdload.analysis.timeline import throughput_in_time
from pwdload.analysis.windows import BIN_WIDTHS_S, bin_width_s
from pwdload.metrics import Metrics
from pwdload.report.formats import mean
from pwdload.report.model import Plot, Series
from pwdload.report.plots.axes import BINS_MAX, INKS, TIME, bands, bin_name, column, in_bins, whole_bins
from pwdload.scenario.metrics import MetricUnit, unit_of_metric

TABLE = "target_metrics"
SERIES_MAX = len(INKS)
"""More than so many lines cannot be told apart; the file has all."""
_MIB = 1024.0**2
_AXES: dict[MetricUnit, tuple[str, str, float]] = {
    "cores": ("CPU of the target", "cores in use (cores)", 1.0),
    "share": ("Use of the target's resources", "part of what there is (%)", 0.01),
    "bytes": ("Memory of the target", "in use (MiB)", _MIB),
    "per_s": ("Rates of the target", "per second (1/s)", 1.0),
    "s": ("Times of the target", "as it says (s)", 1.0),
    "number": ("Other metrics of the target", "as it says (number)", 1.0),
}
"""Title, axis, and how many of the metric's units one of the axis is."""


def metric_plots(run: Run, metrics: Metrics) -> Iterator[Plot]:
    """Yield the changes per second, and under the same clock a plot for each unit of the metrics."""
    width = _width_s(run, metrics)
    yield _changes(run, width)
    frame = metrics_in_time(metrics, whole_bins(run, width), width)
    for unit in _AXES:
        names = [name for name in metrics.series if unit_of_metric(name) == unit][:SERIES_MAX]
        if names and bool(frame[names].notna().to_numpy().any()):
            yield _plot(run, frame, unit, names, width)


def _width_s(run: Run, metrics: Metrics) -> int:
    """Return bins in which every line has its points: as wide as the values are apart, at least."""
    least, needed = bin_width_s(run.last_s, BINS_MAX), spacing_s(metrics)
    return next((width for width in BIN_WIDTHS_S if width >= max(least, needed)), BIN_WIDTHS_S[-1])


def _changes(run: Run, width: int) -> Plot:
    frame = throughput_in_time(run, width).head(whole_bins(run, width))
    most = float(frame["changes"].max()) / width
    return Plot(
        name="target_changes",
        title="Accepted changes per second",
        x_label=TIME,
        y_label=f"completed per second (1/s){in_bins(width)}",
        x=column(frame, "start_s"),
        bin_s=width,
        series=(Series(name="accepted changes", y=column(frame, "changes", width), ink="first"),),
        style="lines",
        reading=f"At most {mean(most)}/s in {bin_name(width)}; the plots beside it have the same clock.",
        table="timeline",
        bands=bands(run),
    )


def _plot(run: Run, frame: pd.DataFrame, unit: MetricUnit, names: list[str], width: int) -> Plot:
    title, axis, divisor = _AXES[unit]
    most = {name: float(np.nanmax(frame[name].to_numpy(dtype=float), initial=0.0)) for name in names}
    highest = max(names, key=lambda name: most[name])
    return Plot(
        name=f"target_{unit}",
        title=title,
        x_label=TIME,
        y_label=f"{axis}{in_bins(width)}",
        x=column(frame, "start_s"),
        bin_s=width,
        series=tuple(
            Series(name=name.replace("_", " "), y=column(frame, name, divisor), ink=ink)
            for name, ink in zip(names, INKS, strict=False)
        ),
        style="lines",
        reading=f"{highest.replace('_', ' ')} at most {mean(most[highest] / divisor)}, "
        f"averaged over {bin_name(width)}.",
        table=TABLE,
        bands=bands(run),
    )
