"""A run with faults over time: the load, what became of it, how slow and how stuck it was. Faults are shaded.

All of it by the time when things were due: what timed out after a fault, but was due in it, is drawn in its shade.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis import Run
from pwdload.analysis.recovery import Measured, Recovery, State
from pwdload.oracle.told import one_line
from pwdload.report.formats import duration, per_second, share
from pwdload.report.model import Ink, Plot, Series, Shade
from pwdload.report.plots.axes import INKS, TIME, bands, column, rounded, unit_of
from pwdload.units import counted

TABLE = "resilience_in_time"
FAILURES_TABLE = "resilience_errors_in_time"
CLASSES_SHOWN = 7
_ERROR_INKS = INKS[2:] + INKS[:2]
"""The colours of what went well come last."""
LEAST_DRAWN = 0.05
"""On a logarithmic axis of milliseconds nothing lies below this: nobody measures it."""

Counts = npt.NDArray[np.int64]


def resilience_plots(
    run: Run, recovery: Recovery, frame: pd.DataFrame, failures: Mapping[str, Counts], width_s: float
) -> tuple[Plot, ...]:
    """Return the plots of `pwdload.analysis.recovery.in_time`, all with the same shades."""
    drawn = _Drawn(run, recovery, frame, width_s)
    return (
        _load_plot(drawn),
        _errors_plot(drawn, failures),
        _latency_plot(drawn),
        _in_flight_plot(drawn),
        _oldest_plot(drawn),
    )


def shades(run: Run, recovery: Recovery) -> tuple[Shade, ...]:
    """Return when each fault was on; one that was not healed lasts until the end of the load."""
    spans = [
        (one.fault, one.inject_before_s, run.end_s if one.heal_after_s is None else one.heal_after_s)
        for one in recovery.record.injections
        if one.took_hold and not one.skipped
    ]
    return tuple(
        Shade(name=one_line(name), start_s=start_s, end_s=max(end_s, start_s))
        for name, start_s, end_s in spans
        if start_s is not None
    )


class _Drawn:
    """What all plots share."""

    def __init__(self, run: Run, recovery: Recovery, frame: pd.DataFrame, width_s: float) -> None:
        self.run, self.recovery, self.frame, self.width_s = run, recovery, frame, width_s
        self.shades = shades(run, recovery)
        start_s = frame["start_s"].to_numpy()
        self.is_on = np.zeros(len(frame), dtype=bool)
        for shade in self.shades:
            self.is_on |= (start_s < shade.end_s) & (start_s + width_s > shade.start_s)

    @property
    def told(self) -> tuple[Measured, ...]:
        """What was really injected."""
        left_out = (State.SKIPPED, State.NOT_INJECTED)
        return tuple(one for one in self.recovery.measured if one.state not in left_out)

    def plot(
        self, name: str, title: str, y_label: str, series: Sequence[Series], reading: str, *, layers: bool = False
    ) -> Plot:
        """Return a plot of the frame's bins."""
        per = "" if self.width_s == 1 else f", per {self.width_s:g} s"
        return Plot(
            name=f"resilience_{name}",
            title=title,
            x_label=TIME,
            y_label=f"{y_label}{per}",
            x=column(self.frame, "start_s"),
            bin_s=self.width_s,
            series=tuple(series),
            style="layers" if layers else "lines",
            reading=reading,
            table=FAILURES_TABLE if layers else TABLE,
            bands=bands(self.run),
            shades=self.shades,
            is_log=name == "latency",
            is_wide=name == "load",
        )


def _load_plot(drawn: _Drawn) -> Plot:
    frame, width_s = drawn.frame, drawn.width_s
    lines: list[tuple[str, str, Ink]] = [("offered (flows begun)", "offered", "second")]
    if drawn.run.is_open:
        lines.insert(0, ("planned flows", "planned", "faint"))
    lines.append(("goodput (flows due that came out as expected)", "good", "first"))
    series = [Series(name=name, y=column(frame, of, width_s), ink=ink) for name, of, ink in lines]
    return drawn.plot("load", "Load and goodput", "flows per second (1/s)", series, _load_reading(drawn))


def _load_reading(drawn: _Drawn) -> str:
    bases = [one.baseline for one in drawn.told if one.baseline is not None]
    parts = []
    if bases:
        parts.append(f"Before the first fault {per_second(bases[0].good_flows_per_s)} came out as expected.")
    if drawn.is_on.any():
        good = drawn.frame["good"].to_numpy()[drawn.is_on] / drawn.width_s
        parts.append(f"While a fault was on it was {per_second(float(good.min()))} at the lowest.")
    lost = [one.lost_flows for one in drawn.told if one.lost_flows is not None]
    if lost:
        parts.append(f"{counted(max(round(sum(lost)), 0), 'flow')} fewer than at that rate, over all faults.")
    unsent = [one.offered.unsent for one in drawn.told if one.offered is not None]
    if unsent and not drawn.run.is_open and sum(unsent) >= 1:
        parts.append(f"Waiting users left {counted(round(sum(unsent)), 'due request')} unsent (closed loop).")
    return " ".join(parts) or "Nothing was done to the target."


def _errors_plot(drawn: _Drawn, failures: Mapping[str, Counts]) -> Plot:
    names = list(failures)
    layers: list[tuple[str, Ink]] = list(zip(names[:CLASSES_SHOWN], _ERROR_INKS, strict=False))
    series = [
        Series(name=one_line(name), y=rounded(pd.Series(failures[name] / drawn.width_s)), ink=ink)
        for name, ink in layers
    ]
    if others := names[CLASSES_SHOWN:]:
        rest = pd.Series(sum(failures[name] for name in others) / drawn.width_s)
        series.append(Series(name=f"{len(others)} others", y=rounded(rest), ink="faint"))
    title = "Failed exchanges by class, by when they were due"
    return drawn.plot("errors", title, "per second (1/s)", series, _errors_reading(drawn, failures), layers=True)


def _errors_reading(drawn: _Drawn, failures: Mapping[str, Counts]) -> str:
    total = sum(int(counts.sum()) for counts in failures.values())
    if not total:
        return "Every exchange came out as its case expects."
    most = next(iter(failures))
    inside = sum(one.effect.failed_exchanges for one in drawn.told if one.effect is not None)
    return (
        f"{counted(total, 'failed exchange')}, {share(min(inside / total, 1.0))} of them due while a fault was on; "
        f"{one_line(most)} came most."
    )


def _latency_plot(drawn: _Drawn) -> Plot:
    frame = drawn.frame
    lines: tuple[tuple[str, str, Ink], ...] = (
        ("p99", "p99_s", "third"),
        ("p95", "p95_s", "second"),
        ("p50", "p50_s", "first"),
    )
    series = [
        Series(name=name, y=rounded((frame[of] * 1000.0).clip(lower=LEAST_DRAWN)), ink=ink) for name, of, ink in lines
    ]
    title = "Response time, by when requests were due"
    return drawn.plot("latency", title, "response time, logarithmic (ms)", series, _latency_reading(drawn))


def _latency_reading(drawn: _Drawn) -> str:
    base = next((one.baseline for one in drawn.told if one.baseline is not None), None)
    p95_s = drawn.frame["p95_s"].to_numpy()[drawn.is_on]
    parts = []
    if base is not None and base.p95_s is not None:
        parts.append(f"p95 was {duration(base.p95_s)} before the first fault;")
        parts.append(f"up to {duration(base.p95_limit_s)} counts as recovered.")
    if len(p95_s) and not np.isnan(p95_s).all():
        parts.append(f"While a fault was on it reached {duration(float(np.nanmax(p95_s)))}.")
    return " ".join([*parts, "Gaps: too few were due."])


def _in_flight_plot(drawn: _Drawn) -> Plot:
    top = float(drawn.frame["in_flight"].max())
    series = [Series(name="in flight", y=column(drawn.frame, "in_flight"), ink="first")]
    reading = f"At most {top:,.1f} were due and not over. What stays high after a fault is a queue that does not drain."
    return drawn.plot("in_flight", "Requests in flight", "due and not over (average)", series, reading)


def _oldest_plot(drawn: _Drawn) -> Plot:
    ages_s = drawn.frame["oldest_s"]
    unit, per_s = unit_of(ages_s)
    place = int(ages_s.to_numpy().argmax()) if len(ages_s) else 0
    at_s = float(drawn.frame["start_s"].iloc[place]) + drawn.width_s
    reading = (
        f"The longest that anybody had been waiting was {duration(float(ages_s.iloc[place]))}, at {at_s:,.1f} s. A "
        "slope of one second per second: nothing comes back at all."
    )
    series = [Series(name="oldest in flight", y=column(drawn.frame, "oldest_s", 1 / per_s), ink="first")]
    return drawn.plot("oldest", "Oldest request in flight", f"had been due for ({unit})", series, reading)
