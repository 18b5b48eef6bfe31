"""The target's own metrics under the load: over time on the same clock, level by level, and for each change."""

from collections.abc import Iterator, Sequence

from pwdload.analysis import Analysis
from pwdload.analysis.target_load import TargetLoad, known_metrics
from pwdload.metrics import Metrics
from pwdload.oracle.told import short
from pwdload.report.formats import joined
from pwdload.report.frames import number, text
from pwdload.report.model import Cell, Column, Kind, Section, Table
from pwdload.report.plots.target import TABLE, metric_plots
from pwdload.report.sections.decision_words import cost_words
from pwdload.scenario.metrics import unit_of_metric

_KINDS = {"share": Kind.SHARE, "s": Kind.DURATION, "per_s": Kind.RATE}


def target_section(analysis: Analysis) -> Section | None:
    """Return what the target said of itself; None where that is not on record."""
    metrics, load = known_metrics(analysis.run), analysis.target_load
    if metrics is None or load is None:
        return None
    return Section(
        name="target",
        title="The target's own metrics",
        intro=" ".join(_sentences(load)),
        items=(*metric_plots(analysis.run, metrics), _levels(load), _values(metrics)),
    )


def _sentences(load: TargetLoad) -> Iterator[str]:
    yield "As the target, or what watches it, measured them; on the run's clock as far as the clocks agree."
    if load.cost is not None:
        yield cost_words(load.cost)
    if load.short_of:
        yield f"At the highest level: {joined([short(use.words) for use in load.short_of])}, which gives first."
    elif load.uses:
        yield f"Nothing that they show was near its limit; the nearest: {short(load.uses[0].words)}."


def _levels(load: TargetLoad) -> Table:
    return Table(
        name="target_levels",
        title="Level by level",
        caption="The mean of each metric while a level of the load was held, beside the changes that were accepted. "
        "Cost per change is the slope of cores in use over changes per second.",
        columns=(
            text("stage"),
            number("start_s", "from", Kind.CLOCK),
            number("end_s", "to", Kind.CLOCK),
            number("changes_per_s", "changes/s", Kind.RATE),
            *(_column(name) for name in load.names),
        ),
        rows=tuple(
            (level.stage, level.start_s, level.end_s, level.changes_per_s, *level.means) for level in load.levels
        ),
    )


def _values(metrics: Metrics) -> Table:
    series: Sequence[Sequence[float | None]] = list(metrics.series.values())
    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(metrics.at_s, *series, strict=True))
    return Table(
        name=TABLE,
        title="Values",
        caption="Every value that is on record.",
        columns=(number("at_s", "at", Kind.CLOCK), *(_column(name) for name in metrics.series)),
        rows=rows,
        rows_shown=0,
    )


def _column(name: str) -> Column:
    unit = unit_of_metric(name)
    label = name.replace("_", " ") + {"cores": " (cores)", "bytes": " (bytes)"}.get(unit, "")
    return number(name, label, _KINDS.get(unit, Kind.MEAN))
