"""Whether the instrument itself kept up: what it began, what it dropped, how late it was, and whose clock it read.

Each limit is a constant with its reason; whoever changes one changes what an INVALID means.
"""

from collections.abc import Iterable
from math import isnan

from pwdload.analysis.arrival_tables import lag_of_arrivals
from pwdload.analysis.arrivals import ArrivalAccount
from pwdload.analysis.checks.answer import Answer, clock, named
from pwdload.analysis.generators import most_strained, thin_health
from pwdload.analysis.latency import overall
from pwdload.analysis.run import Run
from pwdload.outcome import Verdict
from pwdload.statistics.percentiles import P50, P90, P95, P99, Percentile
from pwdload.units import counted, format_duration

CPU_SHARE_MAX = 0.95
"""From this share of a core on a process has none left: what comes next waits for what came before. Not 1, since the
share of a second is measured to a few per cent (the clock tick of the kernel, the jitter of the second itself)."""
CPU_SECONDS_SHARE = 0.05
"""In more than this part of the measured seconds a process must be at its limit: with a twentieth of the time or less,
p95 and all below it still describe the target."""
LOOP_LAG_S_MAX = 0.25
"""An answer that came during a stall of the loop may be read so much later, and is slower by that in every number. A
quarter of a second is what a collection of garbage, or a scheduler in trouble, does not explain."""
LOOP_SECONDS_SHARE = 0.01
"""In more than this part of the measured seconds: then p99 is the loop's, no longer the target's."""
SECONDS_LEAST = 3
"""And in at least so many: one second, or two, happen to every machine, and in a short run would be a large share."""
KNOWN_SHARE = 0.5
"""With less than this part of a process's measured seconds on record, what those say is said of the lesser part."""
LAG_S_MAX = 0.020
"""The p99 of the arrivals' lag may be this: a fifth of the 100 ms in which evenness is counted, so the load that came
is still the load that was planned."""
LAG_SHARE_MAX = 0.1
"""Or this share of the p95 response time, if that is more: the lag is a part of every response time (nothing is
hidden), and up to a tenth it does not change what a reader concludes from a target that takes seconds."""
DRIFT_S_MAX = 0.020
"""A worker's clock may move by this against the master's within a run; as with the lag, more of it would blur the 100
ms in which arrivals are counted. Quartz drifts by some 20 us a second, so an hour is below; a clock that is set is
above."""
LEAST_KNOWN = (P99, P95, P90, P50)
"""With too few arrivals for a p99 the next lower percentile is held against the limit, which is milder on nobody."""


def check_cpu_was_left(run: Run) -> Answer:
    """A process used all of its core in too many of the measured seconds."""
    worst = most_strained(run, "cpu_share", CPU_SHARE_MAX)
    if worst is None:
        return _without_health(run, "How busy the processes were")
    if worst.seconds >= SECONDS_LEAST and worst.share > CPU_SECONDS_SHARE:
        return (
            Verdict.INVALID,
            f"{worst.worker} was saturated: it used {CPU_SHARE_MAX * 100:.0f} % of a core in {worst.seconds:,} of "
            f"{counted(worst.of_seconds, 'measured second')}, so response times hold its own queue. Use more "
            "processes, or a lower rate.",
        )
    if _mostly_unknown(run):
        return _without_health(run, "How busy the processes were")
    most = max((row.cpu_share for row in run.health), default=0.0)
    return Verdict.PASS, f"CPU was left: a process used at most {most * 100:.0f} % of a core in a second."


def check_loop_was_not_held_up(run: Run) -> Answer:
    """The event loop of a process stood still for long in too many of the measured seconds."""
    worst = most_strained(run, "loop_lag_s_max", LOOP_LAG_S_MAX)
    if worst is None:
        return _without_health(run, "How late the event loops were")
    if worst.seconds >= SECONDS_LEAST and worst.share > LOOP_SECONDS_SHARE:
        return (
            Verdict.INVALID,
            f"The event loop of {worst.worker} was held up for {format_duration(LOOP_LAG_S_MAX)} or more in "
            f"{worst.seconds:,} of {counted(worst.of_seconds, 'measured second')}: answers were read that much late. "
            "Look for another load on that machine.",
        )
    if _mostly_unknown(run):
        return _without_health(run, "How late the event loops were")
    most = max((row.loop_lag_s_max for row in run.health), default=0.0)
    return Verdict.PASS, f"The event loops ran: late by {format_duration(most)} at most."


def check_no_arrival_was_dropped(run: Run) -> Answer:
    """Arrivals found all slots busy and the queue full, or were still waiting when the load was broken off."""
    account = run.arrivals
    if account is None:
        return _without_account(run)
    parts = account.unbegun
    if parts.dropped:
        first_s = account.first_dropped_s
        first = f", the first at {clock(first_s)}" if first_s is not None else ""
        return (
            Verdict.INVALID,
            f"{parts.dropped:,} of {counted(account.planned, 'arrival')} {_were(parts.dropped)} dropped{first}: all "
            f"{counted(account.plan.slots, 'slot')} were busy and {account.plan.queue_limit:,} waited. What they would "
            "have waited is in no number. Raise max_in_flight or queue_limit, or lower the rate.",
        )
    if parts.abandoned:
        verdict = Verdict.INVALID if run.record.ended_by == "schedule" else Verdict.INCONCLUSIVE
        return (
            verdict,
            f"{counted(parts.abandoned, 'arrival')} {_were(parts.abandoned)} waiting for a slot when the load was "
            "broken off: the longest waits are in no number.",
        )
    return Verdict.PASS, f"No arrival was dropped, of {account.planned:,} that were planned."


def check_every_arrival_was_begun_once(run: Run) -> Answer:
    """The arrivals in the samples are not those of the schedule: some are missing, double, foreign or moved."""
    account = run.arrivals
    if account is None and run.is_open:
        return Verdict.INVALID, "The plan of the arrivals on record is none, so nobody can say which are missing."
    if account is None:
        return _without_account(run)
    wrong = tuple(_wrong(account))
    if wrong:
        return Verdict.INVALID, f"The load was not the planned one: {' '.join(wrong)}"
    parts = account.unbegun
    if parts.unrecorded:
        verdict = Verdict.INVALID if run.record.ended_by == "schedule" else Verdict.INCONCLUSIVE
        return verdict, f"{counted(parts.unrecorded, 'arrival')} {_were(parts.unrecorded)} begun and left no sample."
    if parts.lost:
        return Verdict.INVALID, f"{_in_no_sample(parts.lost, account)}: turns of processes that did not report."
    return Verdict.PASS, _begun(account)


def check_arrivals_left_on_time(run: Run) -> Answer:
    """Arrivals left late though a slot and an open connection were there."""
    if run.arrivals is None:
        return _without_account(run)
    lag = lag_of_arrivals(run, run.arrivals)
    known = highest_known(lag)
    if known is None:
        return Verdict.PASS, "Too few arrivals were sent on open connections to say how late they left."
    limit_s = lag_limit_s(run)
    words = f"{known.name} of the arrivals' lag is {format_duration(lag[known.column])}"
    if lag[known.column] > limit_s:
        return (
            Verdict.INVALID,
            f"The generator was late: {words}, waits for a slot left out; {format_duration(limit_s)} is allowed. Use "
            "more processes, or a lower rate.",
        )
    return Verdict.PASS, f"Arrivals left on time: {words}, {format_duration(limit_s)} is allowed."


def check_clocks_agreed(run: Run) -> Answer:
    """The clock of a worker moved against the master's."""
    drifts = {worker.name: worker.clock.drift_s for worker in run.record.workers if worker.clock is not None}
    apart = sorted(
        (name for name, drift_s in drifts.items() if abs(drift_s) > DRIFT_S_MAX), key=lambda n: -abs(drifts[n])
    )
    if apart:
        return (
            Verdict.INVALID,
            f"The clock of {named(apart)} moved by {format_duration(abs(drifts[apart[0]]))} against the master's in "
            f"the run; {format_duration(DRIFT_S_MAX)} is allowed. Was it set?",
        )
    if not drifts:
        return Verdict.PASS, "All times are of one clock."
    most = max(abs(drift_s) for drift_s in drifts.values())
    return Verdict.PASS, f"The workers' clocks moved by {format_duration(most)} at most against the master's."


def lag_limit_s(run: Run) -> float:
    """Return the largest p99 of the arrivals' lag with which the numbers are still worth something, in seconds."""
    p95_s = overall(run.due)[P95.column]
    return max(LAG_S_MAX, LAG_SHARE_MAX * p95_s) if not isnan(p95_s) else LAG_S_MAX


def highest_known(row: dict[str, float]) -> Percentile | None:
    """Return the highest percentile that there are enough values for; None when there is none."""
    return next((one for one in LEAST_KNOWN if not isnan(row[one.column])), None)


def _without_health(run: Run, what: str) -> Answer:
    """Return what is known without any row: of no file nothing, of a damaged one that it might have told."""
    if run.health_problem:
        return Verdict.INCONCLUSIVE, f"{what} is not known: {run.health_problem}"
    if thin := _mostly_unknown(run):
        return Verdict.INCONCLUSIVE, f"{what} is not on record for most of the time: {thin}."
    return Verdict.PASS, f"{what} is not on record."


def _mostly_unknown(run: Run) -> str:
    """Return the process of which less than half of the measured seconds are on record; empty where there is none."""
    thin = min(thin_health(run), key=lambda one: one.share, default=None)
    if thin is None or thin.share >= KNOWN_SHARE:
        return ""
    return f"of {thin.worker} {thin.seconds:,} of {counted(thin.of_seconds, 'measured second')}"


def _without_account(run: Run) -> Answer:
    if run.is_open:  # said once, by the check of what was begun
        return Verdict.PASS, "The plan of the arrivals on record is none."
    return Verdict.PASS, "The load was closed: no arrivals were planned."


def _wrong(account: ArrivalAccount) -> Iterable[str]:
    """Return what cannot be, in whole sentences."""
    if account.unbegun.missing:
        missing_s = account.not_begun_s()
        yield (
            f"{_in_no_sample(account.unbegun.missing, account)}, due from {clock(missing_s[0])} to "
            f"{clock(missing_s[-1])}, and no process accounts for them."
        )
    if len(account.doubles):
        yield f"{counted(len(account.doubles), 'arrival')} begun twice, the first one number {account.doubles[0]:,}."
    if len(account.foreign):
        yield f"{counted(len(account.foreign), 'flow')} begun that the schedule does not have."
    if len(account.shifted):
        yield f"{counted(len(account.shifted), 'arrival')} begun for another time than the schedule's."
    yield from account.contradictions


def _in_no_sample(count: int, account: ArrivalAccount) -> str:
    is_in = "is" if count == 1 else "are"
    return f"{count:,} of {counted(account.planned, 'planned arrival')} {is_in} in no sample"


def _begun(account: ArrivalAccount) -> str:
    parts = account.unbegun
    others = {"dropped": parts.dropped, "abandoned": parts.abandoned, "cut off by the stop": parts.cut_off}
    others["lost with a worker"] = parts.lost
    rest = "".join(f", {count:,} {words}" for words, count in others.items() if count)
    return (
        f"{account.begun:,} of {counted(account.planned, 'planned arrival')} begun{rest}: each once at most, and for "
        "the schedule's time."
    )


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
