"""Recovery of a run: its load and what was done to it, put together."""

from dataclasses import replace

from pwdload.analysis.recovery.load import Load, Planned, load_of
from pwdload.analysis.recovery.measure import Recovery, measure
from pwdload.analysis.recovery.stated import client_timeout_s
from pwdload.analysis.recovery.thresholds import RecoveryThresholds
from pwdload.analysis.run import Run


def recovery_of(run: Run, thresholds: RecoveryThresholds | None = None) -> Recovery | None:
    """Measure every fault of a run; null where nothing was to be done to the target.

    The error budget is the failed share that the run's scenario allows, where it states one.
    """
    if run.faults is None:
        return None
    thresholds = thresholds or RecoveryThresholds()
    if run.criteria.failed_share is not None:
        thresholds = replace(thresholds, budget_share=run.criteria.failed_share)
    return measure(run_load(run), run.faults, thresholds, client_timeout_s(run.scenario_source))


def run_load(run: Run) -> Load:
    """Return the load of a run as arrays."""
    return load_of(run.samples, Planned.of(run.arrivals), run.measured, run.end_s)
