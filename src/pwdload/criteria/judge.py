"""Holding a criterion against what was seen: kept, broken, or cannot tell.

Kept is only what the one-sided 95 % bound says is kept, broken only what the other bound says is broken; what lies
between is not known, and how many samples would tell is said instead. `docs/criteria.md` has the formulas.
"""

from collections.abc import Sequence

from pwdload.criteria.breadths import judge_seconds, judge_window
from pwdload.criteria.goodput import judge_goodput
from pwdload.criteria.observing import within
from pwdload.criteria.population import spans_for
from pwdload.criteria.shares import judge_share
from pwdload.criteria.values import Criterion, Judged, Metric, Observed, Span, Standing


def judge(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Judged:
    """Hold a criterion against what was seen in the stages of a run, as far as it reached them.

    `spans` are all stages, the measured ones marked: what states no stage is judged over those. Exchanges outside of
    them are left alone. A pure function: the same while the run goes on and from its files.
    """
    chosen = spans_for(criterion, spans)
    if not chosen:
        return nothing_known(criterion, "The run never reached the time that it is about.")
    if not (within(observed.due_s, chosen) | within(observed.done_s, chosen)).any():
        return nothing_known(criterion, "Nothing was asked of the target in the time that it is about.")
    if criterion.breadth.kind == "seconds":
        return judge_seconds(criterion, observed, spans)
    if criterion.breadth.kind == "window":
        return judge_window(criterion, observed, spans)
    if criterion.metric is Metric.GOODPUT:
        return judge_goodput(criterion, observed, chosen)
    return judge_share(criterion, observed, chosen)


def nothing_known(criterion: Criterion, reason: str) -> Judged:
    """Return that nothing can be told of a criterion, and why."""
    return Judged(
        criterion=criterion,
        standing=Standing.CANNOT_TELL,
        value=None,
        lower=None,
        upper=None,
        samples=0,
        reason=reason,
    )
