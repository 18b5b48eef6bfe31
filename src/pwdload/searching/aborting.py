"""When a level is broken off, to protect the target: looked at each second."""

import numpy as np

from pwdload.criteria import Observed
from pwdload.scenario.search import AbortWhen
from pwdload.units import format_duration, format_share

OVER_S = 5.0
"""What was done within so long is looked at."""
_LEAST = 20
"""Fewer exchanges than this decide nothing."""


def overload(rule: AbortWhen, observed: Observed, until_s: float) -> str:
    """Return why a level is to be broken off, by what was done in the last seconds; empty when it is not.

    `until_s` is the time up to which all that is done has arrived.
    """
    recent = observed.where((observed.done_s > until_s - OVER_S) & (observed.done_s <= until_s))
    if len(recent) < _LEAST:
        return ""
    failed = float(np.mean(recent.failed))
    if rule.failed_share is not None and failed > rule.failed_share:
        return (
            f"{format_share(failed)} of {len(recent):,} exchanges failed within {format_duration(OVER_S)}, and "
            f"{format_share(rule.failed_share)} is where the target is spared."
        )
    shed = float(np.mean(recent.shed))
    if rule.shed is not None and shed > rule.shed:
        return (
            f"{format_share(shed)} of {len(recent):,} exchanges were turned away within {format_duration(OVER_S)}, and "
            f"{format_share(rule.shed)} is where the target is spared."
        )
    if rule.p99_s is None:
        return ""
    late = float(np.mean(recent.done_s - recent.due_s > rule.p99_s))
    if late > 0.01:
        return (
            f"{format_share(late)} of {len(recent):,} exchanges took longer than {format_duration(rule.p99_s)}, where "
            "the target is spared."
        )
    return ""
