"""The overlaid plots of a comparison, each with the table behind it: all sides on the same axes, in the same order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.analysis.comparison import populations
from pwdload.analysis.comparison.populations import Values
from pwdload.analysis.comparison.values import Comparison, Side
from pwdload.analysis.timeline import LEAST_BEYOND_IN_BIN
from pwdload.analysis.windows import bin_width_s
from pwdload.report.formats import duration
from pwdload.report.frames import number, text
from pwdload.report.model import Cell, Chart, Column, Ink, Kind, Mark, Rule, Table
from pwdload.statistics.percentiles import P50, P95, Percentile, order_statistics

Floats = npt.NDArray[np.float64]
Item = Chart | Table

INKS: tuple[Ink, ...] = ("third", "first", "fifth", "seventh", "eighth", "fourth")
"""The base has a colour of its own, which no new side has."""
_SHARES = np.unique(np.concatenate([np.arange(1, 100) / 100, 1 - np.logspace(-2, -3, 19)]))
"""Where a distribution is drawn: each per cent, and its tail up to 99.9 %."""
_BINS_MAX = 60
"""A line of more bins is a cloud where several lie over one another."""
_RUNS_LEAST = 3
"""With fewer runs there is nothing to see run by run."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One side with its colour."""

    side: Side
    ink: Ink


def charts(comparisons: Sequence[Comparison]) -> Iterable[Item]:
    """Return the plots of all sides together, and their tables."""
    sides = [comparisons[0].base, *(one.new for one in comparisons)]
    drawn = [_Drawn(side, INKS[place % len(INKS)]) for place, side in enumerate(sides)]
    yield from _distribution(drawn, "update", "Response time of update_password", _updates)
    yield from _distribution(drawn, "journey", "Journey, log-in to changed", populations.journeys)
    yield from _in_time(drawn)
    has_runs = sum(len(side.runs) for side in sides) >= _RUNS_LEAST
    yield from _goodput(drawn, is_wide=not has_runs)
    if has_runs:
        yield from _by_run(drawn)


def _updates(side: Side) -> Values:
    return populations.responses(side, "update_password")


def _distribution(drawn: Sequence[_Drawn], name: str, title: str, take: Callable[[Side], Values]) -> Iterable[Item]:
    """Return the distribution of a time on each side: which share of the requests took at most so long."""
    ordered = [np.sort(take(one.side).together) for one in drawn]
    quantiles = [_quantiles(values) for values in ordered]
    yield Chart(
        name=f"{name}_distribution",
        title=f"{title}: distribution",
        x_label="time (ms)",
        y_label="share of requests (%)",
        marks=tuple(
            Mark(
                name=one.side.name,
                x=_points(values * 1000),
                y=_points(_SHARES[: len(values)] * 100),
                ink=one.ink,
                style="steps",
            )
            for one, values in zip(drawn, quantiles, strict=True)
        ),
        reading=_apart(drawn, quantiles),
        table=f"{name}_distribution",
        x_is_log=True,
    )
    columns = (
        number("share", "share", Kind.SHARE),
        *(number(f"{_column(one.side)}_s", one.side.name, Kind.DURATION) for one in drawn),
    )
    rows = tuple(
        (float(round(share, 6)), *(float(values[place]) if place < len(values) else None for values in quantiles))
        for place, share in enumerate(_SHARES)
    )
    yield _file(
        f"{name}_distribution",
        f"{title}: distribution",
        "The smallest time that so many requests do not exceed.",
        columns,
        rows,
    )


def _quantiles(ordered: Floats) -> Floats:
    """Return the values at `_SHARES`, as far as ten samples are expected beyond."""
    if not len(ordered):
        return np.zeros(0)
    known = _SHARES[len(ordered) * (1 - _SHARES) >= 10 - 1e-9]
    ranks = np.ceil(known * len(ordered) - 1e-9).astype(int)
    values: Floats = ordered[np.maximum(ranks, 1) - 1]
    return values


def _apart(drawn: Sequence[_Drawn], quantiles: Sequence[Floats]) -> str:
    """Say how far each new side is from the base, in the middle and in the tail."""
    told = [
        f"{one.side.name}: {words}"
        for one, values in zip(drawn[1:], quantiles[1:], strict=True)
        if (words := ", ".join(_at(percentile, quantiles[0], values) for percentile in (P50, P95)).strip(", "))
    ]
    return " ".join(f"{words} of base." for words in told) + " A curve further to the right is slower."


def _at(percentile: Percentile, base: Floats, new: Floats) -> str:
    place = int(np.searchsorted(_SHARES, percentile.permille / 1000 - 1e-9))
    if place >= min(len(base), len(new)):
        return ""
    before, after = (duration(float(values[place])) for values in (base, new))
    return f"{percentile.name} {after} against {before}"


def _in_time(drawn: Sequence[_Drawn]) -> Iterable[Item]:
    """Return p50 and p95 of update_password over the run's time, on each side."""
    width, bins = _bins(drawn)
    found = {one.side.name: _latency(one.side, width, bins) for one in drawn}
    for percentile in (P50, P95):
        yield Chart(
            name=f"{percentile.name}_in_time",
            title=f"{percentile.name} of update_password over time",
            x_label="time since the load began (s)",
            y_label=f"response time (ms), per {width} s",
            marks=tuple(
                Mark(
                    name=one.side.name,
                    x=_points(_starts(bins, width)),
                    y=_points(found[one.side.name][percentile.column] * 1000),
                    ink=one.ink,
                    style="line",
                )
                for one in drawn
            ),
            reading=_in_time_reading(
                percentile.name, drawn, [found[one.side.name][percentile.column] for one in drawn]
            ),
            table="latency_in_time",
            zooms=True,
        )
    columns = [number("start_s", "start", Kind.CLOCK)]
    values: list[Floats] = [_starts(bins, width)]
    for one in drawn:
        for percentile in (P50, P95):
            label = f"{one.side.name} {percentile.name}"
            columns.append(number(f"{_column(one.side)}_{percentile.column}", label, Kind.DURATION))
            values.append(found[one.side.name][percentile.column])
    yield _file(
        "latency_in_time", "Latency over time", "Of the update_password due in each bin.", columns, _rows(values)
    )


def _in_time_reading(name: str, drawn: Sequence[_Drawn], lines: Sequence[Floats]) -> str:
    told = []
    for one, line in zip(drawn[1:], lines[1:], strict=True):
        both = ~np.isnan(lines[0]) & ~np.isnan(line)
        if both.any():
            above = int((line[both] > lines[0][both]).sum())
            told.append(f"{one.side.name} is above base in {above} of {int(both.sum())} bins of time")
    return f"{'; '.join(told)}; by chance half of them." if told else f"Too few requests in a bin for a {name}."


def _goodput(drawn: Sequence[_Drawn], *, is_wide: bool) -> Iterable[Item]:
    """Return accepted changes a second over the run's time, on each side, for one run."""
    width, bins = _bins(drawn)
    lines = [_changes(one.side, width, bins) for one in drawn]
    yield Chart(
        name="goodput_in_time",
        title="Goodput over time",
        x_label="time since the load began (s)",
        y_label=f"accepted changes per second (1/s), per {width} s",
        marks=tuple(
            Mark(name=one.side.name, x=_points(_starts(bins, width)), y=_points(line), ink=one.ink, style="line")
            for one, line in zip(drawn, lines, strict=True)
        ),
        reading="Of several runs of a side the total, divided by their number. Where one falls away, look there first.",
        table="goodput_in_time",
        is_wide=is_wide,
    )
    columns = [
        number("start_s", "start", Kind.CLOCK),
        *(number(f"{_column(one.side)}_per_s", one.side.name, Kind.RATE) for one in drawn),
    ]
    yield _file(
        "goodput_in_time", "Goodput over time", "Accepted changes by completion.", columns,
        _rows([_starts(bins, width), *lines]),
    )  # fmt: skip


def _by_run(drawn: Sequence[_Drawn]) -> Iterable[Item]:
    """Return the p95 of update_password of each run, in the order in which the runs were made."""
    order = sorted((run.run.record.started_utc, run.shown, one.side.name) for one in drawn for run in one.side.runs)
    place = {(shown, side): number for number, (_, shown, side) in enumerate(order, 1)}
    rows: list[tuple[Cell, ...]] = []
    marks = []
    for one in drawn:
        values = _updates(one.side)
        p95 = [populations.percentile_of(each, P95) for each in values.by_run]
        at = [place[run.shown, one.side.name] for run in one.side.runs]
        rows += [
            (number_, one.side.name, run.shown, value)
            for number_, run, value in zip(at, one.side.runs, p95, strict=True)
        ]
        marks.append(
            Mark(
                name=one.side.name,
                x=tuple(map(float, at)),
                y=tuple(None if value is None else value * 1000 for value in p95),
                ink=one.ink,
                labels=tuple(run.shown for run in one.side.runs),
            )
        )
    whole = [known for one in drawn if (known := _updates(one.side).percentile(P95)) is not None]
    yield Chart(
        name="by_run",
        title="p95 of update_password, run by run",
        x_label="run, in the order in which they were made",
        y_label="response time (ms)",
        marks=tuple(marks),
        reading="How far the dots of one colour scatter is what differs from run to run of the same target; the lines "
        "are the p95 of all samples of a side.",
        table="by_run",
        rules=tuple(
            Rule(name=one.side.name, at=value * 1000, axis="y") for one, value in zip(drawn, whole, strict=False)
        ),
        zooms=True,
    )
    columns = (
        number("place", "place", Kind.COUNT), text("side"), text("run"), number("p95_s", "p95", Kind.DURATION)
    )  # fmt: skip
    yield _file(
        "by_run", "Run by run", "Response time of update_password in each run.", columns,
        tuple(sorted(rows, key=lambda row: int(row[0] or 0))),
    )  # fmt: skip


def _bins(drawn: Sequence[_Drawn]) -> tuple[int, int]:
    """Return the width of the bins of time, in seconds, and how many whole ones the shortest run has."""
    length_s = min(run.run.end_s for one in drawn for run in one.side.runs)
    width = bin_width_s(length_s, _BINS_MAX)
    return width, max(1, int(length_s / width + 0.05))


def _starts(bins: int, width_s: int) -> Floats:
    return np.arange(bins, dtype=np.float64) * width_s


def _latency(side: Side, width_s: int, bins: int) -> dict[str, Floats]:
    frames = [one.run.samples[one.run.samples["step"] == "update_password"] for one in side.runs]
    due = np.concatenate([frame["intended_s"].to_numpy(dtype=float) for frame in frames])
    values = np.concatenate([frame["response_s"].to_numpy(dtype=float) for frame in frames])
    place = (due / width_s).astype(np.int64)
    place[place >= bins] = -1
    return order_statistics(values, place, bins, (P50, P95), least_beyond=LEAST_BEYOND_IN_BIN).values


def _changes(side: Side, width_s: int, bins: int) -> Floats:
    done = np.concatenate(
        [one.run.samples.loc[one.run.samples["is_change"], "done_s"].to_numpy(dtype=float) for one in side.runs]
    )
    place = (done / width_s).astype(np.int64)
    counts: Floats = np.bincount(place[place < bins], minlength=bins) / (width_s * len(side.runs))
    return counts


def _column(side: Side) -> str:
    return side.name.replace(" ", "_")


def _points(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(f"{value:.6g}") for value in values)


def _rows(columns: Sequence[Floats]) -> tuple[tuple[Cell, ...], ...]:
    cells = [[None if np.isnan(value) else float(value) for value in column] for column in columns]
    return tuple(zip(*cells, strict=True))


def _file(name: str, title: str, caption: str, columns: Iterable[Column], rows: tuple[tuple[Cell, ...], ...]) -> Table:
    """Return a table that is only a file: the numbers behind a plot."""
    return Table(name=name, title=title, caption=caption, columns=tuple(columns), rows=rows, rows_shown=0)
