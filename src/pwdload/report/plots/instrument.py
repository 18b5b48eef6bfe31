"""What the generator did over time: the load that it offered against the planned one, and how busy it was."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis import Analysis, Run
from pwdload.analysis.arrival_tables import arrivals_in_time
from pwdload.analysis.arrivals import ArrivalAccount
from pwdload.analysis.generators import worst_in_time
from pwdload.analysis.timeline import bin_starts
from pwdload.analysis.windows import bin_width_s
from pwdload.report.formats import cores, duration
from pwdload.report.model import Ink, Plot, Series
from pwdload.report.plots.axes import (
    BINS_MAX,
    INKS,
    TIME,
    bands,
    bin_name,
    column,
    in_bins,
    rounded,
    unit_of,
    whole_bins,
)
from pwdload.units import counted, format_count

PROCESSES_SHOWN = 7
"""So many processes have a line of their own, those that were worst off; of the others the worst value is one line."""

Floats = npt.NDArray[np.float64]


def arrivals_plot(analysis: Analysis, account: ArrivalAccount) -> Plot:
    """Return the planned rate, the rate that was offered, and what came of it."""
    run = analysis.run
    width = bin_width_s(run.last_s, BINS_MAX)
    frame = arrivals_in_time(run, account, analysis.journeys, whole_bins(run, width), width)
    lines: list[tuple[str, str, Ink]] = [
        ("planned arrivals", "planned", "faint"),
        ("offered (flows begun)", "sent", "second"),
        ("flows that ended as expected", "as_expected", "third"),
    ]
    if frame["changes"].any():
        lines.append(("accepted changes", "changes", "first"))
    return Plot(
        name="arrivals",
        title="Planned and offered load",
        x_label=TIME,
        y_label=f"per second (1/s){in_bins(width)}",
        x=column(frame, "start_s"),
        bin_s=width,
        series=tuple(Series(name=name, y=column(frame, of, width), ink=ink) for name, of, ink in lines),
        style="lines",
        reading=_arrivals_reading(account),
        table="arrivals_in_time",
        bands=bands(run),
    )


def cpu_plot(run: Run) -> Plot:
    """Return how busy each process was."""
    return _health_plot(
        run,
        "cpu_share",
        name="generator_cpu",
        title="CPU of the load generators",
        y_label="CPU time over wall time (cores)",
        reading="A Python process can use one core; near 1.0 it measures itself.",
    )


def loop_lag_plot(run: Run) -> Plot:
    """Return how late the event loop of each process was."""
    unit, _ = unit_of(pd.Series([row.loop_lag_s_max for row in run.health], dtype=float))
    return _health_plot(
        run,
        "loop_lag_s_max",
        name="loop_lag",
        title="Event-loop lag of the load generators",
        y_label=f"worst in the second ({unit})",
        reading="Whatever was to be sent or read may have waited so long.",
    )


def _health_plot(run: Run, of: str, *, name: str, title: str, y_label: str, reading: str) -> Plot:
    width = bin_width_s(run.last_s, BINS_MAX)
    bins = whole_bins(run, width)
    by_process = worst_in_time(run, of, bins, width)
    most = max((float(np.nanmax(values)) for values in by_process.values()), default=0.0)
    _, per_s = unit_of(pd.Series([most])) if of.endswith("_s_max") else ("", 1.0)
    shown = duration(most) if of.endswith("_s_max") else cores(most)
    return Plot(
        name=name,
        title=title,
        x_label=TIME,
        y_label=f"{y_label}{in_bins(width)}",
        x=tuple(float(start) for start in bin_starts(run, width)[:bins]),
        bin_s=width,
        series=tuple(_process_series(by_process, per_s)),
        style="lines",
        reading=f"At most {shown} in {bin_name(width)}. {reading}",
        table="health",
        bands=bands(run),
    )


def _process_series(by_process: Mapping[str, Floats], factor: float) -> list[Series]:
    """Return a line for each process, or for those that were worst off and one for the worst of the others."""
    worst = sorted(by_process, key=lambda name: (-float(np.nanmax(by_process[name])), name))
    shown, others = sorted(worst[:PROCESSES_SHOWN]), worst[PROCESSES_SHOWN:]
    series = [
        Series(name=name, y=rounded(pd.Series(by_process[name] * factor)), ink=ink)
        for name, ink in zip(shown, INKS, strict=False)
    ]
    if others:
        rest = pd.DataFrame({name: by_process[name] for name in others}).max(axis=1)
        series.append(Series(name=f"worst of {len(others)} others", y=rounded(rest * factor), ink="faint"))
    return series


def _arrivals_reading(account: ArrivalAccount) -> str:
    planned = counted(account.planned, "planned arrival")
    parts = [f"{format_count(account.begun)} of {planned} were begun"]
    if account.unbegun.dropped:
        parts.append(f"{format_count(account.unbegun.dropped)} dropped")
    if account.waited:
        parts.append(f"{format_count(account.waited)} waited for a slot")
    return f"{', '.join(parts)}. Where offered follows planned, the load does not wait for the target."
