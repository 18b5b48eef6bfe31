"""What the target spent under the load, by its own metrics: at each level, for each change, and where it ran short."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.capacity import Capacity
from pwdload.analysis.forecast.stated import stated_metrics
from pwdload.analysis.run import Run
from pwdload.metrics import Metrics
from pwdload.scenario.metrics import MetricsTable, unit_of_metric
from pwdload.statistics.lines import fit_line

NEAR_ITS_LIMIT = 0.9
"""A part of what there is that is used: from here on the thing is called what gives first."""
CPU = "cpu"
CPU_SHARE = "cpu_share"
"""Worked out from cpu and the cores that the scenario states."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One level of the load, and what the target needed at it."""

    stage: str
    start_s: float
    end_s: float
    changes_per_s: float
    means: tuple[float | None, ...]
    """Of each metric, in their order; null where it has no value within the level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds of the target per accepted change."""

    cpu_s: float
    lower: float | None
    """95 % interval; null where it cannot be told."""
    upper: float | None
    idle_cores: float | None
    """What the target uses without any change, by the same line; null where there is none."""
    levels: int
    """How many levels it rests on; one: all that was used counts as the changes', idling included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much of something the target used at its busiest level."""

    name: str
    share: float
    stage: str

    @property
    def words(self) -> str:
        """For a person: "CPU at 97 %"."""
        name = self.name.removesuffix("_share").replace("_", " ")
        return f"{'CPU' if name == CPU else name} at {self.share * 100:.0f} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLoad:
    """The target's own metrics, level by level."""

    names: tuple[str, ...]
    """Of the metrics; a CPU share is worked out where the number of cores is known."""
    levels: tuple[Spent, ...]
    cost: Cost | None
    uses: tuple[Use, ...]
    """Of all metrics that are shares, at the level of the most changes; the highest first."""

    @property
    def short_of(self) -> tuple[Use, ...]:
        """What was near its limit."""
        return tuple(use for use in self.uses if use.share >= NEAR_ITS_LIMIT)


def target_load(run: Run, stages: pd.DataFrame, capacity: Capacity | None) -> TargetLoad | None:
    """Return what the target spent; null where its metrics are not on record, or none lies within the run.

    `stages` are `pwdload.analysis.stages.stage_table`; the levels of a capacity take their place.
    """
    metrics = known_metrics(run)
    if metrics is None:
        return None
    levels = tuple(
        replace(level, means=_means(metrics, level.start_s, level.end_s)) for level in _levels(stages, capacity)
    )
    levels = tuple(level for level in levels if any(mean is not None for mean in level.means))
    if not levels:
        return None
    names = tuple(metrics.series)
    return TargetLoad(names=names, levels=levels, cost=_cost(names, levels), uses=_uses(names, levels))


def known_metrics(run: Run) -> Metrics | None:
    """Return the metrics on record, with the share of the CPU where it follows from them; null where there are none."""
    metrics, table = run.metrics, stated_metrics(run.scenario_source)
    if metrics is None or not metrics.at_s:
        return None
    return metrics if table is None else _with_cpu_share(metrics, table)


def _with_cpu_share(metrics: Metrics, table: MetricsTable) -> Metrics:
    if table.cores is None or CPU not in metrics.series or CPU_SHARE in metrics.series:
        return metrics
    share = tuple(None if used is None else used / table.cores for used in metrics.series[CPU])
    return replace(metrics, series={**metrics.series, CPU_SHARE: share})


def missing_metrics(run: Run) -> str | None:
    """Return what was asked for and is not there, in words; null where nothing was asked for, or all is there."""
    table, metrics = stated_metrics(run.scenario_source), run.metrics
    if table is None:
        return None
    if metrics is None:
        return "none is on record"
    if not any(0 <= at_s <= run.last_s for at_s in metrics.at_s):
        return "none lies within the time of the run"
    missing = [name for name in table.names if name not in metrics.series]
    return f"without {', '.join(missing)}" if missing else None


def metrics_in_time(metrics: Metrics, bins: int, width_s: float) -> pd.DataFrame:
    """Return one row per bin: ``start_s`` and the mean of each metric in it; NaN in a bin without a value."""
    places = np.floor(np.array(metrics.at_s) / width_s).astype(np.int64)
    values = pd.DataFrame({name: np.array(series, dtype=float) for name, series in metrics.series.items()})
    inside = (places >= 0) & (places < bins)
    means = values[inside].groupby(places[inside]).mean().reindex(range(bins))
    means.insert(0, "start_s", np.arange(bins) * float(width_s))
    return means


def spacing_s(metrics: Metrics) -> float:
    """Return the usual time between two values; 0 with fewer than two."""
    return float(np.median(np.diff(metrics.at_s))) if len(metrics.at_s) > 1 else 0.0


def _levels(stages: pd.DataFrame, capacity: Capacity | None) -> Iterable[Spent]:
    if capacity is not None and capacity.levels:
        for one in capacity.levels:
            yield Spent(
                stage=one.stage, start_s=one.start_s, end_s=one.end_s, changes_per_s=one.changes_per_s, means=()
            )
        return
    reached = stages[stages["is_measured"].astype(bool) & (stages["end_s"] > stages["start_s"])]
    for _, row in reached.iterrows():
        yield Spent(
            stage=str(row["stage"]),
            start_s=float(row["start_s"]),
            end_s=float(row["end_s"]),
            changes_per_s=float(row["changes_per_s"]),
            means=(),
        )


def _means(metrics: Metrics, start_s: float, end_s: float) -> tuple[float | None, ...]:
    at_s = np.array(metrics.at_s)
    inside = (at_s >= start_s) & (at_s < end_s)
    found = (np.array(series, dtype=float)[inside] for series in metrics.series.values())
    return tuple(None if np.isnan(values).all() else float(np.nanmean(values)) for values in found)


def _cost(names: Sequence[str], levels: Sequence[Spent]) -> Cost | None:
    """Return the slope of cores in use over changes per second: CPU seconds per change, idling left out.

    With fewer than three levels, or where all are alike, nothing tells the idling apart: cores over changes, which is
    the most that a change can have cost.
    """
    place = next((place for place, name in enumerate(names) if unit_of_metric(name) == "cores"), None)
    if place is None:
        return None
    known = [(level.changes_per_s, used) for level in levels if (used := level.means[place]) is not None]
    x: Floats = np.array([changes for changes, _ in known], dtype=float)
    y: Floats = np.array([used for _, used in known], dtype=float)
    line = fit_line(x, y)
    if line is not None:
        return Cost(cpu_s=line.slope, lower=line.lower, upper=line.upper, idle_cores=line.intercept, levels=line.points)
    if not len(x) or x.max() <= 0:
        return None
    most = int(x.argmax())
    return Cost(cpu_s=float(y[most] / x[most]), lower=None, upper=None, idle_cores=None, levels=1)


def _uses(names: Sequence[str], levels: Sequence[Spent]) -> tuple[Use, ...]:
    busiest = max(levels, key=lambda level: level.changes_per_s)
    uses = [
        Use(name=name, share=mean, stage=busiest.stage)
        for name, mean in zip(names, busiest.means, strict=True)
        if mean is not None and unit_of_metric(name) == "share"
    ]
    return tuple(sorted(uses, key=lambda use: -use.share))
