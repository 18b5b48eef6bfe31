"""The instrument: how busy it was, its connections, and how late it was."""

import pandas as pd

from pwdload.analysis import Analysis, Run
from pwdload.analysis.connections import Connections, connections
from pwdload.analysis.generators import health_frame, lost_table, process_table
from pwdload.health import HealthRow
from pwdload.report.formats import cores, duration, mean
from pwdload.report.frames import number, rows_of, text
from pwdload.report.model import Column, Kind, Plot, Section, Table
from pwdload.report.plots import cpu_plot, loop_lag_plot
from pwdload.report.sections.common import latency_of
from pwdload.units import counted


def generator_section(analysis: Analysis) -> Section:
    """Return how the processes were, the connections opened, and the lag of the requests that needed none."""
    run = analysis.run
    found = connections(run)
    waits = " Where an arrival waited for a slot, that wait is in it too." if run.is_open else ""
    return Section(
        name="generator",
        title="Generator and connections",
        intro=f"{health_words(run)}{connection_words(found)} Generator lag is the time from the moment a request was "
        "due to its first byte. On a new connection that includes connecting and TLS, so the generator's own lag is "
        f"shown on reused ones.{waits}",
        items=(
            *_health_items(run),
            latency_of(
                "connections",
                "Connections and lag",
                f"Connecting and TLS over the whole run; lag of the requests due within the {duration(run.measured_s)} "
                "measured.",
                found.times,
                (text("part", "time"),),
            ),
        ),
    )


def connection_words(found: Connections) -> str:
    """Return how many connections were opened and used, in one sentence."""
    if found.requests_each is None:
        return "No connection was opened."
    return (
        f"{counted(found.opened, 'connection')} opened, {mean(found.requests_each)} requests sent on each on average."
    )


def health_words(run: Run) -> str:
    """Return how busy the processes were at worst, in one sentence with a space behind it; empty where not known."""
    if not run.health:
        return ""
    cpu = max(row.cpu_share for row in run.health)
    lag_s = max(row.loop_lag_s_max for row in run.health)
    return f"At worst a process used {cores(cpu)} in a second, and its event loop was {duration(lag_s)} late. "


def _health_items(run: Run) -> tuple[Table | Plot, ...]:
    lost = (_lost(run),) if run.record.lost_workers else ()
    if not run.health:
        return (*lost, _processes(run)) if any(worker.clock for worker in run.record.workers) else lost
    return (cpu_plot(run), loop_lag_plot(run), *lost, _processes(run), _health(run))


def _lost(run: Run) -> Table:
    columns = (
        text("worker"),
        number("noticed_s", "noticed", Kind.CLOCK),
        Column(name="last_heard_s", label="last heard of", kind=Kind.CLOCK, absent="never"),
        number("received", "samples received", Kind.COUNT),
        number("samples", "samples here", Kind.COUNT),
        Column(name="last_due_s", label="last one due", kind=Kind.CLOCK, absent="none"),
        Column(name="not_begun", label="arrivals in no sample", kind=Kind.COUNT),
    )
    return Table(
        name="lost_workers",
        title="Lost workers",
        caption="Received: what the master had when it noticed. Here: what is in the run's directory now, with what "
        "was read from the worker's disk afterwards. Arrivals in no sample, since the "
        "last one of this worker that is here, may have been begun or not.",
        columns=columns,
        rows=rows_of(lost_table(run), columns),
    )


def _processes(run: Run) -> Table:
    clocks = (
        number("offset_s", "clock offset (s)", Kind.MEAN),
        number("error_s", "known to ±", Kind.DURATION),
        number("drift_s", "moved by", Kind.DURATION),
    )
    columns = (
        text("worker", "process"),
        number("seconds", "seconds", Kind.COUNT),
        number("cpu_share_max", "most CPU (cores)", Kind.MEAN),
        Column(
            name="loop_lag_p99_s",
            label="loop lag p99",
            kind=Kind.DURATION,
            absent="n/a",
            why_absent="too few seconds: 100 needed",
        ),
        number("loop_lag_max_s", "loop lag max", Kind.DURATION),
        number("in_flight_max", "most in flight", Kind.COUNT),
        number("queued_max", "most waiting", Kind.COUNT),
        number("unacknowledged_max", "most blocks unacknowledged", Kind.COUNT),
        *(clocks if any(worker.clock is not None for worker in run.record.workers) else ()),
    )
    frame = process_table(run)
    return Table(
        name="processes",
        title="Processes",
        caption="Over the whole run. Loop lag is the worst of each second. A clock is told where it is not the "
        "master's own.",
        columns=columns,
        rows=rows_of(frame.assign(drift_s=frame["drift_s"].abs()), columns),
    )


def _health(run: Run) -> Table:
    """Return the health second by second as a file."""
    frame: pd.DataFrame = health_frame(run)
    kinds = {"worker": Kind.TEXT, "at_s": Kind.CLOCK, "cpu_share": Kind.MEAN, "loop_lag_s_max": Kind.DURATION}
    columns = tuple(number(name, name, kinds.get(name, Kind.COUNT)) for name in HealthRow._fields)
    return Table(
        name="health",
        title="Health, second by second",
        caption="One row per process and second.",
        columns=columns,
        rows=rows_of(frame, columns),
        rows_shown=0,
    )
