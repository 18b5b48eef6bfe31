"""The one place that says what a run tells of its target's capacity."""

from dataclasses import replace

from pwdload.analysis.capacity.estimate import capacity_of_levels
from pwdload.analysis.capacity.holds import LEVELS_WANTED
from pwdload.analysis.capacity.levels import LoadLevels, load_levels, load_slices, loads_of_search
from pwdload.analysis.capacity.search import searched, undisturbed_holds
from pwdload.analysis.capacity.seen import Seen
from pwdload.analysis.capacity.values import Capacity, Shape
from pwdload.analysis.recovery.stated import slo_in
from pwdload.analysis.run import Run
from pwdload.analysis.stopped import Stopped, stopped
from pwdload.criteria import Criterion, stated


def capacity_of(run: Run, levels: LoadLevels | None = None) -> Capacity | None:
    """Return what is known of the target's capacity; null where nothing was due while it counted.

    What a search has found is worth more than what levels happen to show. `levels` are the run's own (`levels_of`),
    where somebody has them already.
    """
    if run.search is not None:
        return searched(run)
    if not len(run.due):
        return None
    found = levels_of(run) if levels is None else levels
    gone = stopped(run)
    return capacity_of_levels(found) if gone is None else _before(gone, found)


def _before(gone: Stopped, found: LoadLevels) -> Capacity:
    """Return the capacity by the levels before the target stopped answering: those after say nothing of a rate."""
    whole = tuple(one for one in found.levels if gone.since_s is not None and one.level.end_s <= gone.since_s)
    known = capacity_of_levels(replace(found, levels=whole))
    before = f"Before that: {known.words}" if known.shape is not Shape.UNKNOWN else gone.unknown
    return replace(known, levels=tuple(one.level for one in found.levels), words=f"{gone.words} {before}")


def levels_of(run: Run, seen: Seen | None = None) -> LoadLevels:
    """Return the levels of a run, held against the criteria that its scenario states.

    `seen` are its samples, where somebody has put them in order already.
    """
    return load_levels(run, _stated(run), seen)


def seen_of(run: Run, levels: LoadLevels, seen: Seen | None = None) -> LoadLevels:
    """Return what shows best how a run's response times, throughput and load hang together.

    The levels of its search; its own; of a run with fewer than `LEVELS_WANTED`, equal parts of its measured time.
    """
    searched_holds = undisturbed_holds(run)
    if len(searched_holds) >= LEVELS_WANTED:
        return loads_of_search(run, _stated(run), searched_holds, seen or Seen(run))
    return levels if len(levels.levels) >= LEVELS_WANTED else load_slices(run, _stated(run), seen)


def levels_and_shown(run: Run) -> tuple[LoadLevels, LoadLevels]:
    """Return `levels_of` and `seen_of` a run; its samples are put in order once for both, and given up."""
    seen = Seen(run)
    levels = levels_of(run, seen)
    return levels, seen_of(run, levels, seen)


def _stated(run: Run) -> tuple[Criterion, ...]:
    slo = slo_in(run.scenario_source)
    return stated(slo) if slo is not None else ()
