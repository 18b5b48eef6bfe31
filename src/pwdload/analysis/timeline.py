"""The run second by second, computed from the samples alone, so that an outage shows as what it is: nothing.

Throughput is counted when an answer is complete, latency when the request was due: a stall then shows as a hole in
throughput and as long waits of those who came during it, not of those who were answered first after it.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.kinds import chosen
from pwdload.analysis.run import Run, kept
from pwdload.outcome import Outcome
from pwdload.statistics.bins import part_by_part, summed, tallied, tally, whole_widths
from pwdload.statistics.percentiles import MAXIMUM, P50, P95, Codes, order_statistics

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
LATENCY_IN_TIME = (P50, P95)
"""A second has too few requests for more than these, and its slowest one."""
LEAST_BEYOND_IN_BIN = 1
"""How many requests of a bin lie beyond its percentile: p50 from 2 requests, p95 from 20."""


def bin_count(run: Run, width_s: float) -> int:
    """Return how many bins of a width cover the run up to its last answer; at least one."""
    return max(1, math.ceil(run.last_s / width_s))


def bin_starts(run: Run, width_s: float) -> Floats:
    """Return when each bin begins, in seconds on the run's clock."""
    return _edges(bin_count(run, width_s), width_s)[:-1]


@kept
def throughput_in_time(run: Run, width_s: float = 1.0) -> pd.DataFrame:
    """Return what was completed in each bin; a bin without an answer has zeros.

    Columns: ``start_s``, ``due`` (requests due in the bin), ``requests`` (sent and completed), one per `Outcome` value,
    ``changes`` (accepted update_password) and ``in_flight`` (requests on their way, averaged over the bin).
    """
    samples, bins = run.samples, bin_count(run, width_s)
    done = _bins(samples["done_s"], width_s, bins)
    outcome = samples["outcome"]
    columns = {
        "start_s": bin_starts(run, width_s),
        "due": tally(_bins(samples["intended_s"], width_s, bins), bins),
        "requests": tally(done, bins),
    }
    names, kinds = outcome.cat.categories.tolist(), outcome.cat.codes.to_numpy()
    counts = _cells(kinds, done, len(names), bins)
    for kind in Outcome:
        columns[kind.value] = counts[names.index(kind.value)] if kind.value in names else np.zeros(bins, np.int64)
    is_change = samples["is_change"].to_numpy()
    columns["changes"] = tallied(len(done), bins, lambda part: done[part][is_change[part]])
    columns["in_flight"] = _mean_in_flight(samples, width_s, bins)
    np.subtract(columns["requests"], columns[Outcome.NOT_SENT.value], out=columns["requests"])
    return pd.DataFrame(columns)


@kept
def latency_in_time(run: Run, step: str | None = None, width_s: float = 1.0) -> pd.DataFrame:
    """Return the response times of the requests due in each bin, of one step or of all.

    Columns: ``start_s``, ``count``, ``p50_s``, ``p95_s``, ``max_s``; NaN in a bin in which none was due. These describe
    the requests of that bin and estimate nothing beyond it, so the rule is milder than for the run: a percentile is
    there when at least `LEAST_BEYOND_IN_BIN` request lies beyond it, for else it would be the slowest by another name.
    """
    of_step = np.ones(len(run.samples), dtype=bool) if step is None else (run.samples["step"] == step).to_numpy()
    samples = chosen(run.samples, of_step, ["intended_s", "response_s"])
    bins = bin_count(run, width_s)
    due = _bins(samples["intended_s"], width_s, bins)
    values = samples["response_s"].to_numpy(dtype=float)
    statistics = order_statistics(values, due, bins, LATENCY_IN_TIME, least_beyond=LEAST_BEYOND_IN_BIN)
    columns = {percentile.column: statistics.values[percentile.column] for percentile in (*LATENCY_IN_TIME, MAXIMUM)}
    return pd.DataFrame({"start_s": bin_starts(run, width_s), "count": statistics.counts, **columns})


@kept
def error_codes_in_time(run: Run, width_s: float = 1.0) -> dict[str, Counts]:
    """Return for each error code how often it came in each bin, by completion; the commonest code first."""
    samples, bins = run.samples, bin_count(run, width_s)
    codes = samples["error_code"]
    names = [str(name) for name in codes.cat.categories]
    counts = _cells(codes.cat.codes.to_numpy(), _bins(samples["done_s"], width_s, bins), len(names), bins)
    by_name = {name: row for name, row in zip(names, counts, strict=True) if name}
    return dict(sorted(by_name.items(), key=lambda item: (-int(item[1].sum()), item[0])))


def _cells(kinds: Codes, at: Codes, size: int, bins: int) -> Counts:
    """Return how many there are of each of so many kinds, a row, in each bin."""
    counts = tallied(len(at), size * bins, lambda part: kinds[part].astype(np.int64) * bins + at[part])
    return counts.reshape(size, bins)


def _edges(bins: int, width_s: float) -> Floats:
    """Return the edges of the bins, one more than there are bins."""
    edges: Floats = np.arange(bins + 1, dtype=np.float64) * np.float64(width_s)
    return edges


def _bins(times_s: pd.Series, width_s: float, bins: int) -> Codes:
    """Return the bin of each time. The very last answer may fall on the end of the last bin, and belongs to it."""
    at = part_by_part(
        lambda part_s: whole_widths(part_s, width_s).astype(np.int32),
        times_s.to_numpy(dtype=float),
    )
    clipped: Codes = np.clip(at, 0, bins - 1, out=at)
    return clipped


def _mean_in_flight(samples: pd.DataFrame, width_s: float, bins: int) -> Floats:
    """Return the number of requests on their way, averaged over each bin.

    The area under "in flight" within a bin is the seconds since each sending in it, less those since each answer:
    exact, where a reading now and then would miss what is shorter than a bin.
    """
    is_sent = samples["sent_s"].notna().to_numpy()
    on_the_way = chosen(samples, is_sent, ["sent_s", "done_s"])
    sent, done = (_begun_within(on_the_way[name], width_s, bins) for name in ("sent_s", "done_s"))
    mean: Floats = np.maximum((sent - done) / width_s, 0.0).round(6)
    return mean


def _begun_within(times_s: pd.Series, width_s: float, bins: int) -> Floats:
    """Return for each bin the seconds in it that lie behind each of these times, summed over all of them."""
    place = _bins(times_s, width_s, bins)
    ends_s = _edges(bins, width_s)[1:]
    here = tally(place, bins)
    before = np.cumsum(here) - here
    at_s = times_s.to_numpy(dtype=float)
    rest_s = summed(place, lambda part: np.maximum(ends_s[place[part]] - at_s[part], 0.0), bins)
    seconds = before * width_s + rest_s
    return seconds.astype(np.float64)
