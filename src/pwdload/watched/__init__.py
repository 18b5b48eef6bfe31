"""A run as it is seen while it goes on: one inert value, made each second by the process in charge.

The view in the terminal, the web UI and a team's own dashboards all show the same `Snapshot`, and none of them reaches
into a run on its own.
"""

from pwdload.watched.snapshot import (
    BOUNDS_S,
    AccountsNow,
    CodeCount,
    CriterionNow,
    FaultNow,
    FaultState,
    GeneratorNow,
    OutcomeCount,
    Phase,
    Search,
    Snapshot,
    StageBegun,
    StepLatency,
    Window,
)

__all__ = [
    "BOUNDS_S",
    "AccountsNow",
    "CodeCount",
    "CriterionNow",
    "FaultNow",
    "FaultState",
    "GeneratorNow",
    "OutcomeCount",
    "Phase",
    "Search",
    "Snapshot",
    "StageBegun",
    "StepLatency",
    "Window",
]
