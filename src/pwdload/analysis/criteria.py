"""The criteria that a run's scenario states, held against its samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pwdload.analysis.journeys import by_flow, with_end
from pwdload.analysis.recovery.stated import slo_in
from pwdload.analysis.recovery.tolerated import tolerated_spans
from pwdload.analysis.run import Run
from pwdload.arrays import empty, parts
from pwdload.criteria import Criterion, Judged, Observed, Span, judge, stated
from pwdload.criteria.judge import nothing_known
from pwdload.criteria.observing import FAILED, TURNED_AWAY, measured_in, spans_of
from pwdload.criteria.seconds import Seconds, by_second
from pwdload.criteria.sparing import not_on_their_way, without
from pwdload.criteria.values import Coded, Floats
from pwdload.units import counted

_ENDED_BY = "criterion "


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCriteria:
    """Every criterion of a run with what became of it, in the order of its scenario."""

    judged: tuple[Judged, ...] = ()
    seconds: Mapping[str, Seconds] = field(default_factory=dict)
    """By name, of those that are judged second by second: what they were in each."""
    ended_by: str = ""
    """Name of the criterion that ended the run; empty where none did."""


def judge_run(run: Run) -> JudgedCriteria:
    """Hold a run against the criteria of ``[slo]``; those of resilience and ``failed_share`` have checks of their own.

    Where the scenario leaves failures under a fault to the criteria of resilience, what was on its way meanwhile is in
    no criterion.
    """
    slo = slo_in(run.scenario_source)
    criteria = stated(slo) if slo is not None else ()
    if not criteria:
        return JudgedCriteria()
    spared = [Span(one.start_s, one.end_s) for one in tolerated_spans(run.faults, run.criteria, run.end_s)]
    whole = observed_of(run, with_journeys=any(one.of == "journey" for one in criteria))
    observed = not_on_their_way(whole, spared)
    spans = without(spans_of(run.record.stages, run.end_s), spared)
    told = _told_of_spared(len(whole) - len(observed))
    judged = [_judge(one, observed, spans) for one in criteria]
    return JudgedCriteria(
        judged=tuple(replace(one, reason=f"{one.reason}{told}") for one, _ in judged),
        seconds={one.criterion.name: seconds for one, seconds in judged if seconds is not None},
        ended_by=ended_by(run),
    )


def states_criteria(run: Run) -> bool:
    """Whether a run's scenario states a criterion that this module judges."""
    slo = slo_in(run.scenario_source)
    return slo is not None and bool(stated(slo))


def ended_by(run: Run) -> str:
    """Return the name of the criterion that ended a run; empty where none did."""
    reason = run.record.ended_by
    return reason.removeprefix(_ENDED_BY).partition(":")[0] if reason.startswith(_ENDED_BY) else ""


def observed_of(run: Run, *, with_journeys: bool = True) -> Observed:
    """Return a run's exchanges as criteria see them; without journeys, each is as if it were a flow of its own."""
    samples = run.samples
    due_s = samples["intended_s"].to_numpy(dtype=float)
    return Observed(
        due_s=due_s,
        sent_s=samples["sent_s"].to_numpy(dtype=float),
        done_s=samples["done_s"].to_numpy(dtype=float),
        failed=samples["outcome"].isin(list(FAILED)).to_numpy(),
        shed=samples["outcome"].isin(list(TURNED_AWAY)).to_numpy(),
        changed=samples["is_change"].to_numpy(dtype=bool),
        step=_texts(samples["step"]),
        case=_texts(samples["case"]),
        stage=_texts(samples["stage"]),
        flow_due_s=_flow_due_s(samples, due_s) if with_journeys else due_s,
        measured=measured_in(due_s, spans_of(run.record.stages, run.end_s)),
    )


def _judge(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> tuple[Judged, Seconds | None]:
    """Judge a criterion; where that breaks, nothing was found out, and the others must still be heard."""
    try:
        seconds = by_second(criterion, observed, spans) if criterion.breadth.kind != "run" else None
        return judge(criterion, observed, spans), seconds
    except Exception as error:  # noqa: BLE001 - whatever it was
        return nothing_known(criterion, f"Judging it broke: {type(error).__name__}: {error}"), None


def _told_of_spared(count: int) -> str:
    if not count:
        return ""
    return f" ({counted(count, 'exchange')} under a fault or healing from it left to the criteria of resilience.)"


def _texts(column: pd.Series) -> Coded:
    return Coded(column.cat.codes.to_numpy(), tuple(map(str, column.cat.categories)))


def _flow_due_s(samples: pd.DataFrame, due_s: Floats) -> Floats:
    """Return for each exchange when its flow was due: its first one was, and samples are ordered by that time."""
    order, starts = by_flow(samples)
    flow_due_s = empty(len(due_s), np.float64)
    for part in parts(len(starts)):
        edges = with_end(starts, part, len(order))
        rows = order[edges[0] : edges[-1]]
        flow_due_s[rows] = np.repeat(due_s[order[starts[part]]], np.diff(edges))
    is_of_none = samples["flow"].to_numpy() < 0
    return np.where(is_of_none, due_s, flow_due_s) if is_of_none.any() else flow_due_s
