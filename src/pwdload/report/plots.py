"""The plots of a report, as values: what is drawn, and the one line that says what is to be seen."""

from collections.abc import Callable

import pandas as pd

from pwdload.analysis import Run
from pwdload.analysis.timeline import (
    bin_count,
    bin_starts,
    error_codes_in_time,
    latency_in_time,
    throughput_in_time,
)
from pwdload.analysis.windows import bin_width_s, stage_window
from pwdload.outcome import Outcome
from pwdload.report.formats import duration, joined, one_line, per_second, share
from pwdload.report.model import Band, Ink, Plot, Series
from pwdload.report.words import OUTCOME_WORDS

BINS_MAX = 600
"""More points than a plot is wide tell nothing more; longer runs are drawn in wider bins."""
CODES_SHOWN = 7
BinnedTable = Callable[[Run, float], pd.DataFrame]
"""A function of `pwdload.analysis.timeline`."""
_TIME = "time since the load began (s)"
_INKS: tuple[Ink, ...] = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_OUTCOME_INKS: dict[Outcome, Ink] = {
    Outcome.RIGHT_ACCEPT: "first",
    Outcome.RIGHT_REJECT: "second",
    Outcome.WRONG_REJECT: "third",
    Outcome.WRONG_ACCEPT: "fourth",
    Outcome.SHED: "fifth",
    Outcome.UNKNOWN: "sixth",
    Outcome.NOT_SENT: "faint",
    Outcome.CONTRACT_VIOLATION: "eighth",
}


def throughput_plot(run: Run) -> Plot:
    """Return changes and requests per second."""
    frame, width = _binned(throughput_in_time, run)
    return Plot(
        name="throughput",
        title="Changes and requests per second",
        x_label=_TIME,
        y_label=f"completed per second (1/s){_in_bins(width)}",
        x=_column(frame, "start_s"),
        bin_s=width,
        series=(
            Series(name="requests", y=_column(frame, "requests", width), ink="second"),
            Series(name="accepted changes", y=_column(frame, "changes", width), ink="first"),
        ),
        style="lines",
        reading=_throughput_reading(frame, width),
        table="timeline",
        bands=bands(run),
    )


def update_latency_plot(run: Run) -> Plot:
    """Return the response time of update_password over time."""
    width = bin_width_s(run.last_s, BINS_MAX)
    frame = latency_in_time(run, "update_password", width).head(_whole_bins(run, width))
    unit, per_s = _unit(frame["max_s"])
    lines: tuple[tuple[str, str, Ink], ...] = (
        ("slowest", "max_s", "third"),
        ("p95", "p95_s", "second"),
        ("p50", "p50_s", "first"),
    )
    return Plot(
        name="update_latency",
        title="Response time of update_password",
        x_label=_TIME,
        y_label=f"response time ({unit}){_in_bins(width)}",
        x=_column(frame, "start_s"),
        bin_s=width,
        series=tuple(Series(name=name, y=_column(frame, of, 1 / per_s), ink=ink) for name, of, ink in lines),
        style="lines",
        reading=_latency_reading(frame, width),
        table="timeline",
        bands=bands(run),
    )


def outcome_plot(run: Run) -> Plot:
    """Return the requests per second by outcome, as layers; outcomes that never came are left out."""
    frame, width = _binned(throughput_in_time, run)
    came = [kind for kind in Outcome if frame[kind.value].any()]
    return Plot(
        name="outcomes",
        title="Requests per second by outcome",
        x_label=_TIME,
        y_label=f"completed per second (1/s){_in_bins(width)}",
        x=_column(frame, "start_s"),
        bin_s=width,
        series=tuple(
            Series(name=OUTCOME_WORDS[kind.value], y=_column(frame, kind.value, width), ink=_OUTCOME_INKS[kind])
            for kind in came
        ),
        style="layers",
        reading=_outcome_reading(run),
        table="timeline",
        bands=bands(run),
    )


def error_code_plot(run: Run) -> Plot:
    """Return the error codes per second, as layers: the commonest by name, the rest as one."""
    width = bin_width_s(run.last_s, BINS_MAX)
    bins = _whole_bins(run, width)
    per_s = {name: counts[:bins] / width for name, counts in error_codes_in_time(run, width).items()}
    codes = list(per_s)
    layers: list[tuple[str, Ink]] = list(zip(codes[:CODES_SHOWN], _INKS, strict=False))
    series = [Series(name=name, y=_rounded(pd.Series(per_s[name])), ink=ink) for name, ink in layers]
    if others := codes[CODES_SHOWN:]:
        rest = pd.Series(sum(per_s[name] for name in others))
        series.append(Series(name=f"{len(others)} other codes", y=_rounded(rest), ink="faint"))
    most = f"{one_line(codes[0])} came most" if codes else "No error code came"
    return Plot(
        name="error_codes",
        title="Error codes per second",
        x_label=_TIME,
        y_label=f"answers per second (1/s){_in_bins(width)}",
        x=tuple(float(start) for start in bin_starts(run, width)[:bins]),
        bin_s=width,
        series=tuple(series),
        style="layers",
        reading=f"{most}. Expected refusals are among them.",
        table="error_codes_in_time",
        bands=bands(run),
    )


def in_flight_plot(run: Run) -> Plot:
    """Return how many requests were on their way."""
    frame, width = _binned(throughput_in_time, run)
    top = frame["in_flight"].max()
    return Plot(
        name="in_flight",
        title="Requests in flight",
        x_label=_TIME,
        y_label=f"requests on their way (average){_in_bins(width)}",
        x=_column(frame, "start_s"),
        bin_s=width,
        series=(Series(name="in flight", y=_column(frame, "in_flight"), ink="first"),),
        style="lines",
        reading=f"At most {top:.1f} on average over {_bin_name(width)}; a rise at steady throughput is a queue.",
        table="timeline",
        bands=bands(run),
    )


def bands(run: Run) -> tuple[Band, ...]:
    """Return the stages that the run reached, when there is more than one."""
    spans = [(stage, stage_window(stage, run.end_s)) for stage in run.record.stages]
    reached = [
        Band(name=stage.name, start_s=span.start_s, end_s=span.end_s, is_measured=stage.measured)
        for stage, span in spans
        if span is not None
    ]
    return tuple(reached) if len(reached) > 1 else ()


def _binned(make: BinnedTable, run: Run) -> tuple[pd.DataFrame, int]:
    """Return a table in time at the width that suits the run, and that width."""
    width = bin_width_s(run.last_s, BINS_MAX)
    return make(run, width).head(_whole_bins(run, width)), width


def _whole_bins(run: Run, width_s: int) -> int:
    """Return how many bins the load filled; one at least.

    The bin in which the load ended would look like a drop; the CSV file has it.
    """
    return max(1, min(bin_count(run, width_s), int(run.end_s / width_s + 0.05)))


def _column(frame: pd.DataFrame, name: str, divisor: float = 1.0) -> tuple[float | None, ...]:
    return _rounded(frame[name] / divisor)


def _rounded(values: pd.Series) -> tuple[float | None, ...]:
    """Return plain numbers, null where there is none: six digits are more than a plot can show."""
    return tuple(None if pd.isna(value) else float(f"{value:.6g}") for value in values)


def _in_bins(width_s: int) -> str:
    return "" if width_s == 1 else f", per {width_s} s"


def _bin_name(width_s: int) -> str:
    return "a second" if width_s == 1 else f"{width_s} s"


def _bins_name(width_s: int) -> str:
    return "seconds" if width_s == 1 else f"spans of {width_s} s"


def _unit(values_s: pd.Series) -> tuple[str, float]:
    """Return the unit in which these seconds are easy to read, and how many of it a second has."""
    most = values_s.max()
    return ("s", 1.0) if not pd.isna(most) and most >= 10 else ("ms", 1000.0)


def _throughput_reading(frame: pd.DataFrame, width: int) -> str:
    if not frame["requests"].any():
        return "Nothing was answered."
    best = frame["changes"].max() / width
    silent = int((frame["requests"] == 0).sum())
    quiet = (
        f"nothing was answered in {silent} of {len(frame)} {_bins_name(width)}"
        if silent
        else f"answers came in every one of {len(frame)} {_bins_name(width)}"
    )
    return f"The best {_bin_name(width).removeprefix('a ')} had {per_second(best)} changes; {quiet}."


def _latency_reading(frame: pd.DataFrame, width: int) -> str:
    if not frame["count"].any():
        return "No update_password was sent."
    place = int(frame["max_s"].fillna(-1.0).to_numpy().argmax())
    most, at = float(frame["max_s"].iloc[place]), float(frame["start_s"].iloc[place])
    few = int(frame.loc[frame["count"] > 0, "count"].median())
    gaps = " A gap: none was due, or too few." if frame["p95_s"].isna().any() else ""
    span = "second" if width == 1 else f"{width} s"
    return (
        f"Slowest {duration(most)}, due at {at:.0f} s. Each point describes the requests due in its own {span} alone "
        f"(median {few:,}): too few for a p99.{gaps}"
    )


def _outcome_reading(run: Run) -> str:
    if not len(run.samples):
        return "Nothing was answered."
    wrong = run.samples.loc[~run.samples["is_as_expected"], "outcome"].astype(object).value_counts()
    if not len(wrong):
        return "Every request came out as its case expects."
    named = joined([f"{count:,} {OUTCOME_WORDS.get(str(kind), str(kind))}" for kind, count in sorted(wrong.items())])
    return f"{share(int(wrong.sum()) / len(run.samples))} did not come out as expected: {named}."
