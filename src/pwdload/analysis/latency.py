"""Latency tables: percentiles of response time, service time and generator lag, by whatever a request can be cut by.

No mean and no standard deviation: the distribution is skewed, and nobody waits the mean. Tables are computed from all
raw samples at once, whichever process made them; a percentile is never merged from percentiles.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pwdload.analysis.kinds import groups_of
from pwdload.analysis.run import ACCEPTED
from pwdload.statistics.percentiles import MAXIMUM, PERCENTILES, order_statistics

LATENCY_COLUMNS = ("count", *(percentile.column for percentile in PERCENTILES), MAXIMUM.column)
"""Columns of every latency table after its keys: how many values, their percentiles and maximum in seconds.

A percentile is NaN where the least-samples rule forbids it (`pwdload.statistics.percentiles`).
"""


def latency_table(samples: pd.DataFrame, by: Sequence[str], value: str = "response_s") -> pd.DataFrame:
    """Return one row per combination of the columns ``by`` that occurs, in their order, with `LATENCY_COLUMNS`.

    ``value`` is ``response_s``, ``service_s`` or ``lag_s``; samples that have none (nothing was sent) are not counted.
    """
    groups = groups_of(samples, by)
    statistics = order_statistics(samples[value].to_numpy(dtype=float), groups.codes, group_count=len(groups.keys))
    table = groups.keys.assign(count=statistics.counts, **statistics.values)
    return table[table["count"] > 0].reset_index(drop=True)


def time_parts_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Return for each step its response time, service time and generator lag under one another.

    Columns: ``step``, ``time`` (response, service, lag) and `LATENCY_COLUMNS`.
    """
    parts = [
        latency_table(samples, ["step"], f"{name}_s").assign(time=name, rank=rank)
        for rank, name in enumerate(("response", "service", "lag"))
    ]
    table = pd.concat(parts, ignore_index=True).sort_values(["step", "rank"], ignore_index=True)
    return table[["step", "time", *LATENCY_COLUMNS]]


def overall(samples: pd.DataFrame, value: str = "response_s") -> dict[str, float]:
    """Return the one row of a latency table over all the given samples, by column name; NaN as there."""
    values = samples[value].to_numpy(dtype=float)
    statistics = order_statistics(values, np.zeros(len(values), np.int8), 1)
    columns = {name: float(column[0]) for name, column in statistics.values.items()}
    return {"count": float(statistics.counts[0]), **columns}


def accepted(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the samples that the target accepted, rightly or wrongly."""
    return samples[samples["outcome"].isin(ACCEPTED)]
