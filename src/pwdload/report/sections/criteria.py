"""Criteria: what the scenario asks for, what was seen of it, and how sure that is."""

from collections.abc import Iterator

import numpy as np

from pwdload.analysis import Analysis
from pwdload.criteria import Criterion, Judged, Metric, Standing
from pwdload.criteria.data import UNITS
from pwdload.criteria.seconds import Seconds
from pwdload.criteria.words import amount, asked, breadth, subject, title
from pwdload.report.frames import code, number, text
from pwdload.report.model import Cell, Kind, Plot, Section, Table
from pwdload.report.plots.criteria import criterion_plot, table_name
from pwdload.units import counted


def criteria_section(analysis: Analysis) -> Section | None:
    """Return each criterion with what became of it; None where the scenario states none."""
    judged = analysis.criteria.judged
    if not judged:
        return None
    return Section(name="criteria", title="Criteria", intro=_intro(analysis), items=tuple(_items(analysis)))


def _intro(analysis: Analysis) -> str:
    judged = analysis.criteria.judged
    kept = sum(one.standing is Standing.KEPT for one in judged)
    ended = analysis.criteria.ended_by
    return (
        f"{kept:,} of {counted(len(judged), 'criterion', 'criteria')} kept. Each value stands between two bounds, and "
        "each bound holds with 95 % confidence: kept is what one bound says is kept, broken what the other says is "
        "broken, and what lies between cannot be told." + (f" The criterion {ended} ended the run." if ended else "")
    )


def _items(analysis: Analysis) -> Iterator[Table | Plot]:
    judged, seconds = analysis.criteria.judged, analysis.criteria.seconds
    yield _told(judged)
    for one in judged:
        if one.criterion.name in seconds:
            yield criterion_plot(analysis.run, one, seconds[one.criterion.name])
    for one in judged:
        if one.criterion.name in seconds:
            yield _in_seconds(one.criterion, seconds[one.criterion.name])
    yield _raw(judged)


def _told(judged: tuple[Judged, ...]) -> Table:
    return Table(
        name="criteria",
        title="What was asked for, and what became of it",
        caption="Over the measured time, or the stage that is named. At least and at most are bounds of what was seen.",
        columns=(
            text("criterion"),
            text("asked"),
            text("standing"),
            text("seen", absent="n/a"),
            text("at_least", "at least", absent="n/a"),
            text("at_most", "at most", absent="n/a"),
            number("samples", "samples", Kind.COUNT),
            text("reason"),
        ),
        rows=tuple(_row(one) for one in judged),
    )


def _row(one: Judged) -> tuple[Cell, ...]:
    criterion = one.criterion
    seen, lower, upper = (
        None if value is None else amount(criterion, value) for value in (one.value, one.lower, one.upper)
    )
    wanted = f"{asked(criterion)}{breadth(criterion)}"
    standing = one.standing.value.replace("_", " ")
    return subject(criterion), wanted, standing, seen, lower, upper, one.samples, one.reason


def _raw(judged: tuple[Judged, ...]) -> Table:
    return Table(
        name="criteria_values",
        title="The same as plain numbers",
        caption="Seconds, shares from 0 to 1 and rates per second, as the unit says.",
        columns=(
            code("name"),
            text("unit"),
            text("standing"),
            number("limit", "limit", Kind.MEAN),
            number("value", "value", Kind.MEAN),
            number("lower", "lower bound", Kind.MEAN),
            number("upper", "upper bound", Kind.MEAN),
            number("samples", "samples", Kind.COUNT),
            number("needed", "samples needed", Kind.COUNT),
            number("share_kept", "share of seconds kept", Kind.SHARE),
            number("broken_from_s", "broken from", Kind.CLOCK),
        ),
        rows=tuple(
            (
                one.criterion.name,
                UNITS[one.criterion.metric],
                one.standing.value,
                one.criterion.limit,
                one.value,
                one.lower,
                one.upper,
                one.samples,
                one.needed,
                one.share_kept,
                one.broken_from_s,
            )
            for one in judged
        ),
        rows_shown=0,
    )


def _in_seconds(criterion: Criterion, seconds: Seconds) -> Table:
    kinds = {Metric.PERCENTILE: Kind.DURATION, Metric.FAILED_SHARE: Kind.SHARE, Metric.GOODPUT: Kind.RATE}
    unit = {Metric.PERCENTILE: "_s", Metric.FAILED_SHARE: "", Metric.GOODPUT: "_per_s"}[criterion.metric]
    values = [None if np.isnan(value) else float(value) for value in seconds.values]
    return Table(
        name=table_name(criterion),
        title=f"Second by second: {title(criterion)}",
        caption="Each whole second of the time that it is judged over, by what was due in it.",
        columns=(
            number("start_s", "second", Kind.CLOCK),
            number("samples", "samples", Kind.COUNT),
            number(f"value{unit}", "value", kinds[criterion.metric]),
            number("is_broken", "broken", Kind.FLAG),
        ),
        rows=tuple(
            zip(seconds.start_s.tolist(), seconds.trials.tolist(), values, seconds.broken.tolist(), strict=True)
        ),
        rows_shown=0,
    )
