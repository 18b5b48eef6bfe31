"""Every injection of a run, one after the other: what came before it, what it did, and how the target came back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pwdload.analysis.recovery.baseline import baseline_before
from pwdload.analysis.recovery.effects import (
    amplification,
    budget_spent,
    detected,
    effect_of,
    first_success,
    lost,
    offered,
    offered_planned_share,
)
from pwdload.analysis.recovery.load import Load
from pwdload.analysis.recovery.thresholds import RecoveryThresholds
from pwdload.analysis.recovery.values import UNTOLD, Baseline, Measured, State
from pwdload.analysis.recovery.windows import sustained
from pwdload.injections import FaultsRecord, Injection


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Every injection of a run, measured."""

    record: FaultsRecord
    measured: tuple[Measured, ...]
    """One for each injection, in the order of the record."""
    thresholds: RecoveryThresholds
    timeout_s: float | None
    """The client's time-out, the floor of what can be noticed of a target that falls silent; null if not on record."""

    @property
    def by_fault(self) -> dict[str, tuple[Measured, ...]]:
        """The injections of each fault, in the order in which the record first names them."""
        names = dict.fromkeys(one.injection.fault for one in self.measured)
        return {name: tuple(one for one in self.measured if one.injection.fault == name) for name in names}


def measure(
    load: Load, record: FaultsRecord, thresholds: RecoveryThresholds, timeout_s: float | None = None
) -> Recovery:
    """Measure every injection of a record."""
    done = dict(_measured(load, record, thresholds))
    return Recovery(
        record=record,
        measured=tuple(done[place] for place in range(len(record.injections))),
        thresholds=thresholds,
        timeout_s=timeout_s,
    )


@dataclass(frozen=True, slots=True)
class _Hold:
    """From when to when a fault was on, as far as anybody knows, and what else was on with it."""

    inject_s: float
    heal_s: float | None
    end_s: float
    """When it was healed; the end of the load where it was not."""
    until_s: float
    """How long a recovery can be watched: to the next injection, or to the end of the load."""
    others: tuple[Injection, ...]
    """On at some time with it."""

    @property
    def struck(self) -> bool:
        """Whether another fault ended the watching."""
        return any(other.inject_before_s == self.until_s for other in self.others)

    @property
    def is_last(self) -> bool:
        """Whether no other fault was still on when it was healed."""
        return self.heal_s is not None and not any(
            (other.inject_before_s or 0.0) <= self.heal_s and _healed_s(other) > self.heal_s for other in self.others
        )


def _measured(load: Load, record: FaultsRecord, thresholds: RecoveryThresholds) -> Iterator[tuple[int, Measured]]:
    """Yield each injection with its place in the record, in the order in which they were injected.

    A baseline begins where the target had recovered from whatever came before; where it had not, the last known
    baseline stands in.
    """
    clean_from_s: float | None = float("-inf")
    last: Baseline | None = None
    for place, one in _in_time(record):
        if not one.took_hold or one.skipped:
            yield place, Measured(injection=one, state=State.SKIPPED if one.skipped else State.NOT_INJECTED)
            continue
        inject_s = _injected_s(one)
        own = None if clean_from_s is None else baseline_before(load, clean_from_s, inject_s, thresholds)
        last = own or (None if last is None else replace(last, is_own=False))
        found = _measure(load, one, record, last, thresholds)
        if found.sustained.value_s is not None and one.heal_after_s is not None:
            clean_from_s = one.heal_after_s + found.sustained.value_s
        else:
            clean_from_s = None
        yield place, found


def _in_time(record: FaultsRecord) -> list[tuple[int, Injection]]:
    def moment(item: tuple[int, Injection]) -> float:
        stamp_s = item[1].inject_before_s
        return item[1].planned_start_s if stamp_s is None else stamp_s

    return sorted(enumerate(record.injections), key=moment)


def _measure(
    load: Load, one: Injection, record: FaultsRecord, baseline: Baseline | None, thresholds: RecoveryThresholds
) -> Measured:
    hold = _hold(load, one, record)
    effect = effect_of(load, hold.inject_s, hold.end_s)
    found = Measured(
        injection=one,
        state=State.MEASURED,
        together_with=tuple(sorted({other.fault for other in hold.others if not _follows(other, hold)})),
        uncertainty_s=_uncertainty_s(one),
        baseline=baseline,
        effect=effect,
        detected=detected(load, hold.inject_s, hold.end_s),
        offered=offered(load, baseline, hold.inject_s, hold.end_s),
        offered_planned_share=offered_planned_share(load, hold.inject_s, hold.end_s),
    )
    if baseline is not None and baseline.good_flows_per_s > 0:
        found = _compared(load, hold, found, baseline, thresholds)
    found = _costed(load, hold, found, thresholds)
    return replace(found, state=_state(hold, found))


def _compared(load: Load, hold: _Hold, found: Measured, baseline: Baseline, thresholds: RecoveryThresholds) -> Measured:
    """Add what needs a baseline: what was lost, and the recovery."""
    window_s = thresholds.window_s(baseline.requests_per_s)
    flows, changes = lost(load, baseline, hold.inject_s, hold.end_s)
    found = replace(
        found, window_s=window_s, windows=thresholds.windows(window_s), lost_flows=flows, lost_changes=changes
    )
    if hold.heal_s is None or not hold.is_last:
        return found
    back = sustained(load, baseline, hold.heal_s, hold.until_s, struck=hold.struck, thresholds=thresholds)
    return replace(found, sustained=back.after, good_since_s=back.good_since_s)


def _costed(load: Load, hold: _Hold, found: Measured, thresholds: RecoveryThresholds) -> Measured:
    """Add what is counted until the target had recovered, or as far as was seen."""
    first, recovered_s, after_s = UNTOLD, hold.until_s, hold.until_s
    if hold.heal_s is not None:
        first = first_success(load, hold.heal_s, hold.until_s) if hold.is_last else UNTOLD
        if found.sustained.value_s is not None:
            recovered_s = hold.heal_s + found.sustained.value_s
            held_s = (found.window_s or 0.0) * (found.windows or 0)
            after_s = min(max(recovered_s, hold.heal_s + held_s), hold.until_s)
    return replace(
        found,
        first=first,
        watched_s=None if hold.heal_s is None else max(hold.until_s - hold.heal_s, 0.0),
        budget_spent=budget_spent(load, hold.inject_s, recovered_s, thresholds),
        amplification=amplification(load, found.baseline, hold.inject_s, hold.end_s, after_s),
    )


def _state(hold: _Hold, found: Measured) -> State:
    if hold.heal_s is None:
        return State.NOT_HEALED
    if not hold.is_last:
        return State.OVERLAPPED
    if found.baseline is None:
        return State.NO_BASELINE
    if found.baseline.good_flows_per_s <= 0:
        return State.TARGET_WAS_DOWN
    effect = found.effect
    return State.NO_REQUESTS if effect is not None and not effect.requests + effect.hit_in_flight else State.MEASURED


def _hold(load: Load, one: Injection, record: FaultsRecord) -> _Hold:
    inject_s, heal_s = _injected_s(one), one.heal_after_s
    end_s = max(load.end_s, inject_s) if heal_s is None else heal_s
    rest = [other for other in record.injections if other is not one and other.took_hold and not other.skipped]
    later = [_injected_s(other) for other in rest if _injected_s(other) > end_s]
    until_s = min([*later, max(load.end_s, end_s)])
    others = tuple(other for other in rest if _injected_s(other) <= until_s and _healed_s(other) >= inject_s)
    return _Hold(inject_s, heal_s, end_s, until_s, others)


def _follows(other: Injection, hold: _Hold) -> bool:
    return _injected_s(other) > hold.end_s


def _injected_s(one: Injection) -> float:
    """Return the first moment at which the fault can have been on."""
    return one.planned_start_s if one.inject_before_s is None else one.inject_before_s


def _healed_s(one: Injection) -> float:
    return float("inf") if one.heal_after_s is None else one.heal_after_s


def _uncertainty_s(one: Injection) -> float:
    spans = ((one.inject_before_s, one.inject_after_s), (one.heal_before_s, one.heal_after_s))
    return max((after - before for before, after in spans if before is not None and after is not None), default=0.0)
