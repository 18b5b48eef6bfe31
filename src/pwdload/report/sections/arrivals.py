"""Open arrivals: whether the load was the one that was planned."""

import pandas as pd

from pwdload.analysis import Analysis
from pwdload.analysis.arrival_tables import EVENNESS, SLOT_S, arrivals_in_time, lag_table, stage_arrivals
from pwdload.analysis.arrivals import ArrivalAccount
from pwdload.analysis.timeline import bin_count
from pwdload.report.formats import duration
from pwdload.report.frames import number, rows_of, text
from pwdload.report.model import Kind, Section, Table
from pwdload.report.plots import arrivals_plot
from pwdload.report.sections.common import latency_of
from pwdload.rundir import ArrivalCounts
from pwdload.units import counted, format_count

_KINDS = {"even": "even", "poisson": "Poisson"}


def arrivals_section(analysis: Analysis) -> Section | None:
    """Return what became of the planned arrivals; None in the closed model."""
    account = analysis.run.arrivals
    if account is None:
        return None
    return Section(
        name="arrivals",
        title="Arrivals",
        intro=f"{model_words(account)} {_unbegun_words(account)}",
        items=(
            arrivals_plot(analysis, account),
            _by_stage(account),
            _by_process(analysis),
            latency_of(
                "arrivals_lag",
                "How late they left",
                "First requests of arrivals due within the measured time, sent on open connections. What they waited "
                "for a slot is told from the order in which slots came free; the rest is the generator's own lag.",
                lag_table(analysis.run, account),
                (text("part", "time"),),
            ),
            _in_time(analysis, account),
        ),
    )


def model_words(account: ArrivalAccount) -> str:
    """Return what was planned, in one sentence."""
    plan = account.plan
    return (
        f"Open model: {format_count(account.planned)} {_KINDS[plan.kind]} arrivals by a seeded schedule, whatever the "
        f"answers; {counted(plan.slots, 'slot')}, up to {format_count(plan.queue_limit)} may wait."
    )


def _unbegun_words(account: ArrivalAccount) -> str:
    parts = account.unbegun
    if not parts.total:
        return "Every planned arrival is in the samples, once."
    named = (
        ("dropped", parts.dropped),
        ("given up while they waited", parts.abandoned),
        ("begun but not recorded", parts.unrecorded),
        ("cut off by the stop", parts.cut_off),
        ("lost with a process", parts.lost),
        ("missing without a reason", parts.missing),
    )
    words = ", ".join(f"{format_count(count)} {name}" for name, count in named if count)
    return f"{counted(parts.total, 'arrival')} in no sample: {words}."


def _by_stage(account: ArrivalAccount) -> Table:
    labels = dict(zip(EVENNESS, ("planned, fewest", "planned, most", "sent, fewest", "sent, most"), strict=True))
    columns = (
        text("stage"),
        number("start_s", "from", Kind.CLOCK),
        number("end_s", "to", Kind.CLOCK),
        number("planned", "planned", Kind.COUNT),
        number("begun", "begun", Kind.COUNT),
        number("never_begun", "never begun", Kind.COUNT),
        number("planned_per_s", "planned/s", Kind.RATE),
        number("sent_per_s", "offered/s", Kind.RATE),
        *(number(name, label, Kind.COUNT) for name, label in labels.items()),
    )
    return Table(
        name="arrivals_by_stage",
        title="By stage",
        caption="Planned, begun and never begun (dropped or missing) by the time when they were due. The last columns "
        f"are evenness: the fewest and the most arrivals in any {duration(SLOT_S)} of the stage, as the schedule has "
        "them and as they were sent.",
        columns=columns,
        rows=rows_of(stage_arrivals(account), columns),
    )


def _by_process(analysis: Analysis) -> Table:
    """Return what each process said of its turns, and all together where there are several."""
    told = [(worker.name, worker.arrivals) for worker in analysis.run.record.workers if worker.arrivals is not None]
    rows = [_row(name, counts) for name, counts in told]
    columns = (
        text("process"),
        number("due", "its turn", Kind.COUNT),
        number("begun", "begun", Kind.COUNT),
        number("waited", "waited for a slot", Kind.COUNT),
        number("waited_s_max", "longest wait", Kind.DURATION),
        number("dropped", "dropped", Kind.COUNT),
        number("first_dropped_s", "first dropped", Kind.CLOCK),
        number("abandoned", "given up", Kind.COUNT),
    )
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    return Table(
        name="arrivals_by_process",
        title="By process",
        caption="What each process said at the end of the arrivals that were its turn. Given up: still waiting when "
        "the load was broken off.",
        columns=columns,
        rows=rows_of(frame, columns),
    )


def _row(name: str, counts: ArrivalCounts) -> tuple[object, ...]:
    return (
        name,
        counts.due,
        counts.begun,
        counts.waited,
        counts.waited_s_max if counts.waited else None,
        counts.dropped,
        counts.first_dropped_s,
        counts.abandoned,
    )


def _in_time(analysis: Analysis, account: ArrivalAccount) -> Table:
    """Return the arrivals second by second as a file."""
    frame = arrivals_in_time(analysis.run, account, analysis.journeys, bin_count(analysis.run, 1.0), 1.0)
    kinds = {"start_s": Kind.CLOCK, "planned": Kind.MEAN}
    columns = tuple(number(str(name), str(name), kinds.get(str(name), Kind.COUNT)) for name in frame.columns)
    return Table(
        name="arrivals_in_time",
        title="Second by second",
        caption="One row per second: arrivals by the planned rate and by the schedule, sent, never begun, flows that "
        "ended as expected, and accepted changes.",
        columns=columns,
        rows=rows_of(frame, columns),
        rows_shown=0,
    )
