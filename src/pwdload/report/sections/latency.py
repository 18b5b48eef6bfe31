"""How fast: requests and journeys."""

import numpy as np
import pandas as pd

from pwdload.analysis import Analysis
from pwdload.analysis.journeys import case_table
from pwdload.analysis.kinds import chosen
from pwdload.analysis.latency import latency_table, time_parts_table
from pwdload.cases.catalogue import CASES
from pwdload.cases.steps import Wait
from pwdload.report.formats import joined
from pwdload.report.frames import code, number, rows_of, text
from pwdload.report.model import Kind, Section, Table
from pwdload.report.sections.common import MEASURED, OUTCOME, WHOLE_RUN, latency_of

_UPDATE = "update_password"
_OF_UPDATES = ("device", "worker", "intended_s", "response_s")
"""What is asked of updates: of a long run a copy of all columns takes much room."""
_DURATIONS = "Flows due within the measured time; of the whole flow without the unfinished ones"

_PARTS = (
    "First byte counts from sending to the first byte of the answer; connect and TLS are of requests that opened a "
    "connection."
)


def latency_section(analysis: Analysis) -> Section:
    """Return the latency tables."""
    run, due = analysis.run, analysis.run.due
    is_update = (due["step"] == _UPDATE).to_numpy()
    by_step, updates = time_parts_table(due), chosen(due, is_update, _OF_UPDATES)
    waits = ", and waiting for a slot where there was none" if run.is_open else ""
    return Section(
        name="latency",
        title="Latency",
        intro=f"Response time counts from the moment a request was due; service time from its first byte; lag is the "
        f"difference, connecting and TLS included where a connection was opened{waits}. Percentiles are exact, from "
        "raw samples; in brackets their 95 % intervals, wider where requests hang together.",
        items=(
            latency_of("latency_by_step", "By step", f"{_PARTS} {MEASURED}", by_step, (code("step"), text("time"))),
            latency_of(
                "latency_by_step_and_outcome",
                "By step and outcome",
                f"Response time. {MEASURED}",
                latency_table(due, ["step", "outcome"]),
                (code("step"), OUTCOME),
            ),
            latency_of(
                "latency_by_stage",
                "By stage",
                "Response time by the stage in which the flow was due, all stages.",
                latency_table(run.samples, ["stage", "step"], with_intervals=True),
                (text("stage"), code("step")),
            ),
            latency_of(
                "latency_by_outcome",
                "By outcome",
                f"Response time. {MEASURED}",
                latency_table(due, ["outcome"], with_intervals=True),
                (OUTCOME,),
            ),
            latency_of(
                "latency_by_device",
                "By device family",
                f"Response time of {_UPDATE}, which no device family should change. {MEASURED}",
                latency_table(updates, ["device"], with_intervals=True),
                (code("device"),),
            ),
            _by_process(updates),
            latency_of(
                "latency_by_case",
                "By case",
                f"Response time. {MEASURED}",
                latency_table(due, ["case", "step"]),
                (code("case"), code("step")),
            ),
        ),
    )


def _by_process(updates: pd.DataFrame) -> Table:
    """Return latency by process."""
    return latency_of(
        "latency_by_worker",
        "By process",
        f"Response time of {_UPDATE} by the process that sent it: if one differs, look at its machine. {MEASURED}",
        latency_table(updates, ["worker"], with_intervals=True),
        (code("worker", "process"),),
    )


def journeys_section(analysis: Analysis) -> Section:
    """Return the flows as wholes."""
    journeys = analysis.journeys
    due = chosen(journeys, journeys["is_due_measured"].to_numpy())
    columns = (
        code("case"),
        number("flows", "flows", Kind.COUNT),
        number("unfinished", "unfinished", Kind.COUNT),
        number("as_expected", "wholly as expected", Kind.COUNT),
        number("as_expected_share", "share", Kind.SHARE),
        number("changed", "changed a password", Kind.COUNT),
    )
    cases = case_table(journeys)
    waiting = joined(_waiting(due))
    return Section(
        name="journeys",
        title="Journeys",
        intro="A journey is one flow as a person lives it: from the moment it was due, over log-in and update, "
        "to its last answer.",
        items=(
            latency_of(
                "journeys",
                "Duration",
                f"{_DURATIONS}{f', and without cases that wait on purpose ({waiting})' if waiting else ''}.",
                _durations(due, []),
                (text("journey"),),
            ),
            Table(
                name="flows_by_case",
                title="By case",
                caption="A flow is wholly as expected when each of its answers was. Unfinished: as expected so far, "
                "but the end of the run cut it off before it had made as many requests as others of its case; the "
                f"share leaves those out. {WHOLE_RUN}",
                columns=columns,
                rows=rows_of(cases, columns),
            ),
            latency_of(
                "journeys_by_case",
                "Duration by case",
                f"{_DURATIONS}.{f' That of {waiting} holds what the case itself waits.' if waiting else ''}",
                _durations(due, ["case"]),
                (code("case"), text("journey")),
            ),
        ),
    )


def _waiting(journeys: pd.DataFrame) -> list[str]:
    """Return the cases among these flows that wait on purpose, as for the end of a state_token."""
    names = map(str, journeys["case"].unique())
    return sorted(name for name in names if name in CASES and any(isinstance(one, Wait) for one in CASES[name].steps))


def _durations(journeys: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return how long journeys took to the change and as a whole, by these columns; empty without journeys.

    What a case waits on purpose is no time that the target took: over all cases such flows are in no whole.
    """
    is_whole = ~journeys["is_unfinished"] & (bool(by) | ~journeys["case"].isin(_waiting(journeys)))
    parts = (
        ("log-in to changed", "changed_s", journeys["is_changed"]),
        ("whole flow", "journey_s", is_whole),
    )
    kinds = [
        _of_journeys(chosen(journeys, is_of.to_numpy(), [*by, value]), by, value, name) for name, value, is_of in parts
    ]
    frame = pd.concat([kind for kind in kinds if len(kind)] or kinds[:1], ignore_index=True)
    return frame.sort_values(by, kind="stable", ignore_index=True) if by else frame


def _of_journeys(journeys: pd.DataFrame, by: list[str], value: str, name: str) -> pd.DataFrame:
    """Return how long journeys took, under a name; they are grouped by one column of texts at most, which is quick."""
    if by:
        table = latency_table(journeys, by, value)
        table.insert(len(by), "journey", name)
        return table
    named = pd.Categorical.from_codes(np.zeros(len(journeys), np.int8), pd.Index([name]))
    return latency_table(journeys.assign(journey=named), ["journey"], value).astype({"journey": object})
