"""Which criteria decide up to which rate a target is said to keep up."""

from dataclasses import dataclass, replace

from pwdload.analysis.run import Run
from pwdload.criteria import Breadth, Criterion, Metric, Sense

FAILED_SHARE = 0.01
"""Largest failed share where a scenario states none."""
UNSERVED_SHARE = 0.02
"""Largest share of the flows due that may be left over at the end of a level, where a scenario states no time."""
UNSERVED = Criterion(
    name="unserved_share", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=UNSERVED_SHARE, of="journey"
)
"""Goodput keeps up with what is offered: our own rule for a scenario that states no time. Only in the open model,
where what is not served stays due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a level has to keep."""

    criteria: tuple[Criterion, ...]
    is_stated: bool
    """Whether the scenario states them; else they are ours."""
    left_out: tuple[str, ...] = ()
    """Names of criteria that say nothing of a rate: of one stage alone, or of a least goodput."""


def asked_of(run: Run, stated: tuple[Criterion, ...] = ()) -> Asked:
    """Return what each level of a run has to keep: what its scenario states, over the whole of a level.

    Without any time stated there, that goodput keeps up with what is offered; without a failed share, that at most
    1 % fail.
    """
    of_levels = [one for one in stated if not one.stage and one.metric is not Metric.GOODPUT]
    criteria = [replace(one, breadth=Breadth()) for one in of_levels]
    if not any(one.metric is Metric.FAILED_SHARE and not one.step and not one.case for one in criteria):
        limit = FAILED_SHARE if run.criteria.failed_share is None else run.criteria.failed_share
        criteria.append(Criterion(name="failed_share", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=limit))
    times = any(one.metric is Metric.PERCENTILE for one in criteria)
    if not times and run.is_open:
        criteria.append(UNSERVED)
    left_out = tuple(one.name for one in stated if one not in of_levels)
    return Asked(criteria=tuple(criteria), is_stated=times, left_out=left_out)
