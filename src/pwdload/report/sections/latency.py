"""How fast: requests and journeys."""

import pandas as pd

from pwdload.analysis import Analysis
from pwdload.analysis.journeys import case_table
from pwdload.analysis.latency import latency_table, time_parts_table
from pwdload.report.frames import code, number, rows_of, text
from pwdload.report.model import Kind, Section, Table
from pwdload.report.sections.common import MEASURED, OUTCOME, WHOLE_RUN, latency_of, with_outcome_words


def latency_section(analysis: Analysis) -> Section:
    """Return the latency tables."""
    run, due = analysis.run, analysis.run.due
    by_step = time_parts_table(due)
    return Section(
        name="latency",
        title="Latency",
        intro="Response time counts from the moment a request was due; service time from its first byte. "
        "Percentiles are exact, from raw samples.",
        items=(
            latency_of("latency_by_step", "By step", MEASURED, by_step, (code("step"), text("time"))),
            latency_of(
                "latency_by_step_and_outcome",
                "By step and outcome",
                f"Response time. {MEASURED}",
                with_outcome_words(latency_table(due, ["step", "outcome"])),
                (code("step"), OUTCOME),
            ),
            latency_of(
                "latency_by_stage",
                "By stage",
                "Response time by the stage in which the flow was due, all stages.",
                latency_table(run.samples, ["stage", "step"]),
                (text("stage"), code("step")),
            ),
            latency_of(
                "latency_by_outcome",
                "By outcome",
                f"Response time. {MEASURED}",
                with_outcome_words(latency_table(due, ["outcome"])),
                (OUTCOME,),
            ),
            latency_of(
                "latency_by_case",
                "By case",
                f"Response time. {MEASURED}",
                latency_table(due, ["case", "step"]),
                (code("case"), code("step")),
            ),
        ),
    )


def journeys_section(analysis: Analysis) -> Section:
    """Return the flows as wholes."""
    journeys = analysis.journeys
    due = journeys[journeys["is_due_measured"]]
    kinds = [
        latency_table(due[due["is_changed"]].assign(journey="log-in to changed"), ["journey"], "changed_s"),
        latency_table(due.assign(journey="whole flow"), ["journey"], "journey_s"),
    ]
    frame = pd.concat([kind for kind in kinds if len(kind)] or kinds[:1], ignore_index=True)
    columns = (
        code("case"),
        number("flows", "flows", Kind.COUNT),
        number("as_expected", "wholly as expected", Kind.COUNT),
        number("as_expected_share", "share", Kind.SHARE),
        number("changed", "changed a password", Kind.COUNT),
    )
    cases = case_table(journeys)
    return Section(
        name="journeys",
        title="Journeys",
        intro="A journey is one flow as a person lives it: from the moment it was due, over log-in and update, "
        "to its last answer.",
        items=(
            latency_of("journeys", "Duration", "Flows due within the measured time.", frame, (text("journey"),)),
            Table(
                name="flows_by_case",
                title="By case",
                caption=f"A flow is wholly as expected when each of its answers was. {WHOLE_RUN}",
                columns=columns,
                rows=rows_of(cases, columns),
            ),
        ),
    )
