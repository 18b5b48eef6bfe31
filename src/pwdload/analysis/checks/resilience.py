"""Faults: whether they were what they were said to be, and whether what the target made of them was good enough."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from pwdload.analysis.checks.answer import Answer, clock, named
from pwdload.analysis.recovery import Measured, Recovery, RecoveryCriteria, State
from pwdload.analysis.run import Run
from pwdload.injections import Injection
from pwdload.outcome import Finding, Group, Verdict
from pwdload.statistics.shares import share_bounds
from pwdload.units import counted, format_duration, format_share

RECOVER_WITHIN = "recover_within"
MAX_FAILED_SHARE_DURING = "max_failed_share_during"
DATA_CORRECT = "data_correct"
CRITERIA = {
    RECOVER_WITHIN: "Service came back in time",
    MAX_FAILED_SHARE_DURING: "Few requests failed while a fault was on",
    DATA_CORRECT: "The data were right afterwards",
}
"""The criteria of resilience by their keys, with what holds if they are met."""


def check_faults_were_applied(run: Run) -> Answer:
    """A fault could not be injected or healed, or the proxy that made it died: the run is not what was planned."""
    if run.faults_unreadable:
        return Verdict.INVALID, f"What was done to the target is not known: {run.faults_unreadable}"
    if run.faults is None:
        return Verdict.PASS, "Nothing was done to the target."
    if run.faults.lost_s is not None:
        return (
            Verdict.INVALID,
            f"The fault proxy was found dead at {clock(run.faults.lost_s)}: what failed from then on failed for that.",
        )
    broken = [one for one in run.faults.injections if not one.skipped and _trouble(one)]
    if broken:
        more = f" And {counted(len(broken) - 1, 'more fault')} like it." if len(broken) > 1 else ""
        return Verdict.INVALID, f"{_trouble(broken[0])}{more}"
    applied = sum(one.took_hold for one in run.faults.injections)
    return Verdict.PASS, f"{counted(applied, 'fault')} injected and healed."


def check_steady_state_before(run: Run) -> Answer:
    """The steady state before a fault was not met, so that it was left out and nothing is known of it."""
    skipped = [one for one in run.faults.injections if one.skipped] if run.faults is not None else []
    if not skipped:
        return Verdict.PASS, "No fault was left out."
    first = skipped[0]
    names = named(list(dict.fromkeys(one.fault for one in skipped)))
    of = len(run.faults.injections) if run.faults is not None else 0
    return (
        Verdict.INCONCLUSIVE,
        f"{len(skipped):,} of {counted(of, 'fault')} left out ({names}), so nothing is known of them: {first.skipped}",
    )


def criteria_findings(
    recovery: Recovery | None, criteria: RecoveryCriteria, correctness: Verdict | None
) -> Iterator[Finding]:
    """Yield a finding for each criterion of resilience that is stated; ``correctness`` is the oracle's verdict.

    A check that crashes has found nothing out.
    """
    asked: dict[str, Callable[[], Answer]] = {}
    within_s, most = criteria.recover_within_s, criteria.max_failed_share_during
    if within_s is not None:
        asked[RECOVER_WITHIN] = lambda: _recovered_within(_told(recovery), within_s)
    if most is not None:
        asked[MAX_FAILED_SHARE_DURING] = lambda: _failed_during(_told(recovery), most)
    if criteria.data_correct:
        asked[DATA_CORRECT] = lambda: _data_correct(correctness)
    for check, ask in asked.items():
        try:
            verdict, reason = ask()
        except Exception as error:  # noqa: BLE001 - whatever broke, the other criteria must still be heard
            verdict, reason = Verdict.INCONCLUSIVE, f"The check broke: {type(error).__name__}: {error}"
        yield Finding(verdict=verdict, check=check, title=CRITERIA[check], group=Group.CRITERIA, reason=reason)


def name_of(one: Injection) -> str:
    """Return an injection as a sentence names it: "slow network, the 2nd time"."""
    if one.repeat == 1:
        return one.fault
    ending = {1: "st", 2: "nd", 3: "rd"}.get(one.repeat % 10 if one.repeat // 10 % 10 != 1 else 0, "th")
    return f"{one.fault}, the {one.repeat}{ending} time"


def _told(recovery: Recovery | None) -> Sequence[Measured]:
    """Return what was really done to the target; what was not has checks of its own."""
    if recovery is None:
        return ()
    return [one for one in recovery.measured if one.state not in (State.SKIPPED, State.NOT_INJECTED)]


def _recovered_within(measured: Sequence[Measured], within_s: float) -> Answer:
    # Of faults that were on together the one that was healed last tells how the target came back.
    told = [one for one in measured if one.state is not State.OVERLAPPED]
    if not told:
        return Verdict.INCONCLUSIVE, "No fault was injected and healed, so nothing is known of a recovery."
    limit = format_duration(within_s)
    late = [one for one in told if (one.sustained.least_s or 0.0) > within_s]
    unknown = [one for one in told if not one.sustained.is_known and one not in late]
    if late:
        worst = max(late, key=lambda one: one.sustained.order)
        took_s = worst.sustained.least_s or 0.0
        words = "took" if worst.sustained.is_known else "was not back within"
        return (
            Verdict.SLO_FAILED,
            f"Sustained recovery from {name_of(worst.injection)} {words} {format_duration(took_s)}, {limit} is "
            f"allowed{_of(late, told)}.",
        )
    if unknown:
        return Verdict.INCONCLUSIVE, f"{_why_unknown(unknown[0])}{_of(unknown, told)}."
    longest_s = max(one.sustained.value_s or 0.0 for one in told)
    resolution_s = max(one.window_s or 0.0 for one in told)
    return (
        Verdict.PASS,
        f"Service was back for good within {format_duration(longest_s)} of healing (to {format_duration(resolution_s)})"
        f", every time of {len(told):,}; {limit} is allowed.",
    )


def _why_unknown(one: Measured) -> str:
    name = name_of(one.injection)
    if one.watched_s is None or one.sustained.seen_s is None:
        return f"Recovery from {name} cannot be told: {_STATES.get(one.state, 'the run ended too soon')}"
    seen = f"it was watched for {format_duration(one.watched_s)}"
    if one.good_since_s is not None:
        return (
            f"Recovery from {name} cannot be told: {seen}, good since {format_duration(one.good_since_s)}, which is "
            "too short to count"
        )
    return f"Recovery from {name} cannot be told: {seen}, and it was not back by then"


def _failed_during(measured: Sequence[Measured], most: float) -> Answer:
    counted_ones = [(one, one.effect) for one in measured if one.effect is not None and one.effect.requests]
    if not counted_ones:
        return Verdict.INCONCLUSIVE, "No request was due while a fault was on, so nobody knows how many would fail."
    over, unknown = [], []
    for one, effect in counted_ones:
        bounds = share_bounds(effect.failed, effect.requests)
        if bounds.lower > most or (most == 0 and effect.failed):
            over.append(one)
        elif bounds.upper > most > 0:
            unknown.append(one)
    worst = max(over or unknown or [one for one, _ in counted_ones], key=_failed_share)
    share, requests = format_share(_failed_share(worst)), worst.effect.requests if worst.effect is not None else 0
    words = f"{share} of {counted(requests, 'request')} due during {name_of(worst.injection)} failed"
    told = [one for one, _ in counted_ones]
    if over:
        return Verdict.SLO_FAILED, f"{words}, {format_share(most)} is allowed{_of(over, told)}."
    if unknown:
        return (
            Verdict.INCONCLUSIVE,
            f"{words}: too few to say with 95 % confidence whether more or fewer than {format_share(most)} "
            f"do{_of(unknown, told)}.",
        )
    return Verdict.PASS, f"{words}, the most of {len(told):,}; {format_share(most)} is allowed."


def _data_correct(correctness: Verdict | None) -> Answer:
    if correctness is None or correctness is Verdict.INCONCLUSIVE:
        return Verdict.INCONCLUSIVE, "Whether the data were right afterwards is not known, see Correctness."
    if correctness is Verdict.PASS:
        return Verdict.PASS, "The oracle found nothing wrong with the data."
    return Verdict.CORRECTNESS_FAILED, "The data were not right: see the violations under Correctness."


def _failed_share(one: Measured) -> float:
    return (one.effect.failed_share if one.effect is not None else None) or 0.0


def _of(some: Sequence[Measured], told: Sequence[Measured]) -> str:
    """Return how often it was so, where there was more than one time."""
    return f" ({len(some):,} of {len(told):,} times)" if len(told) > 1 else ""


def _trouble(one: Injection) -> str:
    """Return what went wrong with an injection, a sentence; empty where nothing did."""
    parts: Iterable[str] = ()
    if one.error:
        parts = (f": {one.error.rstrip('.')}.",)
    if not one.took_hold:
        return "".join((f"{name_of(one)} could not be injected", *(parts or (".",))))
    if one.heal_after_s is None:
        return "".join((f"{name_of(one)} was not healed, as far as anybody knows", *(parts or (".",))))
    return "".join((f"{name_of(one)} did not go as it should", *parts)) if one.error else ""


_STATES = {
    State.NOT_HEALED: "it was not healed",
    State.NO_BASELINE: "too little came before it to compare with",
    State.TARGET_WAS_DOWN: "the target was down before it",
}
