"""The verdict: small checks, each of which answers one question about the run, merged to the worst answer.

Every check returns exactly one finding, also when all is well, so that the report can say what was looked at. What one
check has told, no other repeats: a worker that was lost is no second finding for being silent.
"""

from collections.abc import Iterable

from pwdload.analysis.checks import generator, processes, target
from pwdload.analysis.checks.answer import Check
from pwdload.analysis.run import Run
from pwdload.outcome import Finding, Verdict, merge

CHECKS: tuple[tuple[str, Check], ...] = (
    ("requests were made", target.check_requests_were_made),
    ("nothing wrong was accepted", target.check_nothing_wrong_was_accepted),
    ("the contract was kept", target.check_contract_was_kept),
    ("no worker was lost", processes.check_no_worker_was_lost),
    ("nothing broke in the instrument", processes.check_nothing_broke),
    ("the run was finished", processes.check_run_was_finished),
    ("every process reported", processes.check_every_process_reported),
    ("no sample is missing", processes.check_no_sample_is_missing),
    ("the generator was not saturated", generator.check_cpu_was_left),
    ("the event loop was not held up", generator.check_loop_was_not_held_up),
    ("no arrival was dropped", generator.check_no_arrival_was_dropped),
    ("every arrival was begun once", generator.check_every_arrival_was_begun_once),
    ("arrivals left on time", generator.check_arrivals_left_on_time),
    ("the clocks agreed", generator.check_clocks_agreed),
    ("the target counted the same", target.check_target_counted_the_same),
    ("no doubt is left", target.check_no_doubt_is_left),
    ("few requests failed", target.check_few_requests_failed),
)
"""In the order in which they are told among equals: the cause before what follows from it."""


def find(run: Run, checks: Iterable[tuple[str, Check]] = CHECKS) -> tuple[Finding, ...]:
    """Return one finding per check, the worst first, in the order of the checks among equals.

    A check that crashes has found nothing out: INCONCLUSIVE, with its error named.
    """
    findings = [_find(name, check, run) for name, check in checks]
    badness = list(Verdict).index
    return tuple(sorted(findings, key=lambda finding: -badness(finding.verdict)))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict that the findings come to."""
    return merge(finding.verdict for finding in findings)


def _find(name: str, check: Check, run: Run) -> Finding:
    try:
        verdict, reason = check(run)
    except Exception as error:  # noqa: BLE001 - whatever broke, the other checks must still be heard
        verdict, reason = Verdict.INCONCLUSIVE, f"The check broke: {type(error).__name__}: {error}"
    return Finding(verdict=verdict, check=name, reason=reason)
