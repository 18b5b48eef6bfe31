"""Latency tables: percentiles of response time, service time and generator lag, by whatever a request can be cut by.

No mean and no standard deviation: the distribution is skewed, and nobody waits the mean. Tables are computed from all
raw samples at once, whichever process made them; a percentile is never merged from percentiles.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.frame import time_of
from pwdload.analysis.kinds import chosen, groups_of
from pwdload.analysis.run import ACCEPTED
from pwdload.arrays import filled
from pwdload.statistics.percentiles import MAXIMUM, PERCENTILES, Codes, Floats, order_statistics
from pwdload.statistics.quantiles import WITH_INTERVALS, percentile_intervals

Column = Floats | npt.NDArray[np.int64]

LATENCY_COLUMNS = ("count", *(percentile.column for percentile in PERCENTILES), MAXIMUM.column)
"""Columns of every latency table after its keys: how many values, their percentiles and maximum in seconds.

A percentile is NaN where the least-samples rule forbids it (`pwdload.statistics.percentiles`).
"""
TIME_PARTS = {
    "response": "response_s",
    "service": "service_s",
    "lag": "lag_s",
    "first byte": "first_byte_s",
    "connect": "connect_s",
    "TLS": "tls_s",
}
"""The parts of a request's time by name, in the order of their rows; ``first byte`` counts from sending to it."""
INTERVAL_COLUMNS = tuple(f"{percentile.name}_{end}_s" for percentile in WITH_INTERVALS for end in ("lower", "upper"))
"""Columns that a latency table with intervals has besides: ends at 95 % confidence of p50, p95 and p99, in seconds.

NaN where there are too few samples, or where they hang together too few effective ones; see
`pwdload.statistics.quantiles`.
"""


def latency_table(
    samples: pd.DataFrame, by: Sequence[str], value: str = "response_s", *, with_intervals: bool = False
) -> pd.DataFrame:
    """Return one row per combination of the columns ``by`` that occurs, in their order, with `LATENCY_COLUMNS`.

    ``value`` is ``response_s``, ``service_s`` or ``lag_s``; samples that have none (nothing was sent) are not counted.
    ``with_intervals`` adds `INTERVAL_COLUMNS`; neighbours are then samples that were due one after another.
    """
    groups = groups_of(samples, by)
    values, count = time_of(samples, value), len(groups.keys)
    if with_intervals:
        columns = _with_intervals(values, samples["intended_s"].to_numpy(dtype=float), groups.codes, count)
    else:
        statistics = order_statistics(values, groups.codes, group_count=count)
        columns = {"count": statistics.counts, **statistics.values}
    table = groups.keys.assign(**columns)
    return table[table["count"] > 0].reset_index(drop=True)


def time_parts_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Return for each step the parts of its time under one another.

    Columns: ``step``, ``time`` (response, service, lag, first byte, connect, TLS), `LATENCY_COLUMNS` and, of the
    response time alone, `INTERVAL_COLUMNS`. Connecting and TLS are of requests that opened a connection; a part that no
    request of a step had has no row.
    """
    parts = [
        latency_table(_with_part(samples, column), ["step"], column, with_intervals=name == "response").assign(
            time=name, rank=rank
        )
        for rank, (name, column) in enumerate(TIME_PARTS.items())
    ]
    first, *others = (part for part in parts if len(part) or part is parts[0])
    table = pd.concat([first, *others], ignore_index=True).sort_values(["step", "rank"], ignore_index=True)
    return table[["step", "time", *LATENCY_COLUMNS, *INTERVAL_COLUMNS]]


def _with_part(samples: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the samples that have a part of the time; the first byte's counts from sending. Nothing else is copied."""
    if column == "first_byte_s":
        first_s, sent_s = (samples[name].to_numpy(dtype=float) for name in ("first_byte_s", "sent_s"))
        taken_s = filled(len(samples), np.float64, lambda part: first_s[part] - sent_s[part])
        return pd.DataFrame({"step": samples["step"].array, column: taken_s}, copy=False)
    if column in ("connect_s", "tls_s"):
        return chosen(samples, samples[column].notna().to_numpy(), ["step", column])
    if column not in samples:
        return pd.DataFrame({"step": samples["step"].array, column: time_of(samples, column)}, copy=False)
    return samples[["step", "intended_s", column]]


def overall_intervals(samples: pd.DataFrame, value: str = "response_s", due: str = "intended_s") -> dict[str, float]:
    """Return what `overall` does with `INTERVAL_COLUMNS` besides; the column ``due`` says when each value was due."""
    values, times = samples[value].to_numpy(dtype=float), samples[due].to_numpy(dtype=float)
    columns = _with_intervals(values, times, np.zeros(len(values), dtype=np.int8), 1)
    return {name: float(column[0]) for name, column in columns.items()}


def overall(samples: pd.DataFrame, value: str = "response_s") -> dict[str, float]:
    """Return the one row of a latency table over all the given samples, by column name; NaN as there."""
    values = time_of(samples, value)
    statistics = order_statistics(values, np.zeros(len(values), np.int8), 1)
    columns = {name: float(column[0]) for name, column in statistics.values.items()}
    return {"count": float(statistics.counts[0]), **columns}


def accepted(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the samples that the target accepted, rightly or wrongly."""
    return chosen(samples, samples["outcome"].isin(ACCEPTED).to_numpy())


def _with_intervals(values: Floats, times: Floats, groups: Codes, group_count: int) -> dict[str, Column]:
    """Return the count, the percentiles and their intervals of each group, by column name."""
    found = percentile_intervals(values, times, groups, group_count)
    columns: dict[str, Column] = {"count": found.statistics.counts, **found.statistics.values}
    for percentile in WITH_INTERVALS:
        columns[f"{percentile.name}_lower_s"] = found.lower[percentile.column]
        columns[f"{percentile.name}_upper_s"] = found.upper[percentile.column]
    return columns
