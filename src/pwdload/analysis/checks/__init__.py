"""The verdict: small checks, each of which answers one question about the run, merged to the worst answer.

Every check returns exactly one finding, also when all is well, so that the report can say what was looked at. What one
check has told, no other repeats: a worker that was lost is no second finding for being silent. Whether the target was
right is asked elsewhere, and comes as a `Judgement`.
"""

from collections.abc import Iterable

from pwdload.analysis.capacity.values import Capacity
from pwdload.analysis.checks import generator, processes, resilience, target
from pwdload.analysis.checks.answer import Question
from pwdload.analysis.checks.criteria import slo_findings
from pwdload.analysis.checks.registered import OWN
from pwdload.analysis.checks.search import below_the_capacity, search_findings
from pwdload.analysis.criteria import JudgedCriteria
from pwdload.analysis.reconciliation import incomparable, reconcile
from pwdload.analysis.recovery import Recovery
from pwdload.analysis.run import Run
from pwdload.oracle.judgement import CheckResult, Judgement
from pwdload.oracle.told import short
from pwdload.outcome import Finding, Group, Verdict, merge


def _has_health(run: Run) -> bool:
    return bool(run.health)


def _is_open(run: Run) -> bool:
    return run.is_open


CHECKS = (
    Question("requests", "Requests were made", target.check_requests_were_made),
    Question("workers", "No worker was lost", processes.check_no_worker_was_lost),
    Question("errors", "Nothing broke in the instrument", processes.check_nothing_broke),
    Question("faults", "Every fault was injected and healed", resilience.check_faults_were_applied),
    Question("end", "The run was finished", processes.check_run_was_finished),
    Question("processes", "Every process reported", processes.check_every_process_reported),
    Question("samples", "No sample is missing", processes.check_no_sample_is_missing),
    Question("cpu", "The generator was not saturated", generator.check_cpu_was_left, is_possible=_has_health),
    Question(
        "event_loop", "The event loop was not held up", generator.check_loop_was_not_held_up, is_possible=_has_health
    ),
    Question(
        "arrivals_dropped", "No arrival was dropped", generator.check_no_arrival_was_dropped, is_possible=_is_open
    ),
    Question(
        "arrivals_begun",
        "Every arrival was begun once",
        generator.check_every_arrival_was_begun_once,
        is_possible=_is_open,
    ),
    Question("arrivals_late", "Arrivals left on time", generator.check_arrivals_left_on_time, is_possible=_is_open),
    Question("clocks", "The clocks agreed", generator.check_clocks_agreed),
    Question(
        "reconciliation",
        "The target counted the same",
        target.check_target_counted_the_same,
        is_possible=lambda run: not incomparable(run) and reconcile(run) is not None,
    ),
    Question("steady_before", "The target was steady before each fault", resilience.check_steady_state_before),
    Question(
        "scenario",
        "The criteria are on record",
        target.check_criteria_are_on_record,
        Group.CRITERIA,
        lambda run: run.has_scenario,
    ),
    Question("failed_share", "Few requests failed", target.check_few_requests_failed, Group.CRITERIA),
)
"""In the order in which they are told among equals: the cause before what follows from it."""


def find(
    run: Run,
    judgement: Judgement,
    checks: Iterable[Question] = CHECKS,
    *,
    recovery: Recovery | None = None,
    criteria: JudgedCriteria | None = None,
    capacity: Capacity | None = None,
) -> tuple[Finding, ...]:
    """Return one finding per check, the worst first; among equals the instrument's, those of correctness, criteria.

    Each criterion that the run states is a check too: ``recovery`` is what those of resilience are held against,
    ``criteria`` are the others, judged, and ``capacity`` is what a search has found. A check that crashes has found
    nothing out: INCONCLUSIVE, with its error named.
    """
    correctness = merge(result.verdict for result in judgement.results) if judgement.results else None
    stated = resilience.criteria_findings(recovery, run.criteria, correctness)
    of_slo = tuple(slo_findings(criteria)) if criteria is not None else ()
    if run.search is not None:
        of_slo = tuple(map(below_the_capacity, of_slo))
    cause = of_slo[:1] if criteria is not None and criteria.ended_by else ()
    others = [
        *map(_judged, judgement.results),
        *(_find(one, run) for one in (*checks, *OWN)),
        *stated,
        *search_findings(run, capacity),
    ]
    findings = [*cause, *others, *of_slo[len(cause) :]]
    badness, place = list(Verdict).index, _GROUPS.index
    return tuple(sorted(findings, key=lambda finding: (-badness(finding.verdict), place(finding.group))))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict that the findings come to."""
    return merge(finding.verdict for finding in findings)


_GROUPS = (Group.INSTRUMENT, Group.CORRECTNESS, Group.CRITERIA)


def _judged(result: CheckResult) -> Finding:
    return Finding(
        verdict=result.verdict,
        check=result.check,
        title=short(result.title),
        group=Group.CORRECTNESS,
        reason=short(result.reason),
        is_examined=bool(result.examined),
    )


def _find(question: Question, run: Run) -> Finding:
    is_examined = True
    try:
        verdict, reason = question.ask(run)
        is_examined = question.is_possible(run)
    except Exception as error:  # noqa: BLE001 - whatever broke, the other checks must still be heard
        verdict, reason = Verdict.INCONCLUSIVE, f"The check broke: {type(error).__name__}: {error}"
    return Finding(
        verdict=verdict,
        check=question.check,
        title=question.title,
        group=question.group,
        reason=reason,
        is_examined=is_examined,
    )
