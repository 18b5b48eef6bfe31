"""What of a run's papers is not there, each as the particulars of a caveat: null where nothing is amiss."""

from pwdload.analysis.criteria import states_criteria
from pwdload.analysis.generators import processes_without_health, thin_health
from pwdload.analysis.recovery.thresholds import NOTHING_ASKED
from pwdload.analysis.run import Run


def no_slo(run: Run) -> str | None:
    """Say that the scenario states no criterion, where it is known to state none."""
    is_known = run.has_scenario and not run.scenario_problem
    return "" if is_known and run.criteria == NOTHING_ASKED and not states_criteria(run) else None


def no_scenario(run: Run) -> str | None:
    """Say that a run of an older version has no scenario; of another run a check says so."""
    return "" if not run.has_scenario and not run.scenario_problem else None


def no_health(run: Run) -> str | None:
    """Return the processes of which nobody knows how busy they were, or not all the time; empty for all of them."""
    if not run.health:
        return ""
    thin = (f"{one.worker} in {one.seconds:,} of {one.of_seconds:,} measured seconds" for one in thin_health(run))
    return ", ".join([*processes_without_health(run), *thin]) or None
