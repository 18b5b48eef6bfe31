"""Samples counted in slots of time: what dependence is measured on, and what blocks are made of.

A run has millions of samples, but how they hang together shows in how a few hundred counts do. Everything that is said
of dependence, and every resampling, works on these counts; the samples themselves are read once. A slot holds what was
due in it, whatever order the samples came in, so that a run split over many files gives the same counts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.arrays import filled
from pwdload.statistics.percentiles import Codes, Floats

SLOTS_MAX = 2048
"""Finer than this shows nothing that matters to an interval, and costs time."""
SAMPLES_PER_SLOT = 5
"""On average at least so many: a slot of one sample has nothing to be counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCounts:
    """How many samples of a group each slot had, and how many of them were hits; slots in order of time.

    A hit is whatever is counted: a value that does not exceed a percentile, a failed request. Slots before the first
    and after the last sample of the group are left out; an empty slot between them is there, with zeros.
    """

    totals: Floats
    hits: Floats

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.totals.sum())

    @property
    def share(self) -> float:
        """The share of hits, from 0 to 1; 0 without samples."""
        return float(self.hits.sum() / max(self.totals.sum(), 1.0))

    @property
    def residuals(self) -> Floats:
        """Hits of each slot beyond those that the overall share would give it; they add up to 0."""
        residuals: Floats = self.hits - self.share * self.totals
        return residuals


def slot_count(samples: int) -> int:
    """Return how many slots suit so many samples; at least one."""
    return int(np.clip(samples // SAMPLES_PER_SLOT, 1, SLOTS_MAX))


def slot_codes(times: Floats, slots: int) -> Codes:
    """Return the slot of each time, 0 to ``slots - 1``, all equally long from the earliest time to the latest.

    Times may come in any order and unit; all of one moment are in one slot.
    """
    kind = np.int16 if slots < 2**15 else np.int64
    if not len(times):
        return np.zeros(0, kind)
    first, last = float(times.min()), float(times.max())
    if last <= first:
        return filled(len(times), kind, lambda _: 0)
    per_unit = slots / (last - first)
    return filled(len(times), kind, lambda part: np.minimum((times[part] - first) * per_unit, slots - 1))


def counted(codes: Codes, hits: npt.NDArray[np.bool_], slots: int) -> SlotCounts:
    """Return the counts of one group."""
    totals = np.bincount(codes, minlength=slots)
    return trimmed(totals, np.bincount(codes[hits], minlength=slots))


def trimmed(totals: npt.NDArray[np.integer], hits: npt.NDArray[np.integer]) -> SlotCounts:
    """Return counts without the empty slots before the first sample and after the last."""
    occupied = np.flatnonzero(totals)
    span = slice(occupied[0], occupied[-1] + 1) if len(occupied) else slice(0, 0)
    return SlotCounts(totals=totals[span].astype(np.float64), hits=hits[span].astype(np.float64))
