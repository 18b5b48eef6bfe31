"""What one fault did: who failed and how, how soon that showed, what was not sent, and what it cost."""

from collections import Counter

import numpy as np
import pandas as pd

from pwdload.analysis.answers import answer_label
from pwdload.analysis.recovery.load import Flags, Floats, Load
from pwdload.analysis.recovery.thresholds import RecoveryThresholds
from pwdload.analysis.recovery.values import (
    Amplification,
    Baseline,
    Effect,
    Elapsed,
    ErrorClass,
    Offered,
)
from pwdload.statistics.shares import share_interval


def effect_of(load: Load, inject_s: float, heal_s: float) -> Effect:
    """Return what happened to what was due while a fault was on."""
    requests, exchanges = load.requests, load.exchanges
    due, tried = requests.among(inject_s, heal_s), exchanges.among(inject_s, heal_s)
    count, failed = due.stop - due.start, int(requests.is_failed[due].sum())
    bounds = share_interval(failed, count)
    before = slice(0, due.start)
    hit = requests.is_failed[before] & (requests.done_s[before] >= inject_s)
    return Effect(
        requests=count,
        failed=failed,
        exchanges=tried.stop - tried.start,
        failed_exchanges=int(exchanges.is_failed[tried].sum()),
        lower=bounds.lower,
        upper=bounds.upper,
        hit_in_flight=int(hit.sum()),
        classes=_classes(load.samples.iloc[tried], exchanges.is_failed[tried]),
    )


def _classes(samples: pd.DataFrame, is_failed: Flags) -> tuple[ErrorClass, ...]:
    failed = samples[is_failed]
    counts = Counter(zip(answer_label(failed), failed["outcome"].astype(str), strict=True))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(_class(name, outcome, count, len(samples)) for (name, outcome), count in ordered)


def _class(name: str, outcome: str, count: int, exchanges: int) -> ErrorClass:
    bounds = share_interval(count, exchanges)
    share = count / exchanges
    return ErrorClass(name=name, outcome=outcome, count=count, share=share, lower=bounds.lower, upper=bounds.upper)


def detected(load: Load, inject_s: float, heal_s: float) -> Elapsed:
    """Return the time from injection to the first failed completion of an exchange that was on its way meanwhile."""
    exchanges = load.exchanges
    span = slice(0, exchanges.among(inject_s, np.nextafter(heal_s, np.inf)).stop)
    done_s = exchanges.done_s[span]
    failed_s = done_s[exchanges.is_failed[span] & (done_s >= inject_s)]
    if not len(failed_s):
        return Elapsed.not_within(heal_s - inject_s)
    return Elapsed(value_s=float(failed_s.min()) - inject_s)


def first_success(load: Load, heal_s: float, until_s: float) -> Elapsed:
    """Return the time from healing to the sending of the first exchange that was sent after it and succeeded."""
    sent_s = load.sent_s[~load.exchanges.is_failed & (load.sent_s >= heal_s) & (load.sent_s < until_s)]
    if not len(sent_s):
        return Elapsed.not_within(until_s - heal_s)
    return Elapsed(value_s=float(sent_s.min()) - heal_s)


def lost(load: Load, baseline: Baseline, inject_s: float, heal_s: float) -> tuple[float, float | None]:
    """Return the goodput lost, in flows and in accepted changes, by when flows were due.

    The second is null where the baseline has no changes.
    """
    due, length_s = load.flows.among(inject_s, heal_s), heal_s - inject_s
    flows = baseline.good_flows_per_s * length_s - int((~load.flows.is_failed[due]).sum())
    changes = baseline.changes_per_s * length_s - int(load.is_changed[due].sum())
    return flows, changes if baseline.changes_per_s else None


def offered(load: Load, baseline: Baseline | None, inject_s: float, heal_s: float) -> Offered | None:
    """Return what was due against what was sent meanwhile; null in a closed loop without a baseline."""
    if load.planned is not None:
        first, last = np.searchsorted(load.planned.due_s, [inject_s, heal_s])
        return Offered(basis="schedule", due=float(last - first), sent=_within(load.flow_sent_s, inject_s, heal_s))
    if baseline is None:
        return None
    sent_s = load.sent_s[load.is_first_try]
    due = baseline.requests_per_s * (heal_s - inject_s)
    return Offered(basis="baseline", due=due, sent=_within(sent_s, inject_s, heal_s))


def offered_planned_share(load: Load, inject_s: float, heal_s: float) -> float | None:
    """Return the flows begun over those planned by the rate; null in the closed model and where none was planned."""
    if load.planned is None:
        return None
    planned = load.planned.rates.expected(heal_s) - load.planned.rates.expected(inject_s)
    return _within(load.flow_sent_s, inject_s, heal_s) / planned if planned > 0 else None


def budget_spent(load: Load, inject_s: float, until_s: float, thresholds: RecoveryThresholds) -> float | None:
    """Return the requests that failed from an injection to a time over those that the SLO lets fail in the whole run.

    Those that were on their way when the fault came are among them. Null where no request was made.
    """
    requests = load.requests
    allowed = thresholds.budget_share * len(requests.due_s)
    hit = requests.is_failed & (requests.done_s >= inject_s) & (requests.due_s < until_s)
    return int(hit.sum()) / allowed if allowed else None


def amplification(
    load: Load, baseline: Baseline | None, inject_s: float, heal_s: float, after_s: float
) -> Amplification:
    """Return the exchanges sent for each first try: in the baseline, while the fault was on, and after it to a time."""
    before = None if baseline is None else _amplified(load, baseline.start_s, baseline.end_s)
    return Amplification(
        before=before, during=_amplified(load, inject_s, heal_s), after=_amplified(load, heal_s, after_s)
    )


def _amplified(load: Load, from_s: float, to_s: float) -> float | None:
    sent = (load.sent_s >= from_s) & (load.sent_s < to_s)
    first = int((sent & load.is_first_try).sum())
    return int(sent.sum()) / first if first else None


def _within(times_s: Floats, from_s: float, to_s: float) -> int:
    return int(((times_s >= from_s) & (times_s < to_s)).sum())
