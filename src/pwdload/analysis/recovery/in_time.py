"""A run with faults over time, by when things were due: what was asked of the target, and what became of it."""

import numpy as np
import pandas as pd

from pwdload.analysis.answers import answer_label
from pwdload.analysis.recovery.load import Floats, Load, Places, Spells
from pwdload.analysis.windows import bin_width_s
from pwdload.statistics.percentiles import MAXIMUM, P50, P95, P99, order_statistics

BINS_MAX = 600
FINE_S = 0.5
"""Faults last for seconds: where there is enough to be seen, a second is cut in two."""
REQUESTS_LEAST = 20.0
"""So many requests a bin should have: p95 needs as many."""
IN_TIME = (P50, P95, P99)


def suitable_width_s(load: Load, last_s: float) -> float:
    """Return the width of the bins that suits a run: fine, but with enough requests in each, and not too many."""
    rate_per_s = len(load.requests.due_s) / last_s if last_s > 0 else 0.0
    least_s = max(REQUESTS_LEAST / rate_per_s if rate_per_s else 0.0, last_s / BINS_MAX)
    return FINE_S if least_s <= FINE_S else float(max(bin_width_s(last_s, BINS_MAX), bin_width_s(least_s, 1)))


def recovery_in_time(load: Load, bins: int, width_s: float) -> pd.DataFrame:
    """Return the run in bins of time; a bin in which nothing was due has zeros.

    Columns: ``start_s``; ``planned`` (flows by the planned rate, NaN in the closed model), ``offered`` (flows by when
    their first request was sent), ``good`` (flows due in the bin that came out as expected), ``requests`` and
    ``failed`` (due in the bin), ``p50_s``, ``p95_s``, ``p99_s``, ``max_s`` (response times of those due; NaN where
    there are too few), ``in_flight`` (requests due and not over, averaged) and ``oldest_s`` (at the end of the bin,
    how long the oldest of them had been due).
    """
    edges: Floats = np.arange(bins + 1, dtype=np.float64) * np.float64(width_s)
    requests, flows = load.requests, load.flows
    place = _places(requests.due_s, width_s)
    kept = place < bins
    statistics = order_statistics((requests.done_s - requests.due_s)[kept], place[kept], bins, IN_TIME, least_beyond=1)
    sent_s = load.flow_sent_s[~np.isnan(load.flow_sent_s)]
    return pd.DataFrame(
        {
            "start_s": edges[:-1],
            "planned": _planned(load, edges),
            "offered": _counts(sent_s, bins, width_s),
            "good": _counts(flows.due_s[~flows.is_failed], bins, width_s),
            "requests": statistics.counts,
            "failed": _counts(requests.due_s[requests.is_failed], bins, width_s),
            **{one.column: statistics.values[one.column] for one in (*IN_TIME, MAXIMUM)},
            "in_flight": _in_flight(requests, edges),
            "oldest_s": oldest_s(requests, edges[1:]),
        }
    )


def failures_in_time(load: Load, bins: int, width_s: float) -> dict[str, Places]:
    """Return for each kind of failure how many exchanges due in each bin ended so; the most frequent first."""
    failed = load.exchanges.is_failed
    labels = answer_label(load.samples[failed])
    places = _places(load.exchanges.due_s[failed], width_s)
    names, codes = np.unique(labels.to_numpy(dtype=str), return_inverse=True)
    found = {
        str(name): np.bincount(places[(codes == number) & (places < bins)], minlength=bins)
        for number, name in enumerate(names)
    }
    return dict(sorted(found.items(), key=lambda item: (-int(item[1].sum()), item[0])))


def oldest_s(spells: Spells, at_s: Floats) -> Floats:
    """Return at each time how long the oldest that was not over had been due; 0 where there was none.

    It is the first one, in the order in which they were due, that is over later than the time. Up to any of them the
    latest end so far only grows, and first passes the time at exactly that one.
    """
    if not len(spells.due_s):
        return np.zeros(len(at_s))
    latest_s = np.maximum.accumulate(spells.done_s)
    first = np.searchsorted(latest_s, at_s, side="right")
    due_s = np.append(spells.due_s, np.inf)[first]
    ages: Floats = np.maximum(at_s - due_s, 0.0)
    return ages


def _planned(load: Load, edges: Floats) -> Floats:
    if load.planned is None:
        return np.full(len(edges) - 1, np.nan)
    planned: Floats = np.diff([load.planned.rates.expected(min(edge, load.end_s)) for edge in edges])
    return planned


def _in_flight(spells: Spells, edges: Floats) -> Floats:
    """Return how many were due and not over, averaged over each bin: the area under that number, bin by bin."""
    area = _elapsed(spells.due_s, edges) - _elapsed(np.sort(spells.done_s), edges)
    mean: Floats = np.maximum(np.diff(area) / np.diff(edges), 0.0).round(6)
    return mean


def _elapsed(ordered_s: Floats, edges: Floats) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(ordered_s)])
    before = np.searchsorted(ordered_s, edges, side="right")
    elapsed: Floats = edges * before - sums[before]
    return elapsed


def _counts(times_s: Floats, bins: int, width_s: float) -> Places:
    places = _places(times_s, width_s)
    counts: Places = np.bincount(places[places < bins], minlength=bins)
    return counts


def _places(times_s: Floats, width_s: float) -> Places:
    places: Places = (times_s // width_s).astype(np.int64).clip(0)
    return places
