"""Whether a level kept its criteria, with the doubt that its length leaves.

Requests that follow one another meet the same queue, so that 1,000 of them say less than 1,000 independent ones would.
By how much less is seen in the blocks: where they differ more than a binomial draw explains, the sample counts for that
much less (the design effect: L. Kish, "Survey Sampling", 1965, 8.2), and Wilson's bounds are taken of what is left.
"""

import numpy as np

from pwdload.criteria import Standing
from pwdload.searching.values import Counts, Result, Settings
from pwdload.statistics.batches import dispersion
from pwdload.statistics.shares import share_bounds


def design_effect(counts: Counts) -> float:
    """Return how many requests say as much as one independent one would; 1 at least."""
    if not 0.0 < counts.share < 1.0:
        return 1.0
    return max(1.0, dispersion(np.asarray(counts.over, float), np.asarray(counts.due, float), counts.share))


def standing_of(counts: Counts) -> Standing:
    """Return whether one criterion was kept on a level."""
    effect, due, over = design_effect(counts), sum(counts.due), sum(counts.over)
    trials = round(due / effect)
    bounds = share_bounds(min(round(over / effect), trials), trials)
    if bounds.lower > counts.allowed:
        return Standing.BROKEN
    return Standing.KEPT if bounds.upper <= counts.allowed else Standing.CANNOT_TELL


def standing(result: Result) -> Standing:
    """Return whether a level kept all of its criteria; broken off for the target's sake it did not."""
    each = [standing_of(counts) for counts in result.counts]
    if result.overload or Standing.BROKEN in each:
        return Standing.BROKEN
    return Standing.KEPT if each and all(one is Standing.KEPT for one in each) else Standing.CANNOT_TELL


def broken(result: Result) -> tuple[str, ...]:
    """Return the criteria that a level did not keep, the one furthest past its limit first."""
    found = [counts for counts in result.counts if standing_of(counts) is Standing.BROKEN]
    return tuple(counts.criterion for counts in sorted(found, key=lambda one: -one.share / one.allowed))


def wants_more_time(result: Result, held: int, settings: Settings) -> bool:
    """Whether a level is to be held longer, being held for `held` times the usual time: nobody can tell as yet.

    A repeat at the limit is not: there nobody can tell by its nature, and every level counts towards the estimate.
    Nor is a level that would end beyond the budget then.
    """
    if held >= settings.hold_longer or result.role in ("repeat", "beyond"):
        return False
    left_s = settings.start_s + settings.budget_s - result.end_s
    return left_s >= settings.hold_s + settings.gap_s and standing(result) is Standing.CANNOT_TELL
