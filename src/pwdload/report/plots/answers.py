"""What came back over time: throughput, latency, outcomes, error codes, requests in flight."""

import pandas as pd

from pwdload.analysis import Run
from pwdload.analysis.timeline import (
    bin_starts,
    error_codes_in_time,
    latency_in_time,
    throughput_in_time,
)
from pwdload.analysis.windows import bin_width_s
from pwdload.oracle.told import one_line
from pwdload.outcome import Outcome
from pwdload.report.formats import duration, joined, per_second, share
from pwdload.report.model import Ink, Plot, Series
from pwdload.report.plots.axes import (
    BINS_MAX,
    INKS,
    TIME,
    bands,
    bin_name,
    binned,
    bins_name,
    column,
    in_bins,
    rounded,
    unit_of,
    whole_bins,
)
from pwdload.report.words import OUTCOME_WORDS

CODES_SHOWN = 7
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
    frame, width = binned(throughput_in_time, run)
    return Plot(
        name="throughput",
        title="Changes and requests per second",
        x_label=TIME,
        y_label=f"completed per second (1/s){in_bins(width)}",
        x=column(frame, "start_s"),
        bin_s=width,
        series=(
            Series(name="requests", y=column(frame, "requests", width), ink="second"),
            Series(name="accepted changes", y=column(frame, "changes", width), ink="first"),
        ),
        style="lines",
        reading=_throughput_reading(frame, width),
        table="timeline",
        bands=bands(run),
    )


def update_latency_plot(run: Run) -> Plot:
    """Return the response time of update_password over time."""
    width = bin_width_s(run.last_s, BINS_MAX)
    frame = latency_in_time(run, "update_password", width).head(whole_bins(run, width))
    unit, per_s = unit_of(frame["max_s"])
    lines: tuple[tuple[str, str, Ink], ...] = (
        ("slowest", "max_s", "third"),
        ("p95", "p95_s", "second"),
        ("p50", "p50_s", "first"),
    )
    return Plot(
        name="update_latency",
        title="Response time of update_password",
        x_label=TIME,
        y_label=f"response time ({unit}){in_bins(width)}",
        x=column(frame, "start_s"),
        bin_s=width,
        series=tuple(Series(name=name, y=column(frame, of, 1 / per_s), ink=ink) for name, of, ink in lines),
        style="lines",
        reading=_latency_reading(frame, width),
        table="timeline",
        bands=bands(run),
    )


def outcome_plot(run: Run) -> Plot:
    """Return the requests per second by outcome, as layers; outcomes that never came are left out."""
    frame, width = binned(throughput_in_time, run)
    came = [kind for kind in Outcome if frame[kind.value].any()]
    return Plot(
        name="outcomes",
        title="Requests per second by outcome",
        x_label=TIME,
        y_label=f"over per second (1/s){in_bins(width)}",
        x=column(frame, "start_s"),
        bin_s=width,
        series=tuple(
            Series(name=OUTCOME_WORDS[kind.value], y=column(frame, kind.value, width), ink=_OUTCOME_INKS[kind])
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
    bins = whole_bins(run, width)
    per_s = {name: counts[:bins] / width for name, counts in error_codes_in_time(run, width).items()}
    codes = list(per_s)
    layers: list[tuple[str, Ink]] = list(zip(codes[:CODES_SHOWN], INKS, strict=False))
    series = [Series(name=name, y=rounded(pd.Series(per_s[name])), ink=ink) for name, ink in layers]
    if others := codes[CODES_SHOWN:]:
        rest = pd.Series(sum(per_s[name] for name in others))
        series.append(Series(name=f"{len(others)} other codes", y=rounded(rest), ink="faint"))
    most = f"{one_line(codes[0])} came most" if codes else "No error code came"
    return Plot(
        name="error_codes",
        title="Error codes per second",
        x_label=TIME,
        y_label=f"answers per second (1/s){in_bins(width)}",
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
    frame, width = binned(throughput_in_time, run)
    top = frame["in_flight"].max()
    return Plot(
        name="in_flight",
        title="Requests in flight",
        x_label=TIME,
        y_label=f"requests on their way (average){in_bins(width)}",
        x=column(frame, "start_s"),
        bin_s=width,
        series=(Series(name="in flight", y=column(frame, "in_flight"), ink="first"),),
        style="lines",
        reading=f"At most {top:.1f} on average over {bin_name(width)}; a rise at steady throughput is a queue.",
        table="timeline",
        bands=bands(run),
    )


def _throughput_reading(frame: pd.DataFrame, width: int) -> str:
    if not frame["requests"].any():
        return "Nothing was answered."
    best = frame["changes"].max() / width
    silent = int((frame["requests"] == 0).sum())
    quiet = (
        f"nothing was answered in {silent} of {len(frame)} {bins_name(width)}"
        if silent
        else f"answers came in every one of {len(frame)} {bins_name(width)}"
    )
    return f"The best {bin_name(width).removeprefix('a ')} had {per_second(best)} changes; {quiet}."


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
