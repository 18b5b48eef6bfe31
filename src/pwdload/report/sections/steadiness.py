"""Whether the numbers had settled, and whether they agree with one another."""

import math

from pwdload.analysis import Analysis
from pwdload.analysis.littles_law import littles_law_table
from pwdload.analysis.steadiness import StageSettling
from pwdload.report.frames import code, number, rows_of, text
from pwdload.report.model import Cell, Column, Kind, Section, Table


def steadiness_section(analysis: Analysis) -> Section | None:
    """Return what was found of each stage; null where no stage had a request."""
    law = littles_law_table(analysis.run, analysis.journeys)
    if not analysis.steadiness or not len(analysis.run.samples):
        return None
    columns = (
        text("stage"),
        code("of"),
        number("per_s", "begun/s", Kind.RATE),
        number("mean_s", "mean time", Kind.DURATION),
        number("expected", "rate x time", Kind.MEAN),
        number("in_flight", "under way", Kind.MEAN),
        text("words", "what that means"),
    )
    return Section(
        name="steadiness",
        title="Steadiness",
        intro="A number of a stage is worth something when the stage had settled. Two checks: did response times and "
        "goodput stay what they were, and does Little's law hold: what is under way is rate times time.",
        items=(
            _settling(analysis.steadiness),
            Table(
                name="littles_law",
                title="Little's law",
                caption="Requests: sent per second and mean service time against the mean number on their way, all "
                "from the samples. Flows: begun per second and their mean duration against what the processes counted "
                "each second as under way, which are two independent records. The only means of this report: the law "
                "is about means. Stages with fewer than 100 of them have no line.",
                columns=columns,
                rows=rows_of(law, columns),
            ),
        ),
    )


def _settling(found: tuple[StageSettling, ...]) -> Table:
    columns = (
        text("stage"),
        Column(name="is_measured", label="measured", kind=Kind.FLAG),
        number("bin_s", "in bins of", Kind.DURATION),
        number("warm_up_s", "warm-up", Kind.DURATION),
        number("p50_early_s", "p50 early", Kind.DURATION),
        number("p50_late_s", "p50 late", Kind.DURATION),
        number("goodput_warm_up_s", "warm-up of goodput", Kind.DURATION),
        text("found"),
    )
    return Table(
        name="settling",
        title="Warm-up and trend",
        caption="Warm-up: where to cut so that the rest is steadiest (MSER), if the beginning is unlike the rest; "
        "trend: Mann and Kendall's test of the rest, corrected for dependence. Early and late are before and after the "
        "warm-up, or the first and the last third. By when requests were due; goodput by when answers came.",
        columns=columns,
        rows=tuple(_row(one) for one in found),
    )


def _row(one: StageSettling) -> tuple[Cell, ...]:
    looked = not one.why_not
    goodput = one.goodput.warm_up * one.bin_s if one.goodput is not None else None
    return (
        one.stage,
        one.is_measured,
        one.bin_s if looked else None,
        one.warm_up_s if looked else None,
        None if math.isnan(one.p50_early_s) else one.p50_early_s,
        None if math.isnan(one.p50_late_s) else one.p50_late_s,
        goodput if looked else None,
        one.found,
    )
