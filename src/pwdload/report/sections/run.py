"""The run itself: over time, against the target's own counts, and what was checked."""

import pandas as pd

from pwdload.analysis import Analysis, Run
from pwdload.analysis.stages import stage_table
from pwdload.analysis.timeline import latency_in_time, throughput_in_time
from pwdload.oracle.told import standing
from pwdload.report.frames import COUNT, code, interval_columns, number, percentile_column, rows_of, text
from pwdload.report.model import Column, Kind, Section, Table
from pwdload.report.plots import in_flight_plot, outcome_plot
from pwdload.report.sections.common import HTTP, VERDICT
from pwdload.statistics.quantiles import WITH_INTERVALS


def time_section(analysis: Analysis) -> Section:
    """Return the run second by second, and its stages."""
    run = analysis.run
    return Section(
        name="time",
        title="Over time",
        intro="Throughput is counted when an answer is complete, latency when the request was due.",
        items=(outcome_plot(run), in_flight_plot(run), _stages(run), _timeline(run)),
    )


def reconciliation_section(analysis: Analysis) -> Section:
    """Return our counts against the target's own."""
    result = analysis.reconciliation
    if result is None:
        return Section(
            name="reconciliation",
            title="Reconciliation with the target",
            intro="The target was not asked for its own counts, so there is nothing to compare ours with.",
            items=(),
        )
    columns = (
        code("route"),
        HTTP,
        code("status", "body status", absent=""),
        code("error_code", "error code", absent=""),
        number("ours", "ours", Kind.COUNT),
        number("target", "target's", Kind.COUNT),
        number("difference", "difference", Kind.COUNT),
    )
    others = (code("method"), code("route"), COUNT)
    return Section(
        name="reconciliation",
        title="Reconciliation with the target",
        intro=result.words,
        items=(
            Table(
                name="reconciliation",
                title="Answer by answer",
                caption="What we recorded against what the target counted between the start and the end of the run.",
                columns=columns,
                rows=rows_of(result.table, columns),
            ),
            Table(
                name="unmeasured_routes",
                title="Other routes",
                caption="What the target counted on routes that the load does not call: preparation and look-ups.",
                columns=others,
                rows=rows_of(result.unmeasured, others),
            ),
        ),
    )


def checks_section(analysis: Analysis) -> Section:
    """Return what was checked and which files the numbers come from."""
    findings = pd.DataFrame(
        [(one.title, one.group.value, standing(one), one.reason, one.check) for one in analysis.findings],
        columns=["check", "group", "verdict", "found", "name"],
    )
    checks = (text("check"), text("group", "of"), VERDICT, text("found"), code("name"))
    made = {worker.name: worker for worker in analysis.run.record.workers}
    files = pd.DataFrame(
        [
            (
                file.name,
                file.rows,
                made[file.worker].dropped if file.worker in made else None,
                file.missing,
                file.damaged,
                file.finished,
            )
            for file in analysis.run.files
        ],
        columns=["file", "rows", "dropped", "missing", "damaged", "finished"],
    )
    kept = (
        code("file"),
        number("rows", "samples", Kind.COUNT),
        number("dropped", "failed writes", Kind.COUNT),
        number("missing", "gaps", Kind.COUNT),
        number("damaged", "damaged", Kind.COUNT),
        Column(name="finished", label="finished", kind=Kind.FLAG),
    )
    return Section(
        name="checks",
        title="Checks",
        intro="The verdict is the worst of these.",
        items=(
            Table(
                name="checks",
                title="What was checked",
                caption="Every check and what it found, the worst first; what had nothing to look at is not examined.",
                columns=checks,
                rows=rows_of(findings, checks),
            ),
            Table(
                name="sample_files",
                title="Sample files",
                caption="One file per process.",
                columns=kept,
                rows=rows_of(files, kept),
            ),
        ),
    )


def _stages(run: Run) -> Table:
    users = Column(name="users", label="users", kind=Kind.COUNT, absent="by hand")
    columns = (
        text("stage"),
        number("start_s", "from", Kind.CLOCK),
        number("end_s", "to", Kind.CLOCK),
        number("planned_per_s", "planned/s", Kind.RATE) if run.is_open else users,
        Column(name="is_measured", label="measured", kind=Kind.FLAG),
        number("requests", "requests", Kind.COUNT),
        number("requests_per_s", "requests/s", Kind.RATE),
        number("changes", "changes", Kind.COUNT),
        number("changes_per_s", "changes/s", Kind.RATE),
        *(percentile_column(percentile, True) for percentile in WITH_INTERVALS),
        *interval_columns(),
    )
    return Table(
        name="stages",
        title="Stages",
        caption="Counts of what was sent and completed in the stage; p50, p95 and p99 of the response time of the "
        "update_password due in it, with 95 % intervals. A stage that ends where it begins was never reached.",
        columns=columns,
        rows=rows_of(stage_table(run), columns),
    )


def _timeline(run: Run) -> Table:
    """Return the timeline as a file, per second: what every plot over time is drawn from."""
    update = latency_in_time(run, "update_password").add_prefix("update_password_")
    every = latency_in_time(run)
    frame = pd.concat([throughput_in_time(run), every[["p50_s", "p95_s", "max_s"]], update.iloc[:, 1:]], axis=1)
    kinds = {"start_s": Kind.CLOCK, "in_flight": Kind.MEAN}
    columns = tuple(
        number(str(name), str(name), kinds.get(str(name), Kind.DURATION if str(name).endswith("_s") else Kind.COUNT))
        for name in frame.columns
    )
    return Table(
        name="timeline",
        title="Second by second",
        caption="One row per second: completed requests by outcome, changes, requests in flight, and p50, p95 and "
        "the slowest of the response times of those due in that second. These describe that second alone and estimate "
        "nothing: a percentile is there when at least one request of the second lies beyond it.",
        columns=columns,
        rows=rows_of(frame, columns),
        rows_shown=0,
    )
