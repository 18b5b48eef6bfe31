"""Percentiles as exact order statistics of raw samples, and the rule that says when there are too few to print one.

Definition (nearest rank, numpy's ``inverted_cdf``): the p-th percentile of n values is the smallest observed value
that at least p per cent of them do not exceed, the value of rank ``ceil(p / 100 * n)`` in ascending order. It is always
a value that was really measured: nothing is interpolated, so nothing below an observed value is ever reported.

Least-samples rule: at least `LEAST_BEYOND` values are expected above the percentile, ``n * (1 - p / 100) >= 10``. A
p99 of 200 requests rests on its two slowest and says more about luck than about the target, so it is not printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.arrays import copied, picked
from pwdload.statistics.bins import tally
from pwdload.statistics.ordering import group_order, taken

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]
Counts = npt.NDArray[np.int64]

LEAST_BEYOND = 10
"""How many values must lie beyond a percentile before it is printed."""


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile, in thousandths so that ranks are exact integers: 0.99 * 300 is 297.00000000000006 for a float."""

    name: str
    permille: int

    @property
    def column(self) -> str:
        """Name of its column in every latency table; the values are seconds."""
        return f"{self.name}_s"

    @property
    def least_samples(self) -> int:
        """Fewest values for which the percentile is printed: p50 20, p90 100, p95 200, p99 1,000, p99.9 10,000."""
        return self.least_for(LEAST_BEYOND)

    def least_for(self, beyond: int) -> int:
        """Return the fewest values of which so many are expected beyond the percentile; at least one."""
        return max(1, -(-beyond * 1000 // (1000 - self.permille)))

    def ranks(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the 1-based rank of the percentile among each number of values; 0 among none."""
        return (self.permille * counts + 999) // 1000


P50 = Percentile("p50", 500)
P90 = Percentile("p90", 900)
P95 = Percentile("p95", 950)
P99 = Percentile("p99", 990)
P999 = Percentile("p99_9", 999)
PERCENTILES = (P50, P90, P95, P99, P999)
MAXIMUM = Percentile("max", 1000)
"""The largest value: the order statistic of the last rank, printed from one sample on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatistics:
    """Order statistics of several groups of values; row i belongs to group i."""

    counts: npt.NDArray[np.int64]
    values: dict[str, Floats]
    """By column name; NaN where a group has too few values."""


def order_statistics(
    values: Floats,
    groups: Codes,
    group_count: int,
    percentiles: Sequence[Percentile] = PERCENTILES,
    *,
    least_beyond: int = LEAST_BEYOND,
) -> OrderStatistics:
    """Return percentiles and the maximum of each group of values.

    Values that are NaN are left out, and a group code below 0 belongs to no group. A percentile is
    given where at least ``least_beyond`` values are expected beyond it. With less than `LEAST_BEYOND` it describes the
    values of its group and estimates nothing; with 0 it is given as soon as a group has one value.
    """
    values, groups = _kept(values, groups)
    counts = tally(groups, group_count)
    together = _group_after_group(values, groups, group_count)
    # Only what stands at these ranks is looked at, so that no more than that has to be in its place.
    _put_in_place(together, counts, [percentile.ranks(counts) for percentile in (*percentiles, MAXIMUM)])
    return statistics_of_sorted(together, counts, percentiles, least_beyond=least_beyond)


def statistics_of_sorted(
    ordered: Floats,
    counts: npt.NDArray[np.int64],
    percentiles: Sequence[Percentile] = PERCENTILES,
    *,
    least_beyond: int = LEAST_BEYOND,
) -> OrderStatistics:
    """Return the same of values that stand group after group, so many of each, ascending within each."""
    group_count, starts = len(counts), np.cumsum(counts) - counts
    columns: dict[str, Floats] = {}
    for percentile in (*percentiles, MAXIMUM):
        least = 1 if percentile is MAXIMUM else percentile.least_for(least_beyond)
        column = np.full(group_count, np.nan)
        enough = counts >= least
        column[enough] = ordered[(starts + percentile.ranks(counts) - 1)[enough]]
        columns[percentile.column] = column
    return OrderStatistics(counts=counts, values=columns)


def _kept(values: Floats, groups: Codes) -> tuple[Floats, Codes]:
    is_out = np.isnan(values) | (groups < 0)
    if not is_out.any():
        return values, groups
    kept = ~is_out
    return picked(values, kept), picked(groups, kept)


def order_of_groups(groups: Codes, group_count: int) -> npt.NDArray[np.integer] | None:
    """Return what puts values group after group, each as they stand; null where they are so."""
    if group_count == 1 or (groups[1:] >= groups[:-1]).all():  # by time, for one, they often are
        return None
    return group_order(groups, group_count)


def _group_after_group(values: Floats, groups: Codes, group_count: int) -> Floats:
    """Return the values of the first group, then of the next, as a copy; within a group in any order."""
    order = order_of_groups(groups, group_count)
    together: Floats = copied(values) if order is None else taken(values, order)
    return together


def _put_in_place(values: Floats, counts: Counts, ranks: Sequence[Counts]) -> None:
    """Reorder each group so that its values of some ranks stand where a full sort would have put them.

    To select a handful of ranks takes a tenth of the time of a sort of ten million values.
    """
    places, starts = np.stack(ranks).T - 1, np.cumsum(counts) - counts
    for group in np.flatnonzero(counts > 1).tolist():
        start, count = int(starts[group]), int(counts[group])
        values[start : start + count].partition(sorted(set(places[group].tolist())))
