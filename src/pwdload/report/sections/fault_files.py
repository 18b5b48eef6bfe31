"""What stands behind the tables of the faults: baselines, errors by class, and every number as a file."""

from collections.abc import Iterator

from pwdload.analysis.recovery import Baseline, ErrorClass, Measured, Recovery
from pwdload.oracle.told import short
from pwdload.report.frames import code, number, text
from pwdload.report.model import Cell, Column, Kind, Table
from pwdload.report.sections.fault_tables import DETECTED, FIRST, SUSTAINED


def baselines_table(recovery: Recovery) -> Table:
    """Return how the target was before each injection."""
    columns = (
        text("fault"),
        text("repeat", "no."),
        text("source", "taken"),
        number("start_s", "from", Kind.CLOCK),
        number("end_s", "to", Kind.CLOCK),
        number("requests_per_s", "requests due/s", Kind.RATE),
        number("goodput_per_s", "goodput (flows)/s", Kind.RATE),
        number("changes_per_s", "changes/s", Kind.RATE),
        number("failed_share", "failed", Kind.SHARE),
        *(number(f"p{p}_s", f"p{p}", Kind.DURATION) for p in (50, 95, 99)),
        number("p95_limit_s", "p95 limit", Kind.DURATION),
        number("window_s", "window", Kind.DURATION),
        number("windows", "windows in a row", Kind.COUNT),
    )
    return Table(
        name="fault_baselines",
        title="What each recovery was held against",
        caption="The measured stage before the fault, as far as the target was clean. A window is the resolution of "
        "the time to recovery. Percentiles are of requests, the last try included.",
        columns=columns,
        rows=tuple(
            (short(one.injection.fault), str(one.injection.repeat), *_baseline_cells(one, one.baseline))
            for one in recovery.measured
            if one.baseline is not None
        ),
    )


def classes_table(recovery: Recovery) -> Table:
    """Return the failures of each injection by class."""
    return Table(
        name="fault_errors",
        title="Errors while a fault was on",
        caption="Of all exchanges due meanwhile, retries included, with a 95 % interval each. What was due before and "
        "failed with the fault is in the time to notice and in the budget, not here.",
        columns=(
            text("fault"),
            text("repeat", "no."),
            code("error_code", "error"),
            Column(name="outcome", label="outcome", kind=Kind.OUTCOME),
            number("count", "count", Kind.COUNT),
            number("share", "share", Kind.SHARE),
            number("lower", "at least", Kind.SHARE),
            number("upper", "at most", Kind.SHARE),
        ),
        rows=tuple(
            (short(one.injection.fault), str(one.injection.repeat), *_class_cells(kind))
            for one in recovery.measured
            if one.effect is not None
            for kind in one.effect.classes
        ),
        bars="share",
    )


def raw_table(recovery: Recovery) -> Table:
    """Return every number of every injection, as a file."""
    names = [name for name, _ in _raw(recovery.measured[0])] if recovery.measured else []
    return Table(
        name="recovery",
        title="Every injection",
        caption="Raw values. A time that is empty beside a seen_for had not passed within that.",
        columns=tuple(code(name) for name in names),
        rows=tuple(tuple(value for _, value in _raw(one)) for one in recovery.measured),
        rows_shown=0,
    )


def _class_cells(kind: ErrorClass) -> tuple[Cell, ...]:
    return kind.name, kind.outcome, kind.count, kind.share, kind.lower, kind.upper


def _baseline_cells(one: Measured, baseline: Baseline) -> tuple[Cell, ...]:
    return (
        "just before" if baseline.is_own else "earlier: too little was clean",
        baseline.start_s,
        baseline.end_s,
        baseline.requests_per_s,
        baseline.good_flows_per_s,
        baseline.changes_per_s,
        baseline.failed_share,
        baseline.p50_s,
        baseline.p95_s,
        baseline.p99_s,
        baseline.p95_limit_s,
        one.window_s,
        one.windows,
    )


def _raw(one: Measured) -> Iterator[tuple[str, Cell]]:
    injection, effect, offered, base = one.injection, one.effect, one.offered, one.baseline
    more = one.amplification
    yield from (("fault", injection.fault), ("kind", injection.kind), ("means", injection.means))
    yield from (("repeat", injection.repeat), ("state", one.state.value))
    for name in ("inject_before_s", "inject_after_s", "heal_before_s", "heal_after_s"):
        yield name, getattr(injection, name)
    yield from (("window_s", one.window_s), ("windows", one.windows), ("watched_s", one.watched_s))
    yield "requests", None if effect is None else effect.requests
    yield "failed", None if effect is None else effect.failed
    yield "failed_share", None if effect is None else effect.failed_share
    yield "failed_share_lower", None if effect is None else effect.lower
    yield "failed_share_upper", None if effect is None else effect.upper
    yield "exchanges", None if effect is None else effect.exchanges
    yield "failed_exchanges", None if effect is None else effect.failed_exchanges
    yield "failed_in_flight", None if effect is None else effect.hit_in_flight
    for name, of in (("noticed", DETECTED), ("first_success", FIRST), ("sustained", SUSTAINED)):
        yield f"{name}_s", of(one).value_s
        yield f"{name}_seen_for_s", of(one).seen_s
    yield from (("good_since_s", one.good_since_s), ("lost_flows", one.lost_flows), ("lost_changes", one.lost_changes))
    yield "due_basis", None if offered is None else offered.basis
    yield "due", None if offered is None else offered.due
    yield "sent", None if offered is None else offered.sent
    yield from (("offered_over_planned", one.offered_planned_share), ("budget_spent", one.budget_spent))
    yield "amplification_before", None if more is None else more.before
    yield "amplification_during", None if more is None else more.during
    yield "amplification_after", None if more is None else more.after
    yield "baseline_goodput_per_s", None if base is None else base.good_flows_per_s
