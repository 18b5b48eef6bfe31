"""Capacity: how much the target can take, out of which levels, and what gives first."""

import pandas as pd

from pwdload.analysis import Analysis
from pwdload.analysis.capacity import Capacity, Level, Shape
from pwdload.analysis.recovery.stated import slo_in
from pwdload.criteria import Standing
from pwdload.criteria.words import headline as asked_for
from pwdload.report.formats import duration, per_second, share
from pwdload.report.frames import code, number, rows_of, text
from pwdload.report.model import Chart, Kind, Mark, Rule, Section, Table
from pwdload.searching import searchable

_ROLES = {
    "coarse": "on the way up",
    "bracket": "between kept and broken",
    "refine": "nearer to the limit",
    "repeat": "at the limit",
    "beyond": "past the limit",
    "return": "back to normal",
    "stage": "stage",
}
_STANDINGS = {Standing.KEPT: "kept", Standing.BROKEN: "broken", Standing.CANNOT_TELL: "cannot tell"}
_TABLE = "capacity_levels"
_P95 = 950


def capacity_section(analysis: Analysis) -> Section | None:
    """Return what a search has found; None of a run that did not: load and response have its levels."""
    capacity = analysis.capacity
    if analysis.run.search is None or capacity is None or not capacity.levels:
        return None
    return Section(
        name="capacity",
        title="Capacity",
        intro=" ".join(_sentences(capacity)),
        items=(_goodput(capacity), _response(analysis, capacity), _levels(capacity), *_decisions(analysis)),
    )


def _sentences(capacity: Capacity) -> list[str]:
    told = [capacity.words] if capacity.words else ["The search ended before it knew the capacity."]
    if capacity.limiter is not None:
        told.append(f"{capacity.limiter.words}.")
    if capacity.beyond_kept_share is not None:
        told.append(f"One step past the limit {_kept(capacity.beyond_kept_share)} of the capacity's goodput was left.")
    if capacity.beyond_kept_share is not None and any(one.role == "return" for one in capacity.levels):
        told.append(_returned(capacity.returned_s))
    return told


def _kept(part: float) -> str:
    return share(min(part, 1.0))


def _returned(returned_s: float | None) -> str:
    if returned_s is None:
        return "Back at a normal rate it had not recovered when the load ended: it may be metastable."
    if returned_s == 0.0:
        return "Back at a normal rate it kept the criteria at once."
    return f"Back at a normal rate it kept the criteria again after {duration(returned_s)}."


def _rules(capacity: Capacity) -> tuple[Rule, ...]:
    return (Rule(name="capacity", at=capacity.flows_per_s, axis="x"),) if capacity.flows_per_s is not None else ()


def _goodput(capacity: Capacity) -> Chart:
    levels = sorted(capacity.levels, key=lambda one: one.offered_flows_per_s)
    return Chart(
        name="capacity_goodput",
        title="Goodput against offered load",
        x_label="flows offered per second",
        y_label="requests served per second",
        marks=_marks(levels, tuple(one.served_per_s for one in levels)),
        reading=_goodput_reading(capacity),
        table=_TABLE,
        rules=_rules(capacity),
    )


def _goodput_reading(capacity: Capacity) -> str:
    readings = {
        Shape.SATURATES: "Goodput follows the load up to the capacity, and stays there past it.",
        Shape.RETROGRADE: "Goodput follows the load up to the capacity, and falls past it.",
        Shape.FOLLOWS: "Goodput follows the load past the capacity too: a criterion breaks before the target is full.",
        Shape.NEVER_SATURATES: "Goodput follows the load as far as it was tried.",
        Shape.NEVER_KEPT: "No level kept the criteria, not even the lowest.",
        Shape.UNKNOWN: "There are too few levels to say where goodput stops to follow the load.",
    }
    return readings[capacity.shape]


def _limits(analysis: Analysis) -> tuple[Rule, ...]:
    """Return what is asked of the p95 that the chart shows."""
    slo = slo_in(analysis.run.scenario_source)
    if slo is None:
        return ()
    about = {"", "update_password"}
    limits = [one for one in searchable(slo) if one.permille == _P95 and one.of == "response" and one.step in about]
    return tuple(Rule(name=asked_for(one), at=one.limit, axis="y") for one in limits)


def _response(analysis: Analysis, capacity: Capacity) -> Chart:
    levels = sorted(capacity.levels, key=lambda one: one.offered_flows_per_s)
    below = capacity.flows_per_s is not None
    reading = (
        f"At {per_second(capacity.flows_per_s)} a criterion reaches its limit; from there on waiting takes over."
        if below
        else "Every level with its p95; no limit was passed, or none kept."
    )
    return Chart(
        name="capacity_response",
        title="Response time against offered load",
        x_label="flows offered per second",
        y_label="p95 response time, seconds",
        marks=_marks(levels, tuple(one.p95_s for one in levels)),
        reading=reading,
        table=_TABLE,
        rules=(*_rules(capacity), *_limits(analysis)),
        y_is_log=True,
    )


def _marks(levels: list[Level], values: tuple[float | None, ...]) -> tuple[Mark, ...]:
    inks = {Standing.KEPT: "second", Standing.CANNOT_TELL: "fourth", Standing.BROKEN: "third"}
    marks = []
    for standing, ink in inks.items():
        chosen = [place for place, one in enumerate(levels) if one.standing is standing]
        if chosen:
            marks.append(
                Mark(
                    name=_STANDINGS[standing],
                    x=tuple(levels[place].offered_flows_per_s for place in chosen),
                    y=tuple(values[place] for place in chosen),
                    ink=ink,  # type: ignore[arg-type]
                    labels=tuple(_label(levels[place]) for place in chosen),
                )
            )
    return tuple(marks)


def _label(level: Level) -> str:
    return f"{level.stage}, {_ROLES[level.role]}, {_STANDINGS[level.standing]}"


def _levels(capacity: Capacity) -> Table:
    columns = (
        code("stage", "level"),
        text("role", "what for"),
        number("start_s", "from", Kind.CLOCK),
        number("end_s", "to", Kind.CLOCK),
        number("offered_flows_per_s", "flows offered/s", Kind.RATE),
        number("offered_requests_per_s", "requests offered/s", Kind.RATE),
        number("changes_per_s", "changes/s", Kind.RATE),
        number("served_per_s", "served/s", Kind.RATE),
        number("p95_s", "p95", Kind.DURATION),
        number("failed_share", "failed", Kind.SHARE),
        number("in_flight", "in flight", Kind.MEAN),
        number("samples", "requests", Kind.COUNT),
        text("standing"),
        text("broken", "broken by"),
    )
    rows = [
        {name: getattr(one, name) for name in (column.name for column in columns)}
        | {"role": _ROLES[one.role], "standing": _STANDINGS[one.standing], "broken": ", ".join(one.broken) or None}
        for one in capacity.levels
    ]
    return Table(
        name=_TABLE,
        title="Levels",
        caption="Each level in the order in which it was played, without the time in which its queue settled. Cannot "
        "tell: near the limit that is the rule, and all levels together say where it is.",
        columns=columns,
        rows=rows_of(pd.DataFrame(rows, columns=[column.name for column in columns]), columns),
    )


def _decisions(analysis: Analysis) -> tuple[Table, ...]:
    """Return why each level was played, and what was known of the capacity before it."""
    record = analysis.run.search
    if record is None:
        return ()
    columns = (
        code("stage", "level"),
        number("rate_per_s", "planned/s", Kind.RATE),
        number("lower_per_s", "limit above", Kind.RATE),
        number("upper_per_s", "limit below", Kind.RATE),
        number("held", "times held", Kind.COUNT),
        text("reason"),
        text("overload", "broken off", absent="no"),
    )
    rows = [
        (
            one.stage,
            one.result.rate_per_s,
            one.lower_per_s,
            one.upper_per_s,
            one.held,
            one.reason,
            one.result.overload or None,
        )
        for one in record.levels
    ]
    return (
        Table(
            name="capacity_decisions",
            title="How the search went",
            caption=f"Why each level was played, and where the capacity was known to be before it. {record.outcome}",
            columns=columns,
            rows=rows_of(pd.DataFrame(rows, columns=[column.name for column in columns]), columns),
        ),
    )
