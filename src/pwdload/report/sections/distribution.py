"""How response times are spread: the distribution by step, and over time."""

import pandas as pd

from pwdload.analysis import Analysis
from pwdload.analysis.distribution import Heat, distribution_table, heat_of
from pwdload.analysis.windows import bin_width_s
from pwdload.report.formats import duration, share
from pwdload.report.frames import COUNT, code, number, rows_of
from pwdload.report.model import Chart, HeatMap, Item, Kind, Mark, Section, Table
from pwdload.report.plots.axes import INKS, TIME, bands, whole_bins
from pwdload.report.plots.resilience import shades
from pwdload.report.sections.common import MEASURED
from pwdload.units import format_count

COLUMNS_MAX = 120
"""A heat map of more columns than this has cells that nobody can tell apart."""
STEP = "update_password"


def distribution_section(analysis: Analysis) -> Section | None:
    """Return the distribution of the response times; null where nothing was measured."""
    frame = distribution_table(analysis.run.due)
    heat = _heat_items(analysis)
    if not len(frame) and not heat:
        return None
    return Section(
        name="distribution",
        title="Distribution",
        intro="Counts of all response times in bins of constant relative width, a twentieth of a decade each (12 %). "
        "Two humps are two kinds of answer; a long tail is a queue.",
        items=(*((_slower_chart(frame), _distribution(frame)) if len(frame) else ()), *heat),
    )


def _slower_chart(frame: pd.DataFrame) -> Chart:
    """Return for each step the share of requests that is slower than so much, both axes logarithmic."""
    unit, per_s = ("s", 1.0) if frame["to_s"].max() >= 100 else ("ms", 1000.0)
    marks = []
    for ink, (step, rows) in zip(INKS, frame.groupby("step", sort=False, observed=True), strict=False):
        x = [float(rows["from_s"].iloc[0]), *rows["to_s"].tolist()]
        y = [1.0, *rows["slower"].tolist()]
        marks.append(
            Mark(
                name=str(step),
                x=tuple(float(f"{at * per_s:.6g}") for at in x),
                y=tuple(float(f"{100 * part:.6g}") if part > 0 else None for part in y),
                ink=ink,
                style="line",
            )
        )
    return Chart(
        name="slower_than",
        title="Share of requests slower than",
        x_label=f"response time ({unit})",
        y_label="share of the step's requests that is slower (%)",
        marks=tuple(marks),
        reading=_slower_reading(frame),
        table="response_distribution",
        x_is_log=True,
        y_is_log=True,
        is_wide=True,
    )


def _slower_reading(frame: pd.DataFrame) -> str:
    words = []
    for step, rows in frame.groupby("step", sort=False, observed=True):
        count = int(rows["count"].sum())
        # The rarest share that still has ten requests beyond it: what lies further out is luck.
        beyond = next((part for part in (0.001, 0.01, 0.1, 0.5) if part * count >= 10), None)
        if beyond is not None:
            at = rows.loc[rows["slower"] <= beyond, "to_s"].iloc[0]
            words.append(f"{step}: {share(beyond)} are slower than about {duration(float(at))}")
    return f"{'; '.join(words)}." if words else "Too few requests to tell how slow the slow ones are."


def _distribution(frame: pd.DataFrame) -> Table:
    columns = (
        code("step"),
        number("from_s", "from", Kind.DURATION),
        number("to_s", "to", Kind.DURATION),
        COUNT,
        number("share", "share of step", Kind.SHARE),
        number("slower", "slower", Kind.SHARE),
    )
    return Table(
        name="response_distribution",
        title="Response time in bins",
        caption="A bin holds what is at least as slow as its lower edge and faster than its upper one; slower is the "
        f"share of the step's requests that lie beyond it. {MEASURED}",
        columns=columns,
        rows=rows_of(frame, columns),
        rows_shown=0,
    )


def _heat_items(analysis: Analysis) -> tuple[Item, ...]:
    run = analysis.run
    width = bin_width_s(run.last_s, COLUMNS_MAX)
    heat = heat_of(run, STEP, width, whole_bins(run, width))
    if heat is None:
        return ()
    drawn = HeatMap(
        name="response_heat",
        title=f"Response time of {STEP} over time",
        x_label=TIME,
        y_label="response time",
        x=tuple(heat.start_s.tolist()),
        y=tuple(heat.from_s.tolist()),
        cells=tuple(tuple(row) for row in heat.counts.tolist()),
        reading=_heat_reading(heat, width),
        table="response_heat",
        bands=bands(run),
        shades=shades(run, analysis.recovery) if analysis.recovery is not None else (),
    )
    return drawn, _heat_table(heat, width)


def _heat_reading(heat: Heat, width_s: float) -> str:
    row, column = divmod(int(heat.counts.argmax()), heat.counts.shape[1])
    most, at_s = int(heat.counts[row, column]), float(heat.start_s[column])
    slowest = heat.counts.shape[0] - 1  # rows end where the slowest request is
    when = float(heat.start_s[int(heat.counts[slowest].argmax())])
    return (
        f"The fullest cell has {format_count(most)} of {format_count(int(heat.counts.sum()))} requests: about "
        f"{duration(float(heat.from_s[row]))}, due from {at_s:.0f} s on for {width_s:g} s. The slowest, "
        f"{duration(float(heat.from_s[slowest]))} and more, were due from {when:.0f} s on."
    )


def _heat_table(heat: Heat, width_s: float) -> Table:
    rows = tuple(
        (float(heat.start_s[column]), float(heat.from_s[row]), int(heat.counts[row, column]))
        for column in range(heat.counts.shape[1])
        for row in heat.counts[:, column].nonzero()[0].tolist()
    )
    return Table(
        name="response_heat",
        title="Response time over time, cell by cell",
        caption=f"One row per cell of {width_s:g} s and of response time that has a request of {STEP} in it, by when "
        "it was due. A cell ends where the next begins.",
        columns=(
            number("start_s", "due from", Kind.CLOCK),
            number("from_s", "response time from", Kind.DURATION),
            COUNT,
        ),
        rows=rows,
        rows_shown=0,
    )
