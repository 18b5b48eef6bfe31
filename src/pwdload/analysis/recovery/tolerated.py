"""Which failures the run-wide limit leaves to the criteria of resilience.

A run that states what may fail because of a fault is not failed a second time, by another number, for the same
requests: those due while a fault was on, those on their way when it came, and those due within the time that it may
take to recover. A run that states no such criterion has said nothing that excuses a failure, and all of them count.
"""

import numpy as np

from pwdload.analysis.recovery.load import Flags, Floats
from pwdload.analysis.recovery.thresholds import RecoveryCriteria
from pwdload.analysis.windows import Window
from pwdload.injections import FaultsRecord


def tolerated_spans(record: FaultsRecord | None, criteria: RecoveryCriteria, end_s: float) -> tuple[Window, ...]:
    """Return the times in which failures are the business of the criteria; none where nothing is stated or was done."""
    if record is None or not criteria.tolerates_failures:
        return ()
    grace_s = criteria.recover_within_s or 0.0
    return tuple(
        Window(one.inject_before_s, end_s if one.heal_after_s is None else one.heal_after_s + grace_s)
        for one in record.injections
        if one.inject_before_s is not None and not one.skipped
    )


def tolerated(spans: tuple[Window, ...], due_s: Floats, done_s: Floats) -> Flags:
    """Return which exchanges were on their way at some time within the spans."""
    found = np.zeros(len(due_s), dtype=bool)
    for span in spans:
        found |= (due_s < span.end_s) & (done_s >= span.start_s)
    return found
