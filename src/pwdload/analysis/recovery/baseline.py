"""How the target was before a fault: a clean piece of the measured time, as long as can be had at the same load."""

from collections.abc import Sequence

import numpy as np

from pwdload.analysis.recovery.load import Floats, Load, Places, Spells
from pwdload.analysis.recovery.thresholds import RecoveryThresholds
from pwdload.analysis.recovery.values import Baseline
from pwdload.analysis.windows import Window
from pwdload.statistics.percentiles import LEAST_BEYOND, P50, P95, P99, OrderStatistics, order_statistics

_PRINTED = (P50, P95, P99)


def baseline_before(
    load: Load, clean_from_s: float, inject_s: float, thresholds: RecoveryThresholds
) -> Baseline | None:
    """Return the baseline of a fault: the run from a time on until it was injected; null where that is too little.

    It is taken from the stage that the fault fell into, for stages differ in their load; from earlier ones only where
    that piece alone is too short. Requests still on their way when the fault came are not in it: theirs was both.
    """
    pieces: list[Window] = []
    for window in reversed(load.measured):
        piece = Window(max(window.start_s, clean_from_s), min(window.end_s, inject_s))
        if piece.length_s > 0:
            pieces.insert(0, piece)
        if _is_enough(load, pieces, inject_s, thresholds):
            return _baseline(load, pieces, inject_s, thresholds)
    return None


def _is_enough(load: Load, pieces: Sequence[Window], inject_s: float, thresholds: RecoveryThresholds) -> bool:
    length_s = sum(piece.length_s for piece in pieces)
    requests = len(_inside(load.requests, pieces, inject_s))
    # Stamps are taken a moment after the time that was planned for: a piece that is short by so little is whole.
    return length_s >= thresholds.baseline_least_s - 1e-6 and requests >= thresholds.baseline_requests_least


def _inside(spells: Spells, pieces: Sequence[Window], over_by_s: float) -> Places:
    """Return the places of those that were due in the pieces and over by a time."""
    spans = [spells.among(piece.start_s, piece.end_s) for piece in pieces]
    places = np.concatenate([np.arange(span.start, span.stop) for span in spans] or [np.zeros(0, dtype=np.int64)])
    inside: Places = places[spells.done_s[places] <= over_by_s]
    return inside


def _baseline(load: Load, pieces: Sequence[Window], inject_s: float, thresholds: RecoveryThresholds) -> Baseline:
    length_s = sum(piece.length_s for piece in pieces)
    requests, flows = _inside(load.requests, pieces, inject_s), _inside(load.flows, pieces, inject_s)
    response_s = load.requests.done_s[requests] - load.requests.due_s[requests]
    printed, described = _statistics(response_s, LEAST_BEYOND), _statistics(response_s, 1)
    p50_s, p95_s, p99_s = (_known(float(printed.values[one.column][0])) for one in _PRINTED)
    return Baseline(
        start_s=pieces[0].start_s,
        end_s=pieces[-1].end_s,
        length_s=length_s,
        is_own=True,
        requests=len(requests),
        requests_per_s=len(requests) / length_s,
        flows_per_s=len(flows) / length_s,
        good_flows_per_s=int((~load.flows.is_failed[flows]).sum()) / length_s,
        changes_per_s=int(load.is_changed[flows].sum()) / length_s,
        failed_share=float(load.requests.is_failed[requests].mean()),
        p50_s=p50_s,
        p95_s=p95_s,
        p99_s=p99_s,
        p95_limit_s=thresholds.p95_limit_s(float(described.values[P95.column][0])),
    )


def _statistics(values_s: Floats, least_beyond: int) -> OrderStatistics:
    groups = np.zeros(len(values_s), dtype=np.int64)
    return order_statistics(values_s, groups, 1, _PRINTED, least_beyond=least_beyond)


def _known(number: float) -> float | None:
    return None if np.isnan(number) else number
