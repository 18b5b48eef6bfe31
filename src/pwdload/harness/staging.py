"""The stages of a run as they will be played, for its record."""

from pwdload.harness.course import first_stages
from pwdload.rundir import ArrivalPlan, StageRecord
from pwdload.scenario import Scenario


def stages_by_hand(run_time_s: float | None) -> tuple[StageRecord, ...]:
    """Return the one stage of a run that is steered by hand: it lasts until it is stopped, or its time is over."""
    return (StageRecord(name="all", start_s=0.0, end_s=run_time_s, users=None),)


def stages_as_played(scenario: Scenario, arrivals: ArrivalPlan | None) -> tuple[StageRecord, ...]:
    """Return a scenario's stages, cut off where planned arrivals end; `arrivals` is null in the closed model."""
    end_s = arrivals.pieces[-1].end_s if arrivals is not None else None
    if scenario.search is not None and arrivals is not None:
        return first_stages(_played(scenario, arrivals, end_s), arrivals)
    return _played(scenario, arrivals, end_s)


def _played(scenario: Scenario, arrivals: ArrivalPlan | None, end_s: float | None) -> tuple[StageRecord, ...]:
    return tuple(
        StageRecord(
            name=stage.name,
            start_s=stage.start_s,
            end_s=stage.end_s if end_s is None else min(stage.end_s, end_s),
            users=stage.users if arrivals is None else arrivals.slots,
            measured=stage.measured,
        )
        for stage in scenario.stages
        if end_s is None or stage.start_s < end_s
    )


def overruled(scenario: Scenario, *, is_staged: bool) -> tuple[str, ...]:
    """Return what the options have overruled of a scenario, for the report."""
    if not is_staged and scenario.stages:
        return ("The scenario's stages were not played: -u, -r or -t overruled them.",)
    return ()
