"""What a run measured, held against what is true: pure functions of a run's record, its samples, and the truth."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

import pyarrow as pa

from pwdload.calibration.certificate import Comparison, EvenArrivals, Figure, Floor, Lag, PoissonArrivals, TimerError
from pwdload.calibration.evenness import count_slots, fit_poisson
from pwdload.calibration.realization import mmc_realization, realize, schedule_of
from pwdload.calibration.truths import QUANTILES, Mmc, Stall, mean_s, nearest_rank_s
from pwdload.errors import UsageError
from pwdload.pacing import Arrival
from pwdload.rundir import ArrivalPlan, RunRecord

FIGURES: Final = ("mean", *(f"p{quantile * 100:.0f}" for quantile in QUANTILES))
"""The numbers of a comparison, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictated:
    """What the reference target says that it did; times in seconds on its own clock, in the order of arrival."""

    timer: str
    cpu_s: float
    arrived_s: tuple[float, ...]
    promised_s: tuple[float, ...]
    written_s: tuple[float, ...]

    @property
    def responses_s(self) -> tuple[float, ...]:
        """The response times that it dictated."""
        return tuple(after - before for before, after in zip(self.arrived_s, self.promised_s, strict=True))

    def timer_error(self) -> TimerError:
        """Return by how much its answers were later than promised; those that were never written are left out."""
        late_s = [
            written - promised for promised, written in zip(self.promised_s, self.written_s, strict=True) if written
        ]
        return TimerError(
            timer=self.timer,
            answers=len(late_s),
            p50_s=nearest_rank_s(late_s, 0.5) if late_s else 0.0,
            p99_s=nearest_rank_s(late_s, 0.99) if late_s else 0.0,
            max_s=max(late_s, default=0.0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The flows of a run of one-request cases with open arrivals, in the order of their numbers."""

    plan: ArrivalPlan
    numbers: tuple[int, ...]
    intended_s: tuple[float, ...]
    sent_s: tuple[float | None, ...]
    done_s: tuple[float, ...]
    is_reused: tuple[bool, ...]
    """Sent on a connection that was open already."""
    arrivals: tuple[Arrival, ...]
    """The schedule that the run should have kept, worked out anew from its record."""

    @property
    def responses_s(self) -> tuple[float, ...]:
        """Response times, from the moment a flow was due."""
        return tuple(done - intended for intended, done in zip(self.intended_s, self.done_s, strict=True))

    @property
    def lags_s(self) -> tuple[float, ...]:
        """How late requests left, on connections that were open."""
        return tuple(
            sent - intended
            for intended, sent, reused in zip(self.intended_s, self.sent_s, self.is_reused, strict=True)
            if sent is not None and reused
        )

    def since(self, from_s: float) -> "Measured":
        """Return the part that was due from a time on: what comes before is warm-up."""
        kept = [intended >= from_s for intended in self.intended_s]
        return Measured(
            plan=self.plan,
            numbers=tuple(compress(self.numbers, kept)),
            intended_s=tuple(compress(self.intended_s, kept)),
            sent_s=tuple(compress(self.sent_s, kept)),
            done_s=tuple(compress(self.done_s, kept)),
            is_reused=tuple(compress(self.is_reused, kept)),
            arrivals=tuple(arrival for arrival in self.arrivals if arrival.due_s >= from_s),
        )

    @property
    def exact(self) -> int:
        """How many arrivals of the schedule have exactly one sample, that is due exactly when they were."""
        times = Counter(self.numbers)
        at_s = dict(zip(self.numbers, self.intended_s, strict=True))
        return sum(
            times[arrival.number] == 1 and abs(at_s[arrival.number] - arrival.due_s) < 1e-6 for arrival in self.arrivals
        )


def measured_of(record: RunRecord, samples: pa.Table) -> Measured:
    """Return the flows of a run.

    Raises `UsageError` for a run of the closed model.
    """
    if record.arrivals is None:
        raise UsageError(f"{record.scenario}: a run of the closed model; a known truth needs open arrivals")
    table = samples.sort_by("flow")
    return Measured(
        plan=record.arrivals,
        numbers=tuple(table["flow"].to_pylist()),
        intended_s=tuple(table["intended_s"].to_pylist()),
        sent_s=tuple(table["sent_s"].to_pylist()),
        done_s=tuple(table["done_s"].to_pylist()),
        is_reused=tuple(connect is None for connect in table["connect_s"].to_pylist()),
        arrivals=tuple(schedule_of(record.arrivals)),
    )


def compare_stall(
    run: Measured, truth: Stall, *, tolerance: float, floor_s: float, dictated: Dictated | None = None
) -> Comparison:
    """Hold a run against a stall. With slots enough it is judged by the arrivals of its own schedule.

    With fewer the truth does not change: what waited for a slot waited. What a perfect instrument with so few slots
    measures is the realization. The mean is shown and not judged: it holds how long it takes to read all the answers
    that come at once when the stall ends.

    The target's clock is set by the first login, which it takes to be on time. One that left late, since it had a
    connection to open, has the whole stall that much later: that is a truth as well, and known to the instrument.
    """
    due_s = [arrival.due_s for arrival in run.arrivals]
    later_s = _first_lag_s(run)

    def responds(arrived_s: float) -> float:
        return truth.response_s(arrived_s - later_s)

    free = realize(due_s, responds).kept_s
    limited = realize(due_s, responds, slots=run.plan.slots, queue_limit=run.plan.queue_limit)
    told = dictated.responses_s if dictated is not None else ()
    return Comparison(
        name="stall",
        slots=run.plan.slots,
        arrivals=len(due_s),
        measured=run.exact,
        tolerance=tolerance,
        floor_s=floor_s,
        by_theory=FIGURES[1:],
        figures=_figures(free, limited.kept_s, told, run.responses_s),
        expected_dropped=limited.dropped,
    )


def _first_lag_s(run: Measured) -> float:
    """Return how late the first login left; 0 where it is not known."""
    if not run.numbers or run.numbers[0] != 0 or run.sent_s[0] is None:
        return 0.0
    return run.sent_s[0] - run.intended_s[0]


def compare_mmc(
    run: Measured,
    truth: Mmc,
    *,
    service_seed: int,
    warm_up_s: float,
    tolerance: float,
    floor_s: float,
    dictated: Dictated | None = None,
) -> Comparison:
    """Hold a run against a queue: the formula, its own arrivals in virtual time, the target's word, the samples."""
    played = mmc_realization(
        run.plan, servers=truth.servers, service_s_mean=truth.service_s_mean, seed=service_seed
    ).kept_s
    counted = run.since(warm_up_s)
    theory = [truth.mean_response_s, *(truth.quantile_s(quantile) for quantile in QUANTILES)]
    warm_ups = len(run.arrivals) - len(counted.arrivals)
    told = dictated.responses_s[warm_ups:] if dictated is not None else ()
    figures = _figures(played[warm_ups:], played[warm_ups:], told, counted.responses_s, theory)
    return Comparison(
        name=f"M/M/{truth.servers} at {truth.load:.0%}",
        slots=run.plan.slots,
        arrivals=len(counted.arrivals),
        measured=counted.exact,
        tolerance=tolerance,
        floor_s=floor_s,
        by_theory=("mean", "p95"),
        by_realization=("p50", "p90", "p99"),
        figures=figures,
    )


def _figures(
    theory_s: Sequence[float],
    realized_s: Sequence[float],
    dictated_s: Sequence[float],
    measured_s: Sequence[float],
    exact: Sequence[float] | None = None,
) -> tuple[Figure, ...]:
    """Return mean and quantiles of each; `exact` replaces what would be worked out of `theory_s`."""
    columns = [_summary(values) for values in (theory_s, realized_s, dictated_s, measured_s)]
    if exact is not None:
        columns[0] = list(exact)
    return tuple(
        Figure(
            name=name,
            theory_s=columns[0][place],
            realization_s=columns[1][place],
            dictated_s=columns[2][place] if dictated_s else None,
            measured_s=columns[3][place] if measured_s else None,
        )
        for place, name in enumerate(FIGURES)
    )


def _summary(values_s: Sequence[float]) -> list[float]:
    return [mean_s(values_s), *(nearest_rank_s(values_s, quantile) for quantile in QUANTILES)]


def floor_of(run: Measured) -> Floor:
    """Return the floor, from a run against a target that answers at once; connections that were opened are left out."""
    quick = [response for response, reused in zip(run.responses_s, run.is_reused, strict=True) if reused]
    return Floor(
        requests=len(quick),
        p50_s=nearest_rank_s(quick, 0.5) if quick else 0.0,
        p95_s=nearest_rank_s(quick, 0.95) if quick else 0.0,
        p99_s=nearest_rank_s(quick, 0.99) if quick else 0.0,
    )


def lag_of(run: Measured, rate_per_s: float) -> Lag:
    """Return how late requests left on open connections."""
    lags_s = run.lags_s
    return Lag(
        rate_per_s=rate_per_s,
        arrivals=len(lags_s),
        p50_s=nearest_rank_s(lags_s, 0.5) if lags_s else 0.0,
        p99_s=nearest_rank_s(lags_s, 0.99) if lags_s else 0.0,
        max_s=max(lags_s, default=0.0),
    )


def even_of(run: Measured, rate_per_s: float, *, from_s: float, until_s: float) -> EvenArrivals:
    """Return how even the moments were at which requests left."""
    slots = count_slots([sent for sent in run.sent_s if sent is not None], from_s=from_s, until_s=until_s)
    return EvenArrivals(
        rate_per_s=rate_per_s, slot_s=slots.slot_s, slots=slots.slots, fewest=slots.fewest, most=slots.most
    )


def poisson_of(run: Measured, rate_per_s: float) -> PoissonArrivals:
    """Return how well the moments at which requests left fit a Poisson process."""
    fit = fit_poisson([sent for sent in run.sent_s if sent is not None], schedule_of(run.plan).plan)
    return PoissonArrivals(rate_per_s=rate_per_s, gaps=fit.gaps, distance=fit.distance, p_value=fit.p_value)
