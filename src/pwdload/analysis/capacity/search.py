"""The capacity that a search has found, out of its record and the run's samples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from pwdload.analysis.capacity.holds import Hold
from pwdload.analysis.capacity.searched_levels import level_of
from pwdload.analysis.capacity.values import Capacity, Level, Limiter, Shape
from pwdload.analysis.criteria import observed_of
from pwdload.analysis.recovery.stated import slo_in
from pwdload.analysis.run import Run
from pwdload.analysis.windows import Window
from pwdload.criteria import Criterion, Observed, Standing
from pwdload.criteria.words import headline as asked_for
from pwdload.searching import Estimate, LevelRecord, Result, counts_of, disturbed_by, estimate, searchable, standing
from pwdload.units import format_rate, format_share

RETROGRADE_BELOW = 0.9
"""Past the limit less than this share of the highest goodput gets done: more load gets less done."""
ALL_SERVED = 0.95
"""A level that gets at least so much done of what it should has met no limit of the target's own."""
_WINDOW_S = 1.0
_LEAST_IN_WINDOW = 5
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """The levels of a search, counted anew from the samples."""

    records: tuple[LevelRecord, ...]
    results: tuple[Result, ...]
    levels: tuple[Level, ...]


def searched(run: Run) -> Capacity | None:
    """Return the capacity of a run that searched for it; None of any other."""
    if run.search is None:
        return None
    slo = slo_in(run.scenario_source)
    criteria = searchable(slo) if slo is not None else ()
    observed = observed_of(run)
    whole = _played(run, run.search.levels, criteria, observed)
    played = _undisturbed(whole)
    found = estimate(played.results)
    per_flow = _changes_per_flow(played.levels)
    shape = _shape(played, found)
    kept_per_s = max((one.offered_flows_per_s for one in played.levels if one.standing is Standing.KEPT), default=None)
    middle, lower, upper = (
        (found.per_s, found.lower_per_s, found.upper_per_s)
        if found is not None
        else (None, kept_per_s if shape is Shape.NEVER_SATURATES else None, None)
    )
    highest = max((one.changes_per_s for one in played.levels), default=None)
    least = _times(lower, per_flow)
    if found is None and least is not None and highest is not None:
        least = min(least, highest)  # where no limit was found, nothing is promised but what was seen
    capacity = Capacity(
        source="search",
        shape=shape,
        flows_per_s=middle,
        flows_lower=lower,
        flows_upper=upper,
        changes_per_s=_times(middle, per_flow),
        changes_lower=least,
        changes_upper=_times(upper, per_flow),
        highest_changes_per_s=highest,
        limiter=_limiter(found, criteria, played),
        levels=whole.levels,
        beyond_kept_share=_beyond_kept_share(played, found),
        returned_s=_returned_s(played, criteria, observed),
    )
    return replace(capacity, words=words(capacity))


def _played(run: Run, records: Sequence[LevelRecord], criteria: Sequence[Criterion], observed: Observed) -> _Played:
    faults = faults_of(run)
    results = tuple(
        replace(_counted(one.result, criteria, observed), disturbed=disturbed_in(run, one.result, faults))
        for one in records
    )
    levels = tuple(level_of(run, record, result) for record, result in zip(records, results, strict=True))
    return _Played(records=tuple(records), results=results, levels=levels)


def _undisturbed(whole: _Played) -> _Played:
    """Return the levels in which nothing was done to the target."""
    kept = [place for place, one in enumerate(whole.results) if not one.disturbed]
    return _Played(
        records=tuple(whole.records[place] for place in kept),
        results=tuple(whole.results[place] for place in kept),
        levels=tuple(whole.levels[place] for place in kept),
    )


def undisturbed_holds(run: Run) -> tuple[Hold, ...]:
    """Return the levels of a search that count, in order of time, each without the time in which it settled."""
    levels, faults = run.search.levels if run.search is not None else (), faults_of(run)
    return tuple(
        Hold(one.stage, Window(one.result.start_s, one.result.end_s), one.result.offered_per_s)
        for one in levels
        if not disturbed_in(run, one.result, faults)
    )


def disturbed_levels(run: Run) -> tuple[tuple[str, str], ...]:
    """Return the levels of a search that do not count, each with the faults that lay in it."""
    levels, faults = run.search.levels if run.search is not None else (), faults_of(run)
    found = ((one.stage, disturbed_in(run, one.result, faults)) for one in levels)
    return tuple((stage, why) for stage, why in found if why)


def disturbed_words(run: Run) -> str | None:
    """Return the first of them in words; null where there is none."""
    found = disturbed_levels(run)
    told = "; ".join(f"{stage}: {why}" for stage, why in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{told}{more}." if found else None


def disturbed_in(run: Run, result: Result, faults: Sequence[tuple[str, float, float]]) -> str:
    """Return which faults were there while a level was played, or while it settled; empty where none was."""
    settle_s = run.search.settings.settle_s if run.search is not None else 0.0
    return disturbed_by(faults, result.start_s - settle_s, result.end_s)


def faults_of(run: Run) -> list[tuple[str, float, float]]:
    """Return what was done to the target, and from when to when; for ever where it is not known to be healed."""
    done = [one for one in run.faults.injections if one.took_hold] if run.faults is not None else []
    return [
        (one.fault, one.inject_before_s, inf if one.heal_after_s is None else one.heal_after_s)
        for one in done
        if one.inject_before_s is not None
    ]


def _counted(result: Result, criteria: Sequence[Criterion], observed: Observed) -> Result:
    """Return a level as the samples have it; as the search has seen it where there are none."""
    inside = (observed.due_s >= result.start_s) & (observed.due_s < result.end_s)
    if not inside.any() or not criteria:
        return result
    flows = int((inside & (observed.due_s == observed.flow_due_s)).sum())
    return replace(
        result,
        offered_per_s=flows / (result.end_s - result.start_s),
        counts=counts_of(criteria, observed.where(inside), result.start_s, result.end_s),
    )


def _changes_per_flow(levels: Sequence[Level]) -> float | None:
    """Return how many accepted changes a flow brings, over the levels that were not broken; null without a flow."""
    sound = [one for one in levels if one.standing is not Standing.BROKEN]
    lengths = [one.end_s - one.start_s for one in sound]
    flows = sum(one.offered_flows_per_s * length_s for one, length_s in zip(sound, lengths, strict=True))
    changes = sum(one.changes_per_s * length_s for one, length_s in zip(sound, lengths, strict=True))
    return changes / flows if flows else None


def _times(per_s: float | None, factor: float | None) -> float | None:
    return per_s * factor if per_s is not None and factor is not None else None


def _shape(played: _Played, found: Estimate | None) -> Shape:
    standings = [standing(one) for one in played.results]
    if found is None and Standing.BROKEN not in standings:
        return Shape.NEVER_SATURATES if Standing.KEPT in standings else Shape.UNKNOWN
    if found is None:
        return Shape.NEVER_KEPT if Standing.KEPT not in standings else Shape.UNKNOWN
    if _falls_past(played, found):
        return Shape.RETROGRADE
    return Shape.FOLLOWS if _is_all_served(played) else Shape.SATURATES


def _falls_past(played: _Played, found: Estimate) -> bool:
    """Whether some level past the limit gets clearly less done than one of less load."""
    done = [(one.offered_flows_per_s, _goodput(one, played)) for one in played.levels if one.role != "return"]
    best = {offered: max(served for less, served in done if less <= offered) for offered, _ in done}
    return any(served < RETROGRADE_BELOW * best[offered] for offered, served in done if offered > found.upper_per_s)


def _is_all_served(played: _Played) -> bool:
    """Whether the level of the highest load got done what the levels that were kept get done of as much load."""
    top = max((one for one in played.levels if one.role != "return"), key=lambda one: one.offered_flows_per_s)
    per_flow = _goodput_per_flow(played)
    return per_flow is not None and _goodput(top, played) >= ALL_SERVED * top.offered_flows_per_s * per_flow


def _goodput_per_flow(played: _Played) -> float | None:
    """Return what a flow gets done where every criterion is kept: the median over such levels; null without any."""
    sound = [one for one in played.levels if one.standing is Standing.KEPT and one.offered_flows_per_s > 0]
    each = [_goodput(one, played) / one.offered_flows_per_s for one in sound]
    return float(np.median(each)) if each else None


def _goodput(level: Level, played: _Played) -> float:
    """Return what a level got done: accepted changes; of a mix without any, whatever did not fail."""
    has_changes = any(one.changes_per_s for one in played.levels)
    return level.changes_per_s if has_changes else level.served_per_s


def _limiter(found: Estimate | None, criteria: Sequence[Criterion], played: _Played) -> Limiter | None:
    if found is None:
        return None
    first = next((one for one in criteria if one.name == found.criterion), None)
    if first is None:
        why = next((one.overload for one in played.results if one.overload), "")
        return Limiter(criterion=found.criterion, words=f"a level was broken off: {why}")
    past = [
        (one.offered_per_s, counts.share)
        for one in played.results
        for counts in one.counts
        if counts.criterion == first.name and counts.share > counts.allowed
    ]
    seen = min(past, default=None)
    told = f" ({format_share(seen[1])} were past it at {format_rate(seen[0])})" if seen is not None else ""
    return Limiter(criterion=first.name, words=f"{asked_for(first)} gives first{told}")


def _beyond_kept_share(played: _Played, found: Estimate | None) -> float | None:
    """Return what was served past the limit, as a share of what is served at the capacity."""
    beyond = [one for one in played.levels if one.role == "beyond"]
    per_flow = _goodput_per_flow(played)
    if not beyond or per_flow is None or found is None:
        return None
    return _goodput(beyond[-1], played) / (found.per_s * per_flow) if per_flow else None


def _returned_s(played: _Played, criteria: Sequence[Criterion], observed: Observed) -> float | None:
    """Return how long after the step past the limit most exchanges kept every criterion again, for good.

    Looked at in windows of a second by the time when exchanges were due. Null where there was no such step or no
    return, and where the last windows are still bad: the target did not come back.
    """
    ends_s = [one.end_s for one in played.results if one.role == "beyond"]
    backs = [one for one in played.results if one.role == "return"]
    if not ends_s or not backs or not criteria:
        return None
    last_s, windows = ends_s[-1], int((backs[-1].end_s - ends_s[-1]) // _WINDOW_S)
    bad = [
        place
        for place in range(windows)
        if _is_bad(criteria, observed, last_s + place * _WINDOW_S, last_s + (place + 1) * _WINDOW_S)
    ]
    if bad and bad[-1] >= windows - 1:
        return None
    return (bad[-1] + 1) * _WINDOW_S if bad else 0.0


def _is_bad(criteria: Sequence[Criterion], observed: Observed, start_s: float, end_s: float) -> bool:
    inside = observed.where((observed.due_s >= start_s) & (observed.due_s < end_s))
    counted = counts_of(criteria, inside, start_s, end_s)
    return any(sum(one.due) >= _LEAST_IN_WINDOW and one.share > 0.5 for one in counted)


def words(capacity: Capacity) -> str:
    """Return one sentence for a person: what the capacity is, and how far to trust that."""
    if capacity.flows_per_s is None or capacity.flows_lower is None or capacity.flows_upper is None:
        return _WITHOUT[capacity.shape].format(
            highest=format_rate(max((one.offered_flows_per_s for one in capacity.levels), default=0.0)),
            lowest=format_rate(min((one.offered_flows_per_s for one in capacity.levels), default=0.0)),
        )
    changes = ""
    if capacity.changes_per_s:
        changes = f", {format_rate(capacity.changes_per_s)} of changes"
    past = {
        Shape.RETROGRADE: " Past it less gets done than before: overload must be kept away from it.",
        Shape.SATURATES: " Past it no less gets done, only later.",
        Shape.FOLLOWS: " Past it all of it still gets done, only later.",
    }
    is_passed = any(one.offered_flows_per_s > capacity.flows_upper for one in capacity.levels)
    return (
        f"{format_rate(capacity.flows_per_s)} of flows{changes} is the highest rate that keeps the criteria, with 95 % "
        f"confidence {format_rate(capacity.flows_lower)} to {format_rate(capacity.flows_upper)}, out of "
        f"{len(capacity.levels):,} levels.{past.get(capacity.shape, '') if is_passed else ''}"
    )


_WITHOUT = {
    Shape.NEVER_SATURATES: "Every rate up to {highest} was kept: the capacity lies beyond what was tried.",
    Shape.NEVER_KEPT: "Not even {lowest}, the lowest rate that was tried, was kept.",
}
