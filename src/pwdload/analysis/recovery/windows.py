"""When service was truly back: the first of enough windows in a row, from healing on, that are as good as before.

Two looks at the same three thresholds, since a window holds some twenty requests and chance alone makes one of them bad
now and then:

    healed                                     recovered: the first window of the first such row
      |bad|bad|ok |bad|ok |ok |ok |ok |ok | ...
                      '--- k windows ----'     each shows no more than chance explains (99.9 %),
                                               and all of them together keep the thresholds to the letter

A request belongs to the window in which it was due. So what timed out after the healing, but was due before it, counts
against the fault and not against the recovery.
"""

from dataclasses import dataclass

import numpy as np

from pwdload.analysis.recovery.load import Flags, Floats, Load, Spells
from pwdload.analysis.recovery.thresholds import RecoveryThresholds
from pwdload.analysis.recovery.values import UNTOLD, Baseline, Elapsed
from pwdload.statistics.shares import Z_999, lower_bounds

SLOW_SHARE = 0.05
"""A p95 is within its limit exactly when at most this share of the requests is slower than that."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """When service was back for good, and what was seen of it otherwise."""

    after: Elapsed
    good_since_s: float | None = None
    """Since when it was good in the end, from healing, but for too few windows to count; null where it was not so."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tally:
    """What was due in each window, or in each row of windows."""

    requests: Floats
    failed: Floats
    slow: Floats
    flows: Floats
    """Flows due: by the schedule where there is one, else those begun."""
    good: Floats

    def rows_of(self, count: int) -> "_Tally":
        """Return the sums over so many windows in a row, from each window that has enough behind it."""
        parts = (self.requests, self.failed, self.slow, self.flows, self.good)
        requests, failed, slow, flows, good = (_sums(part, count) for part in parts)
        return _Tally(requests=requests, failed=failed, slow=slow, flows=flows, good=good)


def sustained(
    load: Load, baseline: Baseline, heal_s: float, until_s: float, *, struck: bool, thresholds: RecoveryThresholds
) -> Sustained:
    """Return when service was back after a healing, watched until a time at which the next fault struck, or the end.

    The baseline has some goodput.
    """
    window_s = thresholds.window_s(baseline.requests_per_s)
    least, count = thresholds.windows(window_s), int((until_s - heal_s) / window_s + _ROUNDING)
    if count < 1:
        return Sustained(after=UNTOLD)
    tally = _tally(load, baseline, heal_s, window_s, count, until_s if struck else np.inf)
    is_good = ~_is_beyond_chance(load, tally, baseline, thresholds)
    keeps = _keeps(load, tally.rows_of(least), baseline, window_s * least, thresholds)
    begins = np.flatnonzero((_sums(is_good, least) == least) & keeps & (tally.requests[: len(keeps)] > 0))
    if len(begins):
        return Sustained(after=Elapsed(value_s=float(begins[0]) * window_s))
    bad = np.flatnonzero(~is_good)
    since = int(bad[-1]) + 1 if len(bad) else 0
    tried = max(count - least + 1, 0)
    if count - since >= least:  # no window stands out, but all of them together do not keep the thresholds
        return Sustained(after=Elapsed.not_within(tried * window_s))
    good_since_s = since * window_s if since < count else None
    return Sustained(after=Elapsed.not_within(max(since, tried) * window_s), good_since_s=good_since_s)


def _tally(load: Load, baseline: Baseline, heal_s: float, window_s: float, count: int, over_by_s: float) -> _Tally:
    def counted(spells: Spells, kept: Flags | None = None) -> Floats:
        span = spells.among(heal_s, heal_s + count * window_s)
        places = ((spells.due_s[span] - heal_s) / window_s).astype(np.int64).clip(0, count - 1)
        # What the next fault found on its way is that one's affair.
        inside = spells.done_s[span] <= over_by_s
        inside = inside if kept is None else inside & kept[span]
        return np.bincount(places[inside], minlength=count).astype(np.float64)

    requests, flows = load.requests, load.flows
    begun = counted(flows)
    return _Tally(
        requests=counted(requests),
        failed=counted(requests, requests.is_failed),
        slow=counted(requests, requests.done_s - requests.due_s > baseline.p95_limit_s),
        flows=begun if load.planned is None else _due(load, heal_s, window_s, count, over_by_s),
        good=counted(flows, ~flows.is_failed),
    )


def _due(load: Load, heal_s: float, window_s: float, count: int, over_by_s: float) -> Floats:
    """Return how many flows the schedule has for each window, less those that the next fault found on their way."""
    assert load.planned is not None  # noqa: S101 - the caller has looked
    edges = heal_s + np.arange(count + 1) * window_s
    due = np.diff(np.searchsorted(load.planned.due_s, edges)).astype(np.float64)
    struck = load.flows.due_s[load.flows.done_s > over_by_s]
    left: Floats = due - np.histogram(struck, edges)[0]
    return np.maximum(left, 0.0)


def _is_beyond_chance(load: Load, tally: _Tally, baseline: Baseline, thresholds: RecoveryThresholds) -> Flags:
    """Return which windows are worse than a threshold allows, by more than chance explains."""
    failed = lower_bounds(tally.failed, tally.requests) > baseline.failed_share + thresholds.failed_share_delta
    slow = lower_bounds(tally.slow, tally.requests) > SLOW_SHARE
    if load.planned is None:
        return failed | slow
    missing = np.maximum(tally.flows - tally.good, 0.0)
    poor: Flags = lower_bounds(missing, tally.flows) > 1 - thresholds.goodput_share * baseline.good_share
    return failed | slow | poor


def _keeps(load: Load, rows: _Tally, baseline: Baseline, length_s: float, thresholds: RecoveryThresholds) -> Flags:
    """Return from which windows on a whole row keeps all thresholds.

    The goodput of an open load is held against what was due, so that neither chance nor a planned change of the rate
    counts as a loss. Users of a closed loop come when they like: theirs is held against the baseline's rate, less what
    chance explains.
    """
    failed = rows.failed <= (baseline.failed_share + thresholds.failed_share_delta) * rows.requests + _ROUNDING
    slow = rows.slow <= SLOW_SHARE * rows.requests + _ROUNDING
    if load.planned is not None:
        least = thresholds.goodput_share * baseline.good_share * rows.flows
    else:
        expected = thresholds.goodput_share * baseline.good_flows_per_s * length_s
        least = np.full(len(rows.good), expected - Z_999 * expected**0.5)
    keeps: Flags = failed & slow & (rows.good >= least - _ROUNDING)
    return keeps


def _sums(values: Floats | Flags, count: int) -> Floats:
    """Return the sum over each ``count`` neighbours; nothing where there are fewer."""
    if len(values) < count:
        return np.zeros(0)
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    moving: Floats = sums[count:] - sums[:-count]
    return moving
