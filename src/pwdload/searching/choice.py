"""Which level comes next: a pure function of those that were played.

    coarse     up from `from` in equal factors until a level is not kept
    bracket    between the highest kept and the lowest broken, where the levels so far put the limit
    refine     the same, once the bracket is narrow
    repeat     around the estimate, below and above it in turn, until its interval is as narrow as was asked for
    beyond     one step past the limit
    return     back to a normal rate

A level on which nobody can tell, though it was held as long as may be, is at the limit: there the repeats begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt

from pwdload.criteria import Standing
from pwdload.searching.estimate import Estimate, estimate
from pwdload.searching.standing import standing
from pwdload.searching.values import Done, Result, Role, Settings, Step
from pwdload.units import format_rate, format_share

RETURN_TO = 0.7
"""The normal rate to which the load returns from beyond the limit, as a share of the capacity."""
_NARROW = 1.10
"""A bracket below this ratio is refined; above it, it is looked for."""
_INNER = 0.2
"""A level within a bracket keeps away from its ends by this part of it: so any outcome makes it smaller by much."""
_AROUND = (0.97, 1.03, 1.0, 0.94, 1.04, 0.98, 1.02, 0.96)
"""Where the repeats are, in turn, as factors of the estimate: a line is known best between points on either side."""
_REPEATS_MAX = 60
_RESERVED = 2
"""How many levels' time is kept back for the step past the limit and the return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The levels on the way to the limit, by what came of them."""

    lower: float | None
    """Highest rate kept."""
    upper: float | None
    """Lowest rate broken."""
    doubtful: bool
    """Whether nobody can tell of some level, or levels contradict one another: the limit is there."""


def next_step(history: Sequence[Result], settings: Settings) -> Step | Done:
    """Return the next level, or that the search is over; `history` has all levels in their order.

    A level in which a fault lay is as if it had not been played, but for the time that it took: it is played again.
    """
    now_s = history[-1].end_s if history else 0.0
    history = [one for one in history if not one.disturbed]
    if not history:
        if now_s and now_s + settings.level_s > settings.start_s + settings.budget_s:
            return Done(reason="A fault lay in each level that was played, so that none counts.", found=False)
        return Step(role="coarse", rate_per_s=settings.from_per_s, reason="The lowest rate comes first.")
    history[-1] = replace(history[-1], end_s=now_s)  # what is left of the budget is counted from there
    last = history[-1]
    if last.role == "return":
        return Done(reason="The capacity was found, passed, and left again.", found=True)
    if last.role == "beyond":
        return _return(history, settings)
    if _left_s(history, settings) < _RESERVED * settings.level_s:
        return _short_of_time(history, settings)
    return _towards_the_limit(history, settings)


def _towards_the_limit(history: Sequence[Result], settings: Settings) -> Step | Done:
    seen = _seen(history)
    if history[-1].role != "repeat" and not seen.doubtful:
        if seen.upper is None:
            return _higher(history[-1], settings)
        if seen.lower is None:
            return Done(reason=f"Not even {format_rate(settings.from_per_s)} was kept.", found=False)
        if seen.upper / seen.lower > 1 + 2 * settings.resolution:
            return _between(history, seen.lower, seen.upper)
    return _around(history, seen, settings)


def _seen(history: Sequence[Result]) -> _Seen:
    told = [(one.rate_per_s, standing(one)) for one in history]
    lower = max((rate for rate, one in told if one is Standing.KEPT), default=None)
    upper = min((rate for rate, one in told if one is Standing.BROKEN), default=None)
    crossed = lower is not None and upper is not None and lower >= upper
    between = [rate for rate, one in told if one is Standing.CANNOT_TELL and (lower or 0.0) < rate < (upper or inf)]
    return _Seen(lower=lower, upper=upper, doubtful=crossed or bool(between))


def _higher(last: Result, settings: Settings) -> Step | Done:
    if last.rate_per_s >= settings.to_per_s * (1 - 1e-9):
        reason = f"{format_rate(settings.to_per_s)}, the highest rate that was to be tried, was kept."
        return Done(reason=reason, found=False)
    rate = last.rate_per_s * settings.growth
    return Step(
        role="coarse",
        rate_per_s=rate if rate < settings.to_per_s * (1 - 1e-9) else settings.to_per_s,
        reason=f"{format_rate(last.rate_per_s)} was kept.",
        lower_per_s=last.rate_per_s,
    )


def _between(history: Sequence[Result], lower: float, upper: float) -> Step:
    """Return a level within the bracket: where the estimate is, or in its middle, not too near to either end."""
    found = estimate(history)
    wanted = found.per_s if found is not None and found.is_fitted else sqrt(lower * upper)
    ratio = upper / lower
    rate = min(max(wanted, lower * ratio**_INNER), lower * ratio ** (1 - _INNER))
    role: Role = "bracket" if ratio > _NARROW else "refine"
    return Step(
        role=role,
        rate_per_s=rate,
        reason=f"The limit is between {format_rate(lower)}, kept, and {format_rate(upper)}, broken.",
        lower_per_s=lower,
        upper_per_s=upper,
    )


def _around(history: Sequence[Result], seen: _Seen, settings: Settings) -> Step | Done:
    found = estimate(history)
    repeats = sum(one.role == "repeat" for one in history)
    if found is None:
        return _without_estimate(history, seen, settings, repeats)
    precise = repeats >= settings.repeats and found.half_width <= settings.resolution
    if precise or repeats >= _REPEATS_MAX:
        return _beyond(found, settings, is_precise=precise)
    rate = found.per_s * _AROUND[repeats % len(_AROUND)]
    width = format_share(min(found.half_width, 1.0))
    return Step(
        role="repeat",
        rate_per_s=min(rate, settings.to_per_s),
        reason=f"Again at the limit, which is {format_rate(found.per_s)} to within {width}.",
        lower_per_s=found.lower_per_s,
        upper_per_s=found.upper_per_s,
    )


def _without_estimate(history: Sequence[Result], seen: _Seen, settings: Settings, repeats: int) -> Step | Done:
    """Go on where no limit was passed, or none was kept, and nobody can tell of some level."""
    if seen.lower is None and repeats >= settings.repeats:
        return Done(reason="Of the lowest rate nobody can tell whether it was kept: hold it longer.", found=False)
    last = history[-1]
    if last.rate_per_s >= settings.to_per_s * (1 - 1e-9):
        if repeats >= settings.repeats:
            return Done(reason=f"No rate up to {format_rate(settings.to_per_s)} was broken.", found=False)
        return Step(role="repeat", rate_per_s=settings.to_per_s, reason="Nobody can tell of the highest rate as yet.")
    if seen.upper is not None:
        return Step(
            role="repeat",
            rate_per_s=max(min(seen.lower or settings.from_per_s, seen.upper), settings.from_per_s),
            reason="Levels contradict one another: again.",
        )
    rate = min(last.rate_per_s * sqrt(settings.growth), settings.to_per_s)
    return Step(
        role="coarse",
        rate_per_s=rate,
        reason=f"Of {format_rate(last.rate_per_s)} nobody can tell: a little higher.",
        lower_per_s=seen.lower,
    )


def _beyond(found: Estimate, settings: Settings, *, is_precise: bool) -> Step:
    why = "is known as well as was asked for" if is_precise else "is known as well as the budget allows"
    return Step(
        role="beyond",
        rate_per_s=found.per_s * settings.beyond,
        reason=f"The limit {why}, to within {format_share(min(found.half_width, 1.0))}: one step past it.",
        lower_per_s=found.lower_per_s,
        upper_per_s=found.upper_per_s,
    )


def _return(history: Sequence[Result], settings: Settings) -> Step:
    found = estimate(history)
    per_s = found.per_s if found is not None else settings.from_per_s
    return Step(
        role="return",
        rate_per_s=max(per_s * RETURN_TO, min(settings.from_per_s, per_s)),
        reason="Back to a normal rate: does the target come back too?",
        lower_per_s=found.lower_per_s if found is not None else None,
        upper_per_s=found.upper_per_s if found is not None else None,
    )


def _left_s(history: Sequence[Result], settings: Settings) -> float:
    """Return how much time is left for levels that are not held longer, in seconds."""
    return settings.start_s + settings.budget_s - history[-1].end_s - settings.gap_s - settings.level_s


def _short_of_time(history: Sequence[Result], settings: Settings) -> Step | Done:
    """Go past the limit with what is known of it, while there is time for that and for the way back."""
    found = estimate(history)
    if found is not None and _left_s(history, settings) >= settings.level_s:
        return _beyond(found, settings, is_precise=False)
    reason = "The budget of time was used up before the limit was passed and left again: raise budget or from."
    return Done(reason=reason, found=found is not None)
