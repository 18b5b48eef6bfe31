"""Criteria that are judged second by second: in most of the seconds, or not broken for too long without a break."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pwdload.criteria.goodput import count_bounds, judge_goodput
from pwdload.criteria.population import spans_for, tail
from pwdload.criteria.seconds import Seconds, Streak, by_second, streaks
from pwdload.criteria.shares import judge_share
from pwdload.criteria.values import Criterion, Judged, Metric, Observed, Sense, Span, Standing
from pwdload.criteria.weighing import Weighed
from pwdload.criteria.words import asked
from pwdload.statistics.binomial import telling
from pwdload.statistics.shares import Z_999
from pwdload.units import counted, format_moment, format_share

_ERROR = 0.001
"""A window is looked for at every second of a run, so that each look may be wrong once in a thousand times."""


def judge_seconds(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Judged:
    """Judge in which share of the seconds a criterion held; how sure that share is, is told as of any other.

    Seconds in which nothing was due count as neither. Each counts for one, whatever its neighbours did: of a run that
    was out for half a minute a person wants to hear that, and not that it may have been bad luck.
    """
    seconds = by_second(criterion, observed, spans)
    broken = seconds.broken[seconds.known]
    wide = _over_all(criterion, observed, spans)
    if not len(broken):
        return replace(wide, standing=Standing.CANNOT_TELL, reason="No whole second of it was seen.", needed=None)
    weighed = Weighed(trials=len(broken), hits=int(np.count_nonzero(broken)), share=1.0 - criterion.breadth.share)
    standing = weighed.standing()
    needed = weighed.needed() if standing is Standing.CANNOT_TELL else None
    return replace(
        wide,
        standing=standing,
        reason=_reason_of_seconds(criterion, weighed, standing, needed),
        share_kept=1.0 - weighed.hits / weighed.trials,
        needed=needed,
    )


def judge_window(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Judged:
    """Judge whether a criterion was broken for so long without a break.

    Each of the seconds must be broken by what was seen in it, and all of them together beyond what chance explains:
    such a stretch of ten seconds with one request each would else be found in many a good run.
    """
    seconds = by_second(criterion, observed, spans)
    wide = _over_all(criterion, observed, spans)
    window_s = criterion.breadth.window_s
    sure = broken_for_too_long(criterion, seconds)
    if sure is not None:
        why = f"{told(sure)}; {asked(criterion)} is asked."
        return replace(wide, standing=Standing.BROKEN, reason=why, broken_from_s=sure.start_s, needed=None)
    long = [one for one in streaks(seconds) if one.length_s >= window_s]
    if long:
        why = f"{told(long[0])}, but by {counted(long[0].trials, 'sample')} that is not beyond chance."
        return replace(wide, standing=Standing.CANNOT_TELL, reason=why, needed=None)
    if _longest_s(seconds) < window_s or not seconds.known.any():
        why = f"No {window_s:g} s without a break were seen with anything in them."
        return replace(wide, standing=Standing.CANNOT_TELL, reason=why, needed=None)
    worst = max((one.length_s for one in streaks(seconds)), default=0.0)
    without = f"Broken for at most {worst:g} s without a break" if worst else "Broken in no second"
    return replace(
        wide, standing=Standing.KEPT, reason=f"{without} of {counted(len(seconds.start_s), 'second')}.", needed=None
    )


def broken_for_too_long(criterion: Criterion, seconds: Seconds) -> Streak | None:
    """Return the first time that a criterion was broken for its window, beyond what chance explains; null if never."""
    long = (one for one in streaks(seconds) if one.length_s >= criterion.breadth.window_s)
    return next((one for one in long if is_beyond_chance(criterion, one)), None)


def is_beyond_chance(criterion: Criterion, streak: Streak) -> bool:
    """Whether what was seen in a streak, taken together, is broken with 99.9 % confidence."""
    if criterion.metric is Metric.GOODPUT:
        least, most = count_bounds(streak.hits, Z_999)
        expected = criterion.limit * streak.length_s
        return most < expected if criterion.sense is Sense.AT_LEAST else least > expected
    share = criterion.limit if criterion.metric is Metric.FAILED_SHARE else tail(criterion)
    if not streak.trials:
        return False
    told = telling(streak.trials, share, _ERROR)
    return streak.hits >= told.many if criterion.sense is Sense.AT_MOST else streak.hits <= told.few


def _over_all(criterion: Criterion, observed: Observed, spans: Sequence[Span]) -> Judged:
    """Return what was seen over all of the seconds, for the value and its interval."""
    chosen = spans_for(criterion, spans)
    judge = judge_goodput if criterion.metric is Metric.GOODPUT else judge_share
    return judge(criterion, observed, chosen)


def told(streak: Streak) -> str:
    """Return how long a streak lasted and when it began."""
    return f"Broken for {streak.length_s:g} s without a break, from {format_moment(max(streak.start_s, 0.0))} on"


def _longest_s(seconds: Seconds) -> float:
    """Return how long the longest stretch of seconds is that follow one another."""
    if not len(seconds.start_s):
        return 0.0
    starts = np.flatnonzero(~seconds.follows)
    return float(np.max(np.diff([*starts, len(seconds.start_s)])))


def _reason_of_seconds(criterion: Criterion, weighed: Weighed, standing: Standing, needed: int | None) -> str:
    seen = f"Kept in {format_share(1.0 - weighed.hits / weighed.trials)} of {counted(weighed.trials, 'second')}"
    wanted = f"{format_share(criterion.breadth.share)} is asked"
    if standing is Standing.CANNOT_TELL:
        would = f"about {needed:,} seconds would tell" if needed is not None else "too near to it to tell"
        return f"{seen}; {wanted}: {would} with 95 % confidence."
    if weighed.share in (0.0, 1.0):
        return f"{seen}; {wanted}."
    bounds = weighed.bounds()
    is_kept = standing is Standing.KEPT
    sure = f"at least {format_share(1.0 - bounds.upper)}" if is_kept else f"at most {format_share(1.0 - bounds.lower)}"
    return f"{seen}, with 95 % confidence in {sure}; {wanted}."
