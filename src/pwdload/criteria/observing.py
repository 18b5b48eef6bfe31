"""From exchanges on record to what criteria are held against."""

from collections.abc import Sequence
from functools import reduce
from math import inf, nextafter

import numpy as np

from pwdload.criteria.values import Flags, Floats, Span
from pwdload.outcome import Outcome
from pwdload.rundir import StageRecord

COLUMNS = ("worker", "flow", "step", "case", "stage", "intended_s", "sent_s", "done_s", "outcome")
"""The columns of samples that an `Observed` is made of."""
FAILED = frozenset((Outcome.WRONG_REJECT, Outcome.SHED, Outcome.NOT_SENT, Outcome.UNKNOWN))
"""What counts as failed: the client was not given what was due. Violations have a check of their own."""
TURNED_AWAY = frozenset((Outcome.SHED,))
"""What was answered, and with a refusal for want of room."""
ACCEPTED = frozenset((Outcome.RIGHT_ACCEPT, Outcome.WRONG_ACCEPT))
CHANGE = "update_password"
"""The step whose acceptance is a change."""
BESIDE_THE_LOAD = "rearm"
"""The step that puts accounts back: in no criterion, as in no other number."""


def spans_of(stages: Sequence[StageRecord], end_s: float | None = None) -> tuple[Span, ...]:
    """Return the stages as spans, as far as the run reached them; without stages one that is the whole run.

    `end_s` is when the load ended, null while it goes on. The last moment of a run without stages belongs to it.
    """
    if not stages:
        return (Span(0.0, inf if end_s is None else nextafter(end_s, inf)),)
    ended_s = inf if end_s is None else end_s
    spans = (
        Span(one.start_s, min(inf if one.end_s is None else one.end_s, ended_s), one.name, one.measured)
        for one in stages
    )
    return tuple(span for span in spans if span.end_s > span.start_s)


def within(times_s: Floats, spans: Sequence[Span]) -> Flags:
    """Return which times lie within one of the spans."""
    inside = ((times_s >= span.start_s) & (times_s < span.end_s) for span in spans)
    return reduce(np.logical_or, inside, np.zeros(len(times_s), dtype=bool))


def measured_in(times_s: Floats, spans: Sequence[Span]) -> Flags:
    """Return which times lie within a measured one of the spans."""
    return within(times_s, [span for span in spans if span.measured])
