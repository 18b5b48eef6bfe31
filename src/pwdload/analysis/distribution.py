"""How response times are spread: counts in bins that grow by a constant factor, for one step or over time.

A bin is a twentieth of a decade wide, 12 %: fine enough to see two humps, coarse enough that the tail is not noise.
Edges are the same in every run, so that two runs can be laid over one another.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.kinds import chosen
from pwdload.analysis.run import Run
from pwdload.statistics.bins import part_by_part, tallied, whole_widths
from pwdload.statistics.percentiles import Codes, Floats

BINS_PER_DECADE = 20
LEAST_S = 1e-6
"""What is faster is counted as this: nobody measures it."""
DISTRIBUTION_COLUMNS = ("step", "from_s", "to_s", "count", "share", "slower")
_ON_EDGE = 1e-9
"""A value that lies on an edge belongs to the bin above it, whatever the logarithm makes of its last digit."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """How many requests fell into each cell of time and response time."""

    start_s: Floats
    """Where each column begins, on the run's clock, by when a request was due."""
    from_s: Floats
    """Where each row begins, in seconds of response time; the next begins where it ends."""
    counts: Counts
    """Row after row."""


def distribution_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the response times of each step in bins, with `DISTRIBUTION_COLUMNS`; from its first bin to its last.

    ``share`` is of the requests of the step; ``slower`` is the share of them that is slower than the whole bin (1 less
    the cumulative share at ``to_s``), exactly 0 at the last.
    """
    steps = samples["step"].cat.categories
    bins = response_bins(samples["response_s"].to_numpy(dtype=float))
    least = int(bins.min()) if len(bins) else 0
    size = int(bins.max()) - least + 1 if len(bins) else 0
    step = samples["step"].cat.codes.to_numpy()

    def cells(part: slice) -> Codes:
        return step[part].astype(np.int32) * np.int32(size) + bins[part] - np.int32(least)

    counts = tallied(len(bins), len(steps) * size, cells).reshape(len(steps), size)
    parts = [_of_step(str(step), row, least) for step, row in zip(steps, counts, strict=True) if row.any()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(DISTRIBUTION_COLUMNS))


def heat_of(run: Run, step: str, width_s: float, columns: int, rows_max: int = 60) -> Heat | None:
    """Return the requests of one step by time and response time, in so many columns; null where there are none.

    Rows are bins of a twentieth of a decade, or so many of them together that there are not more than ``rows_max``.
    What was due after the last column counts into it.
    """
    samples = chosen(run.samples, (run.samples["step"] == step).to_numpy(), ["intended_s", "response_s"])
    if not len(samples):
        return None
    bins = response_bins(samples["response_s"].to_numpy(dtype=float))
    together = -(-(int(bins.max()) - int(bins.min()) + 1) // rows_max)
    least, most = int(bins.min()) // together, int(bins.max()) // together
    size, due_s = most - least + 1, samples["intended_s"].to_numpy(dtype=float)

    def cells(part: slice) -> Codes:
        at = np.clip(whole_widths(due_s[part], width_s), 0, columns - 1).astype(np.int32)
        return (bins[part] // together - least) * np.int32(columns) + at

    counts = tallied(len(bins), size * columns, cells).reshape(size, columns)
    return Heat(
        start_s=np.arange(columns) * np.float64(width_s),
        from_s=edges((np.arange(size) + least) * together),
        counts=counts,
    )


def response_bins(values_s: Floats) -> Codes:
    """Return the bin of each response time: 0 begins at 1 s, 20 at 10 s, -20 at 100 ms."""
    return part_by_part(_response_bins, values_s)


def _response_bins(values_s: Floats) -> Codes:
    places = np.log10(np.maximum(values_s, LEAST_S))
    places *= BINS_PER_DECADE
    places += _ON_EDGE
    bins: Codes = np.floor(places, out=places).astype(np.int32)
    return bins


def edges(bins: Codes) -> Floats:
    """Return where bins begin, in seconds, to six digits."""
    return np.array([float(f"{10.0 ** (place / BINS_PER_DECADE):.6g}") for place in bins.tolist()])


def _of_step(step: str, counts: Counts, least: int) -> pd.DataFrame:
    occupied = np.flatnonzero(counts)
    first, last = int(occupied[0]), int(occupied[-1])
    own, total = counts[first : last + 1], int(counts.sum())
    bounds = edges(np.arange(first, last + 2) + least)
    slower = (total - np.cumsum(own)) / total
    return pd.DataFrame(
        {
            "step": step,
            "from_s": bounds[:-1],
            "to_s": bounds[1:],
            "count": own,
            "share": own / total,
            "slower": slower,
        }
    )
