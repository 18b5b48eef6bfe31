"""Block bootstrap of percentiles, shares and rates: resampling that keeps neighbours together.

What is resampled is not samples but slots of time with their counts (`pwdload.statistics.slots`): a percentile of a
replicate is read off the counts below a grid of thresholds, so that ten million samples cost as much as ten thousand.
Blocks are of the length that `pwdload.statistics.dependence.block_length` chooses from the series itself.

Beside the ranks of `pwdload.statistics.quantiles` this is the second opinion, not the first: it holds the truth less
often where blocks are few (measured in tests/statistics/test_bootstrap.py), as it resamples what was seen, and bad
spells that did not come are not in it. What it can and ranks cannot is any number that is a function of counts.

Sources: D. N. Politis, J. P. Romano, "A circular block-resampling procedure for stationary data", in "Exploring the
limits of bootstrap", Wiley (1992), 263-270; "The stationary bootstrap", Journal of the American Statistical Association
89 (1994), 1303-1313.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.statistics.dependence import block_length
from pwdload.statistics.percentiles import Floats, Percentile
from pwdload.statistics.slots import SlotCounts, slot_codes, slot_count

REPLICATES = 1000
THRESHOLDS = 200
"""How many values a percentile of a replicate may have; between them it is read off a straight line."""
_REACH = 8.0
"""Thresholds reach so many standard errors to each side, by the design effect of the blocks."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicates:
    """What a number came out as in each replicate, with the length of the blocks, in slots."""

    values: Floats
    block_slots: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the ends that leave the same share of the replicates on either side."""
        tail = (1.0 - confidence) / 2.0
        lower, upper = np.quantile(self.values, [tail, 1.0 - tail])
        return float(lower), float(upper)


def block_weights(
    slots: int, length: int, rng: np.random.Generator, *, replicates: int = REPLICATES, stationary: bool = False
) -> Counts:
    """Return how often each slot is in each replicate, one replicate per row.

    Circular blocks of one length; ``stationary`` ones have random lengths with that mean, so that a replicate is a
    stationary series. The last block is cut so that each replicate has as many slots as the series.
    """
    if stationary:
        return _stationary_weights(slots, length, rng, replicates)
    blocks = -(-slots // length)
    starts = rng.integers(0, slots, (replicates, blocks))
    places = (starts[:, :, None] + np.arange(length)).reshape(replicates, -1)[:, :slots] % slots
    return _times_drawn(places, slots)


def percentile_replicates(
    values: Floats, times: Floats, percentile: Percentile, seed: int, *, stationary: bool = False
) -> Replicates:
    """Return a percentile of each replicate; needs the least samples of the percentile.

    Raises:
        ValueError: there are fewer.
    """
    count, share = len(values), percentile.permille / 1000.0
    if count < percentile.least_samples:
        raise ValueError(f"{count} samples: {percentile.name} needs {percentile.least_samples}")
    slots = slot_count(count)
    codes = slot_codes(times, slots)
    ordered = np.sort(values)
    cut = ordered[-(-percentile.permille * count // 1000) - 1]
    totals = np.bincount(codes, minlength=slots).astype(np.float64)
    residuals = np.bincount(codes[values <= cut], minlength=slots) - share * totals
    length = block_length(residuals)
    spread = np.sqrt(max(float(residuals @ residuals) * length, share * (1.0 - share) * count)) / count
    ranks = np.linspace(max(share - _REACH * spread, 0.0), min(share + _REACH * spread, 1.0), THRESHOLDS)
    cuts = np.unique(ordered[np.clip((ranks * count).astype(np.int64), 0, count - 1)])
    cells = codes.astype(np.int64) * (len(cuts) + 1) + np.searchsorted(cuts, values, side="left")
    table = np.bincount(cells, minlength=slots * (len(cuts) + 1)).reshape(slots, -1)
    rng = np.random.default_rng(seed)
    weights = block_weights(slots, length, rng, stationary=stationary).astype(np.float64)
    below = np.cumsum(weights @ table.astype(np.float64), axis=1)
    wanted = share * below[:, -1]
    found = np.array([np.interp(want, row[:-1], cuts) for want, row in zip(wanted, below, strict=True)])
    return Replicates(values=found, block_slots=length)


def share_replicates(counts: SlotCounts, seed: int) -> Replicates:
    """Return the share of hits of each replicate; 0 where a replicate has no sample."""
    length = block_length(counts.residuals)
    weights = block_weights(len(counts.totals), length, np.random.default_rng(seed)).astype(np.float64)
    return Replicates(values=(weights @ counts.hits) / np.maximum(weights @ counts.totals, 1.0), block_slots=length)


def rate_replicates(events: Floats, slot_s: float, seed: int) -> Replicates:
    """Return the events per second of each replicate, from the number of events in each slot of so many seconds."""
    length = block_length(events)
    weights = block_weights(len(events), length, np.random.default_rng(seed)).astype(np.float64)
    return Replicates(values=(weights @ events) / (len(events) * slot_s), block_slots=length)


def _stationary_weights(slots: int, length: int, rng: np.random.Generator, replicates: int) -> Counts:
    begins = rng.random((replicates, slots)) < 1.0 / length
    begins[:, 0] = True
    at = np.arange(slots)
    since = at - np.maximum.accumulate(np.where(begins, at, 0), axis=1)
    starts = rng.integers(0, slots, (replicates, slots))
    places = (np.take_along_axis(starts, at - since, axis=1) + since) % slots
    return _times_drawn(places, slots)


def _times_drawn(places: Counts, slots: int) -> Counts:
    replicates = len(places)
    cells = places + (np.arange(replicates) * slots)[:, None]
    drawn: Counts = np.bincount(cells.ravel(), minlength=replicates * slots).reshape(replicates, slots)
    return drawn
