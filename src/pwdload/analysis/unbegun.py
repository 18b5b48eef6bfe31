"""Why arrivals that were planned are in no sample: every one of them has a reason, or is missing."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.rundir import ArrivalCounts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbegun:
    """Why planned arrivals are in no sample. The parts add up to all of them, without a remainder."""

    dropped: int = 0
    """Found the queue full."""
    abandoned: int = 0
    """Were still waiting when the load was broken off."""
    unrecorded: int = 0
    """Were begun, by the word of their process, and left no sample."""
    cut_off: int = 0
    """Were due right before a stop that came before the schedule's end."""
    lost: int = 0
    """Nobody accounts for them, and a process that did not report can have had their turns."""
    missing: int = 0
    """Nobody accounts for them, though every process reported."""

    @property
    def total(self) -> int:
        """How many there are."""
        return self.dropped + self.abandoned + self.unrecorded + self.cut_off + self.lost + self.missing


def explain(
    times_s: Floats, told: Mapping[str, ArrivalCounts], *, unrecorded: int, edge_s: float, some_silent: bool
) -> Unbegun:
    """Say why arrivals that were due at these times are in no sample: first by what the processes say.

    Of what nobody accounts for, as many as were due from ``edge_s`` on are taken to be cut off by the stop.
    """
    left = len(times_s)
    parts = {}
    claims = (
        ("dropped", sum(counts.dropped for counts in told.values())),
        ("abandoned", sum(counts.abandoned for counts in told.values())),
        ("unrecorded", unrecorded),
        ("cut_off", int((times_s >= edge_s).sum())),
        ("lost" if some_silent else "missing", left),
    )
    for name, claimed in claims:
        parts[name] = min(claimed, left)
        left -= parts[name]
    return Unbegun(**parts)
