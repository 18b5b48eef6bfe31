"""What weakens the numbers: a closed list, so that no report invents an excuse and none leaves one out.

Each caveat names the number it weakens and is printed beside it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pwdload.analysis.arrival_tables import lag_of_arrivals
from pwdload.analysis.capacity import Capacity, Shape
from pwdload.analysis.capacity.search import disturbed_words
from pwdload.analysis.checks.processes import missing_workers
from pwdload.analysis.criteria import ended_by
from pwdload.analysis.forecast import stated_forecast
from pwdload.analysis.kinds import chosen
from pwdload.analysis.latency import overall
from pwdload.analysis.papers import no_health, no_scenario, no_slo
from pwdload.analysis.reconciliation import incomparable, reconcile
from pwdload.analysis.run import Run
from pwdload.analysis.steadiness import StageSettling, steadiness
from pwdload.analysis.target_load import missing_metrics
from pwdload.api.http import Address, is_loopback
from pwdload.errors import UsageError
from pwdload.oracle.judgement import Judgement
from pwdload.oracle.told import NOT_EXAMINED, short, standing
from pwdload.outcome import Outcome
from pwdload.statistics.percentiles import P99
from pwdload.units import format_duration

SHORT_S = 60.0
"""A measured time below this is called short."""
TOO_FEW_UPDATES = 1000
"""Below so many update_password requests their p99 cannot be printed."""
LATE_SHARE = 0.1
"""A generator's p99 lag above this share of the p99 response time is called late,"""
LATE_S = 0.002
"""unless it is below this: two milliseconds are what a busy scheduler may take."""
STAGES_NAMED = 3
"""A caveat about stages names so many of them; the section has all."""
CLOCK_ERROR_S = 0.001
"""Clocks that may be apart by more than this are told: a millisecond is what response times are read to."""

Weakens = Literal["everything", "throughput", "latency", "counts", "correctness", "verdict", "capacity"]


class Caveat(Enum):
    """Everything that can weaken a number, with the number it weakens and why."""

    TARGET_IS_STANDIN = (
        "everything",
        "The target was the embedded stand-in: the numbers describe it and this machine.",
    )
    NO_SLO = (
        "verdict",
        "No SLO was stated: the verdict covers correctness, the instrument and a failed share below 1 % only, not "
        "latency or throughput.",
    )
    NO_SCENARIO = (
        "verdict",
        "scenario.toml is not in the run's directory: what it asked of latency, throughput or failures, if anything, "
        "is not in the verdict.",
    )
    CUT_SHORT = ("everything", "The run was cut short: what happened last may be missing.")
    STOPPED_EARLY = ("everything", "The load was stopped before its schedule ended.")
    WORKER_MISSING = ("everything", "A process left no samples: its part of the load is not in any number.")
    WORKER_LOST = ("everything", "A load generator was lost in the middle: its part of the load was not made.")
    WORKER_UNFINISHED = ("everything", "A process did not finish its file: its last second or so is missing.")
    SEQUENCE_GAPS = ("counts", "Sequence numbers have gaps: so many samples are missing.")
    SAMPLES_DROPPED = ("counts", "A recorder failed to write samples: they are not in any number.")
    ROWS_DAMAGED = ("counts", "Rows that no process of ours can have written were left out.")
    UNREADABLE = ("counts", "Something in the run's directory could not be read.")
    NOT_RECONCILED = ("counts", "The target could not be asked for its own counts, so ours stand alone.")
    RECONCILIATION_DIFFERS = ("counts", "The target's own counts contradict ours.")
    UNKNOWN_LEFT = ("correctness", "Requests ended in doubt: each of them may have changed a password.")
    NOT_EXAMINED = (
        "correctness",
        "The run had nothing that these could be checked by, so that they prove nothing.",
    )
    ACCOUNTS_RETIRED = ("correctness", "Accounts were taken out of use, and each of them for a reason to look into.")
    LEDGER_DAMAGED = (
        "correctness",
        "The ledger of the accounts was damaged: what it had lost was put into doubt and settled.",
    )
    REARM_FAILED = ("correctness", "Accounts could not be put back: they stay used up.")
    NO_LIMIT_LOOKED_FOR = (
        "capacity",
        "No limit was looked for: a rate that was served is a lower bound of the capacity.",
    )
    NOT_SEARCHED = (
        "capacity",
        "The capacity was not searched for but estimated from the levels that this run happens to have.",
    )
    NO_LIMIT_FOUND = (
        "capacity",
        "No rate was found that breaks a criterion: the capacity is a lower bound, and so is each head-room.",
    )
    FAULT_IN_LEVEL = ("capacity", "Faults lay in levels of the search, which do not count.")
    METRICS_MISSING = (
        "capacity",
        "Metrics of the target that the scenario asks for are not there: what gives first is seen from outside only.",
    )
    NOTHING_MEASURED = ("throughput", "The run never reached a measured stage: there are no rates.")
    SHORT_RUN = ("throughput", "Less than a minute was measured: rates and tails may not have settled.")
    SLOTS_RAN_OUT = (
        "latency",
        "Arrivals found no idle slot and waited for one: what they waited is in their response times.",
    )
    CLOSED_MODEL = (
        "latency",
        "Closed load model: each user waits for its answer before the next request, so a stall holds load back and "
        "hides from response times (coordinated omission).",
    )
    GENERATOR_LATE = (
        "latency",
        "The generator itself was late: requests left after they were due, and response times hold that wait.",
    )
    NOT_CALIBRATED = ("latency", "The instrument was not calibrated: nothing says what its times are worth.")
    BEYOND_CALIBRATION = ("latency", "Calibration found the instrument beyond its limits on this machine.")
    NO_TLS = (
        "latency",
        "The target was spoken to without TLS: no handshake, no encryption and no certificate is in any number.",
    )
    ACCOUNTS_REUSED = (
        "latency",
        "Accounts were used again and again: they are few and warm in the target's caches, as people's are not.",
    )
    CLOCKS_APART = (
        "latency",
        "Workers read clocks of their own: a response time is of one clock, but times across workers are only as near "
        "to one another as their clocks are known.",
    )
    HEALTH_NOT_ON_RECORD = (
        "latency",
        "How busy the generator was is not on record, or in part: nothing shows that it was not measuring itself.",
    )
    WARM_UP_INCLUDED = ("latency", "No warm-up stage was left out: cold caches and new connections are in the tail.")
    WARM_UP_TREND = ("latency", "Measured time begins before the numbers settle: its beginning is unlike the rest.")
    STAGE_TREND = (
        "latency",
        "Response times still rose or fell within a measured stage: with more time they would have been others.",
    )
    TOO_FEW_SAMPLES = ("latency", "Too few update_password requests for their p99; it needs 1,000.")

    @property
    def weakens(self) -> Weakens:
        """The number that is weaker for it."""
        return self.value[0]

    @property
    def sentence(self) -> str:
        """Why, in one or two sentences."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class CaveatNote:
    """A caveat that applies to this run, with the particulars in a few words, perhaps none."""

    caveat: Caveat
    detail: str = ""

    @property
    def text(self) -> str:
        """The sentence and its particulars."""
        return f"{self.caveat.sentence} ({self.detail})" if self.detail else self.caveat.sentence


Detail = Callable[[Run], str | None]
"""Says whether a caveat applies: null when not, else its particulars, which may be empty."""


def find_caveats(
    run: Run,
    judgement: Judgement,
    settled: Sequence[StageSettling] | None = None,
    capacity: Capacity | None = None,
) -> tuple[CaveatNote, ...]:
    """Return the caveats that apply, in the order of the list; ``settled`` is of this run, where it is known."""
    stages = [one for one in (steadiness(run) if settled is None else settled) if one.is_measured]
    details = ((caveat, _detail(caveat, run, judgement, stages, capacity)) for caveat in Caveat)
    return tuple(CaveatNote(caveat, detail) for caveat, detail in details if detail is not None)


def _detail(
    caveat: Caveat, run: Run, judgement: Judgement, stages: Sequence[StageSettling], capacity: Capacity | None
) -> str | None:
    if (of_stages := _OF_STAGES.get(caveat)) is not None:
        return of_stages(stages)
    if (of_capacity := _OF_CAPACITY.get(caveat)) is not None:
        return of_capacity(run, capacity)
    of_run = _DETAILS.get(caveat)
    return of_run(run) if of_run is not None else _OF_JUDGEMENT[caveat](judgement)


def _if(applies: bool, detail: str = "") -> str | None:
    return detail if applies else None


def _stopped_early(run: Run) -> str | None:
    last_s = run.record.stages[-1].end_s if run.record.stages else None
    duration_s = run.record.duration_s
    early = last_s is not None and duration_s is not None and duration_s < last_s - 1.0
    by = f", by the criterion {name}" if (name := ended_by(run)) else ""
    return _if(early, f"after {duration_s or 0:.0f} s of {last_s or 0:.0f} s{by}")


def _worker_missing(run: Run) -> str | None:
    missing = [*missing_workers(run), *(f"{file.name} cannot be read" for file in run.files if file.is_unreadable)]
    return _if(bool(missing), ", ".join(missing))


def _is_forecast(run: Run) -> bool:
    return stated_forecast(run.scenario_source) is not None


def _worker_lost(run: Run) -> str | None:
    lost = [f"{one.name} at {one.noticed_s:.0f} s" for one in run.record.lost_workers]
    return _if(bool(lost), ", ".join(lost))


def _worker_unfinished(run: Run) -> str | None:
    unfinished = [file.worker for file in run.files if not file.finished and not file.is_unreadable]
    return _if(bool(unfinished), ", ".join(unfinished))


def _samples_dropped(run: Run) -> str | None:
    dropped = sum(worker.dropped for worker in run.record.workers)
    return _if(dropped > 0, f"{dropped:,} failures")


def _rows_damaged(run: Run) -> str | None:
    damaged = sum(file.damaged for file in run.files)
    return _if(damaged > 0, f"{damaged:,} rows")


def _not_reconciled(run: Run) -> str | None:
    return incomparable(run) or _if(run.target_counts is None)


def _reconciliation_differs(run: Run) -> str | None:
    result = reconcile(run)
    # What requests without an answer explain is doubt, and has a caveat of its own.
    return result.words if result is not None and result.unexplained else None


def _unknown_left(run: Run) -> str | None:
    if run.record.ledger is not None:
        left = run.record.ledger.unknown_left
        return _if(left > 0, f"{left:,} accounts, settling could not tell")
    count = int((run.samples["outcome"] == Outcome.UNKNOWN.value).sum())
    return _if(count > 0, f"{count:,} requests")


def _accounts_retired(run: Run) -> str | None:
    ledger = run.record.ledger
    if ledger is None or not ledger.retired:
        return None
    first = ", ".join(f"{one.user_name}: {one.reason}" for one in ledger.retired_first[:3])
    return f"{ledger.retired:,}, {first}" if first else f"{ledger.retired:,}"


def _ledger_damaged(run: Run) -> str | None:
    ledger = run.record.ledger
    return _if(ledger is not None and bool(ledger.damages), " ".join(ledger.damages) if ledger is not None else "")


def _accounts_reused(run: Run) -> str | None:
    """Return how often each account was changed, where there were more changes than accounts."""
    changes, accounts = int(run.samples["is_change"].sum()), run.record.accounts
    each = changes / accounts if accounts else 0.0
    return _if(each > 1, f"{changes:,} changes on {accounts:,} accounts")


def _no_tls(run: Run) -> str | None:
    try:
        address = Address.parse(run.record.target)
    except UsageError:  # a record that somebody has edited
        return None
    return _if(address.scheme == "http" and not is_loopback(address.host))


def _rearm_failed(run: Run) -> str | None:
    failed = run.record.ledger.rearm_failed if run.record.ledger is not None else 0
    return _if(failed > 0, f"{failed:,}")


def _short_run(run: Run) -> str | None:
    return _if(0 < run.measured_s < SHORT_S, f"{run.measured_s:.0f} s")


def _generator_late(run: Run) -> str | None:
    if run.arrivals is not None:  # only what is the generator's own: arrivals that wait for a slot are told apart
        lag_s = lag_of_arrivals(run, run.arrivals)[P99.column]
        words = "p99 of the arrivals' lag, without waits for a slot,"
    else:
        due = run.due
        lag_s = overall(chosen(due, due["is_reused"].to_numpy(), ["intended_s", "sent_s"]), "lag_s")[P99.column]
        words = "p99 of lag on reused connections"
    response_s = overall(run.due)[P99.column]
    if math.isnan(lag_s):  # too few samples for a p99, which is a caveat of its own
        return None
    late = lag_s > max(LATE_SHARE * response_s, LATE_S)
    return _if(late, f"{words} {format_duration(lag_s)}")


def _slots_ran_out(run: Run) -> str | None:
    waited = 0 if run.arrivals is None else run.arrivals.waited
    longest_s = 0.0 if run.arrivals is None else run.arrivals.waited_s_max
    longest = f", the longest {format_duration(longest_s)}" if longest_s else ""
    return _if(waited > 0, f"{waited:,} waited{longest}")


def _clocks_apart(run: Run) -> str | None:
    clocks = [worker.clock for worker in run.record.workers if worker.clock is not None]
    error_s = max((clock.error_s + abs(clock.drift_s) for clock in clocks), default=0.0)
    return _if(error_s > CLOCK_ERROR_S, f"±{format_duration(error_s)}")


def _beyond_calibration(run: Run) -> str | None:
    problems = run.calibration.problems() if run.calibration is not None else ()
    return _if(bool(problems), " ".join(problems))


def _too_few_samples(run: Run) -> str | None:
    count = int((run.due["step"] == "update_password").sum())
    return _if(count < TOO_FEW_UPDATES, f"{count:,} were measured")


def _not_examined(judgement: Judgement) -> str | None:
    unseen = [short(one.title) for one in judgement.results if standing(one) == NOT_EXAMINED]
    return _if(bool(unseen), "; ".join(unseen))


def _warm_up_trend(stages: Sequence[StageSettling]) -> str | None:
    return _of_stages([one for one in stages if one.has_warm_up])


def _stage_trend(stages: Sequence[StageSettling]) -> str | None:
    return _of_stages([one for one in stages if one.has_trend])


def _of_stages(stages: Sequence[StageSettling]) -> str | None:
    more = f"; and {len(stages) - STAGES_NAMED} more" if len(stages) > STAGES_NAMED else ""
    named = "; ".join(f"{one.stage}: {one.found}" for one in stages[:STAGES_NAMED])
    return _if(bool(stages), named + more)


_OF_STAGES: Mapping[Caveat, Callable[[Sequence[StageSettling]], str | None]] = {
    Caveat.WARM_UP_TREND: _warm_up_trend,
    Caveat.STAGE_TREND: _stage_trend,
}
_OF_JUDGEMENT: Mapping[Caveat, Callable[[Judgement], str | None]] = {
    Caveat.NOT_EXAMINED: _not_examined,
}
_OF_CAPACITY: Mapping[Caveat, Callable[[Run, Capacity | None], str | None]] = {
    # Where nothing is to be held against it, a run that served its load has left nothing undone.
    Caveat.NO_LIMIT_LOOKED_FOR: lambda run, known: _if(known is None and _is_forecast(run)),
    Caveat.NOT_SEARCHED: lambda _, known: _if(known is not None and known.source != "search"),
    Caveat.NO_LIMIT_FOUND: lambda _, known: _if(known is not None and known.shape is Shape.NEVER_SATURATES),
}
_DETAILS: Mapping[Caveat, Detail] = {
    Caveat.TARGET_IS_STANDIN: lambda run: _if(run.record.target_is_standin),
    Caveat.NO_SLO: no_slo,
    Caveat.NO_SCENARIO: no_scenario,
    Caveat.CUT_SHORT: lambda run: _if(not run.record.is_finished),
    Caveat.STOPPED_EARLY: _stopped_early,
    Caveat.WORKER_MISSING: _worker_missing,
    Caveat.WORKER_LOST: _worker_lost,
    Caveat.WORKER_UNFINISHED: _worker_unfinished,
    Caveat.SEQUENCE_GAPS: lambda run: _if((gaps := sum(one.missing for one in run.files)) > 0, f"{gaps:,} missing"),
    Caveat.SAMPLES_DROPPED: _samples_dropped,
    Caveat.ROWS_DAMAGED: _rows_damaged,
    Caveat.UNREADABLE: lambda run: _if(bool(run.problems), " ".join(run.problems)),
    Caveat.NOT_RECONCILED: _not_reconciled,
    Caveat.RECONCILIATION_DIFFERS: _reconciliation_differs,
    Caveat.UNKNOWN_LEFT: _unknown_left,
    Caveat.ACCOUNTS_RETIRED: _accounts_retired,
    Caveat.LEDGER_DAMAGED: _ledger_damaged,
    Caveat.REARM_FAILED: _rearm_failed,
    Caveat.FAULT_IN_LEVEL: disturbed_words,
    Caveat.METRICS_MISSING: missing_metrics,
    Caveat.NOTHING_MEASURED: lambda run: _if(run.measured_s <= 0),
    Caveat.SHORT_RUN: _short_run,
    Caveat.SLOTS_RAN_OUT: _slots_ran_out,
    Caveat.CLOSED_MODEL: lambda run: _if(not run.is_open),
    Caveat.GENERATOR_LATE: _generator_late,
    Caveat.NOT_CALIBRATED: lambda run: _if(run.calibration is None),
    Caveat.BEYOND_CALIBRATION: _beyond_calibration,
    Caveat.NO_TLS: _no_tls,
    Caveat.ACCOUNTS_REUSED: _accounts_reused,
    Caveat.CLOCKS_APART: _clocks_apart,
    Caveat.HEALTH_NOT_ON_RECORD: no_health,
    Caveat.WARM_UP_INCLUDED: lambda run: _if(all(stage.measured for stage in run.record.stages)),
    Caveat.TOO_FEW_SAMPLES: _too_few_samples,
}
