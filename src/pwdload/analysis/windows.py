"""Which part of a run is measured, and the bins that its time is cut into."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.rundir import StageRecord

BIN_WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Widths that a reader can do sums with."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the run's clock, in seconds; the start belongs to it, the end does not."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long it lasts, in seconds."""
        return self.end_s - self.start_s

    def contains(self, times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return for each time whether it lies in the window."""
        inside: npt.NDArray[np.bool_] = (times_s >= self.start_s) & (times_s < self.end_s)
        return inside


def stage_window(stage: StageRecord, end_s: float) -> Window | None:
    """Return when a stage really was, given when the run ended; None when the run never reached it."""
    end = end_s if stage.end_s is None else min(stage.end_s, end_s)
    return Window(stage.start_s, end) if end > stage.start_s else None


def measured_windows(stages: Sequence[StageRecord], end_s: float) -> tuple[Window, ...]:
    """Return the measured stages as far as the run reached them; the whole run when it has no stages.

    The end of the whole run is closed: the answer that ended a run which was cut short belongs to it.
    """
    if not stages:
        return (Window(0.0, math.nextafter(end_s, math.inf)),) if end_s > 0 else ()
    windows = (stage_window(stage, end_s) for stage in stages if stage.measured)
    return tuple(window for window in windows if window is not None)


def bin_width_s(length_s: float, bins_max: int) -> int:
    """Return the finest of `BIN_WIDTHS_S` that cuts a length into at most so many bins (the coarsest if none does)."""
    return next((width for width in BIN_WIDTHS_S if length_s / width <= bins_max), BIN_WIDTHS_S[-1])
