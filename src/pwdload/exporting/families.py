"""From a `Snapshot` to the families of metrics: pure. What a snapshot does not know has no series, never a zero."""

from collections.abc import Iterable, Iterator
from typing import Final

from pwdload.api.contract import Step
from pwdload.criteria.values import Standing
from pwdload.exporting import catalogue as all_metrics
from pwdload.exporting.metric import Distribution, Family, Kind, Metric, Point
from pwdload.outcome import Outcome
from pwdload.watched import BOUNDS_S, AccountsNow, Phase, Snapshot, StepLatency

SERIES_MOST: Final = 500
"""Of one metric. A snapshot keeps its lists short; this holds whatever a target answers, and whoever comes to work."""
_OTHER: Final = "other"

Row = tuple[Metric, tuple[str, ...], float | None]
"""A metric, the values of its own labels, and its value; null is not shown."""


def families(snapshot: Snapshot) -> tuple[Family, ...]:
    """Return every metric with what it is now, in the order of the catalogue."""
    base = (snapshot.scenario, snapshot.run_id)
    rows: dict[Metric, list[Point]] = {}
    for metric, labels, value in _rows(snapshot):
        if value is not None:
            rows.setdefault(metric, []).append(Point(labels=(*base, *labels), value=+value))  # 1, not True
    return tuple(
        Family(metric=metric, distributions=_response_times(base, snapshot.latency))
        if metric.kind is Kind.HISTOGRAM
        else Family(metric=metric, points=_bounded(metric, rows.get(metric, ())))
        for metric in all_metrics.CATALOGUE
    )


def _bounded(metric: Metric, points: Iterable[Point]) -> tuple[Point, ...]:
    """Return one point for each set of labels, and not too many of them: counters beyond are added up as ``other``."""
    kept: dict[tuple[str, ...], float] = {}
    is_counter = metric.kind is Kind.COUNTER
    for point in points:
        labels = point.labels
        if labels not in kept and len(kept) >= SERIES_MOST:
            if not is_counter:
                continue
            labels = (*labels[:-1], _OTHER)
        # Two injections of one fault have one name: active is active.
        value = kept.get(labels, 0)
        kept[labels] = value + point.value if is_counter else max(value, point.value) if labels in kept else point.value
    return tuple(Point(labels=labels, value=value) for labels, value in kept.items())


def _rows(snapshot: Snapshot) -> Iterator[Row]:
    yield from _of_exchanges(snapshot)
    yield from _of_load(snapshot)
    yield from _of_accounts(snapshot.accounts)
    yield from _of_generators(snapshot)
    yield from _of_judgement(snapshot)
    yield from _of_run(snapshot)


def _of_exchanges(snapshot: Snapshot) -> Iterator[Row]:
    # From the first moment and with zeros: `rate` sees no growth in a series that begins with a hundred.
    counts = {(step.value, outcome.value): 0 for step in Step for outcome in Outcome}
    for one in snapshot.outcomes:
        counts[one.step, one.outcome] = counts.get((one.step, one.outcome), 0) + one.count
    yield from ((all_metrics.REQUESTS, labels, count) for labels, count in counts.items())
    yield all_metrics.CHANGES, (), snapshot.changes
    yield from ((all_metrics.ERRORS, (one.step, one.code), one.count) for one in snapshot.codes)


def _response_times(base: tuple[str, str], latency: Iterable[StepLatency]) -> tuple[Distribution, ...]:
    nothing = (0,) * (len(BOUNDS_S) + 1)
    known = {step.value: (nothing, 0.0) for step in Step} | {one.step: (one.counts, one.sum_s) for one in latency}
    return tuple(
        Distribution(labels=(*base, step), bounds=BOUNDS_S, counts=counts, sum=sum_s)
        for step, (counts, sum_s) in known.items()
    )


def _of_load(snapshot: Snapshot) -> Iterator[Row]:
    yield all_metrics.DROPPED, (), snapshot.dropped
    yield all_metrics.PLANNED, (), snapshot.planned_per_s
    yield all_metrics.OFFERED, (), snapshot.offered_per_s
    yield all_metrics.IN_FLIGHT, (), snapshot.in_flight
    yield all_metrics.QUEUED, (), snapshot.queued
    yield all_metrics.USERS, (), snapshot.users
    lag_ms = snapshot.window.lag_p99_ms if snapshot.window is not None else None
    yield all_metrics.SEND_LAG, (), lag_ms / 1e3 if lag_ms is not None else None


def _of_accounts(accounts: AccountsNow | None) -> Iterator[Row]:
    if accounts is not None:
        for state in ("total", "ready", "leased", "changed", "in_doubt"):
            yield all_metrics.ACCOUNTS, (state,), getattr(accounts, state)
        yield all_metrics.ACCOUNTS_LAST, (), accounts.lasts_s


def _of_generators(snapshot: Snapshot) -> Iterator[Row]:
    for one in snapshot.generators:
        worker = (one.worker,)
        yield all_metrics.GENERATOR_CPU, worker, one.cpu_share
        yield all_metrics.GENERATOR_LAG, worker, one.loop_lag_ms / 1e3
        yield all_metrics.GENERATOR_IN_FLIGHT, worker, one.in_flight
        yield all_metrics.GENERATOR_QUEUED, worker, one.queued
        yield all_metrics.GENERATOR_BEGUN, worker, one.begun
        yield all_metrics.GENERATOR_DROPPED, worker, one.dropped
        yield all_metrics.GENERATOR_UNACKNOWLEDGED, worker, one.unacknowledged
        yield all_metrics.GENERATOR_SILENT, worker, max(snapshot.at_s - one.at_s, 0.0)
        yield all_metrics.GENERATOR_LOST, worker, one.is_lost


def _of_judgement(snapshot: Snapshot) -> Iterator[Row]:
    for fault in snapshot.faults:
        yield all_metrics.FAULT_ACTIVE, (fault.name, fault.kind), fault.state == "active"
    for criterion in snapshot.criteria:
        for standing in Standing:
            yield all_metrics.CRITERION, (criterion.name, standing.value), criterion.standing is standing
    if (search := snapshot.search) is not None:
        yield all_metrics.SEARCH_RATE, (), search.rate_per_s
        yield all_metrics.SEARCH_HELD, (), search.highest_held_per_s
        yield all_metrics.SEARCH_BROKEN, (), search.lowest_broken_per_s


def _of_run(snapshot: Snapshot) -> Iterator[Row]:
    yield all_metrics.CLOCK, (), snapshot.at_s
    yield all_metrics.END, (), snapshot.end_s
    yield from ((all_metrics.PHASE, (phase.value,), snapshot.phase is phase) for phase in Phase)
    yield all_metrics.STAGE, (snapshot.stage,), 1
    yield all_metrics.INFO, (snapshot.title, snapshot.target, snapshot.model, snapshot.directory), 1
