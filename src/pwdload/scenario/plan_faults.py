"""What a scenario would do to its target, and how its clients would behave meanwhile, in plain text."""

from collections.abc import Iterator, Sequence

from pwdload.scenario.faults import PROXY_KINDS, Fault
from pwdload.scenario.model import Scenario
from pwdload.units import format_duration, format_share


def retries(scenario: Scenario) -> Iterator[str]:
    """Yield how clients try again; nothing where they do not."""
    table = scenario.retries
    if table is None:
        return
    jitter = ", each drawn from none to all of it" if table.jitter == "full" else ""
    waits = f"{format_duration(table.backoff_s)}, doubled up to {format_duration(table.backoff_max_s)}{jitter}"
    yield f"at most {table.attempts} tries, after {waits}; Retry-After is {table.retry_after}"
    yield {
        "never": "a change without an answer is not tried again",
        "same_token": "a change without an answer is tried again with the same state_token",
    }[table.doubtful]


def steady_state(scenario: Scenario) -> Iterator[str]:
    """Yield what must hold before a fault is injected; nothing where that is not stated."""
    table = scenario.steady_state
    if table is None:
        return
    asked = []
    if table.failed_share is not None:
        asked.append(f"failed share at most {format_share(table.failed_share)}")
    if table.p95_s is not None:
        asked.append(f"p95 at most {format_duration(table.p95_s)}")
    yield f"{' and '.join(asked)} over {format_duration(table.over_s)}, else a fault is left out"


def criteria(scenario: Scenario) -> Iterator[str]:
    """Yield what the run must keep to pass, as far as the scenario states it."""
    slo = scenario.slo
    if slo.failed_share is not None:
        yield f"failed share at most {format_share(slo.failed_share)}"
    if slo.recover_within_s is not None:
        yield f"recovered within {format_duration(slo.recover_within_s)} of the healing of each fault"
    if slo.max_failed_share_during is not None:
        yield f"failed share at most {format_share(slo.max_failed_share_during)} while a fault is on"
    if slo.data_correct:
        yield "data correct after all of it"


def fault_rows(scenario: Scenario) -> Sequence[Sequence[str]]:
    """Return the table of faults, its head first."""
    return [("name", "kind", "at", "for", "times", "what"), *(_row(scenario, fault) for fault in scenario.faults)]


def _row(scenario: Scenario, fault: Fault) -> Sequence[str]:
    at_s, for_s = fault.at_s, fault.for_s
    if fault.kind == "overload":
        stage = next(stage for stage in scenario.stages if stage.name == fault.stage)
        at_s, for_s = stage.start_s, stage.for_s
    times = str(fault.repeat) + (f", {format_duration(fault.pause_s)} apart" if fault.pause_s else "")
    return (
        fault.name,
        fault.kind,
        format_duration(at_s or 0.0),
        format_duration(for_s or 0.0),
        times,
        ", ".join(_told(fault)) or "-",
    )


def _told(fault: Fault) -> Iterator[str]:
    yield from (f"{key} {value}" for key, value in fault.told_in_words().items())
    if fault.kind in PROXY_KINDS:
        if fault.direction:
            yield fault.direction
        if fault.scope or fault.share < 1.0:
            yield f"{format_share(fault.share)} of {fault.scope or 'request'}s"
