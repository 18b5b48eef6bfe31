"""Everything that is computed of a run, computed once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

import pandas as pd

from pwdload.analysis.answers import answer_breakdown
from pwdload.analysis.capacity import Capacity
from pwdload.analysis.capacity.levels import LoadLevels
from pwdload.analysis.capacity.of_run import capacity_of, levels_and_shown
from pwdload.analysis.caveats import CaveatNote, find_caveats
from pwdload.analysis.checks import find, verdict_of
from pwdload.analysis.criteria import JudgedCriteria, judge_run
from pwdload.analysis.headline import Headline, headline
from pwdload.analysis.journeys import journey_frame
from pwdload.analysis.reconciliation import Reconciliation, reconcile
from pwdload.analysis.recovery import Recovery
from pwdload.analysis.recovery.of_run import recovery_of
from pwdload.analysis.run import Run
from pwdload.analysis.stages import stage_table
from pwdload.analysis.steadiness import StageSettling, steadiness
from pwdload.analysis.target_load import TargetLoad, target_load
from pwdload.oracle.judgement import Judgement
from pwdload.outcome import Finding, Verdict

BESIDE_LEAST = 200_000
"""What is computed of a run of fewer samples takes less time than a thread of its own would."""

One = TypeVar("One")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A run with what several parts of a report need of it; the tables of one part are computed by that part."""

    run: Run
    judgement: Judgement
    """Whether the target was right, by the oracle."""
    journeys: pd.DataFrame
    """See `pwdload.analysis.journeys.journey_frame`."""
    answers: pd.DataFrame
    """See `pwdload.analysis.answers.answer_breakdown`."""
    stages: pd.DataFrame
    """See `pwdload.analysis.stages.stage_table`."""
    steadiness: tuple[StageSettling, ...]
    """Whether each stage that the run reached had settled."""
    headline: Headline
    reconciliation: Reconciliation | None
    recovery: Recovery | None
    """What each fault did, and how the target came back; null where nothing was to be done to it."""
    criteria: JudgedCriteria
    """The criteria of ``[slo]``, judged."""
    levels: LoadLevels
    """The loads that the run held, and what came of each."""
    shown: LoadLevels
    """Of these, or of equal parts of the run where it held too few loads: what response against load is drawn from."""
    capacity: Capacity | None
    """The highest rate that keeps the criteria; null where nothing was due while it counted."""
    target_load: TargetLoad | None
    """What the target spent, by its own metrics; null where they are not on record."""
    findings: tuple[Finding, ...]
    """The worst first."""
    caveats: tuple[CaveatNote, ...]

    @property
    def verdict(self) -> Verdict:
        """What the run is worth."""
        return verdict_of(self.findings)


class _Rest(NamedTuple):
    """What is computed of a run without its levels."""

    recovery: Recovery | None
    settled: tuple[StageSettling, ...]
    criteria: JudgedCriteria
    stages: pd.DataFrame
    answers: pd.DataFrame
    reconciled: Reconciliation | None
    journeys: pd.DataFrame
    figures: Headline

    @classmethod
    def of(cls, run: Run) -> Self:
        recovery, settled, criteria, stages = recovery_of(run), steadiness(run), judge_run(run), stage_table(run)
        answers, reconciled = answer_breakdown(run.samples), reconcile(run)
        journeys = journey_frame(run.samples)  # last, since they stay
        return cls(recovery, settled, criteria, stages, answers, reconciled, journeys, figures=headline(run, journeys))


def _of_levels(run: Run) -> tuple[tuple[LoadLevels, LoadLevels], Capacity | None]:
    levels, shown = levels_and_shown(run)
    return (levels, shown), capacity_of(run, levels)


def _both(run: Run, one: Callable[[Run], One], other: Callable[[Run], Other]) -> tuple[One, Other]:
    """Return what two functions make of a run; of a long one beside each other, most of it without Python's lock."""
    if len(run.samples) < BESIDE_LEAST:
        return one(run), other(run)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(one, run)
        second = other(run)
        return first.result(), second


def analyse(run: Run, judgement: Judgement | Callable[[], Judgement]) -> Analysis:
    """Analyse a run that the oracle has judged.

    `judgement` may be what waits for it where that is still under way: it is asked for last.
    """
    ((levels, shown), capacity), rest = _both(run, _of_levels, _Rest.of)
    recovery, settled, criteria, stages, answers, reconciled, journeys, figures = rest
    spent = target_load(run, stages, capacity)
    judged = judgement() if callable(judgement) else judgement
    return Analysis(
        run=run,
        judgement=judged,
        journeys=journeys,
        answers=answers,
        stages=stages,
        steadiness=settled,
        headline=figures,
        reconciliation=reconciled,
        recovery=recovery,
        criteria=criteria,
        levels=levels,
        shown=shown,
        capacity=capacity,
        target_load=spent,
        findings=find(run, judged, recovery=recovery, criteria=criteria, capacity=capacity),
        caveats=find_caveats(run, judged, settled, capacity),
    )
