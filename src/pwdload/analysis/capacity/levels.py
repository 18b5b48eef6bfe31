"""The levels of a run: what each rate that it held brought, held against the criteria, with how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from pwdload.analysis.capacity.asked import UNSERVED, Asked, asked_of
from pwdload.analysis.capacity.holds import Hold, Source, holds_of, in_flight_between, settled_from_s, slices_of
from pwdload.analysis.capacity.seen import Floats, Seen, Timed
from pwdload.analysis.capacity.values import Level
from pwdload.analysis.run import Run
from pwdload.analysis.windows import Window
from pwdload.arrays import filled, picked
from pwdload.criteria import Criterion, Standing
from pwdload.statistics.bins import tallied, tally
from pwdload.statistics.blocks import BlockHistograms, block_draws, interval_of, share_draws
from pwdload.statistics.percentiles import P50, P95, P99, Codes, Percentile, order_statistics
from pwdload.statistics.queue_tail import PARTS
from pwdload.statistics.shares import share_interval

BLOCKS = 8
"""Into so many blocks a level is cut: long enough to forget the queue, enough to draw from."""
BLOCK_MIN_S = 0.5
DRAWS = 300
_SEED = 20261201


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A number that was seen, and its 95 % interval; all null where there are too few samples."""

    value: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A criterion held against one level."""

    criterion: Criterion
    standing: Standing
    seen: Bounded
    """In the unit of the criterion's limit."""
    draws: Floats
    """What each draw of blocks makes of it; empty where there is no value."""
    samples: int
    past: Floats = field(default_factory=lambda: np.empty(0))
    """Of a percentile: how many of the samples that have a time were past each of `PARTS` of its limit."""
    timed: int = 0
    """How many have one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadLevel:
    """A level, with more than a table of capacity needs of it. Rates are per second."""

    level: Level
    load: float
    """What was set: flows per second, or users in the closed model."""
    requests_per_s: float
    """Requests that were over, those left out of which nothing was sent."""
    flows_over_per_s: float
    goodput: Bounded
    """Accepted changes per second; where no password is changed, requests that came out as expected."""
    goodput_draws: Floats
    times: tuple[Bounded, Bounded, Bounded]
    """p50, p95 and p99 of the response time of `Seen.step`."""
    shed_share: float
    held: tuple[Held, ...]
    flows_due_per_s: float = 0.0
    """What really was offered: the luck of the draw is in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadLevels:
    """All levels of a run, in order of time."""

    source: Source
    asked: Asked
    levels: tuple[LoadLevel, ...]
    step: str
    """What response times are of; empty: all requests."""
    has_changes: bool
    """Whether goodput counts accepted changes."""
    is_open: bool

    @property
    def rising(self) -> tuple[LoadLevel, ...]:
        """The levels that a limit is estimated from, by load: without those that came down again from one too high."""
        climbed = [one for one in self.levels if one.level.role != "return"]
        return tuple(sorted(climbed, key=lambda one: (one.load, one.level.start_s)))


def load_levels(run: Run, stated: Sequence[Criterion] = (), seen: Seen | None = None) -> LoadLevels:
    """Return the levels of a run, held against what its scenario states (`pwdload.analysis.capacity.asked`).

    `seen` are the run's samples, where somebody has put them in order already.
    """
    holds, source = holds_of(run)
    return _levels(run, stated, holds, source, seen or Seen(run))


def loads_of_search(run: Run, stated: Sequence[Criterion], holds: Sequence[Hold], seen: Seen) -> LoadLevels:
    """Return what came of the levels of a search: what it offered is what really came, as in its own table."""
    return _levels(run, stated, holds, "search", seen)


def load_slices(run: Run, stated: Sequence[Criterion] = (), seen: Seen | None = None) -> LoadLevels:
    """Return equal parts of a run's measured time in the place of levels, for one that held too few loads."""
    return _levels(run, stated, slices_of(run), "slices", seen or Seen(run))


def _levels(run: Run, stated: Sequence[Criterion], holds: Sequence[Hold], source: Source, seen: Seen) -> LoadLevels:
    asked = asked_of(run, tuple(stated))
    levels = [_level(seen, asked, hold, source, place) for place, hold in enumerate(holds)]
    return LoadLevels(
        source=source,
        asked=asked,
        levels=tuple(_with_roles([one for one in levels if one is not None])),
        step=seen.step,
        has_changes=seen.has_changes,
        is_open=run.is_open,
    )


def _level(seen: Seen, asked: Asked, hold: Hold, source: Source, place: int) -> LoadLevel | None:
    is_held = source == "levels"
    left_s, sent_s = seen.left_s, seen.sent_s  # in this order: to put the former in order takes most room
    start_s = settled_from_s(hold.window, sent_s, left_s) if is_held else hold.window.start_s
    window = Window(start_s, hold.window.end_s)
    failed, flows = seen.failed.within(window), _count(seen.flows_due_s, window)
    if not len(failed):
        return None
    random = np.random.default_rng([_SEED, place])
    blocks = max(2, min(BLOCKS, int(window.length_s / BLOCK_MIN_S)))
    weights = block_draws(blocks, DRAWS, random)
    held = tuple(_held(seen, criterion, window, weights) for criterion in asked.criteria)
    good, length_s = seen.good.within(window), window.length_s
    good_draws = weights @ _per_block(good, window, blocks) / length_s
    response = seen.response.within(window)
    times = [bounded for bounded, _ in _percentiles(response, window, weights, (P50, P95, P99))]
    goodput = _bounded(float(good.value.sum()) / length_s, good_draws, blocks)
    standing, broken = _standing(held)
    level = Level(
        stage=hold.stage,
        start_s=window.start_s,
        end_s=window.end_s,
        offered_flows_per_s=hold.load if seen.is_open and source != "search" else flows / length_s,
        offered_requests_per_s=len(failed) / length_s,
        changes_per_s=float(goodput.value or 0.0) if seen.has_changes else 0.0,
        p95_s=times[1].value,
        failed_share=float(failed.value.mean()),
        in_flight=float(in_flight_between(np.array([window.start_s, window.end_s]), sent_s, left_s)[0]),
        samples=len(failed),
        standing=standing,
        broken=broken,
    )
    shed = seen.shed.within(window)
    return LoadLevel(
        level=level,
        load=hold.load,
        requests_per_s=_count(left_s, window) / length_s,
        flows_over_per_s=_count(seen.flows_over_s, window) / length_s,
        goodput=goodput,
        goodput_draws=good_draws,
        times=(times[0], times[1], times[2]),
        shed_share=float(shed.value.mean()) if len(shed) else 0.0,
        held=held,
        flows_due_per_s=flows / length_s,
    )


def _with_roles(levels: Sequence[LoadLevel]) -> list[LoadLevel]:
    """Mark the levels that came down again from one that was too high: what was left over there is served in them."""
    marked, broken_at = [], inf
    for one in levels:
        is_down = one.load < broken_at < inf
        if one.level.standing is Standing.BROKEN and not is_down:
            broken_at = min(broken_at, one.load)
        marked.append(replace(one, level=replace(one.level, role="return")) if is_down else one)
    return marked


def _held(seen: Seen, criterion: Criterion, window: Window, weights: Floats) -> Held:
    """Hold a criterion against a level: kept or broken only where the whole interval lies on one side of its limit."""
    past, timed = np.empty(0), 0
    if criterion is UNSERVED:
        bounded, draws, samples = _unserved(seen, window, weights)
    else:
        mine = seen.population(criterion).within(window)
        samples = len(mine)
        if criterion.permille:
            percentile = Percentile(criterion.name, criterion.permille)
            bounded, draws = _percentiles(mine, window, weights, [percentile])[0]
            past, timed = _past(mine, criterion.limit)
        else:
            bounded, draws = _share(mine, window, weights)
    standing = _stands(bounded, criterion.limit)
    return Held(
        criterion=criterion,
        standing=standing,
        seen=bounded,
        draws=draws,
        samples=samples,
        past=past,
        timed=timed,
    )


def _past(mine: Timed, limit_s: float) -> tuple[Floats, int]:
    """Return how many times are past each part of a limit, and how many there are."""
    value = mine.value  # NaN is beyond nothing
    return (
        np.array([np.count_nonzero(value > part * limit_s) for part in PARTS], dtype=np.float64),
        len(value) - int(np.count_nonzero(np.isnan(value))),
    )


def _stands(seen: Bounded, limit: float) -> Standing:
    if seen.lower is None or seen.upper is None:
        return Standing.CANNOT_TELL
    if seen.upper <= limit:
        return Standing.KEPT
    return Standing.BROKEN if seen.lower > limit else Standing.CANNOT_TELL


def _standing(held: Sequence[Held]) -> tuple[Standing, tuple[str, ...]]:
    """Return the standing of a level, and the criteria that it breaks, the furthest from its limit first."""
    broken = [one for one in held if one.standing is Standing.BROKEN]
    if broken:
        broken.sort(key=lambda one: -(one.seen.value or 0.0) / max(one.criterion.limit, 1e-9))
        return Standing.BROKEN, tuple(one.criterion.name for one in broken)
    is_kept = bool(held) and all(one.standing is Standing.KEPT for one in held)
    return (Standing.KEPT if is_kept else Standing.CANNOT_TELL), ()


def _percentiles(
    mine: Timed, window: Window, weights: Floats, wanted: Sequence[Percentile]
) -> list[tuple[Bounded, Floats]]:
    """Return each of these percentiles, and what each draw of blocks makes of it."""
    is_known = ~np.isnan(mine.value)
    known = mine if is_known.all() else Timed(picked(mine.at_s, is_known), picked(mine.value, is_known))
    if len(known) < min(one.least_samples for one in wanted):
        return [(Bounded(), np.empty(0))] * len(wanted)
    statistics = order_statistics(known.value, np.zeros(len(known), dtype=np.int8), 1, wanted)
    blocks = weights.shape[1]
    histograms = BlockHistograms.of(known.value, _blocks_of(known, window, blocks), blocks)
    found = []
    for one in wanted:
        value = float(statistics.values[one.column][0])
        if len(known) < one.least_samples:
            found.append((Bounded(), np.empty(0)))
            continue
        draws = value * histograms.draws(weights, one.permille)
        found.append((_bounded(value, draws, blocks), draws))
    return found


def _share(mine: Timed, window: Window, weights: Floats) -> tuple[Bounded, Floats]:
    if not len(mine):
        return Bounded(), np.empty(0)
    blocks = weights.shape[1]
    block = _blocks_of(mine, window, blocks)
    trials = tally(block, blocks).astype(np.float64)
    draws = share_draws(_per_block(mine, window, blocks), trials, weights)
    # Where nothing failed in any block no draw has a failure; that does not make failing impossible.
    alone = share_interval(int(mine.value.sum()), len(mine))
    seen = _bounded(float(mine.value.mean()), draws, blocks)
    lower, upper = min(seen.lower or 0.0, alone.lower), max(seen.upper or 0.0, alone.upper)
    return Bounded(value=seen.value, lower=lower, upper=upper), draws


def _unserved(seen: Seen, window: Window, weights: Floats) -> tuple[Bounded, Floats, int]:
    """Return the share of the flows due in a level by which those that were over in it fell behind."""
    blocks = weights.shape[1]
    due, over = (_counts(times_s, window, blocks) for times_s in (seen.flows_due_s, seen.flows_over_s))
    flows = int(due.sum())
    if not flows:
        return Bounded(), np.empty(0), 0
    value = max(0.0, 1 - float(over.sum()) / flows)
    draws = np.clip(1 - share_draws(over, due, weights), 0.0, 1.0)
    return _bounded(value, draws, blocks), draws, flows


def _bounded(value: float, draws: Floats, blocks: int) -> Bounded:
    lower, upper = interval_of(draws, blocks)
    return Bounded(value=value, lower=min(lower, value), upper=max(upper, value))


def _blocks_of(mine: Timed, window: Window, blocks: int) -> Codes:
    def places(part: slice) -> Floats:
        since_s = mine.at_s[part] - window.start_s
        since_s /= window.length_s
        since_s *= blocks
        return np.clip(since_s, 0, blocks - 1, out=since_s)

    return filled(len(mine), np.int16, places)


def _per_block(mine: Timed, window: Window, blocks: int) -> Floats:
    """Return how many of these were hits in each block."""
    block = _blocks_of(mine, window, blocks)
    return tallied(len(block), blocks, lambda part: block[part][mine.value[part]]).astype(np.float64)


def _counts(times_s: Floats, window: Window, blocks: int) -> Floats:
    edges = np.searchsorted(times_s, np.linspace(window.start_s, window.end_s, blocks + 1))
    return np.diff(edges).astype(np.float64)


def _count(times_s: Floats, window: Window) -> int:
    first, last = np.searchsorted(times_s, [window.start_s, window.end_s])
    return int(last - first)
